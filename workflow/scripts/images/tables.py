"""Labelled images as tables: CSV and Parquet.

One column has the labels. The image is in the other columns, a number in each, or in one column: as
a list of numbers, as their bytes, or as a picture (PNG, JPEG), alone or in Hugging Face's struct.
"""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from common.errors import DataError
from images.layout import Layout
from images.pictures import decode, is_picture

_LARGEST = 2**31  # bytes in memory
_LARGEST_CSV = 2**28  # bytes; in memory a pixel of two or three characters takes eight bytes
_CSV_BLOCK = 2**24  # bytes; a row must fit in, and an image of four million pixels does
_ROWS_AT_A_TIME = 256  # of pictures, which are larger in memory than in the file
_SEPARATORS = ",;\t| "


class Source(NamedTuple):
    """What a file has.

    Attributes:
        place: the file, as messages name it.
        images: numbers (n, *Layout.shape_in_file).
        labels: numbers or words (n,).
        columns: of the pixels, in their order; None for files that have an image in one piece.
    """

    place: str
    images: np.ndarray
    labels: np.ndarray
    columns: list[str] | None = None


def read_csv(path: Path, layout: Layout, columns: Sequence[str] | None = None) -> Source:
    """Read a CSV file.

    Args:
        path: the file.
        layout: of its data set.
        columns: of the image in the file that was read before, whose order holds for all; None if
            this is the first.

    Raises:
        DataError: something is not as the layout says; the message names the column, the first row
            and the key of the config.
    """
    if path.stat().st_size > _LARGEST_CSV:
        raise DataError(
            f"{path}: it is larger than {_LARGEST_CSV} bytes, the most that is read of a CSV file. "
            "As Parquet it would be smaller, and read faster."
        )
    _require_separator(path, layout)
    try:
        try:
            table = _parse_csv(path, layout, threads=True)
        except pa.ArrowInvalid:
            # Only a single thread knows the number of the row that is wrong.
            table = _parse_csv(path, layout, threads=False)
        # Names that are not UTF-8 show only when they are asked for.
        names = table.column_names
    except (pa.ArrowException, UnicodeDecodeError) as error:
        # It quotes the file, and that may be anything.
        reason = "".join(character for character in str(error) if character.isprintable())
        raise DataError(
            f"{path}: not readable as CSV ({reason}). Is it another file, has it another encoding "
            f"than UTF-8, or does {layout.key('separator')} not fit?"
        ) from error
    if layout.header:
        _require_header(path, layout, names)
    else:
        table = table.rename_columns([str(position) for position in range(len(names))])
    return _from_columns(path, table, layout, columns)


def _parse_csv(path: Path, layout: Layout, threads: bool) -> pa.Table:
    return csv.read_csv(
        path,
        csv.ReadOptions(
            use_threads=threads,
            block_size=_CSV_BLOCK,
            autogenerate_column_names=not layout.header,
        ),
        csv.ParseOptions(delimiter=layout.separator),
        # Labels stay as they are spelt: "true" would become "True".
        csv.ConvertOptions(true_values=[], false_values=[]),
    )


def read_parquet(path: Path, layout: Layout, columns: Sequence[str] | None = None) -> Source:
    """Read a Parquet file; arguments and errors are those of `read_csv`."""
    try:
        file = pq.ParquetFile(path, memory_map=True, page_checksum_verification=True)
        _require_memory(path, file.metadata)
        schema = file.schema_arrow
        label, others = _split_columns(path, schema.names, layout)
        if len(others) == 1 and _holds_bytes(schema.field(others[0]).type):
            return _from_bytes(path, file, layout, label, others[0])
        table = file.read()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: not readable as Parquet ({error}). Is it another file?"
        ) from error
    return _from_columns(path, table, layout, columns)


# --- checks before anything is read ---------------------------------------------------------------


def _require_separator(path: Path, layout: Layout) -> None:
    """A wrong separator makes one column of all."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline(2**16)
    likely = max(_SEPARATORS, key=first.count)
    # A line of prose has spaces, too, but not as many as an image has pixels.
    if layout.separator not in first and 2 * first.count(likely) >= layout.values_of_image:
        spelt = '"\\t"' if likely == "\t" else f'"{likely}"'
        raise DataError(
            f"{path}: the first row has no {layout.separator!r}, but {first.count(likely)} times "
            f"{spelt}. Set {layout.key('separator')} to {spelt} in the config."
        )


def _require_header(path: Path, layout: Layout, names: Sequence[str]) -> None:
    """A row of pixels that is taken for names would be lost."""
    if all(re.fullmatch(r"\s*-?\d+(\.\d*)?(e-?\d+)?\s*", name) for name in names):
        # Position numbers may be names.
        counted = sorted(map(float, names))
        if counted not in ([*range(len(names))], [*range(1, len(names) + 1)]) or len(names) < 3:
            raise DataError(
                f"{path}: the first row has numbers only ({', '.join(names[:4])}, ...), so there "
                f"seems to be no header. Set {layout.key('header')} to false, and "
                f"{layout.key('label')} to the position of the labels' column: 0 for the first."
            )


def _require_memory(path: Path, metadata: pq.FileMetaData) -> None:
    """A column of zeros is a few bytes in the file, however long it is."""
    widths = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4}
    kinds = [metadata.schema.column(i) for i in range(metadata.num_columns)]
    # Arrow keeps a short integer short.
    widths_of = [
        int(match[1]) // 8
        if (match := re.search(r"bitWidth=(\d+)", str(kind.logical_type)))
        else widths.get(kind.physical_type, 8)
        for kind in kinds
    ]
    size = 0
    for group in range(metadata.num_row_groups):
        for number, width in enumerate(widths_of):
            chunk = metadata.row_group(group).column(number)
            size += max(chunk.num_values * width, chunk.total_uncompressed_size)
    if size > _LARGEST:
        raise DataError(
            f"{path}: {metadata.num_rows} rows of {metadata.num_columns} columns would take more "
            f"memory than the {_LARGEST} bytes that are read. Is it another file? Several smaller "
            "ones may stand in a list in `files`."
        )


# --- which column is what -------------------------------------------------------------------------


def _split_columns(path: Path, names: Sequence[str], layout: Layout) -> tuple[str, list[str]]:
    """The column of the labels, and those of the image."""
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise DataError(
            f"{path}: there are {count} columns of the name {name!r}. If the first row is data and "
            f"no header, set {layout.key('header')} to false in the config."
        )
    label = _column(path, names, layout, "label", layout.label)
    ignored = [_column(path, names, layout, "ignore", name) for name in layout.ignore]
    return label, [name for name in names if name != label and name not in ignored]


def _column(
    path: Path, names: Sequence[str], layout: Layout, key: str, wanted: str | int | None
) -> str:
    """The name of a column that the config names, or gives the position of."""
    if isinstance(wanted, str) and wanted in names:
        return wanted
    if isinstance(wanted, int) and wanted < len(names):
        return names[wanted]
    if wanted is None:
        raise DataError(
            f"{path}: which column has the labels? Set {layout.key(key)} to its name or position."
        )
    if isinstance(wanted, int):
        raise DataError(
            f"{path}: no column at position {wanted}, which {layout.key(key)} names; there are "
            f"{len(names)}, counted from 0."
        )
    close = get_close_matches(wanted, names, n=1)
    if close:
        hint = f"; did you mean {close[0]!r}?"
    elif not layout.header:
        hint = f"; without a header it is a position from 0 to {len(names) - 1}, not quoted."
    else:
        hint = f"; found {_some(names)}."
        if key == "label":
            hint += (
                " If the file has no labels, as Kaggle's test files, name the other one twice, as "
                "train and as test, and cut all `splits` from it."
            )
    raise DataError(f"{path}: no column {wanted!r}, which {layout.key(key)} names{hint}")


def _some(names: Sequence[str | int]) -> str:
    return ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")


def _in_order(
    path: Path, others: Sequence[str], columns: Sequence[str] | None, layout: Layout
) -> list[str]:
    """The columns of the image in the order of its pixels.

    The first file decides it: by the numbers in the names, if they are numbered, or as they stand.
    """
    if columns is None:
        skeletons = set(map(_skeleton, others))
        if len(skeletons) == 1 and "#" in skeletons.pop():
            return sorted(others, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
        return list(others)
    missing, unknown = set(columns) - set(others), set(others) - set(columns)
    if missing or unknown:
        raise DataError(
            f"{path}: its columns are not those of the file before: missing "
            f"{_some(sorted(missing)) or 'none'}; not there {_some(sorted(unknown)) or 'none'}. "
            f"Columns are matched by name; if it has none, set {layout.key('header')} to false."
        )
    return list(columns)


# --- values ---------------------------------------------------------------------------------------


def _from_columns(
    path: Path, table: pa.Table, layout: Layout, columns: Sequence[str] | None
) -> Source:
    label, others = _split_columns(path, table.column_names, layout)
    if not len(table):
        raise DataError(f"{path}: it has no rows. Is it another file?")
    # Not table.column(name), which looks through all names each time.
    of_name = dict(zip(table.column_names, table.columns, strict=True))
    labels = _labels(path, label, of_name[label])
    if len(others) == 1 and pa.types.is_nested(of_name[others[0]].type):
        images = _from_lists(path, others[0], of_name[others[0]], layout)
        pixels = None
    else:
        _require_count(path, table.column_names, label, others, layout)
        pixels = _in_order(path, others, columns, layout)
        parts = [_numbers(path, name, of_name[name], layout, len(table)) for name in pixels]
        images = np.empty((len(table), len(parts)), np.result_type(*{p.dtype for p in parts}))
        for position, part in enumerate(parts):
            images[:, position] = part
    return Source(str(path), images.reshape(-1, *layout.shape_in_file), labels, pixels)


def _require_count(
    path: Path, names: Sequence[str], label: str, others: Sequence[str], layout: Layout
) -> None:
    if len(others) == layout.values_of_image:
        return
    rows, columns = layout.image_shape
    hint = ""
    if len(others) > layout.values_of_image:
        usual = Counter(map(_skeleton, others)).most_common(1)[0][0]
        # A column without a name, as that of pandas's row numbers, can be told by its position.
        odd = [name or names.index(name) for name in others if _skeleton(name) != usual]
        hint = f" ({_some(odd)} may go to {layout.key('ignore')})" if odd else ""
    else:
        hint = (
            "; or one column, of Parquet, is the image (a list, bytes or a picture), and the "
            f"others are in {layout.key('ignore')}"
        )
    raise DataError(
        f"{path}: {len(others)} columns beside {label!r}, but {layout.key('image_shape')} "
        f"({rows} x {columns}, {layout.channels} channel(s)) makes {layout.values_of_image}. Every "
        f"other column must be a pixel{hint}."
    )


def _skeleton(name: str) -> str:
    """The name of a column but for the numbers in it."""
    return re.sub(r"\d+", "#", name)


def _labels(path: Path, name: str, values: pa.ChunkedArray) -> np.ndarray:
    """Numbers, or words as str objects."""
    _require_values(path, name, values, len(values))
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return np.asarray(values)
    words = values.to_pylist()
    try:
        words = [str(word, "utf-8") if isinstance(word, bytes) else word for word in words]
        wrong = pa.types.is_nested(values.type)
    except UnicodeDecodeError:
        wrong = True
    if wrong:
        raise DataError(
            f"{path}: column {name!r}: found values of type {values.type}; a label is a number or "
            "a word, in UTF-8."
        )
    return np.array([str(word) for word in words], dtype=object)


def _numbers(
    path: Path, name: str, values: pa.ChunkedArray, layout: Layout, rows: int
) -> np.ndarray:
    """A column of pixels, (n,), or all pixels of its rows, of a type as small as possible."""
    _require_values(path, name, values, rows)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    elif pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    if pa.types.is_integer(values.type):
        smallest, largest = pc.min_max(values).as_py().values()
        kind = np.result_type(np.min_scalar_type(smallest), np.min_scalar_type(largest))
        return np.asarray(values).astype(kind)
    if pa.types.is_floating(values.type):
        return np.asarray(values)
    found = _first_that_is_no_number(values, rows)
    hint = "" if layout.header else f" Has the file a header? Then {layout.key('header')} is true."
    if re.search(r"\d,\d", found):
        hint = " Write a point before the decimals."
    raise DataError(f"{path}: column {name!r}, {found}; a pixel must be a number.{hint}")


def _require_values(path: Path, name: str, values: pa.ChunkedArray, rows: int) -> None:
    if values.null_count:
        row = _row(values.is_null().index(True).as_py(), values, rows)
        raise DataError(f"{path}: column {name!r}, row {row}: there is no value.")


def _row(position: int, values: pa.ChunkedArray, rows: int) -> int:
    """The row of the table that a value is in, from 1; a row of lists has several of them."""
    return position * rows // len(values) + 1


def _first_that_is_no_number(values: pa.ChunkedArray, rows: int) -> str:
    for position, value in enumerate(values):
        try:
            # Not float, which takes "1_000" for a number.
            pa.scalar(str(value)).cast(pa.float64())
        except pa.ArrowInvalid:
            return f"row {_row(position, values, rows)}: found {value.as_py()!r}"
    return f"all rows: found values of type {values.type}"


def _from_lists(path: Path, name: str, values: pa.ChunkedArray, layout: Layout) -> np.ndarray:
    """Lists of numbers, or lists of lists: (n, values of an image)."""
    flat, rows = values, len(values)
    shape: list[int] = []
    while (
        pa.types.is_list(flat.type)
        or pa.types.is_large_list(flat.type)
        or (pa.types.is_fixed_size_list(flat.type))
    ):
        _require_values(path, name, flat, rows)
        lengths = np.asarray(pc.list_value_length(flat))
        if (lengths != lengths[0]).any():
            odd = _row(int(np.argmax(lengths != lengths[0])), flat, rows)
            raise DataError(
                f"{path}: column {name!r}, row {odd}: its lists are not as long as those of row 1."
            )
        shape.append(int(lengths[0]))
        flat = pc.list_flatten(flat)
        if not len(flat):
            break
    if not shape:
        raise DataError(
            f"{path}: column {name!r}: found values of type {values.type}; an image in one column "
            "is a list, bytes or a picture."
        )
    if tuple(shape) not in layout.shapes_in_file:
        allowed = " or ".join(" x ".join(map(str, one)) for one in layout.shapes_in_file)
        raise DataError(
            f"{path}: column {name!r}: lists of {' x '.join(map(str, shape))} numbers in a row; "
            f"must be {allowed}, by {layout.key('image_shape')} and {layout.key('channels')}. If "
            f"rows and columns are swapped, see {layout.key('transposed')}."
        )
    return _numbers(path, name, flat, layout, rows).reshape(rows, -1)


# --- pictures and bytes ---------------------------------------------------------------------------


def _holds_bytes(kind: pa.DataType) -> bool:
    """Whether a column has bytes, or Hugging Face's struct of bytes and path."""
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _from_bytes(path: Path, file: pq.ParquetFile, layout: Layout, label: str, image: str) -> Source:
    """Pictures, or the bytes of pixels, a few at a time."""
    rows = file.metadata.num_rows
    if not rows:
        raise DataError(f"{path}: it has no rows. Is it another file?")
    if rows * layout.values_of_image > _LARGEST:
        raise DataError(
            f"{path}: {rows} images would take more memory than {_LARGEST} bytes. Several smaller "
            "files may stand in a list in `files`."
        )
    images = np.empty((rows, *layout.shape_in_file), np.uint16)
    labels, row = [], 0
    for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=[label, image]):
        table = pa.Table.from_batches([batch])
        labels.append(_labels(path, label, table.column(label)))
        for value in table.column(image).to_pylist():
            content = value.get("bytes") if isinstance(value, dict) else value
            images[row] = _one_image(f"{path}: column {image!r}, row {row + 1}", content, layout)
            row += 1
    return Source(str(path), images, np.concatenate(labels))


def _one_image(place: str, content: bytes | None, layout: Layout) -> np.ndarray:
    """One image, numbers (*shape_in_file)."""
    if not content:
        raise DataError(f"{place}: there are no bytes of an image.")
    if is_picture(content):
        return decode(place, content, layout)
    if len(content) != layout.values_of_image:
        raise DataError(
            f"{place}: {len(content)} bytes that are no PNG or JPEG picture, but "
            f"{layout.key('image_shape')} makes {layout.values_of_image}."
        )
    return np.frombuffer(content, np.uint8).reshape(layout.shape_in_file)
