"""Put all runs into one page to look around in."""

import argparse
import json
from collections.abc import Sequence
from itertools import groupby, product
from pathlib import Path

import pyarrow.compute as pc

from common import cli
from common.files import read_json, replace_atomically
from images.splits import read_split
from plots.exploration import Group, SeedRun, Series, curve_points, curve_rows, predict
from plots.page import explorer_page
from runs.grid import Run, runs_of_tasks, tasks_of
from runs.results import HISTORY_SCHEMA, WEIGHTS_SCHEMA, read_table, weights_matrix


def read_history(path: Path) -> dict[tuple[str, str], Series]:
    """Read the curves of one run by split and metric."""
    history = read_table(path, HISTORY_SCHEMA)
    curves = {}
    for split, metric in product(("train", "validation"), ("loss", "accuracy")):
        rows = history.filter((pc.field("split") == split) & (pc.field("metric") == metric))
        curves[split, metric] = Series(
            *(rows.column(name).to_numpy() for name in ("step", "value"))
        )
    return curves


def read_group(folder: Path, runs: Sequence[Run], settings: dict, points: int) -> Group:
    """Read the runs that differ in their seed only, and the weights of the first one.

    Args:
        folder: of all runs.
        runs: one for each seed.
        settings: dataset, model and classes of their task.
        points: roughly how many points a curve may have.
    """
    first = runs[0]
    weights, labels, image_shape = weights_matrix(
        read_table(folder / first.folder / "weights.parquet", WEIGHTS_SCHEMA)
    )
    seeds = [
        SeedRun(
            (folder / run.folder).as_posix(),
            run.seed,
            read_json(folder / run.folder / "summary.json"),
        )
        for run in runs
    ]
    # Thinned at once: the whole histories of all runs may be more than the memory holds.
    histories = [read_history(folder / run.folder / "history.parquet") for run in runs]
    return Group(
        first.task,
        first.l2_lambda,
        "shuffled" if first.shuffle else "not shuffled",
        settings["dataset"],
        settings["model"],
        settings["classes"],
        seeds,
        list(curve_rows(histories, points)),
        weights,
        labels,
        image_shape,
    )


def main() -> None:
    """Read the command line, read all runs, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tasks",
        type=json.loads,
        required=True,
        help="JSON: grid and settings by task",
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--data", type=Path, required=True, help="folder of all data sets")
    parser.add_argument("--template", type=Path, required=True, help="HTML with placeholders")
    parser.add_argument("--output", type=Path, required=True, help="the page")
    arguments = parser.parse_args()
    tasks = tasks_of(arguments.tasks)
    members = [
        list(runs) for _, runs in groupby(runs_of_tasks(tasks), lambda run: run._replace(seed=0))
    ]
    groups, predictions = [], []
    for runs in members:
        settings = tasks[runs[0].task]
        validation = read_split(arguments.data / settings["dataset"] / "validation.parquet")
        points = curve_points(len(members))
        groups.append(read_group(arguments.runs, runs, settings, points))
        predictions.append(predict(groups[-1], validation))
    page = explorer_page(arguments.template.read_text(encoding="utf-8"), groups, predictions)
    with replace_atomically(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.output}: {len(groups)} groups of runs, {len(page.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)
