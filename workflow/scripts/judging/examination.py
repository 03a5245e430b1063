"""Examine each reading by itself, on several processes: measure, and hold to what is expected."""

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from common.explain import listed
from judging.claims import Claims, ClaimsError, Reading
from judging.verdicts import Assessment, Chance, assess
from measuring.catalogue import MEASUREMENTS
from measuring.quantities import Measured, NotApplicableError, NotDecidableError, Results

Reason = NotDecidableError | NotApplicableError

#: Readings that a process takes at a time: neighbours read the same results.
_TOGETHER = 6

#: A process takes a second to begin, in which so many readings can be examined.
_WORTH_A_PROCESS = 12


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
    readings: Mapping[str, Reading],
    open_results: Callable[[], Results],
    claims: Claims,
    processes: int = 1,
) -> dict[str, Examined]:
    """Examine each reading.

    Args:
        readings: by full id.
        open_results: opens what measurements read, once in each process.
        claims: how to judge.
        processes: at most so many; the results do not depend on it.

    Raises:
        ClaimsError: some readings could not be measured; the message names each.
    """
    processes = min(processes, len(readings) // _WORTH_A_PROCESS)
    if processes < 2:
        found = list(map(partial(_attempt, open_results(), claims), readings.values()))
    else:
        # Not forked: the libraries that are loaded by now have threads.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, context, _begin, (open_results, claims)) as pool:
            found = list(pool.map(_go_on, readings.values(), chunksize=_TOGETHER))
    examined = dict(zip(readings, found, strict=True))
    errors = [f"{name}: {error}" for name, error in examined.items() if isinstance(error, str)]
    if errors:
        raise ClaimsError(listed("the judging of the claims", errors))
    return examined


def _begin(open_results: Callable[[], Results], claims: Claims) -> None:
    """Keep in this process what all its readings need."""
    global _attempt_here
    _attempt_here = partial(_attempt, open_results(), claims)


def _go_on(reading: Reading) -> Examined | str:
    return _attempt_here(reading)


def _attempt(results: Results, claims: Claims, reading: Reading) -> Examined | str:
    """Examine a reading; whatever goes wrong, the message must come to name it."""
    try:
        # Sums over several threads have other last bits.
        with threadpool_limits(1):
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
