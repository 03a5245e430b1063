"""Validation of the config: every error at once, each with its place and its cure."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from common.duplicates import duplicates_in
from common.errors import ReproductionError
from common.explain import listed, schema_errors, unknown
from common.plain import unusable_values
from runs.grid import as_list, base_name, blocks_of, expand_sweeps, select_blocks, select_tasks

#: Endings of tables of images, as images.labelled reads them.
FORMATS = (".csv", ".parquet", ".npz")

#: What only some kinds of figures have.
_OPTIONS_OF_KINDS = {
    "splits": ("loss", "accuracy"),
    "window": ("loss",),
    "x": ("metric",),
    "y": ("metric",),
}


class ConfigError(ReproductionError):
    """The config cannot be run; the message lists all its errors."""


def refuse_duplicates(paths: Iterable[str | Path]) -> None:
    """Look for keys that stand twice in one mapping of the files that a config consists of.

    Raises:
        ConfigError: with all of them, each with its lines.
    """
    errors = [
        f"{path}: {error}"
        for path in paths
        for error in duplicates_in(Path(path).read_text(encoding="utf-8"))
    ]
    if errors:
        raise ConfigError(listed("the config", errors))


def validate_config(config: dict, schema_path: Path) -> None:
    """Hold a config to its schema, then to what a schema cannot say.

    Raises:
        ConfigError: with all errors, each with its place, what was found, what is allowed, and the
            nearest valid name.
    """
    # The cross checks take the shape for granted, which the schema has to establish first.
    errors = (
        schema_errors(config, schema_path)
        or list(unusable_values(config))
        or list(_cross_check(config))
    )
    if errors:
        raise ConfigError(listed("the config", errors))


def name_shuffles(config: dict) -> None:
    """Put the words "false", "once" and "true" where the config says false, once or true."""
    of_runs = [figure["runs"] for figure in config["figures"].values()]
    of_runs += [table["run"] for table in config["tables"].values()]
    for part in [*config["tasks"].values(), *of_runs]:
        if "shuffle" in part:
            value = part["shuffle"]
            words = [str(word).lower() for word in (value if isinstance(value, list) else [value])]
            part["shuffle"] = words if isinstance(value, list) else words[0]


def _cross_check(config: dict) -> Iterator[str]:
    for name, dataset in config["data"].items():
        yield from _check_dataset(f"data.{name}", dataset)
    for name, task in config["tasks"].items():
        yield from _check_lambdas(f"tasks.{name}.l2_lambda", task["l2_lambda"])
    tasks = expand_sweeps(config["tasks"])
    for name, task in tasks.items():
        yield from _check_task(f"tasks.{name}", task, config["data"])
    for name, figure in config["figures"].items():
        place = f"figures.{name}"
        yield from check_selection(f"{place}.runs", figure["runs"], tasks)
        for option in _OPTIONS_OF_KINDS.keys() & figure.keys():
            kinds = _OPTIONS_OF_KINDS[option]
            if figure["kind"] not in kinds:
                only = " and ".join(kinds)
                yield f"{place}.{option}: only for kind {only}, and this is {figure['kind']}"
        for axis in ("x_limits", "y_limits"):
            if axis in figure and not figure[axis][0] < figure[axis][1]:
                yield f"{place}.{axis}: found {figure[axis]}; the lower end must come first"
        if figure["kind"] == "weights":
            yield from _check_one_run(f"{place}.runs", figure["runs"], tasks)
    for name, table in config["tables"].items():
        place = f"tables.{name}.run"
        yield from check_selection(place, table["run"], tasks)
        yield from _check_one_run(place, table["run"], tasks)


def _check_dataset(place: str, dataset: dict) -> Iterator[str]:
    tables = "train" in dataset["files"]
    for key in ("label", "image_shape"):
        if tables and key not in dataset:
            yield f"{place}: {key!r} is missing; a data set of tables needs it"
        if not tables and key in dataset:
            yield f"{place}.{key}: IDX files say this themselves; only tables need it"
    hashes: dict[str, str] = {}
    for role, file in dataset["files"].items():
        if hashes.setdefault(file["name"], file["sha256"]) != file["sha256"]:
            yield f"{place}.files.{role}: {file['name']!r} is named twice with different sha256"
        if tables and not file["name"].endswith(FORMATS):
            yield (
                f"{place}.files.{role}.name: found {file['name']!r}; a table must end in "
                f"{', '.join(FORMATS)}"
            )


def _check_lambdas(place: str, lambdas: list[str]) -> Iterator[str]:
    seen: dict[float, str] = {}
    for spelling in lambdas:
        if not math.isfinite(float(spelling)):
            yield f"{place}: found {spelling!r}; must be a finite number"
        first = seen.get(float(spelling))
        seen.setdefault(float(spelling), spelling)
        if first is not None:
            yield f"{place}: {first!r} and {spelling!r} are the same lambda twice"


def _check_task(place: str, task: dict, data: dict) -> Iterator[str]:
    if task["model"] == "logistic" and len(task["classes"]) != 2:
        yield f"{place}.classes: found {task['classes']}; logistic regression takes two classes"
    if task["dataset"] not in data:
        yield unknown(f"{place}.dataset", task["dataset"], data)
        return
    images = data[task["dataset"]]["splits"]["train"]["count"]
    size = task.get("train_size") or images
    if size > images:
        yield (
            f"{place}.train_size: found {size}, but the train split of {task['dataset']} has "
            f"{images} images"
        )
    if task["batch_size"] > size:
        of = "train_size is" if size < images else f"the train split of {task['dataset']} has"
        yield f"{place}.batch_size: found {task['batch_size']}, but {of} {size} images"


def check_selection(place: str, selection: dict, tasks: dict) -> Iterator[str]:
    """Errors of a selection of runs.

    Args:
        place: in the config, for the messages.
        selection: as for `select_runs`.
        tasks: after `expand_sweeps`.
    """
    of_name = select_tasks(tasks, {"task": selection["task"]})
    if not of_name:
        known = dict.fromkeys([*map(base_name, tasks), *tasks])
        yield unknown(f"{place}.task", selection["task"], known)
        return
    before = False
    for key in selection.keys() - {"task"}:
        known = _values_of(key, [tasks[name] for name in of_name])
        for value in as_list(key, selection[key]):
            if value not in known:
                before = True
                yield unknown(f"{place}.{key}", value, known)
    if not before and not select_blocks(blocks_of(tasks, 1), tasks, selection):
        yield f"{place}: no run of the task matches {selection}"


def _values_of(key: str, tasks: list[dict]) -> list:
    """All values that some tasks have for a key of a selection."""
    if key in ("l2_lambda", "shuffle", "seed"):
        # The combinations of a sweep have the same of these.
        return tasks[0]["seeds" if key == "seed" else key]
    values: list = []
    for task in tasks:
        # Not a set: the value of `classes` is a list.
        if task.get(key) not in values:
            values.append(task.get(key))
    return values


def _check_one_run(place: str, selection: dict, tasks: dict) -> Iterator[str]:
    runs = select_blocks(blocks_of(tasks, 1), tasks, selection)
    if len(runs) > 1:
        keys = [*dict.fromkeys(key for run in runs for key in tasks[run.task]["varies"])]
        names = ", ".join([*keys, "l2_lambda", "shuffle"])
        yield f"{place}: matches {len(runs)} runs; name {names} and seed to pick one"
