"""How long a run will take, said before it starts."""

from pathlib import Path

import pytest

from pipeline.estimate import (
    SAMPLE,
    about,
    announcement,
    duration,
    expected_seconds,
    mean_seconds,
    share_done,
    time_left,
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


def test_of_thousands_of_benchmarks_few_are_read_spread_evenly(tmp_path, monkeypatch):
    for i in range(1000):
        write_benchmark(tmp_path / "train" / f"{i:04}.tsv", i)
    read, read_text = [], Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **kw: read.append(path) or read_text(path))
    assert mean_seconds(["train"], tmp_path)["train"] == pytest.approx(499.5, rel=0.01)
    assert 1 < len(read) <= SAMPLE


def test_work_is_shared_among_the_cores_but_one_job_is_not():
    seconds = {"train": 2.0, "optimum": 26.0}
    assert expected_seconds({"train": 60}, seconds, 4) == 30
    assert expected_seconds({"train": 4, "optimum": 1}, seconds, 8) == 26
    assert expected_seconds({"train": 60}, seconds, None) == 120
    assert expected_seconds({"figure": 3}, seconds, 4) is None


def test_time_left_goes_by_the_pace_as_soon_as_there_is_one():
    assert time_left(0.05, 9.0, 100.0) == 95.0
    assert time_left(0.05, 9.0, None) is None
    assert time_left(0.5, 30.0, 100.0) == 30.0
    assert share_done({"train": 2}, {"train": 4, "optimum": 1}, {"train": 1, "optimum": 4}) == 0.25
    assert share_done({"train": 1}, {"train": 2, "figure": 2}, {}) == 0.25


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
        (
            {"train": 1, "claims": 2},
            4,
            "1 training and 2 other jobs; about 10 s on 4 cores, by the times of earlier runs,"
            " without claims, which never ran here.",
        ),
        ({"claims": 2}, 4, "2 jobs; no earlier run says how long they take."),
        (
            {"train": 10_000},
            None,
            "10000 trainings; about 5 h of computing, shared by the cluster, by the times of"
            " earlier runs.",
        ),
    ],
)
def test_the_announcement_says_what_it_knows_and_what_not(counts, cores, words):
    assert announcement(counts, {"train": 1.8, "figure": 2.5}, cores) == words
