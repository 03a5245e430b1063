"""The results on disk, as the measurements of claims read them: each file at most once."""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from common.files import read_json, read_parquet
from images.splits import Examples
from measuring.quantities import MeasurementError, NotApplicableError, NotDecidableError
from regression.evaluation import scores_of_images
from runs.grid import as_list, problem_of, problems, select_tasks
from runs.results import Curve, Results, Weights


class DiskResults:
    """Implements `measuring.quantities.Results` over a folder.

    Args:
        results: the runs.
        tasks: the settings of each task, its lambdas and what varies in a sweep.
        setups: by task, what it must be like for the claims to be about it: setting -> value,
            and the values of `l2_lambda`.
        varied: what became of the report's table under other choices; None if the config has none.
    """

    def __init__(
        self,
        results: Results,
        tasks: dict[str, dict],
        setups: dict[str, dict],
        varied: list[dict] | None = None,
    ):
        """Read the metrics; everything else when it is asked for."""
        self.results = results
        self._varied = varied
        self.root = results.root
        self.setups = setups
        self.tasks = tasks
        self._problems = problems(tasks)
        # A cache of this object alone, not of the class, so that two folders never mix.
        self._json = cache(self._read_json)
        self._table = cache(self._read_table)
        # (folder, seed, split) -> of each image, its loss and whether it is right.
        self._scores: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}

    def runs(self, selection: dict) -> list[dict]:
        """The metrics of the selected runs, in the order of the config.

        Raises:
            NotApplicableError: there are none, or none of a lambda that the selection takes in, or
                several of a seed, which are in different orders.
            NotDecidableError: one of them diverged.
        """
        wanted = self._as_trained(selection)
        rows = self.results.select(wanted)
        lambdas = as_list("l2_lambda", wanted["l2_lambda"])
        missing = [value for value in lambdas if value not in {row["spelling"] for row in rows}]
        if missing:
            lacks = {k: v for k, v in selection.items() if k != "task"} | {"l2_lambda": missing}
            named = ", ".join(f"{key}={_text(value)}" for key, value in lacks.items())
            raise NotApplicableError(f"the config's {selection['task']} has no runs with {named}")
        orders = sorted({row["shuffle"] for row in rows})
        if len(orders) > 1:
            raise NotApplicableError(
                f"the config's {selection['task']} has runs with shuffle {', '.join(orders)}, and "
                "the reading does not say which are meant"
            )
        diverged = [row for row in rows if row["ended"] == "diverged"]
        if diverged:
            first = diverged[0]
            raise NotDecidableError(
                f"{len(diverged)} of {len(rows)} trainings diverged, the first of them task "
                f"{first['task']}, lambda {first['spelling']}, seed {first['seed']} at step "
                f"{first['steps']}",
                "runs that do not diverge; a smaller learning_rate usually cures it.",
            )
        return rows

    def curve(self, row: dict, split: str, metric: str) -> Curve:
        """One curve of a run."""
        return self.results.curve(row, split, metric)

    def weights(self, row: dict) -> Weights:
        """The weights of a run."""
        return self.results.weights(row)

    def examples(self, row: dict, split: str) -> Examples:
        """What the run's task trains on or is held to."""
        return self.results.examples(row, split)

    def scores(self, rows: list[dict], split: str) -> tuple[np.ndarray, np.ndarray]:
        """Loss in nats, float64 (runs, n), and whether it is right, bool (runs, n), of each image.

        The runs are of one task; those that were not asked for before are computed together.
        """
        keys = [(row["folder"], row["seed"], split) for row in rows]
        new = {key: row for key, row in zip(keys, rows, strict=True) if key not in self._scores}
        if new:
            weights = np.array([self._matrix(row) for row in new.values()])
            examples = self.examples(rows[0], split)
            found = scores_of_images(rows[0]["model"], weights, examples)
            self._scores |= dict(zip(new, zip(*found, strict=True), strict=True))
        losses, right = zip(*(self._scores[key] for key in keys), strict=True)
        return np.array(losses), np.array(right)

    def _matrix(self, row: dict) -> np.ndarray:
        """The weights of a run or of an optimum, float64 (p + 1, outputs)."""
        if not row["folder"].startswith("optimum/"):
            return self.weights(row).matrix
        found = self._optimum_weights(
            row["folder"].removeprefix("optimum/"), "weights", row["l2_lambda"]
        )
        if found is None:
            raise MeasurementError("there are no weights of an optimum that does not exist")
        return found

    def variations(self) -> list[dict]:
        """What became of the report's table under other choices of the protocol, a row each.

        Raises:
            NotApplicableError: the config has no such table.
        """
        if self._varied is None:
            raise NotApplicableError("the config has no table of logistic regression to vary")
        return self._varied

    def optimum(self, task: str, l2_lambda: str) -> dict:
        """The optimum of a task's objective."""
        name, file = self._problem(task, l2_lambda), self.optimum_file(task, l2_lambda)
        settings = {key: self.tasks[name][key] for key in ("dataset", "classes", "train_size")}
        (found,) = self._with_lambda(file, l2_lambda)
        return found | settings | {"folder": f"optimum/{name}", "seed": float(l2_lambda)}

    def optimum_file(self, task: str, l2_lambda: str) -> str:
        """The file of that optimum, to point at; tasks with one problem share it."""
        return f"results/optimum/{self._problem(task, l2_lambda)}/optima.json"

    def separating_weights(self, task: str, l2_lambda: str) -> np.ndarray | None:
        """The stored whole numbers that are to separate the training images."""
        return self._optimum_weights(self._problem(task, l2_lambda), "separation", float(l2_lambda))

    def _optimum_weights(self, name: str, kind: str, l2_lambda: float) -> np.ndarray | None:
        table = self._table(f"results/optimum/{name}/{kind}.parquet")
        rows = table["l2_lambda"].to_numpy() == l2_lambda
        if not rows.any():
            return None
        features = int(table["feature"].to_numpy().max()) + 1
        return table["weight"].to_numpy()[rows].reshape(features, -1)

    def equation(self, number: int) -> dict:
        """What became of an equation of the report."""
        for equation in self._json("results/equations.json")["equations"]:
            if equation["number"] == number:
                return equation
        raise MeasurementError(f"equations.json has no equation ({number})")

    def gradient_checks(self, task: str, l2_lambda: str) -> list[dict]:
        """Shipped gradients of a task's model held against finite differences."""
        return self._with_lambda(self.gradients_file(task, l2_lambda), l2_lambda)

    def gradients_file(self, task: str, l2_lambda: str) -> str:
        """The file of these checks, to point at."""
        return f"results/gradients/{self._problem(task, l2_lambda)}.json"

    def where(self, selection: dict, what: str) -> str:
        """A pointer to the rows of a selection: a metrics column, `history`, or a file of runs."""
        if what.endswith(".parquet"):
            rows = self.results.select(self._as_trained(selection))
            rest = f" and {len(rows) - 1} more seeds or lambdas" if len(rows) > 1 else ""
            return f"results/runs/{rows[0]['folder']}/{what}{rest}"
        named = selection | {"task": self._task(selection["task"], selection)}
        filters = ", ".join(f"{key}={_text(value)}" for key, value in named.items())
        if what == "history":
            return f"results/history.parquet: {filters}"
        return f"results/metrics.parquet: {filters}; {what}"

    def _task(self, name: str, selection: dict | None = None) -> str:
        """The task as it is trained: of a sweep, the combination that the claims are about.

        That is the one that `setups` and the selection name.

        Raises:
            NotApplicableError: the config has none, or several.
        """
        combinations = select_tasks(self.tasks, {"task": name})
        found = select_tasks(self.tasks, (selection or {}) | self.setups[name] | {"task": name})
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
            if key not in ("l2_lambda", "optimum_l2_lambda")
            and all(self.tasks[task][key] != value for task in combinations)
        ]
        wanted = ", ".join(differences) or "this combination of settings"
        raise NotApplicableError(f"the claim is about {wanted}, which the config's {name} has not")

    def _problem(self, task: str, l2_lambda: str) -> str:
        """The task under whose name the results on a problem are.

        Raises:
            NotApplicableError: the config does not solve it with this lambda.
        """
        name, l2_lambdas = self._problems[problem_of(self.tasks[self._task(task)])]
        if float(l2_lambda) not in map(float, l2_lambdas):
            raise NotApplicableError(f"the config's {task} has no runs with l2_lambda={l2_lambda}")
        return name

    def _with_lambda(self, file: str, l2_lambda: str) -> list[dict]:
        """The entries of a file that are of one lambda."""
        return [e for e in self._json(file) if e["l2_lambda"] == float(l2_lambda)]

    def _as_trained(self, selection: dict) -> dict:
        """The selection with all lambdas that it takes in, of the task as it is trained."""
        name = selection["task"]
        lambdas = {"l2_lambda": self.setups[name]["l2_lambda"]}
        return lambdas | selection | {"task": self._task(name, selection)}

    def _read_json(self, name: str) -> object:
        return read_json(self._path(name))

    def _read_table(self, name: str) -> pa.Table:
        return read_parquet(self._path(name))

    def _path(self, name: str) -> Path:
        path = self.root / Path(name).relative_to("results")
        if not path.is_file():
            raise MeasurementError(f"{path} is missing")
        return path


def _text(value: object) -> str:
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
