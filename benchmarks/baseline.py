"""Run the whole workflow and an earlier commit of it in turn, with that commit's config.

    python benchmarks/baseline.py            # against 0413b90, two rounds, on all cores

Both are cloned, each builds its own environment, and all raw files are in the user's cache. Before
the rounds each runs once, so that kernels and bytecode are compiled; `results/` is empty at the
start of every round. Least wall time counts. See README.md beside this file.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]

#: What a task says today that it did not say then.
SINCE = {"train_size": None, "checks_per_epoch": 5, "skip_batches": []}


class Seconds(NamedTuple):
    """Of one run: wall time, and the CPU time of all its processes."""

    wall: float
    cpu: float


def clone(commit: str, folder: Path) -> Path:
    """Clone a commit of this repository and build its environment."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    subprocess.run(["make", "environment"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


def configs(then: dict, now: dict) -> dict[str, tuple[dict, dict]]:
    """Pairs of configs, for then and for now, that ask for the same trainings and figures."""

    def of_now(config: dict) -> dict:
        tasks = {name: SINCE | task for name, task in config["tasks"].items()}
        return (
            now | {key: config[key] for key in ("figures", "tables", "claims")} | {"tasks": tasks}
        )

    one_seed = {name: task | {"seeds": [0]} for name, task in then["tasks"].items()}
    short = then | {"tasks": one_seed, "claims": None}
    return {
        "the whole report": (then, of_now(then)),
        "seed 0, without claims": (short, of_now(short)),
    }


def run(folder: Path, config: dict, cores: int) -> Seconds:
    """Run everything from empty results."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    shutil.rmtree(folder / "results", ignore_errors=True)
    command = [folder / ".venv" / "bin" / "python", "-m", "snakemake", "--quiet", "all"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.run(
        [*command, "--cores", str(cores)], cwd=folder, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(process.stdout + process.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Seconds(seconds, busy)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commit", default="0413b90", help="the earlier one")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        then = clone(arguments.commit, Path(name, "then"))
        now = clone("HEAD", Path(name, "now"))
        pairs = configs(*(yaml.safe_load((f / "config.yaml").read_text()) for f in (then, now)))
        print(f"| wall (CPU) seconds | {arguments.commit} | now | faster by |")
        print("| --- | ---: | ---: | ---: |", flush=True)
        for what, pair in pairs.items():
            for folder, config in zip((then, now), pair, strict=True):
                run(folder, config, arguments.cores)
            rounds = [
                [run(*side, arguments.cores) for side in zip((then, now), pair, strict=True)]
                for _ in range(arguments.rounds)
            ]
            least = [min(side) for side in zip(*rounds, strict=True)]
            cells = [f"{seconds.wall:.1f} ({seconds.cpu:.0f})" for seconds in least]
            ratio = least[0].wall / least[1].wall
            print(f"| {what} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
