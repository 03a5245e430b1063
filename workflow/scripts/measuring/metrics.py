"""The measurements that a reading can name: each a function of results, with its own arguments.

A measurement gets the results (see `quantities.Results`) and the arguments of the reading, and
returns one value per seed, or one value if there is a single run or none. It does no I/O, knows no
expectation and no verdict. Measurements that compare two selections of runs pair them by seed; a
selection of one run (without shuffle) is compared with every run of the other.

Every public function here can be named in the claims file (see `measuring.catalogue`); the
annotations of its arguments say what may stand there.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from measuring import curves
from measuring.quantities import (
    Column,
    ColumnOfOptimum,
    Count,
    Curve,
    Measured,
    Metric,
    NotApplicableError,
    NotDecidableError,
    NotNegative,
    Number,
    OddCount,
    Results,
    Row,
    Selection,
    SelectionOfMany,
    Share,
    Step,
    are_answers,
    around,
    at_both_ends,
    at_optimum,
    at_the_end,
    gap_by_image,
    in_pairs,
    pairs,
    per_image,
    plotted,
    stacked,
    unit_of,
)
from regression.separation import smallest_margins
from runs.curves import block_statistics
from runs.schemas import CURVES, MEASURED

# Numbers of the metrics


def metric(
    results: Results, *, runs: Selection, column: Column, last: Count | None = None
) -> Measured:
    """One number of each run, at the end of training or as the mean of its `last` checks."""
    values, images = at_the_end(results, results.runs(runs), column, last)
    evidence = [results.where(runs, column)]
    return Measured(
        values, unit_of(column), evidence, images=images, are_answers=are_answers(column)
    )


def metric_difference(
    results: Results,
    *,
    runs: Selection,
    other: Selection,
    column: Column,
    last: Count | None = None,
) -> Measured:
    """A number of each run minus that of the other run."""
    first, second, images = at_both_ends(results, pairs(results, runs, other), column, last)
    evidence = [results.where(selection, column) for selection in (runs, other)]
    detail = f"{first.mean():.4g} against {second.mean():.4g}."
    return Measured(first - second, unit_of(column), evidence, detail, images)


def metric_series(
    results: Results, *, runs: SelectionOfMany, column: Column, last: Count | None = None
) -> Measured:
    """A number of each run by ascending lambda; the expectation is about the change along it."""
    rows = results.runs(runs)
    lambdas = sorted({row["l2_lambda"] for row in rows})
    by_lambda = [[row for row in rows if row["l2_lambda"] == value] for value in lambdas]
    ends = [at_the_end(results, group, column, last) for group in by_lambda]
    values, images = (stacked(parts) for parts in zip(*ends, strict=True))
    means = ", ".join(
        f"{mean:.4g} at {l2_lambda:g}"
        for mean, l2_lambda in zip(values.mean(axis=0), lambdas, strict=True)
    )
    detail = f"By lambda, on average: {means}."
    evidence = [results.where(runs, column)]
    return Measured(values, unit_of(column), evidence, detail, images, are_answers(column))


def lead_over_rest(
    results: Results,
    *,
    runs: Selection,
    rest: SelectionOfMany,
    column: Column,
    last: Count | None = None,
) -> Measured:
    """A number of each run minus that of each other lambda of the rest, of the same seed.

    The values are a series; what is expected must hold of every entry, so that the runs lead over
    all of the rest.

    Raises:
        NotApplicableError: the rest has no other lambda, or one of other seeds.
    """
    first = results.runs(runs)
    others: dict[float, list[Row]] = {}
    for row in results.runs(rest):
        if row["l2_lambda"] != first[0]["l2_lambda"]:
            others.setdefault(row["l2_lambda"], []).append(row)
    if not others:
        raise NotApplicableError("the rest has no other lambda than the runs")
    leads, images = [], []
    for rival in others.values():
        own, its, by_image = at_both_ends(results, in_pairs(first, rival), column, last)
        leads.append(own - its)
        images.append(by_image)
    means = ", ".join(
        f"{lead.mean():+.4g} over {name:g}" for name, lead in zip(others, leads, strict=True)
    )
    return Measured(
        stacked(leads),
        unit_of(column),
        [results.where(selection, column) for selection in (runs, rest)],
        f"On average {means}.",
        stacked(images),
    )


def greatest_difference(results: Results, *, runs: Selection, other: Selection) -> Measured:
    """The greatest difference between two runs, in any result and at any step of any curve."""
    (row,), (with_,) = results.runs(runs), results.runs(other)
    differences = [abs(row[name] - with_[name]) for name in MEASURED]
    for split, name in CURVES:
        (_, a), (_, b) = (results.curve(run, split, name) for run in (row, with_))
        # Curves of different length differ in `steps` at least.
        if len(a) == len(b):
            differences.append(float(np.max(np.abs(a - b))))
    evidence = [
        results.where(selection, what) for selection in (runs, other) for what in ("*", "history")
    ]
    return Measured(np.array([max(differences)]), "in the quantity's own unit", evidence)


# The course of curves


def fall_time(results: Results, *, runs: Selection, curve: Curve, share: Share) -> Measured:
    """The fraction of a run's updates until a loss has made `share` of its fall from W = 0."""
    values = []
    for row in results.runs(runs):
        # The training loss of step 0 is logged before the first update, at zero weights.
        start = results.curve(row, "train", "loss")[1][0]
        values.append(curves.share_until(plotted(results, row, curve)[1], start, share))
    return Measured(np.array(values), "fraction of the updates", [results.where(runs, "history")])


def block_deviation_ratio(
    results: Results, *, runs: Selection, other: Selection, window: Count
) -> Measured:
    """Spread of the training loss within blocks of steps, over that of the other run.

    The spread is the mean over blocks of the standard deviation within one, as the figures draw it.
    """
    values = [
        _block_deviation(results, a, window) / _block_deviation(results, b, window)
        for a, b in pairs(results, runs, other)
    ]
    evidence = [results.where(selection, "history") for selection in (runs, other)]
    return Measured(np.array(values), "ratio", evidence)


def later_by(
    results: Results, *, runs: Selection, curve: Curve, other_curve: Curve, level: Number
) -> Measured:
    """How many steps later one curve first reaches a level than another curve of the same run.

    A curve that never reaches it counts as reaching it after the run's last step, so that the
    value is a lower bound of the delay; if neither does, nothing can be said.
    """
    values = []
    for row in results.runs(runs):
        first, second = (
            curves.first_at_least(*plotted(results, row, entry), level)
            for entry in (curve, other_curve)
        )
        if first is None and second is None:
            raise NotDecidableError(f"neither curve reaches {level:g}")
        never = row["steps"]
        values.append((never if first is None else first) - (never if second is None else second))
    return Measured(np.array(values, dtype=float), "steps", [results.where(runs, "history")])


def falling_share(
    results: Results, *, runs: Selection, curve: Curve, rise: NotNegative
) -> Measured:
    """The fraction of checks at which a curve fell, or rose by less than `rise`."""
    values = [
        curves.falling_share(plotted(results, row, curve)[1], rise) for row in results.runs(runs)
    ]
    return Measured(np.array(values), "fraction of the checks", [results.where(runs, "history")])


def rise_after_lowest(results: Results, *, runs: Selection, curve: Curve) -> Measured:
    """How far a curve's last value lies above its lowest one, as a fraction of the lowest."""
    values = [
        curves.rise_after_lowest(plotted(results, row, curve)[1]) for row in results.runs(runs)
    ]
    return Measured(np.array(values), "fraction", [results.where(runs, "history")])


def gap_after(results: Results, *, runs: Selection, metric: Metric, after: Step) -> Measured:
    """The gap between training and validation (see `final_gap`), mean from step `after` on."""
    rows, values = results.runs(runs), []
    for row in rows:
        steps, gap = _gap(results, row, metric)
        if not (steps >= after).any():
            raise NotDecidableError(f"the run with seed {row['seed']} ends before step {after}")
        values.append(gap[steps >= after].mean())
    found = np.array(values) if metric == "accuracy" else -np.array(values)
    images = around(found, gap_by_image(results, rows, "validation", metric))
    return Measured(found, unit_of(metric), [results.where(runs, "history")], images=images)


def gap_from(
    results: Results, *, runs: Selection, metric: Metric, margin: Number, smooth: OddCount
) -> Measured:
    """The step from which training minus validation stays above a margin (see curves)."""
    values = []
    for row in results.runs(runs):
        step = curves.stays_above_from(*_gap(results, row, metric), margin, smooth)
        if step is None:
            raise NotDecidableError(f"in the run with seed {row['seed']} it does not stay there")
        values.append(step)
    return Measured(np.array(values, dtype=float), "steps", [results.where(runs, "history")])


# The optimum


def optimum_series(
    results: Results,
    *,
    task: str,
    l2_lambdas: Annotated[list[str], Field(min_length=2)],
    column: ColumnOfOptimum,
) -> Measured:
    """A number at the optimum by ascending lambda."""
    order = sorted(l2_lambdas, key=float)
    optima = [results.optimum(task, l2_lambda) for l2_lambda in order]
    values = [at_optimum(optimum, column) for optimum in optima]
    means = ", ".join(f"{v:.4g} at {name}" for v, name in zip(values, order, strict=True))
    images = per_image(results, optima, column)
    return Measured(
        np.array([values]),
        unit_of(column),
        [
            f"{results.optimum_file(task, l2_lambda)}: l2_lambda={l2_lambda}; {column}"
            for l2_lambda in order
        ],
        f"By lambda: {means}.",
        None if images is None else images[np.newaxis],
        are_answers(column),
    )


def separation(results: Results, *, task: str, l2_lambda: str) -> Measured:
    """How many training images are on the wrong side where L-BFGS ended; 0: they are separable.

    Where whole numbers are stored that are to separate them, the images are counted anew, exactly.
    """
    optimum = results.optimum(task, l2_lambda)
    examples = results.examples(optimum, "train")
    integers = results.separating_weights(task, l2_lambda)
    wrong, how = optimum["train_misclassified"], f"status: {optimum['status']}"
    where = f"optima.json: l2_lambda={l2_lambda}; train_misclassified"
    if integers is not None:
        margins = smallest_margins(integers, examples)
        wrong = int(np.count_nonzero(margins <= 0))
        how = f"counted in whole numbers, the smallest margin {margins.min()}"
        where = f"separation.parquet: l2_lambda={l2_lambda}"
    return Measured(
        np.array([float(wrong)]),
        "images",
        [results.optimum_file(task, l2_lambda).replace("optima.json", where)],
        f"Of {len(examples.targets)} images; {how}.",
    )


# Mathematics


def equations(
    results: Results, *, numbers: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
) -> Measured:
    """How many of some equations do not hold as printed."""
    found = [results.equation(number) for number in numbers]
    open_ = [f"({entry['number']})" for entry in found if entry["verdict"] == "undecided"]
    if open_:
        raise NotDecidableError(f"{', '.join(open_)} could be neither proved nor refuted")
    refuted = [f"({entry['number']})" for entry in found if entry["verdict"] == "refuted"]
    detail = f"Does not hold: {', '.join(refuted)}." if refuted else ""
    evidence = [f"results/equations.json: number={number}" for number in numbers]
    unit = "equations that do not hold"
    return Measured(np.array([float(len(refuted))]), unit, evidence, detail)


def gradient_error(results: Results, *, task: str, l2_lambda: str) -> Measured:
    """The greatest relative error of the shipped gradients against finite differences."""
    checks = results.gradient_checks(task, l2_lambda)
    named = ", ".join(f"{check['implementation']} {check['error']:.2g}" for check in checks)
    return Measured(
        np.array([max(check["error"] for check in checks)]),
        "relative error",
        [f"{results.gradients_file(task, l2_lambda)}: l2_lambda={l2_lambda}"],
        f"{checks[0]['images']} images, {checks[0]['directions']} directions: {named}.",
    )


# Helpers


def _gap(results: Results, row: Row, metric: str) -> tuple[np.ndarray, np.ndarray]:
    steps, train = results.curve(row, "train", metric)
    return steps, train - results.curve(row, "validation", metric)[1]


def _block_deviation(results: Results, row: Row, window: int) -> float:
    _, deviations = block_statistics(results.curve(row, "train", "loss"), window)
    return float(deviations.mean())
