"""From measured values to a verdict on a reading, and from readings to one on a statement.

A reading expects a number to lie in some region: "less than 0", "between 3000 and 5000". Where no
chance is asked about, the value decides. Otherwise the mean must lie inside or outside of the
region by more than chance; `judging.method` has the rules in words.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from judging import statistics
from judging.statistics import Estimate, Tails
from measuring.quantities import Measured, MeasurementError


class Verdict(StrEnum):
    """What became of a statement, a reading or a question."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    DEPENDS = "depends on the reading"
    NOT_DECIDABLE = "not decidable"
    NOT_TESTABLE = "not testable"
    NOT_APPLICABLE = "not applicable"
    DEFINITION = "definition"
    YES = "yes"
    NO = "no"
    MEASURED = "measured"


#: What can become of a statement, in the order in which they are counted.
OF_STATEMENTS = (
    Verdict.REPRODUCED,
    Verdict.NOT_REPRODUCED,
    Verdict.DEPENDS,
    Verdict.NOT_DECIDABLE,
    Verdict.NOT_TESTABLE,
    Verdict.NOT_APPLICABLE,
    Verdict.DEFINITION,
)
#: A question is answered, not reproduced.
ANSWERS = {Verdict.REPRODUCED: Verdict.YES, Verdict.NOT_REPRODUCED: Verdict.NO}
#: And so can become of a question.
OF_QUESTIONS = (
    Verdict.YES,
    Verdict.NO,
    Verdict.MEASURED,
    Verdict.DEPENDS,
    Verdict.NOT_DECIDABLE,
    Verdict.NOT_APPLICABLE,
)


class Chance(StrEnum):
    """What a verdict on a reading must survive."""

    NONE = "none"
    SEEDS = "seeds"
    IMAGES = "images"
    BOTH = "seeds and images"


class Expected(NamedTuple):
    """What a reading expects.

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

#: Numbers that differ by no more, relative to the greater, are equal.
_ROUNDING = 1e-12

#: Relations of a series (one value per lambda) rather than of one number.
MONOTONE = ("increasing", "decreasing")


class Assessment(NamedTuple):
    """What the values of a reading say about its region, before any correction.

    Attributes:
        measured: the mean; of a series, that of the entry that speaks most against the region.
        low, high: its interval; None where there is none.
        values: float64 (seeds,), what `measured` is the mean of.
        inside: whether the mean lies in the region, of a series every entry's; None, as all that
            follows, where nothing is expected.
        seeds_inside: of how many seeds every value lies in the region.
        p_value: of the main test, that chance alone puts the mean on its side; None without chance
            or where there is too little data.
        p_second: of the second test; None where the main one is exact.
        floor: what no p-value of the second test is below.
        estimate: mean and error of the main test, if it is Student's.
        images: how many images there are; None where the values are no means over images.
    """

    measured: float
    low: float | None
    high: float | None
    values: np.ndarray
    inside: bool | None = None
    seeds_inside: int | None = None
    p_value: float | None = None
    p_second: float | None = None
    floor: float = 0.0
    estimate: Estimate | None = None
    images: int | None = None


class _Part(NamedTuple):
    """One number of a reading (of a series, one entry) with the tests of its mean.

    `main` and `second` give the tails at a bound; `second` is None where `main` is exact.
    """

    values: np.ndarray
    images: np.ndarray | None
    interval: tuple[float, float] | None
    main: Callable[[float], Tails | None] | None = None
    second: Callable[[float], Tails] | None = None
    estimate: Estimate | None = None


def holds(value: float, expected: Expected) -> bool:
    """Whether one number lies in the expected region; at an end but for rounding is at the end."""
    ends = bounds(expected)
    for end in ends:
        # 0.945 is off 0.94 by more than 0.005 in floats.
        if math.isclose(value, end, rel_tol=_ROUNDING):
            value = end
    match expected.relation:
        case "less than" | "decreasing":
            return value < ends[0]
        case "at least":
            return value >= ends[0]
        case "greater than" | "increasing":
            return value > ends[0]
        case "at most":
            return value <= ends[0]
        case "equals" | "between":
            return ends[0] <= value <= ends[1]
    return not ends[0] <= value <= ends[1]


def bounds(expected: Expected) -> tuple[float, ...]:
    """The ends of the expected region, ascending, at which the verdict turns."""
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


def region(expected: Expected) -> list[list[float | None]]:
    """The expected region as intervals [low, high], an open end as None."""
    ends = bounds(expected)
    match expected.relation:
        case "less than" | "at most" | "decreasing":
            return [[None, ends[0]]]
        case "greater than" | "at least" | "increasing":
            return [[ends[0], None]]
        case "equals" | "between":
            return [[ends[0], ends[1]]]
    return [[None, ends[0]], [ends[1], None]]


def assess(
    found: Measured, expected: Expected | None, chance: Chance, *, level: float, resamples: int
) -> Assessment:
    """Hold what a measurement found to what a reading expects, if it expects anything.

    Raises:
        MeasurementError: the values do not fit the expectation or the source of chance.
    """
    parts = [
        _part(values, images, chance, level, resamples, are_answers=are_answers)
        for values, images, are_answers in _entries(found, expected)
    ]
    if expected is None:
        return _described(parts)
    means = [float(part.values.mean()) for part in parts]
    described = _described([parts[_most_against(means, expected)]])
    inside = all(holds(mean, expected) for mean in means)
    within = [[holds(value, expected) for value in part.values] for part in parts]
    main = [
        part.main and (lambda bound, p=part: p.main(bound) or p.second(bound)) for part in parts
    ]
    second = [part.second for part in parts]
    tested = all(main)
    doubted = tested and all(second)
    return described._replace(
        inside=inside,
        seeds_inside=int(np.all(within, axis=0).sum()),
        p_value=_p_value(main, means, expected, inside=inside) if tested else None,
        p_second=_p_value(second, means, expected, inside=inside) if doubted else None,
        floor=_p_value([*map(_at_its_floor, second)], means, expected, inside=inside)
        if doubted
        else 0.0,
    )


def _described(parts: Sequence[_Part]) -> Assessment:
    """What one number of a reading is, without a judgement."""
    if len(parts) != 1:
        raise MeasurementError("a series cannot be told without an expectation")
    (part,) = parts
    low, high = part.interval or (None, None)
    return Assessment(
        measured=float(part.values.mean()),
        low=low,
        high=high,
        values=part.values,
        estimate=part.estimate,
        images=None if part.images is None else part.images.shape[1],
    )


def _entries(
    found: Measured, expected: Expected | None
) -> list[tuple[np.ndarray, np.ndarray | None, bool]]:
    """The numbers that must all lie in the region, each with what images contribute to it.

    The last says whether these are answers of one model.
    """
    values, images, are_answers = found.values, found.images, found.are_answers
    if not np.isfinite(values).all():
        raise MeasurementError(f"not a finite number: {values}")
    if expected is not None and expected.relation in MONOTONE:
        if values.ndim != 2 or values.shape[1] < 2:
            raise MeasurementError(f"{expected.relation!r} takes a series of at least two values")
        values = np.diff(values, axis=1)
        images = None if images is None else np.diff(images, axis=1)
        are_answers = False
    if values.ndim == 1:
        return [(values, images, are_answers)]
    return [
        (values[:, entry], None if images is None else images[:, entry], are_answers)
        for entry in range(values.shape[1])
    ]


def _part(
    values: np.ndarray,
    images: np.ndarray | None,
    chance: Chance,
    level: float,
    resamples: int,
    *,
    are_answers: bool,
) -> _Part:
    if chance in (Chance.NONE, Chance.IMAGES) and len(values) != 1:
        raise MeasurementError(
            f"{len(values)} runs match, but their seeds are no chance here; pick one run, or let "
            "`chance` name seeds"
        )
    if chance in (Chance.IMAGES, Chance.BOTH) and images is None:
        raise MeasurementError("gives no values of single images, so that they are no chance here")
    if chance in (Chance.NONE, Chance.IMAGES):
        is_fraction = are_answers and images is not None and np.isin(images, (0.0, 1.0)).all()
        interval = _interval_over_images(values, images, level, is_fraction=is_fraction)
        if chance == Chance.NONE:
            return _Part(values, images, interval)
        return _over_images(values, images, interval, resamples, is_fraction=is_fraction)
    if len(values) == 1:
        return _Part(values, images, None)
    if chance == Chance.SEEDS:
        estimate = statistics.estimate_of(values)

        def second(bound: float) -> Tails:
            return statistics.sign_flip_tails(values, bound)

    else:
        # The metrics have the mean; of the images we take how they spread about it.
        estimate = statistics.crossed_estimate(images)._replace(mean=float(values.mean()))
        second = _resampled(values, images, resamples)
    return _Part(
        values,
        images if chance == Chance.BOTH else None,
        statistics.student_interval(estimate, level),
        lambda bound: statistics.student_tails(estimate, bound),
        second,
        estimate,
    )


def _over_images(
    values: np.ndarray,
    images: np.ndarray,
    interval: tuple[float, float],
    resamples: int,
    *,
    is_fraction: bool,
) -> _Part:
    """The tests of one run, or of one pair of runs, whose images are a sample."""
    (by_image,) = images
    if is_fraction:
        return _Part(
            values,
            images,
            interval,
            lambda bound: statistics.binomial_tails(int(by_image.sum()), len(by_image), bound),
        )
    estimate = statistics.estimate_of(by_image)._replace(mean=float(values[0]))
    are_pairs = bool(np.isin(by_image, (-1.0, 0.0, 1.0)).all())

    def main(bound: float) -> Tails | None:
        if are_pairs and bound == 0.0:
            return statistics.mcnemar_tails(by_image)
        return statistics.student_tails(estimate, bound)

    second = _resampled(values, images, resamples)
    return _Part(values, images, interval, main, second, estimate)


def _resampled(values: np.ndarray, images: np.ndarray, resamples: int) -> Callable[[float], Tails]:
    """The second test of a mean over images, and over seeds where there are several."""
    mean = float(values.mean())
    if not statistics.are_equal(images):
        replicates = statistics.bootstrap(images, resamples) - images.mean() + mean
        return lambda bound: statistics.bootstrap_tails(replicates, bound)

    def tails(bound: float) -> Tails:
        of_images = statistics.unanimous_tails(mean, images.shape[1], bound)
        if len(values) == 1:
            return of_images
        # Seeds that agree show no more than their number does.
        of_seeds = statistics.sign_flip_tails(values, bound)
        return Tails(*map(max, of_images, of_seeds))

    return tails


def _interval_over_images(
    values: np.ndarray, images: np.ndarray | None, level: float, *, is_fraction: bool
) -> tuple[float, float] | None:
    """Of one run: Wilson's interval of a fraction, Student's of another mean over images."""
    if images is None:
        return None
    (by_image,) = images
    if is_fraction:
        return statistics.wilson_interval(int(by_image.sum()), len(by_image), level)
    estimate = statistics.estimate_of(by_image)._replace(mean=float(values[0]))
    return statistics.student_interval(estimate, level)


def _most_against(means: Sequence[float], expected: Expected) -> int:
    """Which entry of a series speaks most against the region: the one deepest outside of it."""
    ends = bounds(expected)
    distance = [min(abs(mean - end) for end in ends) for mean in means]
    signed = [d if holds(m, expected) else -d for d, m in zip(distance, means, strict=True)]
    return int(np.argmin(signed))


def _p_value(
    tests: Sequence[Callable[[float], Tails]],
    means: Sequence[float],
    expected: Expected,
    *,
    inside: bool,
) -> float:
    """That chance alone puts the means inside, or one of them outside.

    Inside, every entry's test must say so; outside, one entry's must, times the number of them.
    """
    ends = bounds(expected)
    p_values = [_p_of_side(test, mean, ends) for test, mean in zip(tests, means, strict=True)]
    if inside:
        return max(p_values)
    outside = [p for p, mean in zip(p_values, means, strict=True) if not holds(mean, expected)]
    return min(1.0, len(means) * min(outside))


def _p_of_side(test: Callable[[float], Tails], mean: float, ends: tuple[float, ...]) -> float:
    """That a mean lies, by chance alone, on its side of the end, or of the two ends."""
    if len(ends) == 2 and ends[0] <= mean <= ends[1]:
        return max(test(ends[0]).greater, test(ends[1]).less)
    nearest = min(ends, key=lambda end: abs(mean - end))
    tails = test(nearest)
    return min(1.0, 2.0 * (tails.less if mean < nearest else tails.greater))


def _at_its_floor(test: Callable[[float], Tails]) -> Callable[[float], Tails]:
    """A test whose tails are as small as they can be."""

    def tails(bound: float) -> Tails:
        floor = test(bound).floor
        return Tails(floor, floor, floor)

    return tails


def judge(
    assessment: Assessment,
    p_corrected: float | None,
    p_second_corrected: float | None,
    chance: Chance,
    *,
    level: float,
) -> Verdict:
    """The verdict on a reading."""
    decided = chance == Chance.NONE or (
        p_corrected is not None
        and p_corrected < 1.0 - level
        and not objects(assessment, p_second_corrected, level)
    )
    if not decided:
        return Verdict.NOT_DECIDABLE
    return Verdict.REPRODUCED if assessment.inside else Verdict.NOT_REPRODUCED


def objects(assessment: Assessment, p_second_corrected: float | None, level: float) -> bool:
    """Whether the second test does not decide, though it could have shown a smaller p-value."""
    return (
        p_second_corrected is not None
        and p_second_corrected >= 1.0 - level
        and assessment.p_second > assessment.floor
    )


def verdict_of(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict on a statement or question of those on its readings.

    It depends on the reading only where two of them contradict each other. An undecided one might
    still agree with the others or not. Readings that are not applicable count only if all are, and
    those that expect nothing only if no other is left.
    """
    different = set(verdicts)
    for silent in (Verdict.NOT_APPLICABLE, Verdict.MEASURED):
        different = different - {silent} or different
    if len(different - {Verdict.NOT_DECIDABLE}) > 1:
        return Verdict.DEPENDS
    return different.pop() if len(different) == 1 else Verdict.NOT_DECIDABLE


def number(value: float) -> str:
    """A number for a sentence: whole ones as such, others with four significant digits."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"
