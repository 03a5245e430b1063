"""Labelled images as a table: CSV, Parquet or NumPy, told by the ending of the file's name.

In CSV and Parquet one column has the labels; every other column is a pixel, row by row of the image
from the top left. A NumPy file (.npz) has an array of labels and one other array, of the images.
Labels and pixels are whole numbers from 0 to 255.
"""

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from common.errors import DataError
from common.files import read_parquet

_LARGEST_FILE = 2**31  # bytes, also of an array in a NumPy file and of a Parquet file in memory
_LARGEST_CSV = 2**28  # bytes; in memory a pixel of two or three characters takes eight bytes
_CSV_BLOCK = 2**24  # bytes; a row must fit in, and an image of four million pixels does
_LARGEST_VALUE = 255
#: What NumPy and zipfile raise at damaged bytes.
_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
)
#: What is wrong with a file that cannot be read at all.
_AGAIN = "Delete it and run again to fetch it anew."


def read_labelled_images(
    path: str | Path, label: str, image_shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Read one file of labelled images.

    Args:
        path: a file that ends in .csv, .parquet or .npz.
        label: name of the column or array of the labels.
        image_shape: (rows, columns).

    Returns:
        Images uint8 (n, rows, columns) and labels uint8 (n,).

    Raises:
        DataError: the file is damaged, or something in it is not as above; the message names the
            column (or array) and the first row.
    """
    path = Path(path)
    if not 0 < path.stat().st_size <= _LARGEST_FILE:
        raise DataError(f"{path}: it is empty or larger than {_LARGEST_FILE} bytes. {_AGAIN}")
    images, labels = _READERS[path.suffix](path, label, tuple(image_shape))
    if not len(labels):
        raise DataError(f"{path}: it has no rows. Is it another file?")
    return images.reshape(-1, *image_shape), labels


def _from_csv(
    path: Path, label: str, image_shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    if path.stat().st_size > _LARGEST_CSV:
        raise DataError(
            f"{path}: it is larger than {_LARGEST_CSV} bytes, the most that is read of a CSV file. "
            "As Parquet it would be smaller, and read faster."
        )
    try:
        table = csv.read_csv(path, csv.ReadOptions(block_size=_CSV_BLOCK))
        # Names that are not UTF-8 show only when they are asked for.
        _ = table.column_names
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable as CSV ({error}).") from error
    return _from_columns(path, table, label, math.prod(image_shape))


def _from_parquet(
    path: Path, label: str, image_shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    # A column of zeros is a few bytes in the file, however long it is.
    try:
        claimed = pq.read_metadata(path)
        types = claimed.schema.to_arrow_schema().types
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not readable as Parquet ({error}). {_AGAIN}") from error
    row_bytes = sum(max(1, t.bit_width // 8) if pa.types.is_primitive(t) else 8 for t in types)
    if claimed.num_rows * row_bytes > _LARGEST_FILE:
        raise DataError(
            f"{path}: {claimed.num_rows} rows of {claimed.num_columns} columns would take more "
            f"memory than the {_LARGEST_FILE} bytes that are read. Is it another file?"
        )
    return _from_columns(path, read_parquet(path), label, math.prod(image_shape))


def _from_columns(
    path: Path, table: pa.Table, label: str, pixels: int
) -> tuple[np.ndarray, np.ndarray]:
    names = table.column_names
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise DataError(f"{path}: there are several columns of the name {name!r}.")
    _require_name(path, "column", label, names)
    if len(names) - 1 != pixels:
        raise DataError(
            f"{path}: {len(names) - 1} columns beside {label!r}, but `image_shape` in the config "
            f"makes {pixels} pixels. Every other column must be a pixel."
        )
    if not len(table):
        return np.empty((0, pixels), np.uint8), np.empty(0, np.uint8)
    # Not table.column(name), which looks through all names each time.
    columns = dict(zip(names, table.columns, strict=True))
    labels = _bytes(path, label, columns.pop(label))
    images = np.empty((len(table), pixels), np.uint8)
    for position, (name, values) in enumerate(columns.items()):
        images[:, position] = _bytes(path, name, values)
    return images, labels


def _bytes(path: Path, name: str, values: pa.ChunkedArray) -> np.ndarray:
    """A column as uint8 (n,); whole numbers may be written as 7.0."""
    if values.null_count:
        row = values.is_null().index(True).as_py()
        raise DataError(f"{path}: column {name!r}, row {row + 1}: there is no value.")
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        found = _first_that_is_no_number(values)
        raise DataError(f"{path}: column {name!r}, {found}; must be a number from 0 to 255.")
    return _in_range(f"{path}: column {name!r}", np.asarray(values))


def _first_that_is_no_number(values: pa.ChunkedArray) -> str:
    for row, value in enumerate(values):
        try:
            float(str(value))
        except ValueError:
            return f"row {row + 1}: found {value.as_py()!r}"
    return f"all rows: found values of type {values.type}"


def _from_numpy(
    path: Path, label: str, image_shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            _require_name(path, "array", label, arrays.files)
            others = [name for name in arrays.files if name != label]
            if len(others) != 1:
                found = ", ".join(map(repr, others)) or "none"
                raise DataError(f"{path}: one array beside {label!r} must be there; found {found}.")
            for name in arrays.files:
                _require_size(path, arrays.zip, name)
            labels, images = arrays[label], arrays[others[0]]
    except _DAMAGE as error:
        raise DataError(f"{path}: not readable as a NumPy file ({error}). {_AGAIN}") from error
    except (TypeError, AttributeError, NotImplementedError, RuntimeError) as error:
        # A single array (.npy) under a wrong name, or a packing that zipfile does not know.
        raise DataError(f"{path}: not an .npz file of arrays ({error}).") from error
    if labels.ndim != 1:
        raise DataError(f"{path}: array {label!r} has the shape {labels.shape}; must be (n,).")
    n, pixels = len(labels), math.prod(image_shape)
    allowed = [(n, *image_shape), (n, pixels)]
    if images.shape not in allowed:
        raise DataError(
            f"{path}: array {others[0]!r} has the shape {images.shape}; must be {allowed[0]} or "
            f"{allowed[1]}, by the labels and by `image_shape` in the config."
        )
    for name, array in ((label, labels), (others[0], images)):
        if array.dtype.kind not in "iuf":
            raise DataError(f"{path}: array {name!r} has the type {array.dtype}; must be numbers.")
    flat = images.reshape(n, pixels)
    return _in_range(f"{path}: array {others[0]!r}", flat), _in_range(
        f"{path}: array {label!r}", labels
    )


def _require_size(path: Path, archive: zipfile.ZipFile, name: str) -> None:
    """Hold the shape that an array claims to its bytes before memory is taken for it."""
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = header(file)
    size = math.prod(shape) * dtype.itemsize
    if size > min(member.file_size, _LARGEST_FILE):
        raise DataError(
            f"{path}: array {name!r} claims the shape {shape}, but has {member.file_size} bytes "
            f"(or more than the {_LARGEST_FILE} that are read). {_AGAIN}"
        )


def _in_range(place: str, values: np.ndarray) -> np.ndarray:
    """Numbers (n,) or (n, p) as uint8."""
    good = (values >= 0) & (values <= _LARGEST_VALUE)
    if values.dtype.kind == "f":
        good &= values == np.floor(values)
    if not good.all():
        first = tuple(int(i) for i in np.argwhere(~good)[0])
        raise DataError(
            f"{place}, row {first[0] + 1}: found {values[first]}; must be a whole number from 0 to "
            f"{_LARGEST_VALUE}."
        )
    return values.astype(np.uint8)


def _require_name(path: Path, kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"{path}: no {kind} {name!r}, which `label` in the config names{hint}")


#: Reader by the ending of the file's name.
_READERS = {".csv": _from_csv, ".parquet": _from_parquet, ".npz": _from_numpy}
