"""What a sweep of many trainings costs, as rows of the tables in docs/scale.md.

    python benchmarks/scale.py plan 1000 10000          dry runs: time and memory to plan a sweep
    python benchmarks/scale.py collect 1000 10000       time and memory to gather a sweep's results
    python benchmarks/scale.py run local 40             a sweep of tiny trainings, for real
    python benchmarks/scale.py run slurm 40             ... through Slurm (tests/slurm/cluster.sh)

The trainings are those of five lambdas with as many seeds as that takes; `--lambdas 40` makes 40
trainings of one seed each, so that each is a job. Processor seconds are printed beside wall time,
because other programs disturb the latter.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parent.parent
SLURM = ["--profile", "tests/slurm/profile", "--workflow-profile", "profiles/slurm"]
SLURM += ["--slurm-init-seconds-before-status-checks", "1"]
WAYS = {"local": [], "slurm": SLURM}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["plan", "collect", "run"])
    parser.add_argument("arguments", nargs="+", metavar="[WAY] TRAININGS")
    parser.add_argument("--lambdas", type=int, default=5, help="that share the trainings")
    arguments = parser.parse_args()
    lambdas = [f"{number / 10_000:.4f}" for number in range(arguments.lambdas)]
    way = arguments.arguments.pop(0) if arguments.what == "run" else None
    for count in map(int, arguments.arguments):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy_project(folder, count, lambdas)
            match arguments.what:
                case "plan":
                    plan(folder, count)
                case "collect":
                    collect(folder, count, lambdas)
                case "run":
                    run(folder, count, way)


def copy_project(folder: Path, count: int, lambdas: list[str]) -> None:
    """Copy the workflow and the tests' data; write a config with that many tiny trainings."""
    for name in ("workflow", "tests", "profiles"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=lambda *_: ["__pycache__"])
    for name in ("Snakefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(REPOSITORY / name, folder)
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    softmax = config["tasks"]["softmax"]
    softmax |= {"max_epochs": 1, "l2_lambda": lambdas, "seeds": list(range(count // len(lambdas)))}
    # Figures are left out: they would be drawn here, whatever runs the trainings.
    config |= {"tasks": {"softmax": softmax}, "figures": {}, "tables": {}, "claims": None}
    tiny = yaml.safe_load((REPOSITORY / "tests" / "config.tiny.yaml").read_text())
    for key, part in tiny["data"]["mnist"].items():
        if isinstance(part, dict):
            for name, values in part.items():
                config["data"]["mnist"][key][name] |= values
        else:
            config["data"]["mnist"][key] = part
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def measure(command: list[str], folder: Path, log: Path) -> tuple[float, float, float]:
    """Run a command; return wall seconds, its processor seconds and its largest memory in MB."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status:
        sys.exit(f"error: exit code {os.waitstatus_to_exitcode(status)}\n{log.read_text()[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, busy, usage.ru_maxrss / 1000


def row(*cells: object) -> None:
    """Print a row of a Markdown table."""
    texts = (f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in cells)
    print("| " + " | ".join(texts) + " |", flush=True)


def snakemake(*arguments: str) -> list[str]:
    """A command that runs Snakemake of this environment."""
    return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]


def plan(folder: Path, count: int) -> None:
    """What Snakemake needs before the first job starts."""
    seconds, busy, memory = measure(
        snakemake("--dry-run", "--quiet", "all", "--", "runs"), folder, folder / "log"
    )
    row("plan", count, seconds, busy, memory)


def collect(folder: Path, count: int, lambdas: list[str]) -> None:
    """Train a block, link its files to the places of all, and gather them."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    size = min(config["seeds_per_job"], count // len(lambdas))
    names = ("history.parquet", "metrics.parquet")
    one = Path(
        "results/runs/softmax", f"lambda-{lambdas[0]}", "shuffle-true", f"seeds-0-{size - 1}"
    )
    targets = [str(one / name) for name in names]
    measure(snakemake("--quiet", "all", "--", *targets), folder, folder / "log")
    blocks = []
    for l2_lambda in lambdas:
        for first in range(0, count // len(lambdas), size):
            block = f"softmax/lambda-{l2_lambda}/shuffle-true/seeds-{first}-{first + size - 1}"
            target = folder / "results" / "runs" / block
            target.mkdir(parents=True, exist_ok=True)
            for name in names:
                if not (target / name).exists():
                    (target / name).hardlink_to(folder / one / name)
            blocks.append(block)
    command = [sys.executable, "workflow/scripts/collect.py", "--runs", *blocks]
    command += ["--root", "results/runs", "--metrics", "m.parquet", "--histories", "h.parquet"]
    row("collect", count, *measure(command, folder, folder / "log"))


def run(folder: Path, count: int, way: str) -> None:
    """Train and gather; the data are prepared before. Kernels are cold."""
    measure(snakemake("--until", "prepare", "--", "runs"), folder, folder / "log")
    command = snakemake(*WAYS[way], "--", "results/metrics.parquet")
    seconds, busy, memory = measure(command, folder, folder / "log")
    submitted = re.findall(r"SLURM job(?:id| ID) \d+", (folder / "log").read_text())
    files = sum(len(names) for _, _, names in os.walk(folder / "results"))
    metadata = sum(len(names) for _, _, names in os.walk(folder / ".snakemake"))
    row(way, count, seconds, seconds / count, busy, memory, len(set(submitted)), files, metadata)


if __name__ == "__main__":
    main()
