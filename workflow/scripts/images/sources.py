"""The files of a data set as arrays, whatever their format."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from common.errors import DataError
from images.arrays import read_npz
from images.idx import read_idx
from images.layout import Layout
from images.tables import Source, read_csv, read_parquet

#: The parts of `files` in the config that a split is cut from.
ROLES = ("train", "test")


def raw_files(files: dict, role: str) -> list[dict]:
    """The entries of the files of a role: tables, or images and labels as IDX."""
    if f"{role}_images" in files:
        return [files[f"{role}_images"], files[f"{role}_labels"]]
    return files[role] if isinstance(files[role], list) else [files[role]]


def read_sources(folder: Path, files: dict, layout: Layout) -> dict[str, list[Source]]:
    """Read all files of a data set.

    Args:
        folder: where they are.
        files: `files` of the data set in the config.
        layout: of the data set.

    Returns:
        By role, one after the other, with images as they are to be seen: numbers (n, rows,
        columns), with a last axis of three if in colour; and labels (n,), numbers or words.

    Raises:
        DataError: a file is not as the config says, or the images have different shapes.
    """
    sources: dict[str, list[Source]] = {}
    columns = None  # those of the first file that has any
    for role in ROLES:
        entries = raw_files(files, role)
        if f"{role}_images" in files:
            sources[role] = [_from_idx(*(folder / entry["name"] for entry in entries), layout)]
            continue
        sources[role] = []
        for entry in entries:
            source = _from_table(folder / entry["name"], entry, role, layout, columns)
            columns = columns or source.columns
            sources[role].append(source._replace(images=layout.upright(source.images)))
    _require_one_shape(sources, layout)
    return sources


def _from_table(
    path: Path, entry: dict, role: str, layout: Layout, columns: Sequence[str] | None
) -> Source:
    """Read a table, told by the ending of its name."""
    if not path.stat().st_size:
        raise DataError(f"{path}: it is empty. Correct `files` in the config: is it another file?")
    match path.suffix:
        case ".csv":
            return read_csv(path, layout, columns)
        case ".parquet":
            return read_parquet(path, layout, columns)
        case _:
            return read_npz(path, layout, role, entry.get("images"), entry.get("labels"))


def _from_idx(images_path: Path, labels_path: Path, layout: Layout) -> Source:
    """Read images and labels that belong together."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if layout.channels == 1 and images.ndim == 4:
        # The one channel may stand first or last.
        channel = next((axis for axis in (1, 3) if images.shape[axis] == 1), None)
        images = images if channel is None else images.squeeze(channel)
    dimensions = 3 if layout.channels == 1 else 4
    if images.ndim != dimensions:
        raise DataError(
            f"{images_path}: its header says {_described(images)}; images of "
            f"{layout.channels} channel(s) have {dimensions} dimensions. Correct `files` or "
            f"{layout.key('channels')} in the config."
        )
    if layout.channels > 1 and images.shape[1 if layout.channels_first else 3] != layout.channels:
        raise DataError(
            f"{images_path}: its header says {_described(images)}, of which the "
            f"{'second' if layout.channels_first else 'last'} must be {layout.channels}, the "
            f"number of channels. Correct {layout.key('channels_first')} in the config: true if an "
            "image has all its red values before the green ones."
        )
    if labels.ndim == 2:
        labels = _column_of_idx(labels_path, labels, layout)
    if labels.ndim != 1:
        raise DataError(
            f"{labels_path}: its header says {_described(labels)}; labels have one dimension. "
            "Correct `files` in the config."
        )
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images)} images but {labels_path} has {len(labels)} labels; "
            "they do not belong together. Correct `files` in the config."
        )
    return Source(f"{images_path} and {labels_path}", layout.upright(images), labels)


def _column_of_idx(path: Path, labels: np.ndarray, layout: Layout) -> np.ndarray:
    """One column of a table of labels, as QMNIST has them."""
    if labels.shape[1] == 1:
        return labels[:, 0]
    if isinstance(layout.label, int) and layout.label < labels.shape[1]:
        return labels[:, layout.label]
    cure = (
        f"Set {layout.key('label')} to the position of the label among them, counted from 0 "
        "(QMNIST: 0)."
    )
    if labels.max() == 1 and (np.count_nonzero(labels, axis=1) == 1).all():
        cure = "All but one are 0: write the position of the other, labels.argmax(axis=1)."
    raise DataError(
        f"{path}: its header says {_described(labels)}: {labels.shape[1]} numbers for each image. "
        f"{cure}"
    )


def _described(array: np.ndarray) -> str:
    return f"{array.dtype.name}, {' x '.join(map(str, array.shape))}"


def _require_one_shape(sources: dict[str, list[Source]], layout: Layout) -> None:
    # Several files of a role are tables, which `image_shape` holds to one shape.
    shapes = {role: parts[0].images.shape[1:] for role, parts in sources.items()}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{role} {' x '.join(map(str, s))}" for role, s in shapes.items())
        raise DataError(
            f"the images have different shapes: {found} pixels; correct "
            f"{layout.key('files')} in the config."
        )
