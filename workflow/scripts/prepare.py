"""Cut the raw files of a data set into train, validation and test splits as Parquet."""

import argparse
import json
from pathlib import Path

import numpy as np

from common import cli
from common.errors import DataError
from common.files import sha256_of
from images.labels import to_codes
from images.layout import Layout
from images.levels import to_bytes
from images.sources import ROLES, raw_files, read_sources
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


def read_wholes(folder: Path, entry: dict, layout: Layout) -> dict[str, Split]:
    """Read the files of each role as one split of all their images.

    Raises:
        DataError: a file is not what the config says.
    """
    for role in ROLES:
        for file in raw_files(entry["files"], role):
            require_content(folder / file["name"], file["sha256"])
    sources = read_sources(folder, entry["files"], layout)
    # Each file for itself: one that is not as declared would hide among the others.
    every = {source.place: source for of_role in sources.values() for source in of_role}
    pixels, brightest = to_bytes({place: s.images for place, s in every.items()}, layout)
    labels, names = to_codes({place: s.labels for place, s in every.items()}, layout)
    wholes = {}
    for role, of_role in sources.items():
        images = np.concatenate([pixels[source.place] for source in of_role])
        n, *shape = images.shape
        wholes[role] = Split(
            np.arange(n, dtype=np.uint32),
            np.concatenate([labels[source.place] for source in of_role]),
            images.reshape(n, -1),
            tuple(shape),
            layout.pixel_range,
            brightest,
            names,
        )
    return wholes


def cut(whole: Split, first: int, count: int, name: str) -> Split:
    """Take the images first .. first + count - 1 of a source.

    Raises:
        DataError: the source has not that many.
    """
    n = len(whole.labels)
    if first + count > n:
        raise DataError(
            f"split {name} wants the images {first} to {first + count - 1}, but the source has "
            f"{n}; correct `splits` in the config."
        )
    rows = slice(first, first + count)
    return whole._replace(
        index=whole.index[rows], labels=whole.labels[rows], pixels=whole.pixels[rows]
    )


def main() -> None:
    """Read the command line, cut and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="of the data set")
    parser.add_argument("--dataset", type=json.loads, required=True, help="JSON: its config entry")
    parser.add_argument("--raw", type=Path, required=True, help="folder of its files")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="NAME.parquet each")
    arguments = parser.parse_args()
    layout = Layout.of_entry(arguments.name, arguments.dataset)
    wholes = read_wholes(arguments.raw, arguments.dataset, layout)
    for path in arguments.output:
        split = arguments.dataset["splits"][path.stem]
        write_split(path, cut(wholes[split["from"]], split["first"], split["count"], path.stem))


if __name__ == "__main__":
    cli.run(main)
