"""The grid of trainings that a config asks for, the job of each, and its folder.

A task spans a grid of *combinations* of l2_lambda and shuffle; with a seed, one of these is a
*run*. One job trains a combination with all its seeds, or, where they are many, a *block* of them.

A task whose settings are lists is a *sweep*: it stands for one task for each combination of values,
named after what varies, `softmax/learning_rate-0.1`. To add a value to a list therefore leaves the
runs of the others as they are. To add a seed does so, too: blocks that are made already stay.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from runs.schemas import LISTS, SETTINGS


class Block(NamedTuple):
    """What one job trains.

    Attributes:
        task: after `expand_sweeps`.
        l2_lambda: in the config's own spelling, so that paths never change.
        shuffle: "false", "once" or "true".
        seeds: one run each, in the order of the config.
    """

    task: str
    l2_lambda: str
    shuffle: str
    seeds: tuple[int, ...]

    @property
    def folder(self) -> str:
        """Folder of the block below `results/runs/`."""
        return f"{self.combination}/seeds-{self.seeds[0]}-{self.seeds[-1]}"

    @property
    def wildcards(self) -> dict[str, str]:
        """What stands for what in the paths of its files."""
        first, last = str(self.seeds[0]), str(self.seeds[-1])
        return {**dict(zip(self._fields[:3], self[:3], strict=True)), "first": first, "last": last}

    @property
    def combination(self) -> str:
        """Folder of all blocks of its combination."""
        return f"{self.task}/lambda-{self.l2_lambda}/shuffle-{self.shuffle}"


def blocks_of(tasks: dict[str, dict], seeds_per_job: int, made: Iterable[str] = ()) -> list[Block]:
    """All blocks of all tasks, in the order of the config.

    In the file's order a seed changes nothing, so only the first one is run.

    Args:
        tasks: after `expand_sweeps`.
        seeds_per_job: most seeds of a new block.
        made: folders of blocks that exist. As long as their seeds are wanted they stay what they
            are, so that another seed trains itself alone, and what does not show it stays, too.
    """
    borders: dict[str, list[tuple[int, int]]] = {}
    for folder in made:
        if found := re.fullmatch(r"(.+)/seeds-(\d+)-(\d+)", folder):
            combination, first, last = found.groups()
            borders.setdefault(combination, []).append((int(first), int(last)))
    combinations = [
        Block(name, l2_lambda, shuffle, tuple(task["seeds"][: None if shuffle != "false" else 1]))
        for name, task in tasks.items()
        for l2_lambda, shuffle in product(task["l2_lambda"], task["shuffle"])
    ]
    return [
        whole._replace(seeds=seeds)
        for whole in combinations
        for seeds in _cut(whole.seeds, seeds_per_job, borders.get(whole.combination, []))
    ]


def _cut(
    seeds: tuple[int, ...], size: int, made: list[tuple[int, int]]
) -> Iterator[tuple[int, ...]]:
    """Cut seeds into blocks that exist, by their first and last seed, and new ones between them.

    New blocks end at multiples of the size, so that a job of a run finds the same blocks when some
    of them exist in the meantime.
    """
    place = {seed: index for index, seed in enumerate(seeds)}
    ends: dict[int, int] = {}
    for first, last in made:
        if first in place and place[first] <= place.get(last, -1):
            ends[place[first]] = max(place[last] + 1, ends.get(place[first], 0))
    start = 0
    while start < len(seeds):
        next_made = min((at for at in ends if at > start), default=len(seeds))
        end = ends.get(start) or min(start // size * size + size, next_made)
        yield seeds[start:end]
        start = end


def select_blocks(blocks: list[Block], tasks: dict[str, dict], selection: dict) -> list[Block]:
    """The blocks that hold the runs of a selection.

    Args:
        blocks: to choose from.
        tasks: after `expand_sweeps`.
        selection: `task`, and any of l2_lambda, shuffle, seed and the settings of a task, each a
            value or a list of values; what is not named is not restricted.
    """
    wanted = {key: set(as_list(key, selection[key])) for key in _OF_A_RUN & selection.keys()}
    names = set(select_tasks(tasks, selection))
    return [
        block
        for block in blocks
        if block.task in names
        and block.l2_lambda in wanted.get("l2_lambda", {block.l2_lambda})
        and block.shuffle in wanted.get("shuffle", {block.shuffle})
        and not wanted.get("seed", set(block.seeds)).isdisjoint(block.seeds)
    ]


#: What can be said of a selection beside the settings of its task.
_OF_A_RUN = {"l2_lambda", "optimum_l2_lambda", "shuffle", "seed"}


def select_tasks(tasks: dict[str, dict], selection: dict) -> list[str]:
    """The tasks of a selection: of a sweep all combinations, or those that it names."""
    settings = selection.keys() - _OF_A_RUN - {"task"}
    return [
        name
        for name, task in tasks.items()
        if selection["task"] in (name, base_name(name))
        and all(task[key] in as_list(key, selection[key]) for key in settings & task.keys())
    ]


def problems(tasks: dict[str, dict]) -> dict[tuple, tuple[str, list[str]]]:
    """The different problems that are solved, each with the first task that has it and its lambdas.

    Tasks that differ only in how they are trained have the same optima. They are named after a task
    without a sweep, if there is one, so that they keep their name when a sweep comes or goes.
    """
    found: dict[tuple, tuple[str, list[str]]] = {}
    for name, task in sorted(tasks.items(), key=lambda item: bool(item[1]["varies"])):
        _, l2_lambdas = found.setdefault(problem_of(task), (name, []))
        for spelling in (*task["l2_lambda"], *task["optimum_l2_lambda"]):
            if float(spelling) not in map(float, l2_lambdas):
                l2_lambdas.append(spelling)
    return found


def problem_of(task: dict) -> tuple:
    """What the objective of a task depends on beside lambda."""
    return (*(task[name] for name in ("dataset", "model", "train_size")), tuple(task["classes"]))


def expand_sweeps(tasks: dict[str, dict]) -> dict[str, dict]:
    """The tasks that are trained: each combination of a sweep is one, with single values.

    Args:
        tasks: by name, as in the config.

    Returns:
        The tasks in the order of the config; `varies` in each is what tells it from the other
        combinations, setting -> value.
    """
    expanded = {}
    for name, task in tasks.items():
        swept = {key: task[key] for key in SETTINGS if key in task and _is_swept(key, task[key])}
        for values in product(*swept.values()):
            chosen = dict(zip(swept, values, strict=True))
            parts = [f"{key}-{spelling(value)}" for key, value in chosen.items()]
            expanded["/".join([name, *parts])] = task | chosen | {"varies": chosen}
    return expanded


def other_settings(run: Mapping, task: Mapping) -> Iterator[tuple[str, object, object]]:
    """What a run was told otherwise than its task says: the setting, what it has, what it should.

    Args:
        run: its settings, as in the metrics.
        task: its settings, after `expand_sweeps`.
    """
    for name in SETTINGS:
        # Without a train_size in the config, the metrics have the size of the whole split.
        whole = name == "train_size" and task.get(name) is None
        if name in task and run[name] != task[name] and not whole:
            yield name, run[name], task[name]


def base_name(task: str) -> str:
    """The name that a task of a sweep has in the config."""
    return task.partition("/")[0]


def spelling(value: object) -> str:
    """A value as a part of a path."""
    if isinstance(value, list):
        return "-".join(map(str, value)) or "none"
    return "null" if value is None else str(value)


def as_list(key: str, value: object) -> list:
    """The values that a selection names: one alone, or several in a list."""
    several = _is_swept(key, value) if key in SETTINGS else isinstance(value, list)
    return value if several else [value]


def _is_swept(key: str, value: object) -> bool:
    if not isinstance(value, list):
        return False
    return key not in LISTS or (bool(value) and isinstance(value[0], list))
