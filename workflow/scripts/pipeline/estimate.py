"""How long the jobs of a run will take, by the benchmarks of earlier runs; in numbers and words."""

import math
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

BENCHMARKS = Path("results", "benchmarks")

#: Benchmarks read of each rule at most; a sweep has thousands, and their mean changes no more.
SAMPLE = 200


def mean_seconds(rules: Iterable[str], folder: Path = BENCHMARKS) -> dict[str, float]:
    """Mean seconds of a job of each rule, by the benchmarks of earlier runs.

    The mean and not the median: it is to be summed, and a rule's jobs may differ much.

    Args:
        rules: their names.
        folder: holds `<rule>.tsv` or, for a rule with wildcards, `<rule>/**/*.tsv`.

    Returns:
        Only the rules of which there is a readable benchmark.
    """
    found = {}
    for rule in rules:
        files = sorted([*folder.glob(f"{rule}.tsv"), *folder.glob(f"{rule}/**/*.tsv")])
        sample = files[:: math.ceil(len(files) / SAMPLE) or 1]
        if seconds := [value for file in sample if (value := _seconds(file)) is not None]:
            found[rule] = fmean(seconds)
    return found


def _seconds(benchmark: Path) -> float | None:
    """The column `s` of a benchmark; None if a killed run left the file without it."""
    try:
        header, values, *_ = benchmark.read_text(encoding="utf-8").splitlines()
        return float(dict(zip(header.split("\t"), values.split("\t"), strict=True))["s"])
    except (OSError, ValueError, KeyError):
        return None


def expected_seconds(
    counts: dict[str, int], seconds: dict[str, float], cores: int | None
) -> float | None:
    """How long the jobs take if they keep the cores busy; at least as long as the longest.

    Args:
        counts: jobs by rule.
        seconds: of a job of a rule, as from `mean_seconds`.
        cores: that share the work; None adds up the work instead.

    Returns:
        Seconds; None if no rule's are known.
    """
    known = {rule: count for rule, count in counts.items() if rule in seconds}
    if not known:
        return None
    work = sum(count * seconds[rule] for rule, count in known.items())
    return max(work / (cores or 1), *(seconds[rule] for rule in known))


def share_done(
    finished: dict[str, int], counts: dict[str, int], seconds: dict[str, float]
) -> float:
    """The share of the work that is done, 0 to 1: jobs by rule, weighted with their seconds.

    A job of a rule without known seconds counts as one of average length.
    """
    usual = fmean(seconds.values()) if seconds else 1.0

    def work(jobs: dict[str, int]) -> float:
        return sum(count * seconds.get(rule, usual) for rule, count in jobs.items())

    return work(finished) / (work(counts) or 1.0)


def time_left(share: float, elapsed: float, expected: float | None) -> float | None:
    """Seconds to the end: by the pace of this run, and before it shows by earlier runs.

    Args:
        share: of the work that is done, 0 to 1.
        elapsed: seconds since the start.
        expected: seconds of the whole run by earlier ones, if known.
    """
    if share >= 0.1:
        return elapsed * (1 - share) / share
    return None if expected is None else expected * (1 - share)


def duration(seconds: float) -> str:
    """Seconds in words: two units at most."""
    whole = round(seconds)
    for unit, part, size in (("h", "min", 3600), ("min", "s", 60)):
        if whole >= size:
            rest = whole % size * 60 // size
            return f"{whole // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def about(seconds: float) -> str:
    """An estimate in words, no more exact than it is."""
    return f"about {duration(max(10 * math.ceil(seconds / 10), 10))}"


def announcement(counts: dict[str, int], seconds: dict[str, float], cores: int | None) -> str:
    """How many jobs there are and how long they will take, what it is based on, what is unknown.

    Args:
        counts: jobs by rule.
        seconds: of a job of a rule, as from `mean_seconds`.
        cores: that share the work; None for the nodes of a cluster, which start when they like.
    """
    trainings = counts.get("train", 0)
    other = sum(counts.values()) - trainings
    jobs = " and ".join(
        [counted(trainings, "training")] * bool(trainings)
        + [counted(other, "other job" if trainings else "job")] * bool(other)
    )
    expected = expected_seconds(counts, seconds, cores)
    if expected is None:
        return f"{jobs}; no earlier run says how long they take."
    shared = f"on {counted(cores, 'core')}" if cores else "of computing, shared by the cluster"
    unknown = [rule for rule in counts if rule not in seconds]
    gap = f", without {', '.join(unknown)}, which never ran here" if unknown else ""
    return f"{jobs}; {about(expected)} {shared}, by the times of earlier runs{gap}."


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number} {what}" + "s" * (number != 1)
