"""Tests of the results find each kind of violation, and name its run and column."""

import copy
import json
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from synthetic import TASKS, as_argument, write_results

import check_results
from common.errors import DataError
from runs.checks import CHECK_CURVES, read_histories, violations

RUN = "softmax/lambda-0.01/shuffle-true/seed-7"
KEY = ("softmax", 0.01, True, 7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_results(folder)
    return folder


@pytest.fixture(scope="module")
def tables(folder):
    metrics = pq.read_table(folder / "metrics.parquet").to_pylist()
    return metrics, list(read_histories(folder / "history.parquet"))


@pytest.fixture
def metrics(tables):
    return copy.deepcopy(tables[0])


@pytest.fixture
def histories(tables):
    return dict(copy.deepcopy(tables[1]))


def row_of(metrics: list[dict]) -> dict:
    task, l2_lambda, shuffle, seed = KEY
    (row,) = (
        row
        for row in metrics
        if (row["task"], row["l2_lambda"], row["shuffle"], row["seed"])
        == (task, l2_lambda, shuffle, seed)
    )
    return row


def test_good_results_pass(tables):
    assert violations(*tables, TASKS) == []


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("train_loss", float("nan"), "metrics, train_loss: found nan"),
        ("weight_norm", float("inf"), "metrics, weight_norm: found inf"),
        ("test_loss", -0.1, "metrics, test_loss: found -0.1"),
        ("test_accuracy", 1.5, "metrics, test_accuracy: found 1.5"),
        ("test_accuracy", None, "metrics, test_accuracy: is missing"),
        ("learning_rate", 0.02, "metrics, learning_rate: found 0.02, but the config says 0.01"),
        ("patience", None, "metrics, patience: found None, but the config says 10"),
        ("epochs", 501, "metrics, epochs: found 501 of 500, stopped early: True"),
        ("stopped_early", False, "metrics, epochs: found 33 of 500, stopped early: False"),
    ],
)
def test_a_wrong_number_of_the_metrics(metrics, histories, column, value, message):
    row_of(metrics)[column] = value
    assert violations(metrics, list(histories.items()), TASKS) == [f"{RUN}: {message}"]


def test_runs_that_are_missing_twice_or_unknown(metrics, tables):
    metrics.remove(row_of(metrics))
    assert violations(metrics, tables[1], TASKS) == [f"{RUN}: is missing in the metrics"]
    metrics += 2 * [row_of(tables[0])]
    assert violations(metrics, tables[1], TASKS) == [f"{RUN}: is there 2 times in the metrics"]
    metrics[-1] = metrics[-1] | {"seed": 99}
    (found,) = violations(metrics, tables[1], TASKS)
    assert found.endswith("seed=99: in the metrics, but not in the config")


def test_a_history_that_is_missing_or_twice(tables):
    rows, histories = tables
    without = [(key, history) for key, history in histories if key != KEY]
    assert violations(rows, without, TASKS) == [f"{RUN}: is missing in the history"]
    twice = [*histories, (KEY, dict(histories)[KEY])]
    assert violations(rows, twice, TASKS) == [f"{RUN}: is there 2 times in the history"]


def found_with(metrics, histories, curve, steps, values):
    histories[KEY][curve] = (steps, values)
    return violations(metrics, list(histories.items()), TASKS)


def test_a_step_that_is_missing_extra_or_twice(metrics, histories):
    curve = ("train", "loss")
    steps, values = histories[KEY][curve]
    place = f"{RUN}: history, train loss: "
    missing = np.delete(steps, 17), np.delete(values, 17)
    assert found_with(metrics, histories, curve, *missing) == [
        place + "1 steps are missing, the first is 17"
    ]
    extra = np.append(steps, 6000), np.append(values, 0.1)
    assert found_with(metrics, histories, curve, *extra) == [
        place + "1 steps should not be there, the first is 6000"
    ]
    twice = np.append(steps, 5999), np.append(values, 0.1)
    assert found_with(metrics, histories, curve, *twice) == [place + "some steps are there twice"]


@pytest.mark.parametrize("curve", CHECK_CURVES)
def test_a_check_that_lacks_a_value(metrics, histories, curve):
    steps, values = histories[KEY][curve]
    found = found_with(metrics, histories, curve, np.delete(steps, 5), np.delete(values, 5))
    assert found == [f"{RUN}: history, {' '.join(curve)}: 1 steps are missing, the first is 155"]
    del histories[KEY][curve]
    found = violations(metrics, list(histories.items()), TASKS)
    assert found == [f"{RUN}: history, {' '.join(curve)}: is missing"]


def test_a_value_out_of_range(metrics, histories):
    steps, values = histories[KEY]["validation", "accuracy"]
    values[3] = 1.2
    found = found_with(metrics, histories, ("validation", "accuracy"), steps, values)
    assert found == [f"{RUN}: history, validation accuracy: found 1.2 at step 93"]


def test_a_last_check_that_disagrees_with_the_metrics(metrics, histories):
    # Steps 0..5983, so that the run ends with its check at 5983 = 193 * 31.
    row = row_of(metrics)
    row["steps"] = 5984
    history = histories[KEY]
    history["train", "loss"] = tuple(array[:5984] for array in history["train", "loss"])
    for curve in CHECK_CURVES:
        row[f"{curve[0]}_{curve[1]}"] = float(history[curve][1][-1])
    assert violations(metrics, list(histories.items()), TASKS) == []
    row["validation_loss"] += 0.01
    (found,) = violations(metrics, list(histories.items()), TASKS)
    assert found.startswith(f"{RUN}: history, validation loss: the last check has ")


def test_the_script_tells_all_at_once_or_says_what_it_checked(folder, tmp_path, monkeypatch):
    output = tmp_path / "checks.json"
    options = ["--metrics", folder / "metrics.parquet", "--history", folder / "history.parquet"]

    def run(tasks):
        arguments = [*options, "--tasks", as_argument(tasks), "--output", output]
        monkeypatch.setattr(sys, "argv", ["check_results.py", *map(str, arguments)])
        check_results.main()

    other = copy.deepcopy(TASKS)
    other["softmax"]["learning_rate"] = 0.5
    with pytest.raises(DataError, match=r"has 50 error\(s\)"):
        run(other)
    assert not output.exists()
    run(TASKS)
    assert json.loads(output.read_text())["runs"] == 63
