"""YAML files that may be anybody's: where their entries stand, and what cannot be meant."""

import re
from functools import lru_cache
from pathlib import Path

import yaml

from common.errors import ReproductionError


class YamlError(ReproductionError):
    """A file is not YAML, grows without measure, or gives a key twice, of which one gets lost."""


#: Entries that a file may have once its aliases are followed: five sweeps of 20,000 seeds have a
#: tenth of them.
MOST_ENTRIES = 1_000_000


#: Ten times as fast where PyYAML has libyaml; but it says less well what is wrong, and has no bound
#: for lists in lists, so that only a file that could be composed may come to it.
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_FAST_LOADER):
    """Says in which line a value is not what it looks like: 2020-13-45, !!int abc."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        try:
            value = super().construct_object(node, deep)
            # Python does not even write those of more than 4,300 digits.
            if isinstance(value, int) and value.bit_length() > 64:
                raise OverflowError
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError) as error:
            kind = "int of 64 bits" if node.tag.endswith(":int") else node.tag.rpartition(":")[2]
            problem = f"found {str(node.value)[:100]!r}, which is no {kind}; put text in quotes"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error
        return value


def read_yaml(path: str | Path) -> object:
    """Read a YAML file, plain values alone.

    Raises:
        YamlError: it is missing, is not YAML, or has more than MOST_ENTRIES.
    """
    _compose(path)
    return values_of(path)


def values_of(path: str | Path) -> object:
    """The plain values of a YAML file whose places were looked up before.

    Raises:
        YamlError: a value is none of YAML's own or not what it looks like, or a key is a list.
    """
    loader = _Loader(Path(path).read_text(encoding="utf-8"))
    try:
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise YamlError(f"{path} is not plain YAML: {_cause(error)}") from error
    finally:
        loader.dispose()


def lines_of(path: str | Path) -> dict[str, list[int]]:
    """The lines of each entry by its dotted place; several, if the file gives it twice.

    What `<<` merges in has no place of its own, nor has what an alias repeats.

    Raises:
        YamlError: as of `read_yaml`.
    """
    root = _compose(path)
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
        inner = []
        for name, shown, value in entries:
            inner.append((f"{place}.{name}".removeprefix("."), value))
            lines.setdefault(inner[-1][0], []).append(shown.start_mark.line + 1)
        # In the order of the file: an anchor comes before its aliases and has the place.
        waiting += reversed(inner)
    return lines


def misread_in(path: str | Path) -> list[str]:
    """Whole numbers that YAML reads otherwise than they look: 020 is 16, and 1:00 is 60.

    Raises:
        YamlError: as of `read_yaml`.
    """
    found, waiting, seen = [], [_compose(path)], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or node is None:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif node.tag.endswith(":int") and re.search("^[-+]?0[0-9_]|:", node.value):
            number = yaml.SafeLoader("").construct_yaml_int(node)
            found.append((node.start_mark.line + 1, node.value, number))
    return [
        f"line {line}: found {text}, which YAML reads as {number}; write {number}, or the number "
        "that is meant without a 0 before it"
        for line, text, number in sorted(found)
    ]


def _compose(path: str | Path) -> yaml.Node | None:
    """The nodes of a file, which nobody may change: a file that is asked for again is kept."""
    try:
        root, entries = _nodes(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise YamlError(f"{path} is not YAML: {error}") from error
    except (ValueError, OverflowError) as error:
        raise YamlError(
            f"{path} is not YAML: \\U in double quotes gives a number that is no character's"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(f"{path} is not YAML: {_cause(error)}") from error
    except OSError as error:
        raise YamlError(f"{path} is not readable: {error.strerror}") from error
    # A few lines, with aliases of aliases, can stand for more than fits.
    if entries > MOST_ENTRIES:
        raise YamlError(f"{path}: its aliases stand for over {MOST_ENTRIES:,} entries")
    return root


@lru_cache(maxsize=8)
def _nodes(text: str) -> tuple[yaml.Node | None, int]:
    """The nodes of a text, and how many values it has; a second for a thousand readings."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return root, _count(root, {})


def _count(node: yaml.Node | None, counted: dict[int, int]) -> int:
    """How many values a node has in it, an alias counting as much as what it stands for."""
    if node is None or isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in counted:
        counted[id(node)] = MOST_ENTRIES  # a node within itself has no end
        pairs = isinstance(node, yaml.MappingNode)
        inner = [part for pair in node.value for part in pair] if pairs else node.value
        counted[id(node)] = 1 + sum(_count(part, counted) for part in inner)
    return counted[id(node)]


def _cause(error: Exception) -> str:
    """What is wrong, and in which line; PyYAML's own message shows the file's text, too."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return str(error)
    where = f"line {mark.line + 1}, column {mark.column + 1}"
    return f"{where}: {error.problem}" + (f" {error.context}" if error.context else "")


def duplicates(lines_of_file: dict[str, list[int]]) -> list[str]:
    """A message for each key that stands twice in one mapping of a file, with its lines.

    What `<<` merges in may be overridden.

    Args:
        lines_of_file: see `lines_of`.
    """
    messages = []
    for place, lines in lines_of_file.items():
        if len(lines) > 1:
            first, last = lines[0], lines[-1]
            where = f"in line {first} and again in" if first != last else "twice in"
            messages.append(f"{place} stands {where} line {last}")
    return messages
