"""Cut the raw files of a data set into train, validation and test splits as Parquet."""

import argparse
import json
from pathlib import Path

import numpy as np

from common import cli
from common.errors import DataError
from common.files import sha256_of
from images.idx import read_idx
from images.labelled import read_labelled_images
from images.splits import Split, write_split


def require_content(path: Path, sha256: str) -> None:
    """Hold a raw file to its hash once more: since it was fetched it may have changed.

    Raises:
        DataError: it has.
    """
    found = sha256_of(path)
    if found != sha256:
        raise DataError(
            f"{path}: wrong content: SHA-256 {found}, expected {sha256}. It has changed since it "
            "was fetched. Delete it and run again to fetch it anew."
        )


def read_idx_files(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read images (n, rows, columns) and labels (n,) that belong together.

    Raises:
        DataError: a file is damaged or the counts differ.
    """
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images)} images but {labels_path} has {len(labels)} labels; "
            "they do not belong together. Delete both and run again, or correct `files` in the "
            "config."
        )
    return images, labels


def require_one_shape(sources: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """A model takes images of one shape only.

    Raises:
        DataError: the images of the sources have different shapes.
    """
    shapes = {source: images.shape[1:] for source, (images, _) in sources.items()}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{source} {r} x {c}" for source, (r, c) in shapes.items())
        raise DataError(
            f"the images have different shapes: {found} pixels; correct `files` in the config."
        )


def cut(images: np.ndarray, labels: np.ndarray, first: int, count: int, name: str) -> Split:
    """Take the images first .. first + count - 1 of a source.

    Raises:
        DataError: the source has not that many.
    """
    if first + count > len(images):
        raise DataError(
            f"split {name} wants the images {first} to {first + count - 1}, but the source has "
            f"{len(images)}; correct `splits` in the config."
        )
    rows = slice(first, first + count)
    index = np.arange(first, first + count, dtype=np.uint32)
    return Split(index, labels[rows], images[rows].reshape(count, -1), images.shape[1:])


def main() -> None:
    """Read the command line, cut and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for source in ("train", "test"):
        parser.add_argument(
            f"--{source}",
            nargs="+",
            type=Path,
            required=True,
            help="images and labels as IDX, or one table of both",
        )
    parser.add_argument("--sha256", nargs="+", required=True, help="of these files, train first")
    parser.add_argument("--label", help="of tables: name of the column of the labels")
    parser.add_argument("--image-shape", nargs=2, type=int, help="of tables: rows, columns")
    parser.add_argument(
        "--splits", type=json.loads, required=True, help="JSON: name -> from, first, count"
    )
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="NAME.parquet each")
    arguments = parser.parse_args()
    for path, digest in zip([*arguments.train, *arguments.test], arguments.sha256, strict=True):
        require_content(path, digest)
    sources = {}
    for source in ("train", "test"):
        files = getattr(arguments, source)
        sources[source] = (
            read_labelled_images(*files, arguments.label, arguments.image_shape)
            if arguments.image_shape
            else read_idx_files(*files)
        )
    require_one_shape(sources)
    for path in arguments.output:
        split = arguments.splits[path.stem]
        write_split(path, cut(*sources[split["from"]], split["first"], split["count"], path.stem))


if __name__ == "__main__":
    cli.run(main)
