"""The grid of training runs that a config asks for, and the folder of each."""

from itertools import product
from typing import NamedTuple

from runs.sweeps import as_list, base_name, expand_sweeps, varying

#: What a task says of its runs beside the grid that they span; also columns of the metrics.
SETTINGS = (
    *("dataset", "model", "classes", "train_size"),
    *("learning_rate", "batch_size", "max_epochs", "patience"),
)

#: What a selection can say of a run beside the settings of its task.
_OF_A_RUN = {"l2_lambda", "shuffle", "seed"}


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
    """The runs that a figure, a table or a claim asks for.

    Args:
        tasks: after `expand_sweeps`; their settings, or at least those that span the grid.
        selection: `task`, and any of `l2_lambda`, `shuffle`, `seed` and the settings of a task,
            each a value or a list of values; what is not named is not restricted.
    """
    wanted = {key: as_list(key, selection[key]) for key in _OF_A_RUN & selection.keys()}
    return [
        run
        for name in select_tasks(tasks, selection)
        for run in runs_of_task(name, tasks[name])
        if all(getattr(run, key) in values for key, values in wanted.items())
    ]


def select_tasks(tasks: dict[str, dict], selection: dict) -> list[str]:
    """The tasks of a selection: of a sweep all combinations, or those that it names."""
    settings = selection.keys() - _OF_A_RUN - {"task"}
    return [
        name
        for name, task in tasks.items()
        if selection["task"] in (name, base_name(name))
        and all(task[key] in as_list(key, selection[key]) for key in settings & task.keys())
    ]


def objectives(tasks: dict[str, dict]) -> dict[tuple, tuple[str, str]]:
    """The different objectives that are minimised, each with the first task and lambda that has it.

    Tasks that differ only in how they are trained have the same optimum. It is named after a task
    without a sweep, if there is one, so that it keeps its name when a sweep comes or goes.
    """
    found: dict[tuple, tuple[str, str]] = {}
    for name, task in sorted(tasks.items(), key=lambda item: bool(item[1]["varies"])):
        for l2_lambda in task["l2_lambda"]:
            found.setdefault(objective_of(task, l2_lambda), (name, l2_lambda))
    return found


def objective_of(task: dict, l2_lambda: str) -> tuple:
    """What the optimum of a task depends on."""
    settings = (task[name] for name in ("dataset", "model", "train_size"))
    return (*settings, tuple(task["classes"]), float(l2_lambda))


def grid_of(tasks: dict[str, dict]) -> dict[str, dict]:
    """The part of the config's tasks that spans the grid; who lists runs needs no more.

    Seeds become pairs of first and last of what is consecutive: the grid is put on command lines,
    and Linux allows an argument of 128 KiB, which a few ten thousand seeds would fill.
    """
    return {
        name: {
            "l2_lambda": task["l2_lambda"],
            "shuffle": task["shuffle"],
            "seed_ranges": _ranges(task["seeds"]),
        }
        | varying(task)
        for name, task in tasks.items()
    }


def tasks_of(grid: dict[str, dict]) -> dict[str, dict]:
    """Undo `grid_of`, and expand the sweeps."""
    return expand_sweeps(
        {
            name: {key: value for key, value in task.items() if key != "seed_ranges"}
            | {"seeds": [n for a, b in task["seed_ranges"] for n in range(a, b + 1)]}
            for name, task in grid.items()
        }
    )


def _ranges(seeds: list[int]) -> list[list[int]]:
    """Consecutive seeds as [first, last]; the order stays."""
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and ranges[-1][1] + 1 == seed:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ranges
