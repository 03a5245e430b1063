"""Keys that a YAML file gives twice: PyYAML silently takes the last, so a value gets lost."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from pipeline.config import ConfigError


def refuse_duplicates(paths: Iterable[str | Path]) -> None:
    """Look for keys that stand twice in one mapping. What `<<` merges in may be overridden.

    Raises:
        ConfigError: with all of them, each with its lines.
    """
    errors = [error for path in paths for error in _duplicates_in(Path(path))]
    if errors:
        lines = "\n".join(f"  {error}" for error in errors)
        raise ConfigError(f"the config has {len(errors)} key(s) twice:\n{lines}")


def _duplicates_in(path: Path) -> Iterator[str]:
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    waiting = [("", root)]
    seen: set[int] = set()
    while waiting:
        place, node = waiting.pop(0)
        # An anchored node is met again wherever an alias names it.
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{place}.{i}", entry) for i, entry in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                name = str(key.value)
                inner = f"{place}.{name}".removeprefix(".")
                if name in lines:
                    first = lines[name]
                    where = f"in line {first} and again in" if first != line else "twice in"
                    yield f"{path}: {inner} stands {where} line {line}"
                lines[name] = line
                waiting.append((inner, value))
