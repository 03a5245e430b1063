"""Put all runs into one page to look around in."""

import argparse
import json
from collections.abc import Sequence
from itertools import groupby, product
from pathlib import Path

import numpy as np

from pipeline import cli
from pipeline.grid import Run, runs_of_task
from regression.exploration import Group, SeedRun, Series, predict
from regression.exploration_page import explorer_page
from regression.files import read_json, replace_atomically
from regression.results import HISTORY_SCHEMA, WEIGHTS_SCHEMA, read_table, weights_matrix
from regression.splits import read_split


def read_seed(runs: Path, run: Run) -> SeedRun:
    """Read what the explorer shows of one run."""
    folder = runs / run.folder
    history = read_table(folder / "history.parquet", HISTORY_SCHEMA)
    steps, values = (history.column(name).to_numpy() for name in ("step", "value"))
    split, metric = (np.array(history.column(name).to_pylist()) for name in ("split", "metric"))
    curves = {}
    for key in product(("train", "validation"), ("loss", "accuracy")):
        rows = (split == key[0]) & (metric == key[1])
        curves[key] = Series(steps[rows], values[rows])
    return SeedRun(
        (runs / run.folder).as_posix(), run.seed, read_json(folder / "summary.json"), curves
    )


def read_group(runs: Path, seeds: Sequence[Run], task: dict) -> Group:
    """Read the runs that differ in their seed only, and the weights of the first one."""
    first = seeds[0]
    weights, labels, image_shape = weights_matrix(
        read_table(runs / first.folder / "weights.parquet", WEIGHTS_SCHEMA)
    )
    return Group(
        first.task,
        first.l2_lambda,
        "shuffled" if first.shuffle else "not shuffled",
        task["model"],
        task["classes"],
        [read_seed(runs, run) for run in seeds],
        weights,
        labels,
        image_shape,
    )


def main() -> None:
    """Read the command line, read all runs, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=json.loads, required=True, help="JSON: grid and model")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--data", type=Path, required=True, help="folder of all data sets")
    parser.add_argument("--template", type=Path, required=True, help="HTML with placeholders")
    parser.add_argument("--output", type=Path, required=True, help="the page")
    arguments = parser.parse_args()
    groups, predictions = [], []
    for name, task in arguments.tasks.items():
        validation = read_split(arguments.data / task["dataset"] / "validation.parquet")
        for _, seeds in groupby(runs_of_task(name, task), lambda run: run._replace(seed=0)):
            groups.append(read_group(arguments.runs, list(seeds), task))
            predictions.append(predict(groups[-1], validation))
    page = explorer_page(arguments.template.read_text(encoding="utf-8"), groups, predictions)
    with replace_atomically(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.output}: {len(groups)} groups of runs, {len(page.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)
