"""Validation of the config: every error at once, each with its place and its cure."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from common.errors import ReproductionError
from common.explain import Problem, listed, problems_of, shown, unknown
from common.places import YamlError, duplicates, lines_of, misread_in, values_of
from pipeline.model import Config
from regression.models import load_model
from runs.grid import (
    as_list,
    base_name,
    blocks_of,
    expand_sweeps,
    select_blocks,
    select_tasks,
    spelling,
)

#: Seeds in a block, so many that each combination is one.
_ALL_SEEDS = 2**32
#: Characters in a name of a folder, on any file system.
_LONGEST_PART = 255


class ConfigError(ReproductionError):
    """The config cannot be run; the message lists all its errors."""


def check_files(paths: Iterable[str | Path]) -> None:
    """Look for what is lost when a config is read: keys that stand there twice, digits of numbers.

    And for values that cannot be read at all.

    Raises:
        ConfigError: with all of them, each with its lines; also if a file is not YAML.
    """
    errors = []
    for path in paths:
        try:
            errors += [f"{path}: {error}" for error in duplicates(lines_of(path))]
            values_of(path)
            errors += [f"{path}: {error}" for error in misread_in(path)]
        except YamlError as error:
            errors.append(str(error))
    if errors:
        raise ConfigError(listed("the config", errors))


def read_config(content: dict, files: Iterable[str | Path] = ()) -> dict:
    """Hold a config to its model, then to what a model cannot see.

    Args:
        content: of all files of the config, merged.
        files: these files, to name lines of them; of two that have an entry the last is meant.

    Returns:
        The config as `Config.plain` gives it.

    Raises:
        ConfigError: with all errors, each with its place, what was found, what is allowed, and the
            nearest valid name.
    """
    try:
        config = Config.model_validate(content).plain()
        problems = list(_number_classes(config)) or list(_cross_check(config))
    except ValidationError as error:
        problems = problems_of(error, content)
    if problems:
        lines = {path: lines_of(path) for path in files}
        raise ConfigError(listed("the config", [_located(problem, lines) for problem in problems]))
    return config


def _located(problem: Problem, lines: dict) -> str:
    """A problem in a line of its own, with file and line if a file has its place."""
    place = problem.place
    where = [f" ({path}, line {at[place][0]})" for path, at in lines.items() if place in at]
    return f"{place}{''.join(where[-1:])}: {problem.message}"


def _number_classes(config: dict) -> Iterator[Problem]:
    """Put labels where `classes` of a task or a selection has names; `config` is changed.

    Of tables without `class_names` the names that their tasks use must be the words in their files;
    they become the `class_words` of the data set. IDX files have no words.
    """
    of_task = {f"tasks.{name}": (task, task) for name, task in config["tasks"].items()}
    of_selection = {
        f"{part}.{name}.{key}": (entry[key], config["tasks"].get(base_name(entry[key]["task"]), {}))
        for part, key in (("figures", "runs"), ("tables", "run"))
        for name, entry in config[part].items()
    }
    words_of: dict[str, set[str]] = {}
    for task, _ in of_task.values():
        for name in as_list("dataset", task["dataset"]):
            words_of.setdefault(name, set()).update(_words(task["classes"]))
    for name, words in words_of.items():
        dataset = config["data"].get(name, {})
        if words and "image_shape" in dataset and "class_names" not in dataset:
            dataset["class_words"] = sorted(words)
    for place, (holder, task) in (of_task | of_selection).items():
        classes = holder.get("classes", [])
        words = _words(classes)
        used = as_list("dataset", task.get("dataset", []))
        if not used or not config["data"].keys() >= {*used}:
            continue  # A wrong name of a task or a data set is an error of its own.
        datasets = [config["data"][name] for name in used]
        names = [d.get("class_names", d.get("class_words", [])) for d in datasets]
        for number in set(_flat(classes)) - set(words):
            if any(str(number) in n and n.index(str(number)) != number for n in names):
                yield Problem(
                    f"{place}.classes",
                    f"found {number}, and a class has the name '{number}', but another place: put "
                    "it in quotes, or name all classes otherwise",
                )
        if not words:
            continue
        if any(of_dataset != names[0] for of_dataset in names):
            yield Problem(f"{place}.classes", "names of classes need one data set that has them")
        elif not names[0]:
            yield Problem(
                f"{place}.classes",
                f"found {shown(words)}, but data.{used[0]} has no class_names: set them, or write "
                "numbers, without quotes",
            )
        elif unknowns := [word for word in words if word not in names[0]]:
            for word in unknowns:
                yield Problem(f"{place}.classes", unknown(word, names[0]))
        else:
            label = {name: number for number, name in enumerate(names[0])}
            holder["classes"] = [
                [label.get(w, w) for w in v] if isinstance(v, list) else label.get(v, v)
                for v in classes
            ]
            for lists in as_list("classes", holder["classes"]):
                if len(set(lists)) < len(lists):
                    yield Problem(
                        f"{place}.classes", f"found {classes}, of which two are one class: {lists}"
                    )


def _words(classes: list) -> list[str]:
    """The names in a list of classes, or in a list of such lists."""
    return [word for word in _flat(classes) if isinstance(word, str)]


def _flat(classes: list) -> list:
    return [label for v in classes for label in (v if isinstance(v, list) else [v])]


def _cross_check(config: dict) -> Iterator[Problem]:
    tasks = expand_sweeps(config["tasks"])
    for name, task in tasks.items():
        for key, value in task["varies"].items():
            if len(f"{key}-{spelling(value)}") > _LONGEST_PART:
                yield Problem(
                    f"tasks.{base_name(name)}.{key}",
                    f"found {shown(value)}; where several are swept over, each becomes the "
                    f"name of a folder, which takes {_LONGEST_PART} characters; make each a task",
                )
        yield from _check_task(f"tasks.{base_name(name)}", task, config["data"])
    for name, figure in config["figures"].items():
        place = f"figures.{name}.runs"
        yield from check_selection(place, figure["runs"], tasks)
        if figure["kind"] == "weights":
            yield from _check_one_run(place, figure["runs"], tasks)
    for name, table in config["tables"].items():
        place = f"tables.{name}.run"
        yield from check_selection(place, table["run"], tasks)
        yield from _check_one_run(place, table["run"], tasks)


def _check_task(place: str, task: dict, data: dict) -> Iterator[Problem]:
    classes, size, dataset = task["classes"], task["train_size"], task["dataset"]
    model = task["model"]
    wanted = getattr(load_model(model), "CLASS_COUNT", len(classes))
    if len(classes) != wanted:
        yield Problem(f"{place}.classes", f"found {classes}; {model} takes {wanted} classes")
    if dataset not in data:
        yield Problem(f"{place}.dataset", unknown(dataset, data))
        return
    images = data[dataset]["splits"]["train"]["count"]
    if size and size > images:
        yield Problem(
            f"{place}.train_size",
            f"found {size}, but the train split of {dataset} has {images} images",
        )
    if task["batch_size"] > (size or images):
        of = "train_size is" if size else f"the train split of {dataset} has"
        yield Problem(
            f"{place}.batch_size", f"found {task['batch_size']}, but {of} {size or images} images"
        )


def check_selection(place: str, selection: dict, tasks: dict) -> Iterator[Problem]:
    """Problems of a selection of runs.

    Args:
        place: in the config.
        selection: as for `select_blocks`.
        tasks: after `expand_sweeps`.
    """
    of_name = select_tasks(tasks, {"task": selection["task"]})
    if not of_name:
        known = dict.fromkeys([*map(base_name, tasks), *tasks])
        yield Problem(f"{place}.task", unknown(selection["task"], known))
        return
    before = False
    for key in selection.keys() - {"task"}:
        known = _values_of(key, [tasks[name] for name in of_name])
        for value in as_list(key, selection[key]):
            if value not in known:
                before = True
                yield Problem(f"{place}.{key}", unknown(value, known))
    if not before and not select_blocks(blocks_of(tasks, _ALL_SEEDS), tasks, selection):
        yield Problem(place, f"no run of the task matches {selection}")


def _values_of(key: str, tasks: list[dict]) -> list:
    """All values that some tasks have for a key of a selection."""
    if key in ("l2_lambda", "shuffle", "seed"):
        # The combinations of a sweep have the same of these.
        return tasks[0]["seeds" if key == "seed" else key]
    values: list = []
    for task in tasks:
        # Not a set: the value of `classes` is a list.
        if task[key] not in values:
            values.append(task[key])
    return values


def _check_one_run(place: str, selection: dict, tasks: dict) -> Iterator[Problem]:
    blocks = select_blocks(blocks_of(tasks, _ALL_SEEDS), tasks, selection)
    seeds = [seed for block in blocks for seed in block.seeds]
    wanted = set(as_list("seed", selection.get("seed", seeds)))
    count = sum(seed in wanted for seed in seeds)
    if count > 1:
        keys = [*dict.fromkeys(key for block in blocks for key in tasks[block.task]["varies"])]
        names = ", ".join([*keys, "l2_lambda", "shuffle"])
        yield Problem(place, f"matches {count} runs; name {names} and seed to pick one")
