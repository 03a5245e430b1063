"""The numbers of a product in a compact form, to compare two versions of it within a tolerance.

A Parquet column of floats is boiled down to evenly spaced samples, its mean, its root mean square
and its extremes. In a text (JSON, CSV, Markdown, a column of strings) all numbers are taken out,
and the text around them must be equal. Every other column must be equal as a whole, so it is
hashed. Pictures, PDF and pages hold no numbers to compare: they are judged by the data that they
are drawn from.
"""

import hashlib
import json
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from common.files import read_parquet

#: Two numbers are equal within tolerance if they differ by less than RELATIVE times the larger or
#: by less than ABSOLUTE, or by one unit of the last decimal place that a text prints.
RELATIVE = 1e-6
ABSOLUTE = 1e-9
_SAMPLES = 32
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
#: How a solver came to its end, not what it found: one step more or less is no other result.
_EFFORT = re.compile(r'("(?:gradient_norm|objective_excess_bound)": )[-+.\deE]+')
_TEXTS = (".json", ".csv", ".md", ".txt", ".tsv")


class Difference(NamedTuple):
    """The largest difference between two versions of a product, measured in tolerances."""

    size: float
    text: str

    @property
    def within(self) -> bool:
        """Whether it is tolerated."""
        return self.size <= 1


def values_of(path: Path) -> dict | None:
    """The comparable content of a product, as JSON can hold it; None if it has none.

    Returns:
        `exact`: name -> what must be equal; `numbers`: name -> list of numbers, as texts.

    Raises:
        DataError: the file is damaged.
    """
    if path.suffix == ".parquet":
        return _values_of_table(read_parquet(path))
    if path.suffix in _TEXTS:
        return _values_of_text(path.read_text(encoding="utf-8"))
    return None


def compare(expected: dict, found: dict) -> Difference:
    """Compare the contents of two versions of a product."""
    largest = Difference(0.0, "the same numbers, other bytes")
    for name in sorted(expected["exact"] | found["exact"]):
        before, after = (side["exact"].get(name) for side in (expected, found))
        if before != after:
            return Difference(math.inf, f"{name}: {_shown(before)} expected, {_shown(after)} found")
    # With all exact parts equal, both have the same names and lengths.
    for name, numbers in expected["numbers"].items():
        for i, (before, after) in enumerate(zip(numbers, found["numbers"][name], strict=True)):
            size = _tolerances_between(before, after)
            if size > largest.size:
                largest = Difference(
                    size, f"{name}[{i}]: {before} expected, {after} found, {_apart(before, after)}"
                )
    return largest


def _values_of_table(table: pa.Table) -> dict:
    exact: dict[str, object] = {"rows": len(table), "columns": table.schema.names}
    numbers = {}
    for name, column in zip(table.schema.names, table.columns, strict=True):
        if pa.types.is_floating(column.type):
            values = column.to_numpy()
            exact[f"{name} is finite"] = _digest(np.packbits(np.isfinite(values)).tobytes())
            numbers[name] = [repr(value) for value in _summary(values[np.isfinite(values)])]
        elif pa.types.is_string(column.type) or pa.types.is_nested(column.type):
            # Each text once: a column of names may repeat a few of them a million times.
            texts = [json.dumps(value, ensure_ascii=False) for value in column.to_pylist()]
            order = {text: i for i, text in enumerate(dict.fromkeys(texts))}
            exact[name] = _digest(str([order[text] for text in texts]).encode())
            words = _values_of_text("\n".join(order))
            exact[f"words of {name}"] = words["exact"]
            numbers |= {f"number of {name}": found for found in words["numbers"].values()}
        else:
            exact[name] = _digest(str(column.to_pylist()).encode())
    return {"exact": exact, "numbers": numbers}


def _summary(values: np.ndarray) -> list[float]:
    """Samples of a column, then its mean, root mean square, minimum and maximum."""
    if len(values) <= _SAMPLES:
        return values.tolist()
    samples = values[np.linspace(0, len(values) - 1, _SAMPLES).round().astype(int)]
    whole = [values.mean(), np.sqrt(np.square(values).mean()), values.min(), values.max()]
    return [float(value) for value in (*samples, *whole)]


def _values_of_text(text: str) -> dict:
    text = _EFFORT.sub(r"\1some", text)
    numbers = _NUMBER.findall(text)
    return {
        "exact": {"text without its numbers": _digest(_NUMBER.sub("#", text).encode())},
        "numbers": {"number": numbers} if numbers else {},
    }


def _tolerances_between(before: str, after: str) -> float:
    """The distance of two numbers in units of what is tolerated."""
    if before == after:
        return 0.0
    a, b = float(before), float(after)
    allowed = max(RELATIVE * max(abs(a), abs(b)), ABSOLUTE, _last_place(before), _last_place(after))
    return abs(a - b) / allowed


def _last_place(number: str) -> float:
    """One unit of the last decimal that is printed (0.071 -> 0.001); nothing for whole numbers."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    # A little more, because 0.072 - 0.071 is not quite 0.001 in floating point.
    return 1.0001 * 10.0 ** (int(exponent or 0) - decimals) if decimals else 0.0


def _apart(before: str, after: str) -> str:
    distance = abs(float(before) - float(after))
    return f"{distance:.1e} apart ({distance / max(abs(float(before)), 1e-300):.1e} of it)"


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
