"""How long a run will take, said before it starts."""

from pathlib import Path

import pytest

from snakemake_logger_plugin_reproduce.estimate import (
    about,
    announcement,
    duration,
    mean_seconds,
)


def write_benchmark(path: Path, seconds: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t180.2\n")


def test_benchmarks_are_found_of_rules_with_and_without_wildcards(tmp_path):
    write_benchmark(tmp_path / "collect.tsv", 3)
    write_benchmark(tmp_path / "train" / "softmax" / "seed-0.tsv", 1)
    write_benchmark(tmp_path / "train" / "softmax" / "seed-1.tsv", 2)
    (tmp_path / "train" / "softmax" / "seed-2.tsv").write_text("")  # of a killed run
    seconds = mean_seconds(["train", "collect", "claims"], tmp_path)
    assert seconds == {"train": 1.5, "collect": 3}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.7, "1 min"), (110, "1 min 50 s"), (3600, "1 h"), (9000, "2 h 30 min")],
)
def test_durations_are_in_words(seconds, words):
    assert duration(seconds) == words


def test_an_estimate_is_no_more_exact_than_ten_seconds():
    assert about(0.3) == about(10) == "about 10 s"
    assert about(101) == "about 1 min 50 s"


@pytest.mark.parametrize(
    ("counts", "cores", "words"),
    [
        (
            {"train": 63, "figure": 40},
            2,
            "63 trainings and 40 other jobs; about 1 min 50 s on 2 cores, by the times of earlier"
            " runs.",
        ),
        ({"figure": 1}, 1, "1 job; about 10 s on 1 core, by the times of earlier runs."),
        # One job is not shared.
        ({"optimum": 1}, 8, "1 job; about 30 s on 8 cores, by the times of earlier runs."),
        ({"claims": 2}, 4, "2 jobs; no earlier run says how long they take."),
        (
            {"train": 10_000},
            None,
            "10000 trainings; about 5 h of computing, by the times of earlier runs.",
        ),
    ],
)
def test_the_announcement_says_what_it_knows_and_what_not(counts, cores, words):
    assert announcement(counts, {"train": 1.8, "figure": 2.5, "optimum": 26}, cores) == words
