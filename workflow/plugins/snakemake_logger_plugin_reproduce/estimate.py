"""How long the jobs of a run will take, by the benchmarks of earlier runs; in numbers and words."""

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

BENCHMARKS = Path("results", "benchmarks")


def mean_seconds(rules: Iterable[str], folder: Path = BENCHMARKS) -> dict[str, float]:
    """Mean seconds of a job of each rule, of those only that have a readable benchmark.

    The mean and not the median: it is to be summed, and a rule's jobs may differ much.
    """
    found = {}
    for rule in rules:
        files = [*folder.glob(f"{rule}.tsv"), *folder.glob(f"{rule}/**/*.tsv")]
        if seconds := [value for file in files for value in _seconds(file)]:
            found[rule] = fmean(seconds)
    return found


def _seconds(benchmark: Path) -> list[float]:
    """The column `s` of a benchmark; nothing if a killed run left the file without it."""
    with benchmark.open(encoding="utf-8", newline="") as file:
        try:
            return [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
        except (ValueError, KeyError, TypeError):
            return []


def work(jobs: dict[str, int], seconds: dict[str, float]) -> float:
    """Seconds of computing that jobs take, counted by rule; unknown rules take none."""
    return sum(count * seconds.get(rule, 0.0) for rule, count in jobs.items())


def announcement(jobs: dict[str, int], seconds: dict[str, float], cores: int | None) -> str:
    """How many jobs there are, and about how long they will take.

    Args:
        jobs: their number by rule.
        seconds: of a job of a rule, as from `mean_seconds`.
        cores: that share the work; None if that is not known.
    """
    trainings, total = jobs.get("train", 0), sum(jobs.values())
    words = [counted(trainings, "training")] * bool(trainings)
    words += [counted(total - trainings, "other job" if trainings else "job")] * (total > trainings)
    known = [seconds[rule] for rule in jobs if rule in seconds]
    if not known or (trainings and "train" not in seconds):
        return f"{' and '.join(words)}; no earlier run says how long they take."
    # One job is not shared.
    expected = max(work(jobs, seconds) / (cores or 1), *known, 0)
    shared = f"on {counted(cores, 'core')}" if cores else "of computing"
    return f"{' and '.join(words)}; {about(expected)} {shared}, by the times of earlier runs."


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


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number} {what}" + "s" * (number != 1)
