"""Splits of a data set (train, validation, test) as Parquet tables and as arrays.

A split on disk has the columns `index` uint32 (row in the source file), `label` uint8 and
`pixels` fixed_size_binary(rows * columns); the image shape stands in the schema metadata.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from common.errors import DataError
from common.files import read_parquet, write_parquet


class Split(NamedTuple):
    """Images and labels of one split, in the order of the source file.

    Attributes:
        index: uint32 (n,), row of each image in its source file.
        labels: uint8 (n,), what each image shows.
        pixels: uint8 (n, rows * columns), brightness 0..255.
        image_shape: (rows, columns).
    """

    index: np.ndarray
    labels: np.ndarray
    pixels: np.ndarray
    image_shape: tuple[int, int]


class Examples(NamedTuple):
    """What a model trains on: pixels and class numbers.

    Attributes:
        pixels: uint8 (n, p).
        targets: int64 (n,), position of the label in the task's list of classes, 0..k-1.
    """

    pixels: np.ndarray
    targets: np.ndarray


def write_split(path: str | Path, split: Split) -> None:
    """Write a split as one Parquet file; the same split gives the same bytes."""
    n, p = split.pixels.shape
    pixels = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(p), n, [None, pa.py_buffer(np.ascontiguousarray(split.pixels))]
    )
    rows, columns = split.image_shape
    table = pa.table(
        {"index": split.index, "label": split.labels, "pixels": pixels}
    ).replace_schema_metadata({"rows": str(rows), "columns": str(columns)})
    write_parquet(table, path)


def read_split(path: str | Path) -> Split:
    """Read a split without copying the pixels.

    Raises:
        DataError: the file is damaged or is not a split.
    """
    table = read_parquet(path)
    try:
        table = table.combine_chunks()
        metadata = table.schema.metadata
        image_shape = (int(metadata[b"rows"]), int(metadata[b"columns"]))
        # to_numpy would import pandas, which takes longer than all the rest of a job's start.
        index, labels, pixels = (
            np.frombuffer(table.column(name).chunk(0).buffers()[1], dtype)
            for name, dtype in (("index", np.uint32), ("label", np.uint8), ("pixels", np.uint8))
        )
        pixels = pixels.reshape(len(labels), math.prod(image_shape))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: not a split of a data set ({error}). Delete it and run again."
        ) from error
    return Split(index, labels, pixels, image_shape)


def first_examples(examples: Examples, count: int | None) -> Examples:
    """The first `count` examples, or all of them for None.

    Raises:
        DataError: there are not that many.
    """
    n = len(examples.targets)
    if count is not None and count > n:
        raise DataError(
            f"`train_size` is {count}, but of its classes the train split has {n} images. Correct "
            "it in the config."
        )
    return Examples(examples.pixels[:count], examples.targets[:count])


def select_classes(split: Split, classes: Sequence[int]) -> Examples:
    """Keep the images of some classes, in order; class number = position in `classes`.

    Raises:
        DataError: one of the classes does not occur in the split.
    """
    missing = sorted(set(classes) - set(np.unique(split.labels).tolist()))
    if missing:
        raise DataError(
            f"no image has the label {', '.join(map(str, missing))}; the labels of this split are "
            f"{', '.join(map(str, np.unique(split.labels)))}. Correct `classes` in the config."
        )
    class_number = np.full(256, -1, dtype=np.int64)
    class_number[list(classes)] = np.arange(len(classes))
    targets = class_number[split.labels]
    keep = targets >= 0
    if keep.all():
        return Examples(split.pixels, targets)
    return Examples(split.pixels[keep], targets[keep])
