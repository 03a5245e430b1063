"""Disks, clocks and locks that play tricks: named if they must be, otherwise survived."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest


def mount(*arguments: str) -> None:
    process = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if process.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {process.stderr.strip()}")


@contextmanager
def small_disk(folder, size: str):
    """Put a file system of its own, of limited size, on an empty folder."""
    folder.mkdir(exist_ok=True)
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.chaos
def test_a_full_disk_is_named_and_loses_nothing(fresh, finished):
    with small_disk(fresh.results, "1200k"):
        output = fresh.snakemake("runs", check=False)
        assert "are left on the disk of results/" in output
        assert "Free some space and run again" in output
        mount("-o", "remount,size=500m", str(fresh.results))
        fresh.snakemake("runs")
        found, expected = fresh.contents(), finished.contents()
        assert found and {name: expected.get(name) for name in found} == found
        assert len(fresh.trained()) == len(finished.trained())


@pytest.mark.chaos
def test_a_read_only_results_folder_is_named(fresh):
    with small_disk(fresh.results, "10m"):
        mount("-o", "remount,ro", str(fresh.results))
        output = fresh.snakemake("results/data/mnist/train.parquet", check=False)
        assert "Read-only file system" in output and "results" in output


@pytest.mark.chaos
def test_a_second_workflow_in_the_same_folder_is_refused(fresh, finished):
    first = fresh.start("runs")
    for line in first.stdout:
        if "Training" in line:
            break
    unlock = [sys.executable, "tools/unlock_stale.py"]
    refusal = subprocess.run(unlock, cwd=fresh.folder, capture_output=True, text=True)
    assert refusal.returncode == 1 and "is locked by process" in refusal.stderr
    output = fresh.snakemake("runs", check=False)
    assert "cannot be locked" in output or "LockException" in output
    first.communicate()
    assert first.returncode == 0
    found, expected = fresh.contents(), finished.contents()
    assert found and {name: expected.get(name) for name in found} == found


@pytest.mark.parametrize("hours", [-24 * 365, 24 * 365])
def test_times_of_another_age_run_nothing(checkout, hours):
    """A clock that jumps, an unpacked archive: results older or newer than all they are made of."""
    moment = time.time() + hours * 3600
    for path in checkout.results.rglob("*"):
        os.utime(path, (moment, moment))
    assert checkout.planned() == {}


def test_a_git_checkout_that_resets_all_times_runs_nothing(checkout):
    for path in checkout.folder.rglob("*"):
        if path.relative_to(checkout.folder).parts[0] not in ("results", ".snakemake"):
            path.touch()
    assert checkout.planned() == {}


@pytest.mark.chaos
def test_a_clock_that_jumped_back_in_the_middle_changes_no_byte(fresh, finished):
    """What is there lies in the future, and what comes now seems older than its inputs."""
    fresh.snakemake("results/data/mnist/train.parquet")
    tomorrow = time.time() + 24 * 3600
    for path in [*fresh.results.rglob("*"), *(fresh.folder / "workflow").rglob("*")]:
        os.utime(path, (tomorrow, tomorrow))
    output = fresh.snakemake("runs", check=False)
    assert "clock skew" in output  # Snakemake's own words
    fresh.unlock()  # as `make reproduce` begins
    fresh.snakemake("runs")
    found, expected = fresh.contents(), finished.contents()
    assert {name: expected.get(name) for name in found} == found
    assert "Nothing to be done" in fresh.snakemake("runs")


def test_a_deleted_run_is_made_again_alone(checkout):
    before = checkout.contents()
    run = next(checkout.results.glob("runs/softmax/*/*/*"))
    shutil.rmtree(run)
    output = checkout.snakemake("runs")
    assert output.count("(Rule: train)") == 1
    assert checkout.contents() == before
