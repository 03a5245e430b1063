"""Tests of the results find each kind of violation, and name its run and column."""

import copy
import json
import sys

import pandas as pd
import pyarrow as pa
import pytest
from synthetic import BLOCKS, TASKS, as_argument

import integrity
from common.errors import DataError
from runs.integrity import doubts, read_histories, violations
from runs.results import read_table
from runs.schemas import CURVES, METRICS_SCHEMA, OUTCOMES

RUN = "softmax, lambda 0.01, shuffle true, seed 7"
KEY = ("softmax", 0.01, "true", 7)
#: What is said of the data: a hundred images of each class.
OF_CLASSES = [{"label": label, "name": str(label), "examples": 100} for label in range(10)]
SUMMARY = {"dataset": "mnist", "splits": {"validation": {"classes": OF_CLASSES}}}
CHECK_CURVES = CURVES[1:]
#: Of each task; all of them would only take longer.
SEEDS = (0, 7)
RUNS = sum(len({*block.seeds} & {*SEEDS}) for block in BLOCKS)
ALL_RUNS = sum(len(block.seeds) for block in BLOCKS)


@pytest.fixture(scope="module")
def tables(folder):
    """Metrics and histories of a few runs of each task."""
    metrics = read_table(folder / "metrics.parquet", METRICS_SCHEMA).to_pylist()
    histories = read_histories(folder / "history.parquet")
    few = [row for row in metrics if row["seed"] in SEEDS]
    return few, [history for history in histories if history["seed"].iloc[0] in SEEDS]


@pytest.fixture
def rows(tables):
    """The metrics, to change."""
    return copy.deepcopy(tables[0])


def key_of(row) -> tuple:
    return tuple(row[name] for name in ("task", "l2_lambda", "shuffle", "seed"))


def row_of(rows: list[dict]) -> dict:
    (row,) = (row for row in rows if key_of(row) == KEY)
    return row


def history_of(histories) -> pd.DataFrame:
    (history,) = (history for history in histories if key_of(history.iloc[0]) == KEY)
    return history


def found(rows, histories, runs: int = RUNS) -> list[str]:
    metrics = pa.Table.from_pylist(rows, schema=METRICS_SCHEMA).to_pandas()
    return list(violations(metrics, histories, TASKS, runs))


def found_with(tables, change) -> list[str]:
    """Violations when the history of the run is changed."""
    rows, histories = tables
    changed = change(history_of(histories).copy())
    return found(rows, [changed if key_of(h.iloc[0]) == KEY else h for h in histories])


def is_of(history: pd.DataFrame, curve: tuple[str, str]) -> pd.Series:
    return (history["split"] == curve[0]) & (history["metric"] == curve[1])


def test_good_results_pass(tables):
    assert found(*tables) == []


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("train_loss", float("nan"), "train_loss: found nan of a run that ended as early_stopping"),
        ("weight_norm", float("inf"), "weight_norm: found inf of a run that ended as early_"),
        ("test_loss", -0.1, "test_loss: found -0.1"),
        ("test_accuracy", 1.5, "test_accuracy: found 1.5"),
        ("test_accuracy", None, "test_accuracy: found nan of a run that ended as early_stopping"),
        ("learning_rate", 0.02, "learning_rate: found 0.02, but the config says 0.01"),
        ("patience", None, "patience: found None, but the config says 10"),
        ("epochs", 501, "epochs: found 501 of 500, ended: early_stopping"),
        ("ended", "max_epochs", "epochs: found 33 of 500, ended: max_epochs"),
        ("stopped_early", False, "stopped_early: found False, ended: early_stopping"),
    ],
)
def test_a_wrong_number_of_the_metrics(rows, tables, column, value, message):
    row_of(rows)[column] = value
    errors = found(rows, tables[1])
    assert errors[0].startswith(f"{RUN}: metrics, {message}")
    assert all(error.startswith(RUN) for error in errors)


def test_a_diverged_run_has_no_numbers_and_is_no_violation(rows, tables):
    row = row_of(rows)
    row |= {"ended": "diverged", "stopped_early": False, **dict.fromkeys(OUTCOMES)}
    assert found(rows, tables[1]) == []
    row["test_loss"] = 0.1
    (error,) = found(rows, tables[1])
    assert error == f"{RUN}: metrics, test_loss: found 0.1 of a run that ended as diverged"


def test_a_run_that_diverges_in_its_first_step_has_an_empty_history(rows, tables):
    row = row_of(rows)
    row |= {"ended": "diverged", "stopped_early": False, **dict.fromkeys(OUTCOMES)}
    row |= {"steps": 0, "epochs": 0}
    histories = [h.iloc[:0] if key_of(h.iloc[0]) == KEY else h for h in tables[1]]
    assert found(rows, histories) == []


def test_runs_that_are_missing_twice_or_unknown(rows, tables):
    rows.remove(row_of(rows))
    missing = [
        f"metrics: {RUNS - 1} runs, but the config asks for {RUNS}",
        f"{RUN}: in the history, but not in the metrics",
    ]
    assert found(rows, tables[1]) == missing
    rows += 2 * [row_of(tables[0])]
    assert f"{RUN}: is in the metrics more than once" in found(rows, tables[1])
    rows[-1] = rows[-1] | {"task": "another"}
    assert "another, lambda 0.01, shuffle true, seed 7: metrics: the config has no such task" in (
        found(rows, tables[1])
    )


def test_a_history_that_is_missing_or_twice(tables):
    rows, histories = tables
    without = [history for history in histories if key_of(history.iloc[0]) != KEY]
    assert found(rows, without) == [f"{RUN}: is missing in the history"]
    twice = [*histories, history_of(histories)]
    assert found(rows, twice) == [
        f"{RUN}: history: is there more than once, or mixed with another run"
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h[~(is_of(h, CURVES[0]) & (h["step"] == 17))], "1 steps are missing, the first"),
        (
            lambda h: pd.concat([h, h.iloc[:1].assign(step=6000)]),
            "1 steps should not be there, the first is 6000",
        ),
        (lambda h: pd.concat([h, h.iloc[:1]]), "some steps are there twice"),
    ],
)
def test_a_step_that_is_missing_extra_or_twice(tables, change, message):
    (error,) = found_with(tables, change)
    assert error.startswith(f"{RUN}: history, train loss: {message}")


@pytest.mark.parametrize("curve", CHECK_CURVES)
def test_a_check_that_lacks_a_value(tables, curve):
    errors = found_with(tables, lambda h: h[~(is_of(h, curve) & (h["step"] == 155))])
    place = f"{RUN}: history, {' '.join(curve)}"
    assert errors == [f"{place}: 1 steps are missing, the first is 155"]
    assert f"{place}: is missing" in found_with(tables, lambda h: h[~is_of(h, curve)])


def test_a_value_out_of_range(tables):
    def change(history):
        chosen = is_of(history, ("validation", "accuracy")) & (history["step"] == 93)
        history.loc[chosen, "value"] = 1.2
        return history

    assert found_with(tables, change) == [
        f"{RUN}: history, validation accuracy: found 1.2 at step 93"
    ]


def test_a_last_check_that_disagrees_with_the_metrics(rows, tables):
    # Steps 0..5983, so that the run ends with its check at 5983 = 193 * 31.
    row = row_of(rows)
    row["steps"] = 5984
    history = history_of(tables[1])
    history = history[history["step"] < 5984]
    histories = [history if key_of(h.iloc[0]) == KEY else h for h in tables[1]]
    for curve in CHECK_CURVES:
        row["_".join(curve)] = history.loc[is_of(history, curve), "value"].iloc[-1]
    assert found(rows, histories) == []
    row["validation_loss"] += 0.01
    (error,) = found(rows, histories)
    assert error.startswith(f"{RUN}: history, validation loss: the last check has ")


def test_the_script_tells_all_at_once_or_says_what_it_checked(folder, tmp_path, monkeypatch):
    output = tmp_path / "integrity.json"
    options = ["--metrics", folder / "metrics.parquet", "--history", folder / "history.parquet"]
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    options += ["--summaries", tmp_path / "summary.json"]

    def run(tasks):
        arguments = [
            *options,
            "--tasks",
            as_argument(tasks),
            "--count",
            ALL_RUNS,
            "--output",
            output,
        ]
        monkeypatch.setattr(sys, "argv", ["integrity.py", *map(str, arguments)])
        integrity.main()

    other = copy.deepcopy(TASKS)
    other["softmax"]["learning_rate"] = 0.5
    with pytest.raises(DataError, match=r"has 100 error\(s\)"):
        run(other)
    assert not output.exists()
    run(TASKS)
    content = json.loads(output.read_text())
    assert (content["runs"], content["diverged"], "doubts" in content) == (ALL_RUNS, 0, False)


def test_a_task_that_knows_only_which_class_is_the_largest_is_told(rows):
    def told(rows) -> list[str]:
        metrics = pa.Table.from_pylist(rows, schema=METRICS_SCHEMA).to_pandas()
        return list(doubts(metrics, {"mnist": SUMMARY}))

    assert told(rows) == []
    row = row_of(rows)
    row["validation_accuracy"] = 0.11  # of ten classes, a tenth of the images each
    (doubt,) = told(rows)
    assert doubt.startswith("Task softmax: of 10 trainings 1 learnt nothing of use.")
    assert f"({RUN}) is right in 11.0%, one answer to all of them in 10.0%" in doubt
    row["validation_accuracy"] = 0.2
    assert told(rows) == []
    row["validation_accuracy"], row["ended"] = None, "diverged"
    assert told(rows) == []
