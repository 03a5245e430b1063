"""Examine each reading by itself, on several threads: measure, and hold to what is expected."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from common.explain import listed
from judging.claims import Claims, ClaimsError, Reading
from judging.verdicts import Assessment, Chance, assess
from measuring.catalogue import MEASUREMENTS
from measuring.quantities import Measured, NotApplicableError, NotDecidableError, Results

Reason = NotDecidableError | NotApplicableError

#: Readings that a thread takes at a time: neighbours read the same results.
_TOGETHER = 6


class Examined(NamedTuple):
    """What a reading comes to, before chance is corrected for the number of readings.

    Attributes:
        found: what was measured, without its images, or why nothing was.
        assessment: None where nothing was measured.
        grid: the same at each point of its grid; empty where the reading is not applicable.
    """

    found: Measured | Reason
    assessment: Assessment | None
    grid: list[Assessment | None]


def examine_all(
    readings: Mapping[str, Reading], results: Results, claims: Claims, threads: int = 1
) -> dict[str, Examined]:
    """Examine each reading.

    Args:
        readings: by full id.
        results: what measurements read.
        claims: how to judge.
        threads: that examine at once; what comes out does not depend on it.

    Raises:
        ClaimsError: some readings could not be measured; the message names each.
    """

    def examine_some(some: list[Reading]) -> list[Examined | str]:
        return [_attempt(results, claims, reading) for reading in some]

    every = list(readings.values())
    parts = [every[first : first + _TOGETHER] for first in range(0, len(every), _TOGETHER)]
    # Sums that BLAS spreads over several threads have other last bits.
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        found = list(chain.from_iterable(pool.map(examine_some, parts)))
    examined = dict(zip(readings, found, strict=True))
    errors = [f"{name}: {error}" for name, error in examined.items() if isinstance(error, str)]
    if errors:
        raise ClaimsError(listed("the judging of the claims", errors))
    return examined


def _attempt(results: Results, claims: Claims, reading: Reading) -> Examined | str:
    """Examine a reading; whatever goes wrong, the message must come to name it."""
    try:
        return _examine(results, claims, reading)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _examine(results: Results, claims: Claims, reading: Reading) -> Examined:
    found = _measure(results, reading)
    grid = []
    if reading.grid and not isinstance(found, NotApplicableError):
        for variant in reading.variants():
            same = variant.arguments == reading.arguments
            there = found if same else _measure(results, variant)
            grid.append(_assess(claims, variant, there))
    assessment = _assess(claims, reading, found)
    if isinstance(found, Measured):
        found = found._replace(images=None)
    return Examined(found, assessment, grid)


def _measure(results: Results, reading: Reading) -> Measured | Reason:
    try:
        return MEASUREMENTS[reading.measurement](results, **reading.arguments)
    except (NotDecidableError, NotApplicableError) as reason:
        return reason


def _assess(claims: Claims, reading: Reading, found: Measured | Reason) -> Assessment | None:
    if not isinstance(found, Measured):
        return None
    return assess(
        found,
        reading.expected.as_expected() if reading.expected else None,
        Chance(reading.chance),
        level=claims.confidence_level,
        resamples=claims.resamples,
    )
