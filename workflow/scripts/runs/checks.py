"""Tests of the results: what must be true of the tables before anything is concluded from them."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runs.grid import SETTINGS, Run, runs_of_tasks
from runs.results import HISTORIES_SCHEMA, METRICS_SCHEMA, numbers

RUN_KEYS = ("task", "l2_lambda", "shuffle", "seed")

CHECK_CURVES = (("validation", "loss"), ("validation", "accuracy"), ("train", "accuracy"))
CURVES = (("train", "loss"), *CHECK_CURVES)

#: The results at the end are computed a chunk of images at a time, which moves the last digits.
_LOSS_TOLERANCE = 1e-6
_ACCURACY_TOLERANCE = 1e-12

WHAT_IS_CHECKED = (
    "each run of the config is in the metrics and in the history exactly once, and no other run",
    "no number is missing, NaN or infinite",
    "accuracies are between 0 and 1, losses and norms are not negative",
    "histories are complete: a training loss at every step, three values at every check",
    "the last check agrees with the metrics where training ended with it",
    "epochs and steps are within the limits, and training stopped early or reached them",
    "the hyperparameters are those of the config",
)

Key = tuple
#: (split, metric) -> steps int64 (n,), values float64 (n,).
History = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]


def read_histories(path: Path) -> Iterator[tuple[Key, History]]:
    """Read the histories a row group at a time; a run that has two of them comes twice."""
    file = pq.ParquetFile(path)
    for number in range(file.num_row_groups):
        table = file.read_row_group(number).cast(HISTORIES_SCHEMA)
        for run in table.group_by(list(RUN_KEYS)).aggregate([]).to_pylist():
            key = tuple(run[name] for name in RUN_KEYS)
            yield key, _history_of(table.filter(_is_run(run)))


def _is_run(run: dict) -> pc.Expression:
    expression = pc.scalar(True)
    for name in RUN_KEYS:
        expression &= pc.field(name) == pa.scalar(run[name], HISTORIES_SCHEMA.field(name).type)
    return expression


def _history_of(table: pa.Table) -> History:
    steps, values = (numbers(table, name) for name in ("step", "value"))
    names = list(zip(*(table.column(c).to_pylist() for c in ("split", "metric")), strict=True))
    rows: dict[tuple[str, str], list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    return {name: (steps[which], values[which]) for name, which in rows.items()}


def violations(
    metrics: Sequence[dict], histories: Sequence[tuple[Key, History]], tasks: dict[str, dict]
) -> list[str]:
    """Everything that is wrong, each naming its run and column.

    Args:
        metrics: rows of results/metrics.parquet.
        histories: runs and their curves, as from `read_histories`.
        tasks: of each task the grid and the hyperparameters.
    """
    runs = {tuple(run.keys[name] for name in RUN_KEYS): run for run in runs_of_tasks(tasks)}
    found = [
        *_once(runs, [tuple(row[name] for name in RUN_KEYS) for row in metrics], "metrics"),
        *_once(runs, [key for key, _ in histories], "history"),
    ]
    rows = {tuple(row[name] for name in RUN_KEYS): row for row in metrics}
    curves = dict(histories)
    for key, run in runs.items():
        if key in rows:
            found += _of_row(rows[key], run, tasks[run.task])
        if key in rows and key in curves:
            found += _of_history(curves[key], rows[key], run)
    return found


def _once(runs: dict[Key, Run], keys: list[Key], table: str) -> Iterator[str]:
    counts = Counter(keys)
    for key, run in runs.items():
        if counts[key] != 1:
            times = "is missing" if not counts[key] else f"is there {counts[key]} times"
            yield f"{run.folder}: {times} in the {table}"
    for key in counts:
        if key not in runs:
            named = ", ".join(f"{name}={value}" for name, value in zip(RUN_KEYS, key, strict=True))
            yield f"{named}: in the {table}, but not in the config"


def _of_row(row: dict, run: Run, task: dict) -> Iterator[str]:
    """What is wrong in the metrics of one run."""
    place = f"{run.folder}: metrics"
    for name in METRICS_SCHEMA.names:
        value = row[name]
        if value is None and name != "patience":
            yield f"{place}, {name}: is missing"
        elif isinstance(value, float) and not _in_range(name, value):
            yield f"{place}, {name}: found {value}"
    for name in SETTINGS:
        # Without a train_size in the config, the metrics have the size of the whole split.
        everything = name == "train_size" and task[name] is None
        if row[name] != task[name] and not everything:
            yield f"{place}, {name}: found {row[name]}, but the config says {task[name]}"
    epochs, limit = row["epochs"], task["max_epochs"]
    if epochs is not None and (epochs > limit or (not row["stopped_early"] and epochs != limit)):
        yield f"{place}, epochs: found {epochs} of {limit}, stopped early: {row['stopped_early']}"


def _of_history(history: History, row: dict, run: Run) -> Iterator[str]:
    """What is wrong in the curves of one run."""
    place = f"{run.folder}: history"
    for name in history:
        if name not in CURVES:
            yield f"{place}, {' '.join(name)}: is no curve of a run"
    for split, metric in CURVES:
        curve = f"{place}, {split} {metric}"
        if (split, metric) not in history:
            yield f"{curve}: is missing"
            continue
        steps, values = history[split, metric]
        wrong = [i for i, v in enumerate(values) if not _in_range(metric, v)]
        if wrong:
            yield f"{curve}: found {values[wrong[0]]} at step {steps[wrong[0]]}"
        interval = 1 if (split, metric) == ("train", "loss") else _interval(history)
        expected = np.arange(0, row["steps"] or 0, interval)
        if not np.array_equal(np.sort(steps), expected):
            yield f"{curve}: {_difference(steps, expected)}"
        elif (split, metric) in CHECK_CURVES and steps[-1] == row["steps"] - 1:
            yield from _agrees(curve, values[-1], row, f"{split}_{metric}")


def _interval(history: History) -> int:
    """Steps from one check to the next, by the most frequent distance of all three curves."""
    distances = Counter(
        int(distance)
        for name in CHECK_CURVES
        if name in history
        for distance in np.diff(history[name][0])
        if distance > 0
    )
    # With one check there is no distance, and no second check to expect.
    return distances.most_common(1)[0][0] if distances else 2**62


def _difference(steps: np.ndarray, expected: np.ndarray) -> str:
    missing, extra = np.setdiff1d(expected, steps), np.setdiff1d(steps, expected)
    if len(missing):
        return f"{len(missing)} steps are missing, the first is {missing[0]}"
    if len(extra):
        return f"{len(extra)} steps should not be there, the first is {extra[0]}"
    return "some steps are there twice"


def _agrees(curve: str, value: float, row: dict, column: str) -> Iterator[str]:
    tolerance = _LOSS_TOLERANCE if column.endswith("loss") else _ACCURACY_TOLERANCE
    if row[column] is not None and not abs(value - row[column]) <= tolerance:
        yield f"{curve}: the last check has {value}, but the metrics have {row[column]}"


def _in_range(name: str, value: float) -> bool:
    if not math.isfinite(value) or value < 0.0:
        return False
    return not name.endswith("accuracy") or value <= 1.0
