"""The seals of a run's jobs: what its products are held to before the manifest takes them in."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from common.errors import DataError
from common.files import read_json, sha256_of
from provenance.manifest import listed


def read_seals(paths: Iterable[str]) -> dict[str, dict]:
    """Seals by their paths, each as common.seal describes it.

    Raises:
        DataError: one is damaged, or none of ours.
    """
    seals = {path: read_json(path) for path in paths}
    for path, seal in seals.items():
        parts = ("inputs", "outputs", "machine")
        if (
            not isinstance(seal, dict)
            or not all(isinstance(seal.get(p), dict) for p in parts)
            or not isinstance(seal.get("told"), str)
        ):
            raise DataError(
                f"{path}: not a seal as this version writes it; delete it and run again"
            )
    return seals


def broken(products: Iterable[str], seals: dict[str, dict], told: dict[str, str]) -> Iterator[str]:
    """What is not as the jobs of a run left it, one line each, which begins with what to delete.

    Args:
        products: their paths.
        seals: of all jobs, by their paths.
        told: what each job would be told now, by the path of its seal.
    """
    sealed = {path: digest for seal in seals.values() for path, digest in seal["outputs"].items()}
    changed = set()
    for path in products:
        if path not in sealed:
            yield f"{path}: no job has sealed it"
        elif sha256_of(path) != sealed[path]:
            changed.add(path)
            yield f"{path}: not what its job wrote; was it changed by hand?"

    @cache
    def now(path: str) -> str | None:
        return sha256_of(path) if Path(path).is_file() else None

    for name, seal in seals.items():
        others = [
            path
            for path, digest in seal["inputs"].items()
            if path not in changed and now(path) != digest
        ]
        if others:
            yield f"{name}: its job read another {', '.join(others)} than that of now"
        elif seal["told"] != told[name]:
            yield f"{name}: its job had another config, or other packages, than those of now"


def digest_of_list(lines: Iterable[Sequence[str]], folder: str | Path) -> str:
    """A digest of what a list of products says, wherever the folder of the results lies.

    Args:
        lines: a rule and a product each, or what a job is told and its seal.
        folder: of the results, as the paths have it.
    """
    text = "".join(f"{first} {os.path.relpath(path, folder)}\n" for first, path in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def require_sealed(products: Iterable[str], seals: dict[str, dict], told: dict[str, str]) -> None:
    """Refuse products that are not those of these jobs, of the code, data and config of now.

    Raises:
        DataError: names what to delete.
    """
    if found := list(broken(products, seals, told)):
        raise DataError(
            f"The results are not as their jobs left them:{listed(found)}\n"
            "Delete what is named here before the colons, and run again: it is made anew, with all "
            "that is made of it."
        )
