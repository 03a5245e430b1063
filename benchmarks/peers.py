"""Compare ours with what others offer, in one go: trainings, optima, the jobs of a workflow.

    python benchmarks/peers.py --picture benchmarks/peers.svg

Each contender runs in a process of its own with one thread, one after the other, several rounds;
the round with the least CPU time counts, which other processes disturb less than wall time. What is
not installed is left out. See README.md beside this file.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import jobs
import optima
import trainings  # which also tells where our modules are

from plots.style import COLORS, new_figure, save, style

#: The module of each comparison, its contenders, the columns of its table (what stands on top of a
#: column, and how it shows what was found), and the unit of its CPU time.
COMPARISONS = {
    "training (softmax, λ = 0, until early stopping)": (
        trainings,
        trainings.LOOPS,
        {
            "CPU s": "{cpu:.2f}",
            "wall s": "{wall:.2f}",
            "peak memory, MB": "{megabytes:.0f}",
            "steps": "{steps:.0f}",
            "validation loss": "{loss:.12f}",
        },
        "s",
    ),
    "optimum (softmax, λ = 0.001)": (
        optima,
        optima.SOLVERS,
        {
            "CPU s": "{cpu:.2f}",
            "J, nats": "{objective:.12f}",
            "proven to be above the minimum by at most": "{bound:.1e}",
        },
        "s",
    ),
    "a job that does nothing": (
        jobs,
        jobs.TOOLS,
        {
            "CPU ms a job": "{cpu:.1f}",
            "wall ms a job": "{wall:.1f}",
            "one job alone, wall s": "{first:.2f}",
            "nothing to do, wall s": "{nothing:.2f}",
        },
        "ms",
    ),
}


def work(comparison: str, contender: str, folder: Path) -> None:
    """Run one contender in this process and print what it took as JSON."""
    try:
        found = COMPARISONS[comparison][0].run(contender, folder)
    except ModuleNotFoundError as error:
        found = {"skipped": f"{error.name} is not installed"}
    print(json.dumps(found))


def measure(comparison: str, contender: str, folder: Path) -> dict:
    """Run one contender in a new process with one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--one", comparison, contender, "--data-dir", str(folder)]
    run = subprocess.run(command, env=os.environ | one, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def compare(comparison: str, rounds: int, folder: Path) -> dict[str, float]:
    """Measure, print a Markdown table, and return the CPU time of each contender."""
    _, contenders, columns, _ = COMPARISONS[comparison]
    print(f"\n| {comparison} | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")
    found = {}
    for contender in contenders:
        best = min(
            (measure(comparison, contender, folder) for _ in range(rounds)),
            key=lambda of_round: of_round.get("cpu", 0),
        )
        cells = [best.get("skipped") or cell.format(**best) for cell in columns.values()]
        print(f"| {contender} | {' | '.join(cells)} |", flush=True)
        if "cpu" in best:
            found[contender] = best["cpu"]
    return found


def draw(measured: dict[str, dict[str, float]], path: Path) -> None:
    """Draw the CPU times of each comparison as bars, ours in colour."""
    with style():
        figure = new_figure(0.35 + 0.21 * sum(map(len, measured.values())))
        rows = figure.subplots(
            len(measured), squeeze=False, height_ratios=[len(times) for times in measured.values()]
        )
        for axes, (comparison, times) in zip(rows[:, 0], measured.items(), strict=True):
            ours = [("ours" in contender or "here" in contender) for contender in times]
            colors = [COLORS[0] if is_ours else "0.7" for is_ours in ours]
            bars = axes.barh(list(times), list(times.values()), color=colors)
            unit = COMPARISONS[comparison][-1]
            axes.bar_label(bars, [f" {time:.3g} {unit}" for time in times.values()])
            axes.invert_yaxis()
            axes.set_title(comparison, loc="left", fontsize=8.5)
            axes.set_xticks([])
            axes.spines["bottom"].set_visible(False)
            axes.margins(x=0.12)
            axes.grid(visible=False)
        figure.supxlabel(f"CPU time on {machine()}", fontsize=8.5)
        save(figure, path)


def machine() -> str:
    """The processor, the cores and the Python."""
    information = Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in information if ":" in line)
    named = {name.strip(): value.strip() for name, value in fields.items()}
    name = f"{named['model name']} (family {named['cpu family']}, model {named['model']})"
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, default="results/data/mnist", help="splits")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender")
    parser.add_argument("--picture", type=Path, help="output")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        work(*arguments.one, arguments.data_dir)
        return
    print(machine())
    measured = {name: compare(name, arguments.rounds, arguments.data_dir) for name in COMPARISONS}
    if arguments.picture:
        draw(measured, arguments.picture)


if __name__ == "__main__":
    main()
