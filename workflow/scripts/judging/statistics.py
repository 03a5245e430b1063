"""Intervals and tests of a mean, by where chance comes in: seeds, images, or both.

Everything here is a function of arrays and deterministic. A test answers with its two tails: the
p-value of "the mean is at least the bound" against less, and of "at most" against greater. No
p-value is 0: a resampling test cannot show less than one over its number of cases, and what
underflows becomes the smallest positive number. `judging.method` says in words what is done, with
the literature.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

# Not scipy.stats, which takes half a second to import.
from scipy.special import bdtr, bdtrc, ndtri, stdtr, stdtrit

#: The smallest p-value.
TINY = float(np.finfo(np.float64).tiny)
#: Up to so many values all sign patterns are counted, 2^20 of them; of more, a sample.
_ENUMERATED = 20
#: Patterns of that sample, and the seed of all resampling.
_PATTERNS = 99_999
_SEED = 0
#: Values that differ by no more, relative to the greatest, are equal.
_ROUNDING = 1e-12
#: Numbers of a bootstrap that are in memory at a time.
_PART = 4_000_000


class Tails(NamedTuple):
    """One-sided p-values of a test at a bound, and the least that the test can show.

    Attributes:
        less: small where the mean is below the bound.
        greater: small where it is above.
        floor: what no p-value of this test is below.
    """

    less: float
    greater: float
    floor: float = TINY


class Estimate(NamedTuple):
    """A mean, and the parts of its error that are independent of each other.

    Attributes:
        mean: of all values.
        errors: standard errors, one for each source of chance.
        freedoms: their degrees of freedom.
    """

    mean: float
    errors: tuple[float, ...]
    freedoms: tuple[float, ...]


def estimate_of(values: np.ndarray) -> Estimate:
    """Mean of independent values, float64 (n,), n > 1."""
    return Estimate(float(values.mean()), (_standard_error(values),), (len(values) - 1,))


def crossed_estimate(table: np.ndarray) -> Estimate:
    """Mean of float64 (seeds, images), both more than 1, where both are drawn by chance.

    With value = mean + seed + image + rest, the mean has the variance s/S + i/n + r/(S n). The
    variances of the S row means and of the n column means, over S and n, add up to that plus
    another r/(S n), so that the error is a little too large.
    """
    errors = tuple(_standard_error(table.mean(axis=axis)) for axis in (1, 0))
    return Estimate(float(table.mean()), errors, tuple(n - 1 for n in table.shape))


def are_equal(values: np.ndarray) -> bool:
    """Whether values differ by no more than rounding does."""
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def _standard_error(values: np.ndarray) -> float:
    if are_equal(values):
        return 0.0
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def reach(estimate: Estimate, p_value: float) -> float:
    """How far from the mean a bound lies that has this two-sided p-value; 0 without any error.

    The root of the sum of (t e)^2 over the parts of the error, each with the t of its own degrees
    of freedom: for one part Student's, for two Banerjee's, which is right or cautious however few
    seeds there are. (One t, of Satterthwaite's degrees of freedom, is neither with two or three.)
    """
    t = -stdtrit(np.array(estimate.freedoms), p_value / 2.0)
    parts = [t_ * error for t_, error in zip(t, estimate.errors, strict=True) if error]
    return float(np.hypot.reduce(parts)) if parts else 0.0


def student_interval(estimate: Estimate, level: float) -> tuple[float, float]:
    """Student's two-sided interval of a mean."""
    half = reach(estimate, 1.0 - level)
    return estimate.mean - half, estimate.mean + half


def student_tails(estimate: Estimate, bound: float) -> Tails | None:
    """Student's t at a bound; None where there is no spread, and so no t."""
    if not any(estimate.errors):
        return None
    if len(estimate.errors) == 1:
        t = (estimate.mean - bound) / estimate.errors[0]
        return _tails(stdtr(estimate.freedoms[0], t), stdtr(estimate.freedoms[0], -t))
    distance = abs(estimate.mean - bound)
    # Halved in the logarithm until the ends agree; from 1, where the reach is 0, on down.
    low, high = np.log(TINY), 0.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if reach(estimate, float(np.exp(middle))) > distance:
            low = middle
        else:
            high = middle
    half = float(np.exp(high)) / 2.0
    return _tails(*((half, 1.0 - half) if estimate.mean < bound else (1.0 - half, half)))


def sign_flip_tails(values: np.ndarray, bound: float) -> Tails:
    """Permutation test that values, float64 (n,), are spread evenly about the bound.

    Each deviation could as well have the other sign. The p-value is the share of sign patterns
    whose sum is as extreme as that found: of all 2^n for n <= 20, else of a sample of them and the
    one found.
    """
    deviations = values - bound
    n = len(deviations)
    # Sums that differ by rounding alone are equal.
    slack = _ROUNDING * float(np.abs(deviations).sum())
    found = float(deviations.sum())
    if n <= _ENUMERATED:
        halves = [_signed_sums(part) for part in np.array_split(deviations, 2)]
        sums = np.add.outer(*halves).ravel()
        total, extra = 2**n, 0
    else:
        sums = _signs(n) @ deviations
        total, extra = _PATTERNS + 1, 1
    less = int(np.count_nonzero(sums <= found + slack)) + extra
    greater = int(np.count_nonzero(sums >= found - slack)) + extra
    return Tails(less / total, greater / total, 1.0 / total)


@lru_cache(maxsize=2)
def _signs(n: int) -> np.ndarray:
    """A sample of sign patterns, -1 or 1, float64 (patterns, n)."""
    signs = np.random.default_rng(_SEED).integers(0, 2, (_PATTERNS, n), dtype=np.int8)
    return 2.0 * signs - 1.0


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """The sums of all sign patterns of float64 (n,), float64 (2^n,)."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def binomial_tails(successes: int, n: int, fraction: float) -> Tails:
    """Exact test that `successes` of `n` come from a probability."""
    p = min(max(fraction, 0.0), 1.0)
    above = 1.0 if successes == 0 else float(bdtrc(successes - 1, n, p))
    return _tails(float(bdtr(successes, n, p)), above)


def mcnemar_tails(differences: np.ndarray) -> Tails:
    """Exact test that two models get equally many images right that the other gets wrong.

    Args:
        differences: (n,) of 1 where only the first is right, -1 where only the second is, else 0.
    """
    first, second = (int(np.count_nonzero(differences == sign)) for sign in (1, -1))
    if first + second == 0:
        return Tails(1.0, 1.0)
    return binomial_tails(first, first + second, 0.5)


def bootstrap_tails(replicates: np.ndarray, bound: float) -> Tails:
    """Test by the share of bootstrap replicates, float64 (b,), on the other side of a bound."""
    total = len(replicates) + 1
    less = int(np.count_nonzero(replicates >= bound)) + 1
    greater = int(np.count_nonzero(replicates <= bound)) + 1
    return Tails(less / total, greater / total, 1.0 / total)


def unanimous_tails(value: float, n: int, bound: float) -> Tails:
    """Exact test where all of n images have the same value, and so no spread to draw from.

    For a mean at the bound, a share of the images must differ from the value, by 1 at most (an
    answer, or a nat). The p-value is the probability that none of these is among the n.
    """
    p = (1.0 - min(1.0, abs(value - bound))) ** n
    return _tails(p if value < bound else 1.0, p if value > bound else 1.0)


def bootstrap(table: np.ndarray, resamples: int) -> np.ndarray:
    """Bootstrap replicates of the mean of float64 (seeds, images), seeds and images drawn at once.

    With one seed, the images alone are drawn. The same shape has the same draws, so that all
    comparisons are paired.

    Returns:
        float64 (resamples,).
    """
    return _replicates(table.astype(np.float64).tobytes(), table.shape, resamples)


# Readings that differ in what they expect ask for the same one after the other.
@lru_cache(maxsize=4)
def _replicates(content: bytes, shape: tuple[int, int], resamples: int) -> np.ndarray:
    table = np.frombuffer(content).reshape(shape)
    seeds, images = shape
    # Most images have the same value in all runs, 1 or, of a difference, 0: they need no product.
    usual = float(np.median(table))
    unusual = np.flatnonzero((table != usual).any(axis=0))
    rest = (table[:, unusual] - usual).T
    drawn_images = _draws(images, resamples)
    if len(unusual) < images:
        drawn_images = drawn_images[:, unusual]
    # A part of the resamples at a time, because 1999 times 40,000 float64 are 640 MB.
    parts = np.array_split(drawn_images, drawn_images.size // _PART + 1)
    by_seed = np.concatenate([(rest.T @ part.astype(np.float64).T).T for part in parts])
    drawn_seeds = _draws(seeds, resamples).astype(np.float64)
    return usual + np.einsum("bs,bs->b", drawn_seeds, by_seed) / (seeds * images)


@lru_cache(maxsize=8)
def _draws(n: int, resamples: int) -> np.ndarray:
    """How often each of n is drawn, with replacement; uint8 (resamples, n)."""
    generator = np.random.default_rng([_SEED, n])
    drawn = np.empty((resamples, n), dtype=np.uint8)
    for row in drawn:
        row[:] = np.bincount(generator.integers(0, n, n), minlength=n)
    return drawn


def wilson_interval(successes: int, n: int, level: float) -> tuple[float, float]:
    """Wilson's score interval of a fraction of n."""
    z = float(ndtri((1.0 + level) / 2.0))
    p = successes / n
    centre = (p + z**2 / (2 * n)) / (1.0 + z**2 / n)
    half = z / (1.0 + z**2 / n) * np.sqrt(p * (1.0 - p) / n + z**2 / (4 * n**2))
    # Of none and of all the ends are 0 and 1 but for rounding.
    low = 0.0 if successes == 0 else float(centre - half)
    return low, 1.0 if successes == n else float(centre + half)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down corrected p-values, in the order given."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = largest
    return corrected


def _tails(less: float, greater: float) -> Tails:
    return Tails(*(min(1.0, max(TINY, float(p))) for p in (less, greater)))
