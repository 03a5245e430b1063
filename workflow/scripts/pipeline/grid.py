"""The grid of training runs that a config asks for, and the folder of each."""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple


class Run(NamedTuple):
    """One training run. `l2_lambda` is the config's own spelling, so that paths never change."""

    task: str
    l2_lambda: str
    shuffle: bool
    seed: int

    @property
    def folder(self) -> str:
        """Folder of the run below `results/runs/`."""
        shuffle = str(self.shuffle).lower()
        return f"{self.task}/lambda-{self.l2_lambda}/shuffle-{shuffle}/seed-{self.seed}"

    @property
    def keys(self) -> dict:
        """The columns that name the run in the tables over all runs."""
        return self._asdict() | {"l2_lambda": float(self.l2_lambda)}


def runs_of_task(name: str, task: dict) -> list[Run]:
    """All runs of one task. Without shuffle a seed changes nothing, so only the first one runs."""
    return [
        Run(name, l2_lambda, shuffle, seed)
        for l2_lambda, shuffle in product(task["l2_lambda"], task["shuffle"])
        for seed in (task["seeds"] if shuffle else task["seeds"][:1])
    ]


def runs_of_tasks(tasks: dict[str, dict]) -> list[Run]:
    """All runs of all tasks, in the order of the config."""
    return [run for name, task in tasks.items() for run in runs_of_task(name, task)]


def select_runs(tasks: dict[str, dict], selection: dict) -> list[Run]:
    """The runs of one task that a figure or table asks for.

    Args:
        tasks: the tasks of the config.
        selection: `task`, and any of `l2_lambda`, `shuffle` and `seed`, each a value or a list of
            values; what is not named is not restricted.
    """
    task = selection["task"]
    return [run for run in runs_of_task(task, tasks[task]) if _matches(run, selection)]


def grid_of(tasks: dict[str, dict]) -> dict[str, dict]:
    """The part of the tasks that spans the grid; the rest does not matter to who lists runs.

    Seeds become pairs of first and last of what is consecutive: the grid is put on command lines,
    and Linux allows an argument of 128 KiB, which a few ten thousand seeds would fill.
    """
    return {
        name: {
            "l2_lambda": task["l2_lambda"],
            "shuffle": task["shuffle"],
            "seed_ranges": _ranges(task["seeds"]),
        }
        for name, task in tasks.items()
    }


def tasks_of(grid: dict[str, dict]) -> dict[str, dict]:
    """Undo `grid_of`: tasks as in the config, with what spans the grid."""
    return {
        name: {
            "l2_lambda": task["l2_lambda"],
            "shuffle": task["shuffle"],
            "seeds": [seed for a, b in task["seed_ranges"] for seed in range(a, b + 1)],
        }
        for name, task in grid.items()
    }


def _ranges(seeds: list[int]) -> list[list[int]]:
    """Consecutive seeds as [first, last]; the order stays."""
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and ranges[-1][1] + 1 == seed:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ranges


def _matches(run: Run, selection: dict) -> bool:
    return all(getattr(run, key) in _as_list(value) for key, value in selection.items())


def _as_list(value: object) -> Iterable:
    return value if isinstance(value, list) else [value]
