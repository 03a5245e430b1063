"""The benchmarks still start, and the measure of a job counts jobs that were done."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("script", ["baseline", "peers", "pipeline", "roofline", "scale"])
def test_a_benchmark_starts(repository, script):
    command = [sys.executable, repository / "benchmarks" / f"{script}.py", "--help"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "usage:" in run.stdout


def test_a_tool_that_does_no_jobs_is_not_measured(repository, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(repository / "benchmarks")
    import jobs

    assert jobs.run("GNU make", tmp_path)["cpu"] > 0
    monkeypatch.setitem(jobs.TOOLS, "idle", lambda folder, count: ["true"])
    with pytest.raises(AssertionError, match="did not run the jobs"):
        jobs.run("idle", tmp_path)
