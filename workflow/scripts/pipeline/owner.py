"""Who holds Snakemake's lock of a folder, and whether that may be undone.

Snakemake's lock does not say whose it is. A run therefore leaves its name among the files of the
lock when it starts; Snakemake deletes them together when it ends.
"""

import getpass
import platform
import shutil
from pathlib import Path

from common.errors import ReproductionError
from common.processes import is_known_dead, process_named, this_process

LOCKS = Path(".snakemake", "locks")
_PREFIX = "owner."


class LockedError(ReproductionError):
    """The folder is locked by a run that may still be going."""


def record_owner(locks: Path = LOCKS) -> None:
    """Leave the name of this process at the lock that it holds."""
    locks.mkdir(parents=True, exist_ok=True)
    about = f"process {this_process().number} of {_user()} on {platform.node()}"
    (locks / f"{_PREFIX}{this_process().name}").write_text(about, encoding="utf-8")


def release_dead_lock(locks: Path = LOCKS) -> bool:
    """Remove a lock whose owners are all known to be dead; return whether there was one.

    Raises:
        LockedError: an owner is alive, or nobody here can know.
    """
    files = sorted(locks.iterdir()) if locks.is_dir() else []
    if not any(file.suffix == ".lock" for file in files):
        return False
    owners = {
        file: process_named(file.name.removeprefix(_PREFIX))
        for file in files
        if file.name.startswith(_PREFIX)
    }
    alive = [file for file, owner in owners.items() if not (owner and is_known_dead(owner))]
    if alive or not owners:
        who = (
            ", ".join(file.read_text(encoding="utf-8") for file in alive) or "a run without a name"
        )
        raise LockedError(
            f"{Path.cwd()} is locked by {who}. If that is still running, let it end. If you are "
            "sure that it has ended (it may be in a container, of another user or on another "
            "machine): .venv/bin/snakemake --unlock"
        )
    shutil.rmtree(locks)
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "a user without a name"  # as in some containers
