"""Measurements of trained weights as pictures and as numbers."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from measuring import curves
from measuring.quantities import (
    Measured,
    Metric,
    Results,
    Row,
    Selection,
    Share,
    Split,
    pairs,
    unit_of,
)
from regression.evaluation import scores_of_images


def power_above_difference(
    results: Results, *, runs: Selection, other: Selection, frequency: Share
) -> Measured:
    """Share of a weight image's power above a spatial frequency, minus that of the other run's.

    The frequency is in cycles per pixel.
    """
    return _difference(
        results,
        runs,
        other,
        "share of the power",
        lambda row: _power_above(results, row, frequency),
    )


def roughness_difference(results: Results, *, runs: Selection, other: Selection) -> Measured:
    """Roughness of the weight images (mean over outputs), minus that of the other run's."""
    return _difference(
        results,
        runs,
        other,
        "relative roughness",
        lambda row: float(curves.roughness(_images(results, row)).mean()),
        "Roughness: {:.3g} against {:.3g}, where noise without order has 1.",
    )


def resemblance(results: Results, *, runs: Selection, split: Split) -> Measured:
    """Mean correlation of each output's weights with the mean image of its class."""
    values = [_resemblance(results, row, split) for row in results.runs(runs)]
    return Measured(np.array(values), "correlation", [results.where(runs, "weights.parquet")])


def contrast_resemblance(results: Results, *, runs: Selection, split: Split) -> Measured:
    """Mean correlation of each output's weights with its class's mean image minus that of all.

    All classes share most of the picture (black rim, bright middle); what they share tells none
    from another, and softmax weights carry none of it.
    """
    values = [_resemblance(results, row, split, contrast=True) for row in results.runs(runs)]
    return Measured(np.array(values), "correlation", [results.where(runs, "weights.parquet")])


def contrast_resemblance_difference(
    results: Results, *, runs: Selection, other: Selection, split: Split
) -> Measured:
    """That resemblance, minus that of the other run."""
    return _difference(
        results,
        runs,
        other,
        "correlation",
        lambda row: _resemblance(results, row, split, contrast=True),
    )


def sparsity_difference(
    results: Results,
    *,
    runs: Selection,
    other: Selection,
    measure: Literal["small", "zero", "hoyer"],
    below: Share = 0.05,
) -> Measured:
    """How sparse the weight images are, minus how sparse those of the other run are.

    `small` is the fraction of weights that are smaller than a share `below` of the largest of their
    image, which does not change with the size of all weights; `zero` the fraction that is exactly
    0; `hoyer` Hoyer's (2004) measure, 0 for equal sizes and 1 for a single weight.
    """
    unit = "Hoyer's measure" if measure == "hoyer" else "fraction of the weights"
    return _difference(
        results, runs, other, unit, lambda row: _sparsity(results, row, measure, below)
    )


def rescaled_difference(
    results: Results, *, runs: Selection, other: Selection, split: Split, metric: Metric
) -> Measured:
    """What a model gains if its weights are made as long as those of the other run.

    Loss or accuracy of the lengthened weights minus that of the weights as they are.
    """
    both = pairs(results, runs, other)
    examples = results.examples(both[0][0], split)
    matrices = []
    for row, longer in both:
        matrix = results.weights(row).matrix
        matrices += [matrix, matrix * (longer["weight_norm"] / row["weight_norm"])]
    losses, right = scores_of_images(both[0][0]["model"], np.array(matrices), examples)
    found = losses if metric == "loss" else right.astype(np.float64)
    gains = found[1::2] - found[::2]
    before, after = found[::2].mean(), found[1::2].mean()
    return Measured(
        gains.mean(axis=1),
        unit_of(metric),
        [results.where(runs, "weights.parquet"), results.where(other, "weight_norm")],
        f"From {before:.4g} to {after:.4g}.",
        # A factor never changes which logit is largest: accuracies stay, on whatever images.
        gains if metric == "loss" else None,
    )


def _difference(
    results: Results,
    runs: dict,
    other: dict,
    unit: str,
    of: Callable[[Row], float],
    words: str = "{:.3g} against {:.3g}.",
) -> Measured:
    values = np.array([[of(row) for row in rows] for rows in pairs(results, runs, other)])
    return Measured(
        values[:, 0] - values[:, 1],
        unit,
        [results.where(selection, "weights.parquet") for selection in (runs, other)],
        words.format(*values.mean(axis=0)),
    )


def _images(results: Results, row: Row) -> np.ndarray:
    """Weight images without the bias, float64 (outputs, rows, columns)."""
    return results.weights(row).pictures()


def _power_above(results: Results, row: Row, frequency: float) -> float:
    images = _images(results, row)
    images = images - images.mean(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(images)) ** 2
    vertical, horizontal = (np.fft.fftfreq(size) for size in images.shape[1:])
    above = np.hypot(vertical[:, np.newaxis], horizontal) > frequency
    return float((power[:, above].sum(axis=1) / power.sum(axis=(1, 2))).mean())


def _resemblance(results: Results, row: Row, split: str, *, contrast: bool = False) -> float:
    pixels, targets, _ = results.examples(row, split)
    classes = range(int(targets.max()) + 1)
    means = np.array([pixels[targets == number].mean(axis=0) for number in classes])
    shared = pixels.mean(axis=0) if contrast else 0.0
    weights = results.weights(row).matrix[:-1].T
    return float(np.diag(curves.correlations(weights, means - shared)).mean())


def _sparsity(results: Results, row: Row, measure: str, below: float) -> float:
    sizes = np.abs(_images(results, row)).reshape(len(_images(results, row)), -1)
    if measure == "small":
        return float(np.mean(sizes < below * sizes.max(axis=1, keepdims=True)))
    if measure == "zero":
        return float(np.mean(sizes == 0.0))
    root = np.sqrt(sizes.shape[1])
    ratio = sizes.sum(axis=1) / np.linalg.norm(sizes, axis=1)
    return float(np.mean((root - ratio) / (root - 1.0)))
