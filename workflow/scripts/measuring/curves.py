"""What words such as "spike", "steady" and "fast" mean here, as functions of arrays.

All of them take values in the order of their steps and know nothing of runs or files.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

#: Makes the median absolute deviation of a normal distribution its standard deviation.
_MAD_TO_STD = 1.4826


def residuals(values: np.ndarray, neighbours: int) -> np.ndarray:
    """Each value minus the median of its neighbours, which takes the slow trend out.

    The neighbours are the `neighbours` values before and as many after, without the value itself.
    The first and last `neighbours` values have no full neighbourhood and are left out: at the
    start, where a loss falls steeply, half a neighbourhood would make a spike of the fall.

    Args:
        values: float64 (n,).
        neighbours: on either side, positive.

    Returns:
        float64 (n - 2 neighbours,), empty if n is too small.
    """
    width = 2 * neighbours + 1
    if len(values) < width:
        return np.empty(0)
    around = np.delete(sliding_window_view(values, width), neighbours, axis=1)
    return values[neighbours : len(values) - neighbours] - np.median(around, axis=1)


def robust_deviation(values: np.ndarray) -> float:
    """1.4826 times the median absolute deviation from the median of float64 (n,).

    It equals the standard deviation of normal noise but hardly feels a few spikes.
    """
    return float(_MAD_TO_STD * np.median(np.abs(values - np.median(values))))


def spikes(
    values: np.ndarray,
    neighbours: int,
    *,
    height: float | None = None,
    deviations: float | None = None,
    downward: bool = False,
) -> np.ndarray:
    """Positions of the spikes: values that stick out of their neighbourhood by more than a height.

    Args:
        values: float64 (n,).
        neighbours: see `residuals`.
        height: in units of the values; one yardstick for curves that are compared.
        deviations: or the height as so many robust deviations of this curve's own residuals.
        downward: look for drops (of an accuracy) instead of peaks (of a loss).

    Returns:
        int64 positions in `values`, ascending.

    Raises:
        ValueError: unless just one of height and deviations is given.
    """
    if (height is None) == (deviations is None):
        raise ValueError("a spike takes either a height or a number of deviations")
    rest = residuals(-values if downward else values, neighbours)
    if not len(rest):
        return np.empty(0, dtype=np.int64)
    threshold = deviations * robust_deviation(rest) if height is None else height
    return np.flatnonzero(rest > threshold) + neighbours


def unsteadiness(values: np.ndarray, neighbours: int) -> float:
    """Root mean square of the residuals of float64 (n,): how far a curve strays from its trend."""
    return float(np.sqrt(np.mean(residuals(values, neighbours) ** 2)))


def share_until(values: np.ndarray, start: float, share: float) -> float:
    """How soon a falling curve has made most of its fall.

    Args:
        values: float64 (n,), n > 1.
        start: where it fell from.
        share: of the way from the start down to the lowest value.

    Returns:
        Position of the first value that is as low as that, as a fraction of n - 1.
    """
    goal = start - share * (start - values.min())
    return float(np.argmax(values <= goal) / (len(values) - 1))


def first_at_least(steps: np.ndarray, values: np.ndarray, level: float) -> int | None:
    """The first of the int64 (n,) steps whose value reaches the level, or None."""
    reached = values >= level
    return int(steps[np.argmax(reached)]) if reached.any() else None


def falling_share(values: np.ndarray, rise: float = 0.0) -> float:
    """The fraction of changes in float64 (n,), n > 1, that go down, or up by less than `rise`."""
    return float(np.mean(np.diff(values) < rise))


def rise_after_lowest(values: np.ndarray) -> float:
    """The last of float64 (n,) over the lowest one, as a fraction of the lowest."""
    return float(values[-1] / values.min() - 1.0)


def stays_above_from(steps: np.ndarray, gap: np.ndarray, margin: float, smooth: int) -> int | None:
    """From which step on a gap between two curves stays above a margin.

    Args:
        steps: int64 (n,).
        gap: float64 (n,) at these steps.
        margin: in units of the gap.
        smooth: odd number of checks; what counts is the gap's running median over so many.

    Returns:
        The step after the last one whose smoothed gap is not above the margin; None if that is the
        last one of all, or if there are fewer than `smooth` checks.
    """
    if len(gap) < smooth:
        return None
    medians = np.median(sliding_window_view(gap, smooth), axis=1)
    middle = steps[smooth // 2 :][: len(medians)]
    after = int(np.max(np.flatnonzero(medians <= margin), initial=-1)) + 1
    return int(middle[after]) if after < len(middle) else None


def epoch_profile_correlation(values: np.ndarray, batches: int) -> float:
    """Whether the same batches stand out in each epoch.

    Args:
        values: float64 (steps,), training loss of each batch.
        batches: per epoch; an incomplete last epoch is dropped.

    Returns:
        Mean of Pearson's correlations between the batch losses of each epoch and those of the next;
        about 0 where batches are drawn anew.
    """
    epochs = values[: len(values) // batches * batches].reshape(-1, batches)
    epochs = epochs - epochs.mean(axis=1, keepdims=True)
    epochs /= np.linalg.norm(epochs, axis=1, keepdims=True)
    return float(np.mean(np.sum(epochs[1:] * epochs[:-1], axis=1)))


def recurrence(positions: np.ndarray, batches: int, steps: int) -> float:
    """The fraction of spikes that come again at the same batch of the next epoch.

    Args:
        positions: int64, steps with a spike.
        batches: per epoch.
        steps: of the curve; spikes of its last epoch have no next one and do not count.
    """
    with_next = positions[positions + batches < steps]
    return float(np.mean(np.isin(with_next + batches, positions)))


def roughness(images: np.ndarray) -> np.ndarray:
    """How much neighbouring pixels differ, relative to how much all pixels do.

    Mean squared difference of horizontal and vertical neighbours over twice the variance of the
    image: about 1 for noise without spatial order, near 0 for a smooth image; whatever its scale.

    Args:
        images: float64 (k, rows, columns), none of them constant.

    Returns:
        float64 (k,).
    """
    squares = [np.diff(images, axis=axis) ** 2 for axis in (1, 2)]
    total = sum(square.sum(axis=(1, 2)) for square in squares)
    pairs = sum(square[0].size for square in squares)
    return total / pairs / (2.0 * images.var(axis=(1, 2)))


def correlations(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pearson's correlations over pixels: float64 (k, p) with (m, p) gives (k, m)."""

    def standardised(rows: np.ndarray) -> np.ndarray:
        centred = rows - rows.mean(axis=1, keepdims=True)
        return centred / np.linalg.norm(centred, axis=1, keepdims=True)

    return standardised(images) @ standardised(others).T
