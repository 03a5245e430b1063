"""Splits of a data set (train, validation, test) as Parquet tables and as arrays.

A split on disk has the columns `index` uint32 (row in the source), `label` uint8 and `pixels`
fixed_size_binary(rows * columns * channels). The schema's metadata says how to read them: `rows`,
`columns` and, where they are not the usual ones, `channels`, `pixel_range`, `brightest` and
`class_names`.
"""

import json
import math
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
        pixels: uint8 (n, p), 0 is black and `brightest` white.
        image_shape: (rows, columns), or (rows, columns, channels) in colour; p is its product.
        pixel_range: what the source file had for black and white.
        brightest: the byte of a white pixel.
        class_names: of the labels 0, 1, ...; empty if they have none.
    """

    index: np.ndarray
    labels: np.ndarray
    pixels: np.ndarray
    image_shape: tuple[int, ...]
    pixel_range: tuple[float, float] = (0, 255)
    brightest: int = 255
    class_names: tuple[str, ...] = ()

    def name_of(self, label: int) -> str:
        """What people call a label: its name, or its number."""
        return self.class_names[label] if label < len(self.class_names) else str(label)


class Examples(NamedTuple):
    """What a model trains on: pixels and class numbers.

    Attributes:
        pixels: uint8 (n, p), 0 is black and `brightest` white.
        targets: int64 (n,), position of the label in the task's list of classes, 0..k-1.
        brightest: the byte of a white pixel.
    """

    pixels: np.ndarray
    targets: np.ndarray
    brightest: int = 255

    def rows(self, chosen: slice | np.ndarray) -> "Examples":
        """Some of the examples."""
        return self._replace(pixels=self.pixels[chosen], targets=self.targets[chosen])


def write_split(path: str | Path, split: Split) -> None:
    """Write a split as one Parquet file; the same split gives the same bytes."""
    n, p = split.pixels.shape
    pixels = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(p), n, [None, pa.py_buffer(np.ascontiguousarray(split.pixels))]
    )
    metadata = image_metadata(split.image_shape, split.class_names)
    if (*split.pixel_range, split.brightest) != (0, 255, 255):
        metadata["pixel_range"] = json.dumps(split.pixel_range)
        metadata["brightest"] = str(split.brightest)
    table = pa.table({"index": split.index, "label": split.labels, "pixels": pixels})
    write_parquet(table.replace_schema_metadata(metadata), path)


def image_metadata(
    image_shape: tuple[int, ...], class_names: tuple[str, ...] = ()
) -> dict[str, str]:
    """Shape of the images and names of the classes, if there are any, as metadata of a table."""
    rows, columns, *channels = image_shape
    metadata = {"rows": str(rows), "columns": str(columns)}
    if channels:
        metadata["channels"] = str(channels[0])
    if class_names:
        metadata["class_names"] = json.dumps(class_names, ensure_ascii=False)
    return metadata


def shape_and_names(schema: pa.Schema) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Undo `image_metadata`.

    Raises:
        KeyError, TypeError, ValueError: the schema has no such metadata.
    """
    metadata = schema.metadata or {}
    channels = [metadata[b"channels"]] if b"channels" in metadata else []
    shape = tuple(map(int, (metadata[b"rows"], metadata[b"columns"], *channels)))
    return shape, tuple(json.loads(metadata.get(b"class_names", "[]")))


def read_split(path: str | Path) -> Split:
    """Read a split without copying the pixels.

    Raises:
        DataError: the file is damaged or is not a split.
    """
    table = read_parquet(path)
    try:
        table = table.combine_chunks()
        image_shape, class_names = shape_and_names(table.schema)
        metadata = table.schema.metadata
        # to_numpy would import pandas, which takes longer than all the rest of a job's start.
        index, labels, pixels = (
            np.frombuffer(table.column(name).chunk(0).buffers()[1], dtype)
            for name, dtype in (("index", np.uint32), ("label", np.uint8), ("pixels", np.uint8))
        )
        return Split(
            index,
            labels,
            pixels.reshape(len(labels), math.prod(image_shape)),
            image_shape,
            tuple(json.loads(metadata.get(b"pixel_range", "[0, 255]"))),
            int(metadata.get(b"brightest", "255")),
            class_names,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: not a split of a data set ({error}). Delete it and run again."
        ) from error


def first_examples(examples: Examples, count: int | None) -> Examples:
    """The first `count` examples, or all of them for None.

    Raises:
        DataError: there are not that many, or a class has none among them.
    """
    n = len(examples.targets)
    if count is not None and count > n:
        raise DataError(
            f"`train_size` is {count}, but of its classes the train split has {n} images. Correct "
            "it in the config."
        )
    first = examples.rows(slice(count))
    missing = np.setdiff1d(examples.targets, first.targets)
    if missing.size:
        raise DataError(
            f"`train_size` is {count}, and among the first {count} training images of the task's "
            f"classes there is none of {len(missing)} of these classes; the first missing one has "
            f"the position {missing[0]} in `classes`, counted from 0. Is the file sorted by label? "
            "Shuffle its rows, or take a larger `train_size`."
        )
    return first


def select_classes(split: Split, classes: list[int]) -> Examples:
    """Keep the images of some classes, in order; class number = position in `classes`.

    Raises:
        DataError: one of the classes does not occur in the split.
    """
    there = np.unique(split.labels).tolist()
    missing = sorted(set(classes) - set(there))
    if missing:
        raise DataError(
            f"no image has the label {', '.join(map(split.name_of, missing))}; the labels of this "
            f"split are {', '.join(map(split.name_of, there))}. Correct `classes` in the config, "
            "or `label`, if that is another column, or the rows that `splits` takes: is the file "
            "sorted by label?"
        )
    class_number = np.full(256, -1, dtype=np.int64)
    class_number[list(classes)] = np.arange(len(classes))
    targets = class_number[split.labels]
    keep = targets >= 0
    pixels = split.pixels if keep.all() else split.pixels[keep]
    return Examples(pixels, targets[keep], split.brightest)
