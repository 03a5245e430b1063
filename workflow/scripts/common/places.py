"""Where the entries of a YAML file stand, and which keys it gives twice."""

from pathlib import Path

import yaml

from common.errors import ReproductionError


class YamlError(ReproductionError):
    """A file is not YAML, or gives a key twice, of which PyYAML would silently take the last."""


def lines_of(path: str | Path) -> dict[str, list[int]]:
    """The lines of each entry by its dotted place; several, if the file gives it twice.

    What `<<` merges in has no place of its own, nor has what an alias repeats.

    Raises:
        YamlError: the file is not YAML.
    """
    try:
        root = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise YamlError(f"{path} is not YAML: {_cause(error)}") from error
    lines: dict[str, list[int]] = {}
    waiting, seen = [("", root)], set()
    while waiting:
        place, node = waiting.pop()
        # An anchored node is met again wherever an alias names it.
        if id(node) in seen:
            continue
        seen.add(id(node))
        entries = []
        if isinstance(node, yaml.MappingNode):
            entries = [(key.value, key, value) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            entries = [(i, value, value) for i, value in enumerate(node.value)]
        for name, shown, value in entries:
            inner = f"{place}.{name}".removeprefix(".")
            lines.setdefault(inner, []).append(shown.start_mark.line + 1)
            waiting.append((inner, value))
    return lines


def _cause(error: Exception) -> str:
    """What is wrong, and in which line; PyYAML's own message shows the file's text, too."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return str(error)
    where = f"line {mark.line + 1}, column {mark.column + 1}"
    return f"{where}: {error.problem}" + (f" {error.context}" if error.context else "")


def duplicates_in(path: str | Path) -> list[str]:
    """A message for each key that stands twice in one mapping of a file, with its lines.

    What `<<` merges in may be overridden.

    Raises:
        YamlError: the file is not YAML.
    """
    messages = []
    for place, lines in lines_of(path).items():
        if len(lines) > 1:
            first, last = lines[0], lines[-1]
            where = f"in line {first} and again in" if first != last else "twice in"
            messages.append(f"{place} stands {where} line {last}")
    return messages
