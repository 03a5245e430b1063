"""Typeset the paper from the results; every number in it is read from them."""

import argparse
import csv
import json
import platform
import tomllib
from collections.abc import Iterable
from importlib.metadata import version
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import fmean, stdev

import matplotlib as mpl
import typst

from common import cli
from common.errors import DataError
from common.files import noted, read_json, replace_atomically
from images.summary import remarks
from plots import widths
from runs.results import read_table
from runs.schemas import COMBINATION_KEYS, MEASURED, METRICS_SCHEMA

#: The packages whose version can change a number. Typst's compiler, which has not the version of
#: its package, names itself.
PACKAGES = ("numpy", "numba", "scipy", "sympy", "pyarrow", "matplotlib", "snakemake")


def over_seeds(rows: Iterable[dict]) -> list[dict]:
    """The metrics of each combination of task, lambda and shuffle, over its seeds.

    Returns:
        One dictionary a combination: its keys, `seeds` (how many did not diverge), and of each
        column `mean`, `deviation` (of a sample; 0 of one seed), `low`, `high` and `first` seed.
    """
    combination = itemgetter(*COMBINATION_KEYS)
    summaries = []
    for keys, of_seeds in groupby(sorted(rows, key=combination), key=combination):
        ended = [row for row in of_seeds if row["ended"] != "diverged"]
        summary = dict(zip(COMBINATION_KEYS, keys, strict=True))
        for column in MEASURED if ended else ():
            values = [row[column] for row in ended]
            summary[column] = {
                "mean": fmean(values),
                "deviation": stdev(values) if len(values) > 1 else 0.0,
                "low": min(values),
                "high": max(values),
                "first": min(ended, key=lambda row: row["seed"])[column],
            }
        summaries.append(summary | {"seeds": len(ended)})
    return summaries


def collect_facts(arguments: argparse.Namespace) -> dict:
    """Everything that the template may print, as one JSON-ready dictionary."""
    metrics = read_table(arguments.metrics, METRICS_SCHEMA).to_pylist()
    with noted(arguments.table).open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    pictures = [arguments.figures / f"{name}.svg" for name in arguments.config["figures"]]
    for picture in (*pictures, arguments.scorecards / "statements.svg"):
        noted(picture)
    variations = [one for file in arguments.variations for one in read_json(file)["variations"]]
    return {
        "version": tomllib.loads(noted(arguments.project).read_text(encoding="utf-8"))["project"][
            "version"
        ],
        "config": arguments.config,
        "runs": over_seeds(metrics),
        "counts": {
            "runs": len(metrics),
            "steps": sum(row["steps"] for row in metrics),
            "tests": len(read_json(arguments.integrity)["tests"]),
        },
        "ledger": read_json(arguments.claims),
        "optimum": [one for path in arguments.optimum for one in read_json(path)],
        "variations": [
            {"choice": one["choice"], "value": one["value"], "all": all(one["survives"].values())}
            for one in variations
        ],
        "data": data_facts(read_json(arguments.summary)),
        "table": table,
        "widths": {"figure": widths.FIGURE, "scorecard": widths.SCORECARD},
        "figures": arguments.figures.as_posix(),
        "scorecards": arguments.scorecards.as_posix(),
        "environment": {"Python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
    }


def data_facts(summary: dict) -> dict:
    """How many training images a class has, and what else one should know of the splits."""
    counts = [entry["examples"] for entry in summary["splits"]["train"]["classes"]]
    return {"fewest": min(counts), "most": max(counts), "remarks": list(remarks(summary))}


def typeset(template: Path, facts: dict, output: Path) -> None:
    """Compile the template with the facts to PDF/UA-1; the same facts give the same bytes.

    Raises:
        DataError: the template wants something that the facts have not, or a picture has no
            alternative text.
    """
    with replace_atomically(output) as temporary:
        try:
            pdf = typst.compile(
                noted(template).read_bytes(), pdf_standards=["ua-1"], timestamp=0, **settings(facts)
            )
        except typst.TypstError as error:
            raise DataError(f"{template}: {error.diagnostic or error.message}") from error
        temporary.write_bytes(pdf)


def settings(facts: dict) -> dict:
    """What the compiler is told beside the template: the facts, and the fonts of the figures."""
    return {
        "root": Path.cwd(),
        "font_paths": [Path(mpl.get_data_path()) / "fonts" / "ttf"],
        "ignore_system_fonts": True,
        "sys_inputs": {"facts": json.dumps(facts)},
    }


def main() -> None:
    """Read the command line, collect and typeset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", type=Path, required=True, help="Typst document")
    parser.add_argument("--project", type=Path, required=True, help="pyproject.toml")
    parser.add_argument(
        "--config", type=json.loads, required=True, help="JSON: data, tasks, figures, tables"
    )
    parser.add_argument("--summary", type=Path, required=True, help="of the data set, as JSON")
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--integrity", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="what the report prints, as CSV")
    parser.add_argument("--optimum", type=Path, nargs="*", default=[], help="JSON files")
    parser.add_argument("--variations", type=Path, nargs="*", default=[], help="JSON file")
    parser.add_argument("--figures", type=Path, required=True, help="folder, below this one")
    parser.add_argument("--scorecards", type=Path, required=True, help="folder, below this one")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    typeset(arguments.template, collect_facts(arguments), arguments.output)


if __name__ == "__main__":
    cli.run(main)
