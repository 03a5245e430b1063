"""Time the whole workflow, cold and warm, and say where each second goes.

A copy of the project, with the data already in the user's cache, runs the report with seed 0 alone
and without its claims; then again with nothing to do; then with more seeds and lambdas. The figures
of each rule are Snakemake's own (`benchmark:`), summed over its jobs.
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCTIVE = ("train", "figure", "explorer")


def copy_project(folder: Path) -> None:
    """Copy what git knows of, as it is in the work tree."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listing.stdout.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())


def run(
    folder: Path, cores: int, lambdas: list[str], seeds: int, *targets: str
) -> tuple[float, int]:
    """Run the workflow; return wall seconds and the number of jobs."""
    task = {"l2_lambda": lambdas, "seeds": list(range(seeds))}
    others = {name: {"seeds": task["seeds"]} for name in ("logistic", "softmax-500")}
    overlay = {"claims": None, "tasks": {"softmax": task, **others}}
    (folder / "overlay.json").write_text(json.dumps(overlay))
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile"]
    command += ["config.yaml", "overlay.json", "--nocolor", "--", *targets]
    start = time.perf_counter()
    process = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(process.stdout)
    return seconds, len(re.findall(r"^Finished jobid", process.stdout, re.MULTILINE))


def seconds_by_rule(folder: Path) -> dict[str, tuple[int, float]]:
    """Jobs and summed wall seconds of each rule, the most expensive first."""
    found: dict[str, list[float]] = defaultdict(list)
    benchmarks = folder / "results" / "benchmarks"
    for file in benchmarks.rglob("*.tsv"):
        with file.open(newline="") as rows:
            rule = file.relative_to(benchmarks).parts[0].removesuffix(".tsv")
            found[rule] += [float(row["s"]) for row in csv.DictReader(rows, delimiter="\t")]
    sums = {rule: (len(times), sum(times)) for rule, times in found.items()}
    return dict(sorted(sums.items(), key=lambda item: -item[1][1]))


def main() -> None:
    """Measure and print two Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    report = ["0", "0.001", "0.01", "0.1", "1"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_project(folder)
        cold, jobs = run(folder, arguments.cores, report, 1)
        shutil.rmtree(folder / "results")
        again, jobs_again = run(folder, arguments.cores, report, 1)
        rules = seconds_by_rule(folder)
        busy = sum(seconds for _, seconds in rules.values())
        other = sum(s for rule, (_, s) in rules.items() if rule not in PRODUCTIVE)
        print("Seed 0, cold results/:\n")
        print("| rule | jobs | seconds, summed |\n| --- | ---: | ---: |")
        for rule, (count, seconds) in rules.items():
            print(f"| {rule} | {count} | {seconds:.1f} |")
        start = arguments.cores * again - busy
        print(f"| Snakemake itself, and cores that wait | | {start:.1f} |")
        print(f"\nNeither training nor drawing: {(other + start) / (busy + start):.0%} of all.\n")

        print("| what | jobs | wall seconds |\n| --- | ---: | ---: |")
        print(f"| seed 0, cold, kernels compiled too | {jobs} | {cold:.1f} |")
        print(f"| seed 0, cold results/ | {jobs_again} | {again:.1f} |")
        warm, jobs = run(folder, arguments.cores, report, 1)
        print(f"| nothing to do | {jobs} | {warm:.1f} |")
        more, jobs = run(folder, arguments.cores, [*report, "0.05"], 1, "runs")
        print(f"| one lambda more, target runs | {jobs} | {more:.1f} |")
        more, jobs = run(folder, arguments.cores, [*report, "0.05"], 3, "runs")
        print(f"| two seeds more, target runs | {jobs} | {more:.1f} |")


if __name__ == "__main__":
    main()
