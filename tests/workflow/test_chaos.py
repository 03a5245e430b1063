"""The workflow killed again and again ends with the bytes of a run that nobody disturbed."""

import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest

pytestmark = pytest.mark.chaos

KILLS = 30
#: After so many kills one run may finish, so that the kills spread over several runs.
KILLS_PER_RUN = 8
#: Trainings and one of each kind of product; the drawing of all figures would cost minutes.
TARGETS = ["runs", "results/figures/figure_01.png", "results/tables/table_1.md"]


def kill_at_random(process: subprocess.Popen, chance: random.Random) -> str | None:
    """Kill a workflow, or its head alone, after a random number of lines and a short time.

    Lines and not only seconds, because a busy machine would be killed in the start for ever.

    Returns:
        What was killed; None if the workflow ended before.
    """
    # About 300 lines make a run; so few let all kills of a run find something to kill.
    lines = chance.choice([0, chance.randint(1, 30), chance.randint(30, 60)])
    for _ in range(lines):
        if not process.stdout.readline():
            break
    time.sleep(chance.uniform(0, 0.7 if lines else 2.5))
    if process.poll() is not None:
        return None
    if chance.random() < 0.3:
        os.kill(process.pid, signal.SIGKILL)
        return "head"
    os.killpg(process.pid, signal.SIGKILL)
    return "group"


def run_with_kills(checkout, chance: random.Random) -> list[str]:
    """Start, kill and resume until the workflow gets through; return what was killed."""
    killed = []
    while len(killed) < KILLS_PER_RUN:
        process = checkout.start(*TARGETS)
        what = kill_at_random(process, chance)
        # Not until the end of its output, which the orphans of a killed head keep open.
        process.stdout.close() if what else process.communicate()
        process.wait()
        if what is None:
            assert process.returncode == 0
            break
        killed.append(what)
        checkout.unlock()
    checkout.snakemake(*TARGETS)
    wait_for_orphans(checkout)
    return killed


def wait_for_orphans(checkout) -> None:
    """Let the jobs end whose head was killed: they may be writing once more what is there."""
    orphans = [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(checkout.folder)]
    _, alive = psutil.wait_procs(orphans, timeout=120)
    assert not alive


def test_thirty_kills_change_not_one_byte(new_checkout, finished, record_property):
    chance = random.Random(6)
    killed, runs = [], 0
    while len(killed) < KILLS:
        checkout = new_checkout(f"run {runs}")
        killed += run_with_kills(checkout, chance)
        runs += 1
        found, expected = checkout.contents(), finished.contents()
        assert {name: expected.get(name) for name in found} == found
        assert any(name.startswith("figures/") for name in found)
        assert len(checkout.trained()) == len(finished.trained())
        shutil.rmtree(checkout.folder)
    print(
        f"\n{len(killed)} kills survived in {runs} runs, {killed.count('head')} of the head alone"
    )
    record_property("kills", len(killed))


def test_eight_cores_a_kill_and_one_core_give_the_bytes_of_two_cores(fresh, finished):
    process = fresh.start("--cores", "8")
    trained = 0
    for line in process.stdout:
        trained += "Finished" in line and "train" in line
        if "Finished" in line and "figure" in line:
            break
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    files = [folder / "metrics.parquet" for folder in fresh.trained()]
    done = {path: path.stat().st_ino for path in files}
    fresh.unlock()
    fresh.snakemake("--cores", "1")
    assert fresh.contents() == finished.contents()
    kept = [path for path, inode in done.items() if path.stat().st_ino == inode]
    assert len(kept) >= trained > 2, "a finished training is not made again"
