"""Whether a run gave the numbers that were expected: the same, or equal within tolerance.

Three tables are compared: the metrics of all runs, the verdicts with what was measured for them,
and the mean and deviation of every column of the files of each block, curves and weights.
All other products show the data behind these.
"""

import io
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd

from common.errors import DataError
from common.files import read_parquet
from runs.schemas import METRICS_SCHEMA, RUN_KEYS

#: Two numbers are equal within tolerance if they differ by less than RELATIVE times the larger, or
#: by less than ABSOLUTE.
RELATIVE = 1e-6
ABSOLUTE = 1e-9
TOLERANCE = f"{RELATIVE:g} relative or {ABSOLUTE:g} absolute"
#: Table of the results -> the columns that name a row, and those that are compared.
TABLES = {
    "metrics": ([*RUN_KEYS], METRICS_SCHEMA.names),
    "claims": (["id"], ["id", "verdict", "measured"]),
    "contents": (["file", "column"], ["file", "column", "mean", "deviation"]),
}


class Difference(NamedTuple):
    """The largest difference between two tables; 1 is what is just tolerated."""

    size: float
    text: str


def csv_of(results: Path, name: str, products: Collection[str]) -> str:
    """The columns of a table of the results that are compared, as CSV; empty without the table.

    Args:
        results: the folder.
        name: of the table.
        products: of the run, as paths below the folder; what an earlier config left is none.

    Raises:
        DataError: the file is no such table.
    """
    if name == "contents":
        contents = _contents(results, products)
        return contents.to_csv(index=False) if len(contents) else ""
    path = results / f"{name}.parquet"
    if path.name not in products:
        return ""
    try:
        return pd.read_parquet(path, columns=TABLES[name][1]).to_csv(index=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as the table of {name} ({error})") from error


def _contents(results: Path, products: Collection[str]) -> pd.DataFrame:
    """The columns of numbers in the curves and weights of each block, each by two numbers."""
    rows = []
    runs = [path for path in map(PurePosixPath, products) if path.parts[0] == "runs"]
    for kind, column in (("history", "value"), ("weights", "weight")):
        for path in sorted(path for path in runs if path.name == f"{kind}.parquet"):
            values = read_parquet(results / path)[column].to_numpy()
            # Of a training that diverged it may have none, or numbers whose squares are too large.
            with np.errstate(over="ignore", invalid="ignore"):
                mean, deviation = (values.mean(), values.std()) if len(values) else (0.0, 0.0)
            rows.append((str(path), column, mean, deviation))
    return pd.DataFrame(rows, columns=TABLES["contents"][1])


def difference_of(
    name: str, expected: Path, results: Path, products: Collection[str]
) -> Difference:
    """The largest difference between an expected table, in CSV, and that of the results.

    Args:
        name: of the table.
        expected: the folder of what is expected.
        results: their folder.
        products: of the run, see `csv_of`.

    Raises:
        DataError: a file is no such table.
    """
    path, keys = expected / f"{name}.csv", TABLES[name][0]
    before, after = (
        path.read_text(encoding="utf-8") if path.is_file() else "",
        csv_of(results, name, products),
    )
    if before == after:
        return Difference(0.0, f"none in {name}")
    if not before or not after:
        return Difference(np.inf, f"{name}: {'not expected' if after else 'missing'}")
    try:
        a, b = (pd.read_csv(io.StringIO(side)).set_index(keys) for side in (before, after))
        return _largest(name, a, b)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: not the table of {name} that is expected ({error})") from error


def _largest(name: str, expected: pd.DataFrame, found: pd.DataFrame) -> Difference:
    """Compare row by row; infinite where anything but a number differs."""
    if not expected.index.equals(found.index):
        return Difference(np.inf, f"{name}: other rows than expected")
    largest = Difference(0.0, f"none in {name}")
    for column in expected:
        before, after = expected[column], found[column]
        sizes = _sizes(before, after)
        row = int(np.argmax(sizes))
        if sizes[row] > largest.size:
            place = ", ".join(map(str, found.index.to_frame().iloc[row]))
            text = f"{name}, {place}: {column} {after.iloc[row]}, not {before.iloc[row]}"
            largest = Difference(float(sizes[row]), text)
    return largest


def _sizes(expected: pd.Series, found: pd.Series) -> np.ndarray:
    """The distance of each pair of values in units of what is tolerated, float64 (n,)."""
    same = (expected == found) | (expected.isna() & found.isna())
    sizes = np.where(same, 0.0, np.inf)
    if all(pd.api.types.is_numeric_dtype(side) for side in (expected, found)):
        a, b = expected.to_numpy(float), found.to_numpy(float)
        allowed = np.maximum(RELATIVE * np.maximum(abs(a), abs(b)), ABSOLUTE)
        sizes = np.where(same | np.isnan(a) | np.isnan(b), sizes, abs(a - b) / allowed)
    return sizes
