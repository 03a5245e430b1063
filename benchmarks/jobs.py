"""Workflow tools that run jobs which do nothing; `peers.py` runs them beside each other."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from shutil import which

#: A job costs what a run of so many takes more than one with nothing to do, divided by them.
JOBS = 100

_RULES = """
rule all:
    input: [f"{job}.txt" for job in range(JOBS)]
rule job:
    output: "{job}.txt"
"""
_LOG_AND_BENCHMARK = """    log: "logs/{job}.log"
    benchmark: "benchmarks/{job}.tsv"
"""
#: As in profiles/default.
_SCHEDULER = ("--scheduler", "greedy", "--scheduler-greedy-omit-prioritize-by-temp-and-input")


def make(folder: Path, jobs: int) -> list[str]:
    """GNU make, two jobs at a time."""
    targets = " ".join(f"{job}.txt" for job in range(jobs))
    rules = f"all: {targets}\n%.txt:\n\ttouch $@\n"
    (folder / "Makefile").write_text(rules)
    return [_found("make"), "--silent", "--jobs", "2"]


def dvc(folder: Path, jobs: int) -> list[str]:
    """DVC, which runs one stage after the other."""
    command = [sys.executable, "-m", "dvc"]
    if not (folder / ".dvc").exists():
        import dvc  # noqa: F401  (or say that it is not installed)

        subprocess.run([*command, "init", "--no-scm", "--quiet"], cwd=folder, check=True)
        subprocess.run([*command, "config", "core.analytics", "false"], cwd=folder, check=True)
    names = ", ".join(map(str, range(jobs)))
    stage = "do: {cmd: 'touch ${item}.txt', outs: ['${item}.txt']}"
    (folder / "dvc.yaml").write_text(f"stages: {{job: {{foreach: [{names}], {stage}}}}}\n")
    return [*command, "repro", "--quiet"]


def snakemake(directives: str = "", *options: str) -> Callable[[Path, int], list[str]]:
    """Snakemake, two jobs at a time, with more directives in the rule of a job, and options."""

    def prepare(folder: Path, jobs: int) -> list[str]:
        rules = f'JOBS = {jobs}\n{_RULES}{directives}    shell: "touch {{output}}"\n'
        (folder / "Snakefile").write_text(rules)
        return [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all", *options]

    return prepare


#: What each is called, and what prepares a folder for so many jobs and returns the command.
TOOLS = {
    "GNU make": make,
    "Snakemake": snakemake(),
    "Snakemake as here, a log and a benchmark each": snakemake(_LOG_AND_BENCHMARK, *_SCHEDULER),
    "DVC": dvc,
}


def run(name: str, folder: Path) -> dict:
    """Let a tool run one job, then `JOBS` more, then find nothing to do; `folder` is not used."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        first = _timed(TOOLS[name](work, 1), work)
        command = TOOLS[name](work, 1 + JOBS)
        more, nothing = _timed(command, work), _timed(command, work)
        missing = [job for job in range(1 + JOBS) if not (work / f"{job}.txt").exists()]
        assert not missing, f"{name} did not run the jobs {missing}"
    cpu, wall = (1000 * (b - a) / JOBS for a, b in zip(nothing, more, strict=True))
    return {"cpu": cpu, "wall": wall, "first": first[1], "nothing": nothing[1]}


def _found(program: str) -> str:
    path = which(program)
    if path is None:
        raise ModuleNotFoundError(name=program)
    return path


def _timed(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds of a command and its children, and wall seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, seconds
