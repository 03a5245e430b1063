"""Sweeps: a task whose settings are lists stands for one task for each combination of values.

Each of these is named after what varies, `softmax/learning_rate-0.1`, and its runs are in the
folder of that name. To add a value to a list therefore leaves the runs of the others as they are.
"""

from itertools import product

#: The settings that may be a list of values, in the order in which they stand in names.
SWEEPABLE = ("dataset", "classes", "train_size", "learning_rate", "batch_size", "patience")


def varying(task: dict) -> dict[str, list]:
    """The settings of a task that are swept over, with their values."""
    return {key: task[key] for key in SWEEPABLE if key in task and _is_swept(key, task[key])}


def expand_sweeps(tasks: dict[str, dict]) -> dict[str, dict]:
    """The tasks that are trained: each combination of a sweep is one, with single values.

    Args:
        tasks: by name, as in the config or with only some of the settings.

    Returns:
        The tasks in the order of the config; `varies` in each is what tells it from the other
        combinations, setting -> value.
    """
    expanded = {}
    for name, task in tasks.items():
        swept = varying(task)
        for values in product(*swept.values()):
            chosen = dict(zip(swept, values, strict=True))
            parts = [f"{key}-{spelling(value)}" for key, value in chosen.items()]
            expanded["/".join([name, *parts])] = task | chosen | {"varies": chosen}
    return expanded


def base_name(task: str) -> str:
    """The name that a task of a sweep has in the config."""
    return task.partition("/")[0]


def spelling(value: object) -> str:
    """A value as a part of a path."""
    if isinstance(value, list):
        return "-".join(map(str, value))
    return "null" if value is None else str(value)


def as_list(key: str, value: object) -> list:
    """The values that a selection names: one alone, or several in a list."""
    several = _is_swept(key, value) if key in SWEEPABLE else isinstance(value, list)
    return value if several else [value]


def _is_swept(key: str, value: object) -> bool:
    # One value of `classes` is a list already.
    return isinstance(value, list) and (key != "classes" or isinstance(value[0], list))
