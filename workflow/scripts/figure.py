"""Draw one figure of the report from the runs that it shows."""

import argparse
import json
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np

from pipeline import cli
from pipeline.grid import Run, select_runs, tasks_of
from regression.figures import Curve, RunData, draw, save
from regression.files import read_json
from regression.results import HISTORY_SCHEMA, WEIGHTS_SCHEMA, numbers, read_table, weights_matrix


def read_run(folder: Path, run: Run, label: str) -> RunData:
    """Read all that the plots may need of one run."""
    summary = read_json(folder / "summary.json")
    history = read_table(folder / "history.parquet", HISTORY_SCHEMA)
    weights, weight_labels, image_shape = weights_matrix(
        read_table(folder / "weights.parquet", WEIGHTS_SCHEMA)
    )
    steps, values = (numbers(history, name) for name in ("step", "value"))
    split, metric = (np.array(history.column(name).to_pylist()) for name in ("split", "metric"))
    curves = {}
    for key in product(("train", "validation"), ("loss", "accuracy")):
        rows = (split == key[0]) & (metric == key[1])
        curves[key] = Curve(steps[rows], values[rows])
    return RunData(
        label,
        run.seed,
        float(run.l2_lambda),
        curves,
        weights,
        weight_labels,
        image_shape,
        summary["weight_norm"],
    )


def labels(runs: Iterable[Run]) -> list[str]:
    """Name what varies among the runs, apart from the seed, which a band shows."""
    runs = list(runs)
    lambdas = len({run.l2_lambda for run in runs}) > 1
    shuffles = len({run.shuffle for run in runs}) > 1
    return [
        ", ".join(
            [f"λ = {run.l2_lambda}"] * lambdas
            + ["with shuffle" if run.shuffle else "without shuffle"] * shuffles
        )
        for run in runs
    ]


def main() -> None:
    """Read the command line, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=json.loads, required=True, help="JSON: the config's entry")
    parser.add_argument("--grid", type=json.loads, required=True, help="JSON: the tasks' grid")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="one per format")
    arguments = parser.parse_args()
    runs = select_runs(tasks_of(arguments.grid), arguments.figure["runs"])
    data = [
        read_run(arguments.runs / run.folder, run, label)
        for run, label in zip(runs, labels(runs), strict=True)
    ]
    figure = draw(arguments.figure["kind"], data, arguments.figure)
    for path in arguments.output:
        save(figure, path)


if __name__ == "__main__":
    cli.run(main)
