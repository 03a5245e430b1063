"""Validation of the config: every error at once, each with its place and its cure."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError

from pipeline.grid import select_runs
from regression.errors import ReproductionError


class ConfigError(ReproductionError):
    """The config cannot be run; the message lists all its errors."""


def validate_config(config: dict, schema_path: Path) -> None:
    """Hold a config to its schema, then to what a schema cannot say.

    Raises:
        ConfigError: with all errors, each with its place, what was found, what is allowed, and the
            nearest valid name.
    """
    schema = yaml.safe_load(schema_path.read_text(encoding="utf-8"))
    errors = [
        message
        for error in Draft202012Validator(schema).iter_errors(config)
        for message in _explain(error)
    ]
    # The cross checks take the shape for granted, which the schema has to establish first.
    errors = errors or list(_cross_check(config))
    if errors:
        lines = "\n".join(f"  {error}" for error in sorted(set(errors)))
        raise ConfigError(f"the config has {len(set(errors))} error(s):\n{lines}")


def _explain(error: ValidationError) -> Iterator[str]:
    """Put one error of the schema into words of the config's author."""
    place = ".".join(map(str, error.absolute_path)) or "(top level)"
    found, allowed = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties" if allowed is False:
            known = error.schema["properties"]
            for key in sorted(set(map(str, found)) - set(known)):
                yield f"{place}: unknown key {key!r}; allowed: {', '.join(known)}" + nearest(
                    key, known
                )
        case "required":
            missing = [key for key in allowed if key not in found and repr(key) in error.message]
            yield f"{place}: {missing[0]!r} is missing"
        case "enum":
            names = [str(value) for value in allowed]
            yield f"{place}: found {found!r}; allowed: {', '.join(names)}" + nearest(found, names)
        case "uniqueItems":
            twice = next(value for value in found if found.count(value) > 1)
            yield f"{place}: {twice!r} stands there twice"
        case "oneOf":
            # All alternatives are the same value alone or in a list; the first says enough.
            yield from _explain(_deepest(error))
        case _:
            rule = error.schema.get("description")
            yield f"{place}: found {found!r}; {_requirement(error)}" + (
                f" ({rule})" if rule else ""
            )


def _deepest(error: ValidationError) -> ValidationError:
    return max(error.context, key=lambda inner: len(inner.absolute_path))


def _requirement(error: ValidationError) -> str:
    value = error.validator_value
    match error.validator:
        case "type":
            kinds = value if isinstance(value, list) else [value]
            return f"must be of type {' or '.join(kinds)}"
        case "minimum":
            return f"must be at least {value}"
        case "maximum":
            return f"must be at most {value}"
        case "exclusiveMinimum":
            return f"must be greater than {value}"
        case "minItems" | "minProperties":
            return f"must have at least {value} entries"
        case "maxItems":
            return f"must have at most {value} entries"
        case "pattern":
            return f"must match {value}"
    return error.message


def nearest(name: object, known: object) -> str:
    """A hint at the most similar known name, or nothing."""
    close = get_close_matches(str(name), [str(entry) for entry in known], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _cross_check(config: dict) -> Iterator[str]:
    for name, task in config["tasks"].items():
        yield from _check_task(f"tasks.{name}", task, config["data"])
    for name, figure in config["figures"].items():
        place = f"figures.{name}"
        yield from _check_selection(f"{place}.runs", figure["runs"], config["tasks"])
        for axis in ("x_limits", "y_limits"):
            if axis in figure and not figure[axis][0] < figure[axis][1]:
                yield f"{place}.{axis}: found {figure[axis]}; the lower end must come first"
        if figure["kind"] == "weights":
            yield from _check_one_run(f"{place}.runs", figure["runs"], config["tasks"])
    for name, table in config["tables"].items():
        place = f"tables.{name}.run"
        yield from _check_selection(place, table["run"], config["tasks"])
        yield from _check_one_run(place, table["run"], config["tasks"])


def _check_task(place: str, task: dict, data: dict) -> Iterator[str]:
    seen: dict[float, str] = {}
    for spelling in task["l2_lambda"]:
        first = seen.setdefault(float(spelling), spelling)
        if first is not spelling or task["l2_lambda"].count(spelling) > 1:
            yield f"{place}.l2_lambda: {first!r} and {spelling!r} are the same lambda twice"
    if task["model"] == "logistic" and len(task["classes"]) != 2:
        yield f"{place}.classes: found {task['classes']}; logistic regression takes two classes"
    if task["dataset"] not in data:
        yield _unknown(f"{place}.dataset", task["dataset"], data)
        return
    images = data[task["dataset"]]["splits"]["train"]["count"]
    if task["batch_size"] > images:
        yield (
            f"{place}.batch_size: found {task['batch_size']}, but the train split of "
            f"{task['dataset']} has {images} images"
        )


def _check_selection(place: str, selection: dict, tasks: dict) -> Iterator[str]:
    if selection["task"] not in tasks:
        yield _unknown(f"{place}.task", selection["task"], tasks)
        return
    task = tasks[selection["task"]]
    before = False
    for key, column in (("l2_lambda", "l2_lambda"), ("shuffle", "shuffle"), ("seed", "seeds")):
        wanted = selection.get(key, [])
        for value in wanted if isinstance(wanted, list) else [wanted]:
            if value not in task[column]:
                before = True
                yield _unknown(f"{place}.{key}", value, task[column])
    if not before and not select_runs(tasks, selection):
        yield f"{place}: no run of the task matches {selection}"


def _check_one_run(place: str, selection: dict, tasks: dict) -> Iterator[str]:
    if selection["task"] in tasks:
        count = len(select_runs(tasks, selection))
        if count > 1:
            yield f"{place}: matches {count} runs; name l2_lambda, shuffle and seed to pick one"


def _unknown(place: str, found: object, known: object) -> str:
    names = ", ".join(map(str, known))
    return f"{place}: found {found!r}; allowed: {names}" + nearest(found, known)
