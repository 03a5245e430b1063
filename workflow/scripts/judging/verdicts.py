"""From measured values to a verdict on a claim.

A claim expects a number to lie in some region: "less than 0", "between 3000 and 5000". Its verdict:

* A computation or a single run has one value, and no chance. The claim is `reproduced` if the
  value lies in the region, else `not reproduced`.
* Over seeds there is one value per seed. A two-sided one-sample t-test asks whether the mean lies
  on its side of the nearest bound of the region by more than chance; for values that are
  differences of two runs with the same seed this is the paired t-test. The p-values of all claims
  that are judged over seeds are one family, corrected by Holm's step-down method. With a corrected
  p-value below 1 - confidence level, a claim is
    - `reproduced` if the mean and every single seed lie in the region,
    - `reproduced within seed spread` if the mean lies in it but some seeds do not, so that one run
      could have shown otherwise,
    - `not reproduced` if the mean lies outside;
  otherwise the claim is `not decidable from the data`. A claim about runs that the config does not
have is `not applicable`.

The interval that goes with a verdict is Student's interval of the mean at the confidence level, for
this claim alone; the decision is the corrected p-value's.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

# Not scipy.stats, which takes half a second to import.
from scipy.special import stdtr, stdtrit


class Verdict(StrEnum):
    """What became of a claim."""

    REPRODUCED = "reproduced"
    WITHIN_SPREAD = "reproduced within seed spread"
    NOT_REPRODUCED = "not reproduced"
    NOT_DECIDABLE = "not decidable from the data"
    NOT_APPLICABLE = "not applicable"


class Expected(NamedTuple):
    """What a claim expects.

    Attributes:
        relation: a key of OPPOSITE.
        value: the bound; None for `increasing` and `decreasing`.
        high: the upper bound of `between` and `outside`, whose lower one is `value`.
        tolerance: how far a value may be off and still count as equal to a bound, not negative.
            It widens `equals`, `between`, `at least` and `at most`, and narrows their opposites.
    """

    relation: str
    value: float | None = None
    high: float | None = None
    tolerance: float = 0.0

    def __str__(self) -> str:
        """The expectation in words."""
        bounds = " and ".join(number(b) for b in (self.value, self.high) if b is not None)
        tolerance = f" (tolerance {number(self.tolerance)})" if self.tolerance else ""
        return f"{self.relation} {bounds}".rstrip() + tolerance


#: Every relation with the one that turns its direction round.
OPPOSITE = {
    "less than": "at least",
    "at least": "less than",
    "greater than": "at most",
    "at most": "greater than",
    "equals": "differs from",
    "differs from": "equals",
    "between": "outside",
    "outside": "between",
    "increasing": "decreasing",
    "decreasing": "increasing",
}

#: Relations of a series (one value per lambda) rather than of one number.
MONOTONE = ("increasing", "decreasing")


class Sample(NamedTuple):
    """The values of one claim against its bound, before any correction.

    Attributes:
        mean: mean over seeds, or the one value.
        low, high: Student's interval of the mean; None without seeds.
        p_value: of the t-test against the nearest bound; None without seeds.
        inside: bool (n,), which values lie in the expected region.
        mean_inside: whether the mean does.
    """

    mean: float
    low: float | None
    high: float | None
    p_value: float | None
    inside: np.ndarray
    mean_inside: bool


def reduce_series(values: np.ndarray, relation: str) -> np.ndarray:
    """One number per seed: the change that speaks most against the relation.

    For `decreasing` that is the greatest change from one entry to the next (all must be below 0),
    for `increasing` the least. The test of it errs on the side of "not decidable".

    Args:
        values: float64 (n,), or (n, k) for a series of k values.
        relation: a key of OPPOSITE.

    Returns:
        float64 (n,).
    """
    if relation not in MONOTONE:
        if values.ndim != 1:
            raise ValueError(f"{relation!r} takes one value per seed, not a series")
        return values
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(f"{relation!r} takes a series of at least two values")
    changes = np.diff(values, axis=1)
    return changes.max(axis=1) if relation == "decreasing" else changes.min(axis=1)


def holds(value: float, expected: Expected) -> bool:
    """Whether one number lies in the expected region."""
    v, tolerance = expected.value, expected.tolerance
    match expected.relation:
        case "less than":
            return value < v - tolerance
        case "at least":
            return value >= v - tolerance
        case "greater than":
            return value > v + tolerance
        case "at most":
            return value <= v + tolerance
        case "equals":
            return abs(value - v) <= tolerance
        case "differs from":
            return abs(value - v) > tolerance
        case "between":
            return v - tolerance <= value <= expected.high + tolerance
        case "outside":
            return not v - tolerance <= value <= expected.high + tolerance
        case "increasing":
            return value > tolerance
        case "decreasing":
            return value < -tolerance
    raise ValueError(f"unknown relation {expected.relation!r}")


def bounds(expected: Expected) -> tuple[float, ...]:
    """The ends of the expected region, at which the verdict turns."""
    v, tolerance = expected.value, expected.tolerance
    match expected.relation:
        case "less than" | "at least":
            return (v - tolerance,)
        case "greater than" | "at most":
            return (v + tolerance,)
        case "equals" | "differs from":
            return (v - tolerance, v + tolerance)
        case "between" | "outside":
            return (v - tolerance, expected.high + tolerance)
        case "increasing":
            return (tolerance,)
        case "decreasing":
            return (-tolerance,)
    raise ValueError(f"unknown relation {expected.relation!r}")


def sample_of(
    values: np.ndarray, expected: Expected, *, over_seeds: bool, confidence_level: float
) -> Sample:
    """Hold reduced values, float64 (n,), to what is expected.

    Without seeds there must be one value. With fewer than two seeds there is neither an interval
    nor a p-value.
    """
    inside = np.array([holds(value, expected) for value in values])
    mean = float(np.mean(values))
    low = high = p_value = None
    if over_seeds and len(values) > 1:
        low, high = student_interval(values, confidence_level)
        nearest = min(bounds(expected), key=lambda bound: abs(mean - bound))
        p_value = t_test(values, nearest)
    return Sample(mean, low, high, p_value, inside, holds(mean, expected))


def student_interval(values: np.ndarray, confidence_level: float) -> tuple[float, float]:
    """Student's two-sided interval of the mean of float64 (n,), n > 1."""
    n = len(values)
    half = stdtrit(n - 1, (1.0 + confidence_level) / 2.0) * np.std(values, ddof=1) / math.sqrt(n)
    return float(np.mean(values) - half), float(np.mean(values) + half)


def t_test(values: np.ndarray, bound: float) -> float:
    """Two-sided p-value of a one-sample t-test of "the mean is `bound`" on float64 (n,), n > 1.

    Where all values are the same, the p-value is 0, or 1 if they equal the bound.
    """
    n = len(values)
    difference = float(np.mean(values)) - bound
    error = float(np.std(values, ddof=1)) / math.sqrt(n)
    if error == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    return float(2.0 * stdtr(n - 1, -abs(difference / error)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down corrected p-values, in the order given."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = largest
    return corrected


#: How p-values of a family are corrected, by the name in the claims file.
CORRECTIONS = {"holm": holm, "none": list}


def correct(p_values: Mapping[str, float | None], correction: str) -> dict[str, float | None]:
    """Correct the p-values of the claims that have one; the others are no part of the family."""
    family = [name for name, p_value in p_values.items() if p_value is not None]
    corrected = CORRECTIONS[correction]([p_values[name] for name in family])
    return dict.fromkeys(p_values) | dict(zip(family, corrected, strict=True))


def judge(
    sample: Sample, p_corrected: float | None, *, over_seeds: bool, confidence_level: float
) -> Verdict:
    """The verdict by the rules of the module's docstring."""
    if not over_seeds:
        return Verdict.REPRODUCED if sample.mean_inside else Verdict.NOT_REPRODUCED
    if p_corrected is None or p_corrected >= 1.0 - confidence_level:
        return Verdict.NOT_DECIDABLE
    if not sample.mean_inside:
        return Verdict.NOT_REPRODUCED
    return Verdict.REPRODUCED if sample.inside.all() else Verdict.WITHIN_SPREAD


def number(value: float) -> str:
    """A number for a sentence: whole ones as such, others with four significant digits."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"
