"""The results on disk, as the measurements of claims read them: each file at most once."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from images.splits import Examples, Split, first_examples, read_split, select_classes
from judging.measurements import MeasurementError, NotApplicableError
from runs.grid import (
    Run,
    objective_of,
    objectives,
    runs_of_task,
    select_runs,
    select_tasks,
)
from runs.results import METRICS_SCHEMA, WEIGHTS_SCHEMA, read_table, weights_matrix
from runs.sweeps import as_list

RUN_KEYS = ("task", "l2_lambda", "shuffle", "seed")


class DiskResults:
    """Implements `judging.measurements.Results` over a folder.

    Args:
        root: the folder `results/`.
        tasks: after `expand_sweeps`, with all settings.
        setups: by task, what it must be like for the claims to be about it: setting -> value,
            and the values of `l2_lambda`.
    """

    def __init__(self, root: Path, tasks: dict[str, dict], setups: dict[str, dict]):
        """Read the metrics; everything else when it is asked for."""
        self.root = root
        self.tasks = tasks
        self.setups = setups
        self._objectives = objectives(tasks)
        rows = read_table(root / "metrics.parquet", METRICS_SCHEMA).to_pylist()
        self._metrics = {tuple(row[key] for key in RUN_KEYS): row for row in rows}
        # Caches of this object alone, not of the class, so that two folders never mix.
        self._curves = cache(self._read_curves)
        self._weights = cache(self._read_weights)
        self._split = cache(self._read_split)
        self._json = cache(self._read_json)

    def runs(self, selection: dict) -> list[dict]:
        """The metrics of the selected runs, in the order of the config.

        Raises:
            NotApplicableError: there are none, or none of a lambda that the selection takes in.
        """
        wanted = self._as_trained(selection)
        runs = select_runs(self.tasks, wanted)
        lambdas = as_list("l2_lambda", wanted["l2_lambda"])
        missing = [value for value in lambdas if value not in {run.l2_lambda for run in runs}]
        if missing:
            lacks = {k: v for k, v in selection.items() if k != "task"} | {"l2_lambda": missing}
            named = ", ".join(f"{key}={_text(value)}" for key, value in lacks.items())
            raise NotApplicableError(f"the config's {selection['task']} has no runs with {named}")
        return [self._row(run) for run in runs]

    def curve(self, row: dict, split: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps int64 (n,) and values float64 (n,) of one curve of a run."""
        found = self._curves(_key(row)).get((split, metric))
        if found is None:
            raise MeasurementError(f"{_key(row)} has no {split} {metric}")
        return found

    def weights(self, row: dict) -> tuple[np.ndarray, list[int], tuple[int, int]]:
        """Weights float64 (p + 1, outputs) of a run, the labels of the outputs, (rows, columns)."""
        return self._weights(_key(row))

    def examples(self, row: dict, split: str) -> Examples:
        """What the run's task trains on or is held to."""
        task = self.tasks[row["task"]]
        examples = select_classes(self._split(task["dataset"], split), task["classes"])
        return first_examples(examples, task["train_size"]) if split == "train" else examples

    def optimum(self, task: str, l2_lambda: str) -> dict:
        """The optimum of a task's objective."""
        return self._json(self.optimum_file(task, l2_lambda))

    def optimum_file(self, task: str, l2_lambda: str) -> str:
        """The file of that optimum, to point at; tasks with one objective share it."""
        first, spelling = self._objective(task, l2_lambda)
        return f"results/optimum/{first}/lambda-{spelling}.json"

    def derivation(self, equation: str) -> dict:
        """The proof of an equation."""
        for proof in self._json("results/derivations.json")["equations"]:
            if proof["equation"] == equation:
                return proof
        raise MeasurementError(f"derivations.json has no equation {equation!r}")

    def gradient_checks(self, task: str, l2_lambda: str) -> list[dict]:
        """Shipped gradients of a task's model held against finite differences."""
        checks = self._json(self.gradients_file(task, l2_lambda))
        return [check for check in checks if check["l2_lambda"] == float(l2_lambda)]

    def gradients_file(self, task: str, l2_lambda: str) -> str:
        """The file of these checks, to point at."""
        first, _ = self._objective(task, l2_lambda)
        return f"results/gradients/{first}.json"

    def where(self, selection: dict, what: str) -> str:
        """A pointer to the rows of a selection: a metrics column, `history`, or a file of runs."""
        if what.endswith(".parquet"):
            folders = [run.folder for run in select_runs(self.tasks, self._as_trained(selection))]
            rest = f" and {len(folders) - 1} more seeds or lambdas" if len(folders) > 1 else ""
            return f"results/runs/{folders[0]}/{what}{rest}"
        named = selection | {"task": self._task(selection["task"])}
        filters = ", ".join(f"{key}={_text(value)}" for key, value in named.items())
        if what == "history":
            return f"results/history.parquet: {filters}"
        return f"results/metrics.parquet: {filters}; {what}"

    def _task(self, name: str) -> str:
        """The task as it is trained: of a sweep, the combination that the claims are about.

        Raises:
            NotApplicableError: the config has none, or several.
        """
        combinations = select_tasks(self.tasks, {"task": name})
        found = select_tasks(self.tasks, {"task": name} | self.setups[name])
        if len(found) == 1:
            return found[0]
        if found:
            swept = ", ".join(self.tasks[found[0]]["varies"])
            raise NotApplicableError(
                f"the config sweeps {name} over {swept}, and `setups` in the claims file does not "
                "say which combination is meant"
            )
        if not combinations:
            raise NotApplicableError(f"the config has no task {name}")
        differences = [
            f"{key} {_text(value)}"
            for key, value in self.setups[name].items()
            if key != "l2_lambda" and all(self.tasks[task][key] != value for task in combinations)
        ]
        wanted = ", ".join(differences) or "this combination of settings"
        raise NotApplicableError(f"the claim is about {wanted}, which the config's {name} has not")

    def _objective(self, task: str, l2_lambda: str) -> tuple[str, str]:
        """The task and lambda under whose name the results on an objective are.

        Raises:
            NotApplicableError: the config has no such objective.
        """
        objective = objective_of(self.tasks[self._task(task)], l2_lambda)
        if objective not in self._objectives:
            raise NotApplicableError(f"the config's {task} has no runs with l2_lambda={l2_lambda}")
        return self._objectives[objective]

    def _as_trained(self, selection: dict) -> dict:
        """The selection with all lambdas that it takes in, of the task as it is trained."""
        name = selection["task"]
        lambdas = {"l2_lambda": self.setups[name]["l2_lambda"]}
        return lambdas | selection | {"task": self._task(name)}

    def _row(self, run: Run) -> dict:
        try:
            return self._metrics[tuple(run.keys[key] for key in RUN_KEYS)]
        except KeyError:
            raise MeasurementError(f"metrics.parquet has no run {run.folder}") from None

    def _read_curves(self, key: tuple) -> dict:
        filters = [(name, "=", value) for name, value in zip(RUN_KEYS, key, strict=True)]
        table = pq.read_table(
            self.root / "history.parquet",
            columns=["step", "split", "metric", "value"],
            filters=filters,
        )
        steps, values = (table.column(name).to_numpy() for name in ("step", "value"))
        split, metric = (
            table.column(name).to_numpy(zero_copy_only=False) for name in ("split", "metric")
        )
        names = {(s, m) for s in ("train", "validation") for m in ("loss", "accuracy")}
        selected = {name: (split == name[0]) & (metric == name[1]) for name in names}
        return {name: (steps[rows], values[rows]) for name, rows in selected.items() if rows.any()}

    def _read_weights(self, key: tuple) -> tuple[np.ndarray, list[int], tuple[int, int]]:
        # The folder has the config's spelling of lambda, the metrics have its value.
        (run,) = (
            run
            for run in runs_of_task(key[0], self.tasks[key[0]])
            if tuple(run.keys[name] for name in RUN_KEYS) == key
        )
        path = self.root / "runs" / run.folder / "weights.parquet"
        return weights_matrix(read_table(path, WEIGHTS_SCHEMA))

    def _read_split(self, dataset: str, split: str) -> Split:
        return read_split(self.root / "data" / dataset / f"{split}.parquet")

    def _read_json(self, name: str) -> object:
        path = self.root / Path(name).relative_to("results")
        if not path.is_file():
            raise MeasurementError(f"{path} is missing")
        return json.loads(path.read_text(encoding="utf-8"))


def _key(row: dict) -> tuple:
    return tuple(row[name] for name in RUN_KEYS)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
