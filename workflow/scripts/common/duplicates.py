"""Keys that a YAML file gives twice: PyYAML silently takes the last, so a value gets lost."""

from collections.abc import Iterator

import yaml


def duplicates_in(text: str) -> Iterator[str]:
    """A message for each key that stands twice in one mapping, with its lines.

    What `<<` merges in may be overridden.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
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
                    yield f"{inner} stands {where} line {line}"
                lines[name] = line
                waiting.append((inner, value))
