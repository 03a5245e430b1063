"""The user's own data files that were changed after a run had fetched them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from common.files import sha256_unpacked


def changed_data(files: Iterable[dict], mirrors: Iterable[str], raw: Path) -> Iterator[str]:
    """Say of which files the results know an earlier content only; their hash decides.

    Args:
        files: entries of the raw files in the config.
        mirrors: of their data set; only its folders (`file:`) are looked at.
        raw: folder of what was fetched.
    """
    folders = [mirror.removeprefix("file:") for mirror in mirrors if mirror.startswith("file:")]
    for file in files:
        fetched = raw / file["name"]
        places = [Path(folder.format(file=file["name"])).expanduser() for folder in folders]
        # As when it is fetched: it may be packed.
        either = [p for place in places for p in (place, place.with_name(f"{place.name}.gz"))]
        own = next((place for place in either if place.is_file()), None)
        # Hashing is for those that are newer, so that a large file delays nothing.
        if own is None or not fetched.is_file() or own.stat().st_mtime <= fetched.stat().st_mtime:
            continue
        try:
            found = sha256_unpacked(own)
        except OSError as error:
            yield f"{own} has changed since it was fetched, and cannot be read now: {error}"
            continue
        if found != file["sha256"]:
            yield (
                f"{own} has changed since it was fetched, and the results are about what it was. "
                f"For the new content write sha256: {found} into the config."
            )
