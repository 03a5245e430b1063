"""The measurements that a reading can name: each a function of results, with its own arguments.

A measurement gets the results (see `quantities.Results`) and the arguments of the reading, and
returns one value per seed, or one value if there is a single run or none. It does no I/O, knows no
expectation and no verdict. Measurements that compare two selections of runs pair them by seed; a
selection of one run (without shuffle) is compared with every run of the other.

Every public function here can be named in the claims file (see `measuring.catalogue`); the
annotations of its arguments say what may stand there.
"""

import math
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
    NotDecidableError,
    NotNegative,
    Number,
    OddCount,
    Results,
    Row,
    Selection,
    Share,
    Spike,
    Split,
    Step,
    around,
    at_optimum,
    at_the_end,
    batches_of,
    gap_by_image,
    paired_images,
    pairs,
    per_image,
    plotted,
    quantity,
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
    rows = results.runs(runs)
    values = np.array([at_the_end(results, row, column, last) for row in rows])
    evidence = [results.where(runs, column)]
    if last is None:
        images = per_image(results, rows, column)
        return Measured(values, unit_of(column), evidence, images=images)
    split, _, kind = column.rpartition("_")
    n = len(results.examples(rows[0], split).targets) if kind == "accuracy" else None
    return Measured(values, unit_of(column), evidence, fraction_of=n)


def metric_difference(
    results: Results,
    *,
    runs: Selection,
    other: Selection,
    column: Column,
    last: Count | None = None,
) -> Measured:
    """A number of each run minus that of the other run."""
    both = pairs(results, runs, other)
    first, second = (
        np.array([at_the_end(results, row, column, last) for row in rows])
        for rows in zip(*both, strict=True)
    )
    evidence = [results.where(selection, column) for selection in (runs, other)]
    images = paired_images(results, both, column)
    if last and images is not None:
        images = around(first - second, images)
    detail = f"{first.mean():.4g} against {second.mean():.4g}."
    return Measured(first - second, unit_of(column), evidence, detail, images)


def metric_series(
    results: Results, *, runs: Selection, column: Column, last: Count | None = None
) -> Measured:
    """A number of each run by ascending lambda; the expectation is about the change along it."""
    rows = results.runs(runs)
    lambdas = sorted({row["l2_lambda"] for row in rows})
    by_lambda = [[row for row in rows if row["l2_lambda"] == value] for value in lambdas]
    values = np.array(
        [[at_the_end(results, row, column, last) for row in group] for group in by_lambda]
    ).T
    images = None
    if last is None and per_image(results, by_lambda[0], column) is not None:
        images = np.stack([per_image(results, group, column) for group in by_lambda], axis=1)
    means = ", ".join(
        f"{mean:.4g} at {l2_lambda:g}"
        for mean, l2_lambda in zip(values.mean(axis=0), lambdas, strict=True)
    )
    detail = f"By lambda, on average: {means}."
    return Measured(values, unit_of(column), [results.where(runs, column)], detail, images)


def lead_over_rest(
    results: Results,
    *,
    runs: Selection,
    rest: Selection,
    column: Column,
    last: Count | None = None,
) -> Measured:
    """A number of each run minus that of each other lambda of the rest, of the same seed.

    The values are a series; what is expected must hold of every entry, so that the runs lead over
    all of the rest.
    """
    first = results.runs(runs)
    others: dict[float, dict[int, Row]] = {}
    for row in results.runs(rest):
        if row["l2_lambda"] not in {one["l2_lambda"] for one in first}:
            others.setdefault(row["l2_lambda"], {})[row["seed"]] = row
    values, images = [], []
    for rival in others.values():
        both = [(row, rival[row["seed"]]) for row in first]
        ends = [[at_the_end(results, row, column, last) for row in pair] for pair in both]
        values.append(np.subtract(*np.transpose(ends)))
        images.append(None if last else paired_images(results, both, column))
    means = ", ".join(
        f"{lead.mean():+.4g} over {name:g}" for name, lead in zip(others, values, strict=True)
    )
    return Measured(
        np.stack(values, axis=1),
        unit_of(column),
        [results.where(selection, column) for selection in (runs, rest)],
        f"On average {means}.",
        None if images[0] is None else np.stack(images, axis=1),
    )


def greatest_difference(results: Results, *, runs: Selection, other: Selection) -> Measured:
    """The greatest difference between two runs, in any result and at any step of any curve."""
    (row,), (with_,) = results.runs(runs), results.runs(other)
    differences = [abs(row[name] - with_[name]) for name in MEASURED]
    for split, name in CURVES:
        (_, a), (_, b) = (results.curve(run, split, name) for run in (row, with_))
        differences.append(float(np.max(np.abs(a - b))) if len(a) == len(b) else math.inf)
    if not all(map(math.isfinite, differences)):
        # Curves of different length differ in `steps` at least.
        differences = [value for value in differences if math.isfinite(value)]
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


def spike_rate(results: Results, *, runs: Selection, curve: Curve, spike: Spike) -> Measured:
    """Spikes per 1000 updates."""
    rates = np.array([_rate(results, row, curve, spike) for row in results.runs(runs)])
    return Measured(rates, "spikes per 1000 updates", [results.where(runs, "history")])


def spike_rate_difference(
    results: Results,
    *,
    runs: Selection,
    curve: Curve,
    spike: Spike,
    other: Selection | None = None,
    other_curve: Curve | None = None,
) -> Measured:
    """Spikes per 1000 updates, minus those of another curve, of other runs, or both."""
    other, other_curve = other or runs, other_curve or curve
    rates = [
        (_rate(results, a, curve, spike), _rate(results, b, other_curve, spike))
        for a, b in pairs(results, runs, other)
    ]
    first, second = np.mean(rates, axis=0)
    return Measured(
        np.array([a - b for a, b in rates]),
        "spikes per 1000 updates",
        [results.where(selection, "history") for selection in _once(runs, other)],
        f"Rates: {first:.3g} against {second:.3g}.",
    )


def unsteadiness_ratio(
    results: Results,
    *,
    runs: Selection,
    curve: Curve,
    neighbours: Count,
    other: Selection | None = None,
    other_curve: Curve | None = None,
) -> Measured:
    """How far a curve strays from its trend, over how far another curve, or run, or both, does."""
    other, other_curve = other or runs, other_curve or curve
    values = [
        curves.unsteadiness(plotted(results, a, curve)[1], neighbours)
        / curves.unsteadiness(plotted(results, b, other_curve)[1], neighbours)
        for a, b in pairs(results, runs, other)
    ]
    evidence = [results.where(selection, "history") for selection in _once(runs, other)]
    return Measured(np.array(values), "ratio", evidence)


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


# Batches without shuffling


def batch_recurrence(results: Results, *, runs: Selection, spike: Spike) -> Measured:
    """The fraction of training loss spikes that return at the same batch of the next epoch."""
    values, found = [], []
    for row in results.runs(runs):
        batches, positions, steps = _batch_spikes(results, row, spike)
        if not (positions + batches < steps).any():
            raise NotDecidableError(f"the run with seed {row['seed']} has no spikes to follow")
        values.append(curves.recurrence(positions, batches, steps))
        found.append(np.bincount(positions % batches, minlength=batches))
    detail = ""
    if len(found) == 1:
        most = np.argsort(-found[0], kind="stable")[:3]
        counts = ", ".join(f"{found[0][batch]} in batch {batch}" for batch in most)
        detail = f"Of {found[0].sum()} spikes, {counts} of 0 to {len(found[0]) - 1}."
    return Measured(np.array(values), "fraction", [results.where(runs, "history")], detail)


def batch_profile(results: Results, *, runs: Selection) -> Measured:
    """Correlation of the losses of an epoch's batches with those of the next epoch's."""
    values = [
        curves.epoch_profile_correlation(
            results.curve(row, "train", "loss")[1], batches_of(results, row)
        )
        for row in results.runs(runs)
    ]
    return Measured(np.array(values), "correlation", [results.where(runs, "history")])


# Weights


def roughness_difference(results: Results, *, runs: Selection, other: Selection) -> Measured:
    """Roughness of the weight images (mean over outputs), minus that of the other run's."""
    values = [
        (_roughness(results, a), _roughness(results, b)) for a, b in pairs(results, runs, other)
    ]
    first, second = np.mean(values, axis=0)
    return Measured(
        np.array([a - b for a, b in values]),
        "relative roughness",
        [results.where(selection, "weights.parquet") for selection in (runs, other)],
        f"Roughness: {first:.3g} against {second:.3g}, where noise without order has 1.",
    )


def resemblance(results: Results, *, runs: Selection, split: Split) -> Measured:
    """Mean correlation of each output's weights with the mean image of its class."""
    values = [np.diag(_class_correlations(results, r, split)).mean() for r in results.runs(runs)]
    return Measured(np.array(values), "correlation", [results.where(runs, "weights.parquet")])


# The optimum


def beyond_stop(
    results: Results, *, runs: Selection, l2_lambda: str, column: ColumnOfOptimum
) -> Measured:
    """A number at the optimum minus that at the end of training: where the curve would still go.

    Without a finite optimum training loss and accuracy have a limit all the same, 0 and 1, because
    the training set is separated; of the validation and test set nothing is known in the limit.
    """
    optimum = results.optimum(runs["task"], l2_lambda)
    end = at_optimum(optimum, column)
    rows = results.runs(runs | {"l2_lambda": l2_lambda})
    return Measured(
        np.array([end - quantity(row, column) for row in rows]),
        unit_of(column),
        [
            f"{results.optimum_file(runs['task'], l2_lambda)}: l2_lambda={l2_lambda}; {column}",
            results.where(runs | {"l2_lambda": l2_lambda}, column),
        ],
        f"It would end at {end:.4g}.",
        paired_images(results, [(optimum, row) for row in rows], column),
    )


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


def _rate(results: Results, row: Row, curve: Curve, spike: Spike) -> float:
    values = plotted(results, row, curve)[1]
    downward = curve["metric"] == "accuracy"
    return 1000.0 * len(curves.spikes(values, downward=downward, **spike)) / row["steps"]


def _gap(results: Results, row: Row, metric: str) -> tuple[np.ndarray, np.ndarray]:
    steps, train = results.curve(row, "train", metric)
    return steps, train - results.curve(row, "validation", metric)[1]


def _block_deviation(results: Results, row: Row, window: int) -> float:
    _, deviations = block_statistics(results.curve(row, "train", "loss"), window)
    return float(deviations.mean())


def _batch_spikes(results: Results, row: Row, spike: dict) -> tuple[int, np.ndarray, int]:
    """Batches per epoch, the steps with a spike of the training loss, and the number of steps."""
    values = results.curve(row, "train", "loss")[1]
    return batches_of(results, row), curves.spikes(values, **spike), len(values)


def _roughness(results: Results, row: Row) -> float:
    return float(curves.roughness(results.weights(row).pictures()).mean())


def _class_correlations(results: Results, row: Row, split: str) -> np.ndarray:
    """Correlation of each output's weights (rows) with each class's mean image (columns)."""
    pixels, targets, _ = results.examples(row, split)
    classes = range(int(targets.max()) + 1)
    means = np.array([pixels[targets == number].mean(axis=0) for number in classes])
    return curves.correlations(results.weights(row).matrix[:-1].T, means)


def _once(*selections: Selection) -> list[Selection]:
    return [s for number, s in enumerate(selections) if s not in selections[:number]]
