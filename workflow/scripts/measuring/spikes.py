"""Measurements of spikes and of noise: how many, which batch makes them, and what without it."""

from itertools import pairwise
from typing import Annotated

import numpy as np
from pydantic import Field

from measuring import curves
from measuring.quantities import (
    Count,
    Curve,
    Measured,
    Metric,
    NotDecidableError,
    Results,
    Row,
    Selection,
    Spike,
    batches_of,
    pairs,
    parts_of_difference,
    plotted,
    unit_of,
)
from regression.training import epoch_orders

Batch = Annotated[int, Field(ge=0)]


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
        curves.unsteadiness(_around(results, a, curve, neighbours), neighbours)
        / curves.unsteadiness(_around(results, b, other_curve, neighbours), neighbours)
        for a, b in pairs(results, runs, other)
    ]
    evidence = [results.where(selection, "history") for selection in _once(runs, other)]
    return Measured(np.array(values), "ratio", evidence)


def spikes_left(
    results: Results,
    *,
    runs: Selection,
    other: Selection,
    curve: Curve,
    spike: Spike,
) -> Measured:
    """How many spikes a curve has, as a fraction of those of the other run's."""
    counts = [
        [_spikes(results, row, curve, spike) for row in rows]
        for rows in pairs(results, runs, other)
    ]
    found, of = np.transpose(counts)
    if not of.all():
        raise NotDecidableError("the other curve has no spikes")
    return Measured(
        found / of,
        "ratio",
        [results.where(selection, "history") for selection in (runs, other)],
        f"Spikes, on average: {found.mean():.3g} against {of.mean():.3g}.",
    )


def largest_spike(
    results: Results, *, runs: Selection, curve: Curve, neighbours: Count
) -> Measured:
    """How far a curve ever sticks out of its neighbourhood, in its own units."""
    values = [_largest(results, row, curve, neighbours) for row in results.runs(runs)]
    return Measured(np.array(values), unit_of(curve["metric"]), [results.where(runs, "history")])


def largest_spike_ratio(
    results: Results, *, runs: Selection, other: Selection, curve: Curve, neighbours: Count
) -> Measured:
    """The height of a curve's largest spike over that of the other run's."""
    heights = [
        [_largest(results, row, curve, neighbours) for row in rows]
        for rows in pairs(results, runs, other)
    ]
    first, second = np.transpose(heights)
    return Measured(
        first / second,
        "ratio",
        [results.where(selection, "history") for selection in (runs, other)],
        f"Heights, on average: {first.mean():.3g} against {second.mean():.3g}.",
    )


def orders_as_spiky(
    results: Results, *, runs: Selection, other: Selection, curve: Curve, spike: Spike
) -> Measured:
    """How many of the other runs have at least as many spikes as the one run."""
    (row,) = results.runs(runs)
    own = _spikes(results, row, curve, spike)
    counts = np.array([_spikes(results, one, curve, spike) for one in results.runs(other)])
    return Measured(
        np.array([float(np.count_nonzero(counts >= own))]),
        "runs",
        [results.where(selection, "history") for selection in (runs, other)],
        f"The one has {own}; the {len(counts)} others have {np.median(counts):g} in the median, "
        f"{counts.mean():.3g} on average and {counts.max()} at most.",
    )


def batch_recurrence(results: Results, *, runs: Selection, spike: Spike) -> Measured:
    """The fraction of training loss spikes that return at the same batch of the next epoch."""
    values, found = [], []
    for row in results.runs(runs):
        losses, batches = results.curve(row, "train", "loss")[1], batches_of(results, row)
        positions = curves.spikes(losses, **spike)
        if not (positions + batches < len(losses)).any():
            raise NotDecidableError(f"the run with seed {row['seed']} has no spikes to follow")
        values.append(curves.recurrence(positions, batches, len(losses)))
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


def spike_batch(results: Results, *, runs: Selection, spike: Spike) -> Measured:
    """After the update on which batch the validation loss has most spikes, counted from 0.

    The run must have a check at every step.
    """
    values, details = [], []
    for row in results.runs(runs):
        counts = _by_batch(results, row, spike)
        batch = int(np.argmax(counts))
        epochs = row["steps"] // len(counts)
        values.append(float(batch))
        details.append(
            f"{counts[batch]} of {counts.sum()} spikes follow its update, in {epochs} epochs."
        )
    return Measured(np.array(values), "batch", [results.where(runs, "history")], " ".join(details))


def batch_hardness(
    results: Results, *, runs: Selection, judges: Selection, batch: Batch, metric: Metric
) -> Measured:
    """How much harder a batch of the file's order is for models that never saw it as a batch.

    The judges are runs in another order. Of each: mean loss, or fraction of wrong answers, of the
    images of the batch minus that of all other batches' images.
    """
    (row,) = results.runs(runs)
    losses, right = results.scores(results.runs(judges), "train")
    size, batches = row["batch_size"], batches_of(results, row)
    hard = (losses if metric == "loss" else 1.0 - right)[:, : size * batches]
    inside = np.arange(hard.shape[1]) // size == batch
    by_image = parts_of_difference(hard, inside)
    by_batch = hard.reshape(len(hard), batches, size).mean(axis=(0, 2))
    rank = int(np.count_nonzero(by_batch > by_batch[batch])) + 1
    return Measured(
        by_image.mean(axis=1),
        unit_of(metric),
        [results.where(judges, "weights.parquet")],
        f"Rank {rank} of {batches} batches: {by_batch[batch]:.3g}; all have {by_batch.mean():.3g}.",
        by_image,
    )


def worst_batch_share(
    results: Results, *, runs: Selection, window: Count, spike: Spike, batch: Batch
) -> Measured:
    """In what share of the training loss's spikes a batch has the largest loss.

    A spike is one of the means of `window` steps, as the report draws them.
    """
    values, details = [], []
    for row in results.runs(runs):
        losses = results.curve(row, "train", "loss")[1]
        blocks = losses[: len(losses) // window * window].reshape(-1, window)
        found = curves.spikes(blocks.mean(axis=1), **spike)
        if not len(found):
            raise NotDecidableError("there are no spikes")
        worst = (found * window + blocks[found].argmax(axis=1)) % batches_of(results, row)
        values.append(np.mean(worst == batch))
        details.append(f"{np.count_nonzero(worst == batch)} of {len(found)} spikes.")
    return Measured(
        np.array(values), "fraction", [results.where(runs, "history")], " ".join(details)
    )


def batches_met_again(results: Results, *, runs: Selection) -> Measured:
    """How many mini-batches, as sets of images, come again in the next epoch, of all runs."""
    again = total = 0
    for row in results.runs(runs):
        orders = epoch_orders(
            len(results.examples(row, "train").targets), shuffle=row["shuffle"], seed=row["seed"]
        )
        epochs = [_sets(next(orders), row["batch_size"]) for _ in range(row["epochs"])]
        again += sum(len(a & b) for a, b in pairwise(epochs))
        total += sum(map(len, epochs[1:]))
    return Measured(
        np.array([float(again)]), "batches", [results.where(runs, "epochs")], f"Of {total}."
    )


def _sets(order: np.ndarray, size: int) -> set[frozenset[int]]:
    whole = order[: len(order) // size * size].reshape(-1, size)
    return {frozenset(batch) for batch in whole.tolist()}


def _spikes(results: Results, row: Row, curve: dict, spike: dict) -> int:
    values = _around(results, row, curve, spike["neighbours"])
    return len(curves.spikes(values, downward=curve["metric"] == "accuracy", **spike))


def _around(results: Results, row: Row, curve: dict, neighbours: int) -> np.ndarray:
    """The values of a curve, of which one at least has all its neighbours."""
    return plotted(results, row, curve, least=2 * neighbours + 1)[1]


def _rate(results: Results, row: Row, curve: dict, spike: dict) -> float:
    return 1000.0 * _spikes(results, row, curve, spike) / row["steps"]


def _largest(results: Results, row: Row, curve: dict, neighbours: int) -> float:
    values = _around(results, row, curve, neighbours)
    sign = -1.0 if curve["metric"] == "accuracy" else 1.0
    return float(curves.residuals(sign * values, neighbours).max())


def _by_batch(results: Results, row: Row, spike: dict) -> np.ndarray:
    """Spikes of the validation loss after each batch of the epoch, int64 (batches,)."""
    steps, values = results.curve(row, "validation", "loss")
    if len(steps) != row["steps"]:
        raise NotDecidableError(
            "the validation loss was not checked at every step",
            would_decide="a run with as many checks an epoch as it has batches",
        )
    batches = batches_of(results, row)
    return np.bincount(curves.spikes(values, **spike) % batches, minlength=batches)


def _once(*selections: Selection) -> list[Selection]:
    return [s for number, s in enumerate(selections) if s not in selections[:number]]
