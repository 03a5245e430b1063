"""Measurements of where training ends, would have ended, or would end if nothing stopped it."""

import numpy as np

from measuring.quantities import (
    ColumnOfOptimum,
    Count,
    Curve,
    Measured,
    Metric,
    NotDecidableError,
    NotNegative,
    Results,
    Row,
    Selection,
    Split,
    are_answers,
    at_optimum,
    batches_of,
    gap_by_image,
    paired_images,
    pairs,
    per_image,
    plotted,
    quantity,
    unit_of,
)


def final_gap(results: Results, *, runs: Selection, split: Split, metric: Metric) -> Measured:
    """Training accuracy minus that of another split, or the split's loss minus that of training."""
    rows = results.runs(runs)
    gaps = gap_by_image(results, rows, split, metric)
    return Measured(
        gaps.mean(axis=1), unit_of(metric), [results.where(runs, f"train_{metric}")], images=gaps
    )


def final_gap_difference(
    results: Results, *, runs: Selection, other: Selection, split: Split, metric: Metric
) -> Measured:
    """That gap of a run, minus that of the other run."""
    gaps = [
        gap_by_image(results, list(rows), split, metric)
        for rows in zip(*pairs(results, runs, other), strict=True)
    ]
    by_image = gaps[0] - gaps[1]
    return Measured(
        by_image.mean(axis=1),
        unit_of(metric),
        [results.where(selection, f"train_{metric}") for selection in (runs, other)],
        f"{gaps[0].mean():.4g} against {gaps[1].mean():.4g}.",
        by_image,
    )


def settles_later_by(
    results: Results,
    *,
    runs: Selection,
    curve: Curve,
    other_curve: Curve,
    margin: NotNegative,
    last: Count,
) -> Measured:
    """How many steps later a rising curve first comes within a margin of its own end than another.

    The end of a curve is the mean of its `last` values.
    """
    values = [
        _first_within(results, row, curve, margin, last)
        - _first_within(results, row, other_curve, margin, last)
        for row in results.runs(runs)
    ]
    return Measured(np.array(values, dtype=float), "steps", [results.where(runs, "history")])


def lowest_epoch(results: Results, *, runs: Selection, curve: Curve) -> Measured:
    """After how many epochs a curve is lowest."""
    values = []
    for row in results.runs(runs):
        steps, found = plotted(results, row, curve)
        values.append((steps[np.argmin(found)] + 1) / batches_of(results, row))
    return Measured(np.array(values), "epochs", [results.where(runs, "history")])


def late_change(results: Results, *, runs: Selection, curve: Curve, last: Count) -> Measured:
    """Mean of the `last` values of a curve minus that of as many just before its middle."""
    values = []
    for row in results.runs(runs):
        found = plotted(results, row, curve)[1]
        middle = len(found) // 2
        values.append(found[-last:].mean() - found[max(0, middle - last) : middle].mean())
    return Measured(np.array(values), unit_of(curve["metric"]), [results.where(runs, "history")])


def gap_slope(results: Results, *, runs: Selection, metric: Metric, last: Count) -> Measured:
    """How fast training minus validation still grows over the `last` checks.

    Slope of the least-squares line, per 1000 updates.
    """
    values = []
    for row in results.runs(runs):
        steps, train = results.curve(row, "train", metric)
        gap = train - results.curve(row, "validation", metric)[1]
        values.append(1000.0 * np.polyfit(steps[-last:], gap[-last:], 1)[0])
    return Measured(
        np.array(values), f"{unit_of(metric)} per 1000 updates", [results.where(runs, "history")]
    )


def patience_gain(
    results: Results, *, runs: Selection, curve: Curve, patience: Count, other_patience: Count
) -> Measured:
    """A curve where one patience would have stopped the run, minus that where another would have.

    The runs are without early stopping; the patience is held to their validation loss.
    """
    values, stops = [], []
    for row in results.runs(runs):
        losses = results.curve(row, "validation", "loss")[1]
        first, second = (_stop(losses, count) for count in (patience, other_patience))
        found = results.curve(row, curve["split"], curve["metric"])[1]
        values.append(found[first] - found[second])
        stops.append((first, second))
    steps = results.curve(results.runs(runs)[0], "validation", "loss")[0]
    first, second = (int(steps[list(column)].mean()) for column in zip(*stops, strict=True))
    return Measured(
        np.array(values),
        unit_of(curve["metric"]),
        [results.where(runs, "history")],
        f"It would have stopped at step {first} and at step {second}, on average.",
    )


def optimum_lead(
    results: Results, *, runs: Selection, l2_lambda: str, column: ColumnOfOptimum
) -> Measured:
    """A number at the optimum of a lambda minus that at the end of runs, of this lambda or another.

    Without a finite optimum training loss and accuracy have a limit all the same, 0 and 1, because
    the training set is separated; of the validation and test set nothing is known in the limit.
    """
    optimum, rows = results.optimum(runs["task"], l2_lambda), results.runs(runs)
    end = at_optimum(optimum, column)
    return Measured(
        np.array([end - quantity(row, column) for row in rows]),
        unit_of(column),
        [
            f"{results.optimum_file(runs['task'], l2_lambda)}: l2_lambda={l2_lambda}; {column}",
            results.where(runs, column),
        ],
        f"At the optimum: {end:.4g}.",
        paired_images(results, [(optimum, row) for row in rows], column),
    )


def number_at_optimum(
    results: Results, *, task: str, l2_lambda: str, column: ColumnOfOptimum
) -> Measured:
    """A number at the optimum of an objective, or its limit on the way there."""
    optimum = results.optimum(task, l2_lambda)
    return Measured(
        np.array([at_optimum(optimum, column)]),
        unit_of(column),
        [f"{results.optimum_file(task, l2_lambda)}: l2_lambda={l2_lambda}; {column}"],
        images=per_image(results, [optimum], column),
        are_answers=are_answers(column),
    )


def _first_within(results: Results, row: Row, curve: dict, margin: float, last: int) -> int:
    steps, values = plotted(results, row, curve)
    near = values >= values[-last:].mean() - margin
    return int(steps[np.argmax(near)])


def _stop(losses: np.ndarray, patience: int) -> int:
    """The check at which a patience ends a training with these validation losses."""
    best, without_improvement = np.inf, 0
    for check, loss in enumerate(losses):
        if loss > best:
            without_improvement += 1
        else:
            best, without_improvement = loss, 0
        if without_improvement == patience:
            return check
    raise NotDecidableError(
        f"a patience of {patience} does not run out", would_decide="a longer training"
    )
