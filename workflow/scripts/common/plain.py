"""Values that no config may hold anywhere, because no command line, file or plot can carry them."""

import math
import re
from collections.abc import Iterator

_LARGEST_INTEGER = 2**53  # above, a float skips whole numbers
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def unusable_values(value: object, place: str = "") -> Iterator[str]:
    """Name each number that is not finite or far too large, and each text with control characters.

    Args:
        value: a config or a part of it; must be a tree.
        place: where the part stands, dotted.
    """
    shown = place or "(top level)"
    match value:
        case dict():
            for key, inner in value.items():
                if isinstance(key, str) and _CONTROL.search(key):
                    yield f"{shown}: found the key {key!r}, which has a control character"
                yield from unusable_values(inner, f"{place}.{key}".removeprefix("."))
        case list():
            for i, inner in enumerate(value):
                yield from unusable_values(inner, f"{place}.{i}")
        case float() if not math.isfinite(value):
            yield f"{shown}: found {value!r}; must be a finite number"
        case int() if abs(value) > _LARGEST_INTEGER:
            yield f"{shown}: found a number of {value.bit_length()} bits; must be below 2^53"
        case str() if _CONTROL.search(value):
            yield f"{shown}: found {value!r}, which has a control character"
