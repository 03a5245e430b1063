"""What the results were computed with: kept apart from the manifest, as machines differ in it."""

import re
from collections.abc import Iterable
from pathlib import Path

from common.machine import MISSING, version_of


def environment(machines: Iterable[dict], packages: Iterable[str], lock: Path) -> dict:
    """What all jobs of a run ran on, see common.machine.

    Args:
        machines: of each job.
        packages: those that the jobs import.
        lock: the pinned packages, in the format of pip.

    Returns:
        As of one machine; but a list of all values where those of the jobs differ, as BLAS has one
        anyway. `unlike_the_lock` names packages that another version is pinned of. A package that
        no job has loaded is the one that this process finds.
    """
    jobs = _distinct(machines)
    versions = {
        name: _distinct(job["packages"][name] for job in jobs if name in job["packages"])
        or [version_of(name)]
        for name in sorted(packages)
    }
    complete = [
        {name: job["packages"].get(name, found[0]) for name, found in versions.items()}
        for job in jobs
    ]
    libraries = _distinct(library for job in jobs for library in job["blas"])
    return {
        "python": _agreed(job["python"] for job in jobs),
        "system": _agreed(job["system"] for job in jobs),
        "processor": _agreed(job["processor"] for job in jobs),
        "blas": sorted(libraries, key=lambda library: [*library.values()]),
        "llvm": _agreed(job["llvm"] for job in jobs if job["llvm"]),
        "packages": {name: _agreed(found) for name, found in versions.items()},
        "unlike_the_lock": _distinct(
            line for job in _distinct(complete) for line in unlike_the_lock(job, lock)
        ),
    }


def _agreed(values: Iterable) -> object:
    """The value that all have, or a list of the different ones; of none an empty list."""
    different = _distinct(values)
    return different[0] if len(different) == 1 else different


def _distinct(values: Iterable) -> list:
    """Each value once, in the order in which they come; of kinds that JSON can hold."""
    found: list = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def unlike_the_lock(packages: dict[str, str], lock: Path) -> list[str]:
    """Each package that is not of a version that the lock pins, in words; none without a lock.

    Those that the named ones need in turn are locked, too, and looked at if they are installed.
    """
    if not lock.is_file():
        return []
    pinned: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE
    ):
        pinned.setdefault(_normal(name), []).append(version)
    named = {_normal(name) for name in packages}
    others = {name: version_of(name) for name in pinned if name not in named}
    packages = packages | {n: version for n, version in others.items() if version != MISSING}
    return [
        f"{name} {version} instead of {' or '.join(pinned.get(_normal(name), ['none']))}"
        for name, version in packages.items()
        if version not in pinned.get(_normal(name), [])
    ]


def _normal(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
