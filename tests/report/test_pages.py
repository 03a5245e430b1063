"""The numbers of docs/explanation/results.md are those of the finished run in results/.

A number with decimals must be, to its last digit, a value of the ledger, the mean, least or
greatest over the seeds of a column of the metrics, or a value of an optimum. The tables
over lambda are held to their rows.
"""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
PAGE = ROOT / "docs" / "explanation" / "results.md"

pytestmark = [
    pytest.mark.report,
    pytest.mark.skipif(not (RESULTS / "claims.json").is_file(), reason="results/ is not there"),
]


@cache
def means() -> pd.DataFrame:
    """Of softmax regression with early stopping: a row a lambda, means over the seeds."""
    metrics = pd.read_parquet(RESULTS / "metrics.parquet")
    return metrics[metrics["task"] == "softmax"].groupby("l2_lambda").mean(numeric_only=True)


def numbers(value: object) -> list[float]:
    """Every number in a value read from JSON, those in its words too."""
    match value:
        case bool() | None:
            return []
        case int() | float():
            return [float(value)]
        case str():
            return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", value)]
        case dict():
            return [n for part in value.values() for n in numbers(part)]
        case _:
            return [n for part in value for n in numbers(part)]


@cache
def optima() -> dict[float, dict]:
    """Of softmax regression, by lambda."""
    file = RESULTS / "optimum" / "softmax" / "optima.json"
    return {found["l2_lambda"]: found for found in json.loads(file.read_text(encoding="utf-8"))}


@cache
def computed() -> np.ndarray:
    """All values that a sentence of the page may name."""
    found = numbers(json.loads((RESULTS / "claims.json").read_text(encoding="utf-8")))
    for file in (RESULTS / "optimum").rglob("*.json"):
        found += numbers(json.loads(file.read_text(encoding="utf-8")))
    metrics = pd.read_parquet(RESULTS / "metrics.parquet")
    by_run = metrics.groupby(["task", "l2_lambda", "shuffle"])
    columns = metrics.select_dtypes("number").columns.difference(["l2_lambda"])
    for how in ("mean", "min", "max"):
        values = by_run[list(columns)].agg(how).to_numpy().ravel()
        found += values.tolist()
    return np.array(found)


def has(text: str, percent: bool = False) -> bool:
    """Whether a number as printed is a computed one to its last digit."""
    decimals = len(text.partition(".")[2])
    values = computed() * (100 if percent else 1)
    return bool(np.any(np.abs(np.abs(values) - abs(float(text))) <= 0.5000001 * 10.0**-decimals))


def sentences() -> list[tuple[str, bool]]:
    prose = [line for line in PAGE.read_text(encoding="utf-8").split("\n") if line[:1] != "|"]
    found = re.findall(r"(?<![\w.`/-])(\d+\.\d{2,})( ?%)?(?![\w`])", "\n".join(prose))
    return [(number, bool(percent)) for number, percent in found]


@pytest.mark.parametrize("number, percent", sentences())
def test_a_number_in_prose_is_computed(number, percent):
    assert has(number, percent), number


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, as numbers in the order of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.split("\n") if re.match(r"\| [\d.]+ \|", line)]
    return [re.findall(r"-?\d+(?:\.\d+)?", line.replace("\N{MINUS SIGN}", "-")) for line in lines]


def rounded(value: float, like: str) -> str:
    return f"{value:.{len(like.partition('.')[2])}f}"


def test_the_table_of_lambdas():
    for spelt, *cells in rows("What λ does"):
        mean = means().loc[float(spelt)]
        values = [
            *(mean[name] for name in ("weight_norm", "train_accuracy")),
            *(mean[name] for name in ("validation_accuracy", "test_accuracy")),
            mean["train_accuracy"] - mean["test_accuracy"],
        ]
        assert cells == [rounded(v, cell) for v, cell in zip(values, cells, strict=True)], spelt
    assert len(rows("What λ does")) == len(means())


def test_the_table_of_optima():
    names = ("train_accuracy", "validation_accuracy", "weight_norm")
    for spelt, *cells in rows("Where training would end"):
        l2_lambda = float(spelt)
        stops = [means().loc[l2_lambda]] if l2_lambda in means().index else []
        values = [place[name] for place in (*stops, optima()[l2_lambda]) for name in names]
        assert cells == [rounded(v, cell) for v, cell in zip(values, cells, strict=True)], spelt
    assert len(rows("Where training would end")) == len(optima()) - 1, "lambda 0 has no optimum"
