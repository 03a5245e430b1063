"""Draw one figure of the report from the runs that it shows."""

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

from common import cli
from common.files import read_json
from plots.figures import Curve, RunData, draw, save
from runs.grid import Run, select_runs, tasks_of
from runs.results import HISTORY_SCHEMA, WEIGHTS_SCHEMA, numbers, read_table, weights_matrix


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
        curves,
        weights,
        weight_labels,
        image_shape,
        summary,
    )


def labels(runs: list[Run], tasks: dict[str, dict], on_axis: str | None = None) -> list[str]:
    """Name what varies among the runs, apart from the seed, which a band shows, and from an axis.

    Args:
        runs: of one figure.
        tasks: after `expand_sweeps`.
        on_axis: the setting that the figure's horizontal axis shows.
    """
    settings = [_settings(run, tasks[run.task]["varies"]) for run in runs]
    varying = [
        key
        for key in settings[0]
        if key != on_axis and len({of_run[key] for of_run in settings}) > 1
    ]
    return [", ".join(of_run[key] for key in varying) for of_run in settings]


def _settings(run: Run, varies: dict) -> dict[str, str]:
    """What tells a run from others of its task, in words."""
    swept = {key: f"{key.replace('_', ' ')} {_words(varies[key])}" for key in varies}
    shuffle = "with shuffle" if run.shuffle else "without shuffle"
    return swept | {"l2_lambda": f"λ = {run.l2_lambda}", "shuffle": shuffle}


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "without limit" if value is None else str(value)


def main() -> None:
    """Read the command line, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=json.loads, required=True, help="JSON: the config's entry")
    parser.add_argument("--grid", type=json.loads, required=True, help="JSON: the tasks' grid")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="one per format")
    arguments = parser.parse_args()
    tasks = tasks_of(arguments.grid)
    runs = select_runs(tasks, arguments.figure["runs"])
    kind = arguments.figure["kind"]
    names = labels(runs, tasks, "l2_lambda" if kind == "norm" else arguments.figure.get("x"))
    data = [
        read_run(arguments.runs / run.folder, run, label)
        for run, label in zip(runs, names, strict=True)
    ]
    figure = draw(kind, data, arguments.figure)
    for path in arguments.output:
        save(figure, path)


if __name__ == "__main__":
    cli.run(main)
