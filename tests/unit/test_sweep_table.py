"""The sweep table: means and deviations over seeds, in the order that the user names."""

import re

import pyarrow as pa
import pytest

from runs.schemas import METRICS_SCHEMA, OUTCOMES
from runs.sweep import SWEEP_SCHEMA, as_markdown, sweep_table

NAMES = {"mine": {0: "cat", 1: "dog", 2: "2"}}


def run(rate: float, seed: int, accuracy: float | None, **other) -> dict:
    """A row of the metrics; without an accuracy it diverged."""
    row = {
        "task": f"b/learning_rate-{rate}",
        "model": "softmax",
        "l2_lambda": 0.0,
        "shuffle": "true",
        "seed": seed,
        "learning_rate": rate,
        "batch_size": 10,
        "max_epochs": 5,
        "patience": None,
        "epochs": 5,
        "steps": 50,
        "stopped_early": False,
        "ended": "max_epochs" if accuracy is not None else "diverged",
        "dataset": "mine",
        "classes": [1, 0],
        "train_size": 100,
        "checks_per_epoch": 5,
        "skip_batches": [],
    }
    return row | dict.fromkeys(OUTCOMES, accuracy) | other


RUNS = [
    run(0.1, 0, 0.5),
    run(0.1, 1, 0.7),
    run(1.0, 0, 0.9),
    run(1.0, 1, None),
    run(10.0, 0, None),
    run(10.0, 1, None),
    run(0.1, 0, 0.95, task="a", patience=3),
]


@pytest.fixture
def metrics():
    return pa.Table.from_pylist(RUNS, METRICS_SCHEMA)


def test_seeds_are_averaged_and_diverged_runs_are_counted(metrics):
    table = sweep_table(metrics, NAMES, [])
    assert table.schema.equals(SWEEP_SCHEMA)
    first, second, third, other = table.to_pylist()
    assert (first["seeds"], first["diverged"], first["classes"]) == (2, 0, "dog, cat")
    assert first["validation_accuracy"] == pytest.approx(0.6)
    assert first["validation_accuracy_std"] == pytest.approx(0.02**0.5)
    assert (second["diverged"], second["validation_accuracy"]) == (1, 0.9)
    assert second["validation_accuracy_std"] is None
    assert (third["diverged"], third["validation_accuracy"], third["steps"]) == (2, None, None)
    assert (first["patience"], other["patience"]) == (None, 3)


@pytest.mark.parametrize(
    ("sort_by", "order"),
    [
        ([], [0.1, 1.0, 10.0, 0.1]),
        (["validation_accuracy"], [0.1, 1.0, 0.1, 10.0]),
        (["task", "validation_accuracy"], [1.0, 0.1, 10.0, 0.1]),
        (["validation_loss"], [0.1, 1.0, 0.1, 10.0]),
        (["learning_rate", "test_accuracy"], [0.1, 0.1, 1.0, 10.0]),
    ],
)
def test_rows_are_sorted_as_the_user_says_and_what_diverged_comes_last(metrics, sort_by, order):
    table = sweep_table(metrics, NAMES, sort_by)
    assert table.column("learning_rate").to_pylist() == order
    if sort_by == ["validation_accuracy"]:
        assert table.column("task").to_pylist()[0] == "a"


def test_the_page_has_what_differs_and_no_more(metrics):
    header, _, *lines = as_markdown(sweep_table(metrics, NAMES, [])).splitlines()
    words = re.split(r" *\| *", header)[1:6]
    assert words == ["task", "learning rate", "patience", "seeds", "diverged"]
    rows = [re.split(r" *\| *", line)[1:7] for line in lines]
    assert rows[0] == ["b", "0.1", "never", "2", "0", "0.6000 ± 0.1414"]
    assert rows[2] == ["b", "10", "never", "2", "2", "-"]
    assert rows[3] == ["a", "0.1", "3", "1", "0", "0.9500"]
