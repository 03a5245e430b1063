"""Tests of the results: what must be true of the tables before anything is concluded from them.

What need not be wrong, but most likely is a slip, is a doubt.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import row_groups
from runs.grid import other_settings
from runs.results import require_schema
from runs.schemas import (
    CURVES,
    HISTORIES_SCHEMA,
    METRICS_SCHEMA,
    OUTCOMES,
    RUN_KEYS,
    SETTINGS,
)

WHAT_IS_TESTED = (
    "each run of the config is in the metrics and in the history exactly once, and no other run",
    "no number is missing, NaN or infinite; a run that diverged has neither loss nor accuracy",
    "accuracies are between 0 and 1, losses and norms are not negative",
    "histories are complete: a training loss at every step, three values at every check",
    "the last check agrees with the metrics where training ended with it",
    "epochs and steps are within the limits, and training ended in one of three ways",
    "the settings are those of the config",
)

#: The results at the end are computed a chunk of images at a time, which moves the last digits.
_TOLERANCE = {"loss": 1e-6, "accuracy": 1e-12}


def read_histories(path: Path) -> Iterator[pd.DataFrame]:
    """The histories over all runs, a row group at a time: one run.

    Raises:
        DataError: the file is damaged, or its columns are not those of HISTORIES_SCHEMA.
    """
    for history in row_groups(path):
        require_schema(path, history.schema, HISTORIES_SCHEMA)
        yield history.to_pandas()


def violations(
    metrics: pd.DataFrame, histories: Iterable[pd.DataFrame], tasks: dict[str, dict], runs: int
) -> Iterator[str]:
    """Everything that is wrong, each naming its run and column.

    Args:
        metrics: of all runs.
        histories: of all runs, one each.
        tasks: the settings of each task.
        runs: how many there must be.
    """
    if len(metrics) != runs:
        yield f"metrics: {len(metrics)} runs, but the config asks for {runs}"
    for keys in metrics.loc[metrics.duplicated(list(RUN_KEYS)), list(RUN_KEYS)].itertuples():
        yield f"{_place(keys)}: is in the metrics more than once"
    rows = {_key(row): row for row in metrics.itertuples()}
    for row in rows.values():
        yield from _of_row(row, tasks.get(row.task))
    seen = set()
    for history in histories:
        if history.empty:
            continue
        first = next(history.itertuples())
        if len(history[list(RUN_KEYS)].drop_duplicates()) > 1 or _key(first) in seen:
            yield f"{_place(first)}: history: is there more than once, or mixed with another run"
        elif _key(first) not in rows:
            yield f"{_place(first)}: in the history, but not in the metrics"
        else:
            yield from _of_history(history, rows[_key(first)])
        seen.add(_key(first))
    # A run that diverges in its first step has an empty history.
    for key, row in rows.items():
        if key not in seen and row.steps > 0:
            yield f"{_place(row)}: is missing in the history"


def doubts(metrics: pd.DataFrame, summaries: dict[str, dict]) -> Iterator[str]:
    """What trained to nothing: a task whose models know no more than which class is the largest.

    Args:
        metrics: of all runs.
        summaries: what `images.summary.summarise` says of each data set, by its name.
    """
    for task, of_task in metrics[metrics["ended"] != "diverged"].groupby("task", sort=False):
        counts = _class_counts(summaries[of_task["dataset"].iloc[0]], of_task["classes"].iloc[0])
        share, n = max(counts) / sum(counts), sum(counts)
        chance = share + 2 * np.sqrt(share * (1 - share) / n)
        empty = of_task[of_task["validation_accuracy"] <= chance]
        if len(empty):
            first = next(empty.itertuples())
            yield (
                f"Task {task}: of {len(of_task)} trainings {len(empty)} learnt nothing of use. On "
                f"the validation images the first of them ({_place(first)}) is right in "
                f"{first.validation_accuracy:.1%}, one answer to all of them in {share:.1%}: do "
                "the labels fit the images, and is the learning_rate large and lambda small enough?"
            )


def _class_counts(summary: dict, classes: Iterable[int]) -> list[int]:
    """How many validation images each class has."""
    counts = {e["label"]: e["examples"] for e in summary["splits"]["validation"]["classes"]}
    return [counts[label] for label in classes]


def _key(row) -> tuple:
    return tuple(getattr(row, name) for name in RUN_KEYS)


def _place(row) -> str:
    return f"{row.task}, lambda {row.l2_lambda:g}, shuffle {row.shuffle}, seed {row.seed}"


def _of_row(row, task: dict | None) -> Iterator[str]:
    """What is wrong in the metrics of one run."""
    place = f"{_place(row)}: metrics"
    if task is None:
        yield f"{place}: the config has no such task"
        return
    diverged = row.ended == "diverged"
    for name in METRICS_SCHEMA.names:
        value = getattr(row, name)
        if name in OUTCOMES:
            if diverged == (value is not None and np.isfinite(value)):
                yield f"{place}, {name}: found {value} of a run that ended as {row.ended}"
            elif not diverged and not _in_range(name, value):
                yield f"{place}, {name}: found {value}"
        elif name != "patience" and (value is None or (np.isscalar(value) and pd.isna(value))):
            yield f"{place}, {name}: is missing"
    settings = {name: _plain(getattr(row, name)) for name in SETTINGS}
    for name, found, wanted in other_settings(settings, task):
        yield f"{place}, {name}: found {found}, but the config says {wanted}"
    limit = task["max_epochs"]
    whole = row.ended == "max_epochs"
    if row.epochs > limit or (whole and row.epochs != limit):
        yield f"{place}, epochs: found {row.epochs} of {limit}, ended: {row.ended}"
    if row.stopped_early != (row.ended == "early_stopping"):
        yield f"{place}, stopped_early: found {row.stopped_early}, ended: {row.ended}"


def _plain(value):
    """A cell of pandas as the config has it."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if value is None or pd.isna(value) else value


def _of_history(history: pd.DataFrame, row) -> Iterator[str]:
    """What is wrong in the curves of one run."""
    place = f"{_place(row)}: history"
    curves = dict(iter(history.groupby(["split", "metric"])))
    for name in curves.keys() - set(CURVES):
        yield f"{place}, {' '.join(name)}: is no curve of a run"
    checks = curves.get(("validation", "loss"), history.iloc[:0])["step"].to_numpy()
    # The first check comes after the first step; one alone has no distance to a second.
    interval = int(checks[1] - checks[0]) if len(checks) > 1 else 2**62
    for split, metric in CURVES:
        curve = f"{place}, {split} {metric}"
        if (split, metric) not in curves:
            if row.ended != "diverged":
                yield f"{curve}: is missing"
            continue
        steps, values = (curves[split, metric][name].to_numpy() for name in ("step", "value"))
        wrong = ~np.array([_in_range(metric, value) for value in values])
        if wrong.any():
            yield f"{curve}: found {values[wrong][0]} at step {steps[wrong][0]}"
        expected = np.arange(0, row.steps, 1 if (split, metric) == CURVES[0] else interval)
        if row.ended == "diverged":
            # It may have ended with the check that was due.
            expected = expected[: max(len(steps), len(expected) - 1)]
        if not np.array_equal(np.sort(steps), expected):
            yield f"{curve}: {_difference(steps, expected)}"
        elif (split, metric) != CURVES[0] and steps[-1] == row.steps - 1:
            column = f"{split}_{metric}"
            found = getattr(row, column)
            tolerance = _TOLERANCE[metric] * max(1.0, abs(found))
            if pd.notna(found) and not abs(values[-1] - found) <= tolerance:
                yield f"{curve}: the last check has {values[-1]}, but the metrics have {found}"


def _difference(steps: np.ndarray, expected: np.ndarray) -> str:
    missing, extra = np.setdiff1d(expected, steps), np.setdiff1d(steps, expected)
    if len(missing):
        return f"{len(missing)} steps are missing, the first is {missing[0]}"
    if len(extra):
        return f"{len(extra)} steps should not be there, the first is {extra[0]}"
    return "some steps are there twice"


def _in_range(name: str, value: float | None) -> bool:
    if value is None or not np.isfinite(value) or value < 0.0:
        return False
    return not name.endswith("accuracy") or value <= 1.0
