"""Who wrote something, so that only what is known to be dead is ever cleared away.

A process number alone says nothing of another host, another container or the time before a restart,
and numbers are used again. Here a process is named by its host, boot and process namespace, where
its number counts, and by its start as the kernel counts it. Whoever is not known to be dead counts
as alive; where there is no Linux nobody is known to be.
"""

import hashlib
import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MACHINE = Path("/etc/machine-id")
_NAMESPACE = Path("/proc/self/ns/pid")
#: The process namespace outside of all containers has this number on every Linux.
_INITIAL_NAMESPACE = 4026531836
_NAME = re.compile(r"([0-9a-f]{8})-([0-9a-f]{8})-(\d{1,20})-(\d{1,9})-(\d{1,20})")


class Process(NamedTuple):
    """A process of any machine.

    Attributes:
        host: a hash of the host's name and the machine's own.
        boot: a hash of what the kernel calls its present boot.
        namespace: of processes; a container has its own. 0 if it cannot be known.
        number: its number there.
        start: in the kernel's ticks since the boot; 0 if it cannot be known.
    """

    host: str
    boot: str
    namespace: int
    number: int
    start: int

    @property
    def name(self) -> str:
        """All of it in a form that a file name may have."""
        return "-".join(map(str, self))


def this_process() -> Process:
    """The process that asks."""
    number = os.getpid()
    host = platform.node() + _read(_MACHINE)
    return Process(_hash(host), _hash(_read(_BOOT)), _namespace(), number, _status(number)[1])


def process_named(name: str) -> Process | None:
    """The process of a name; None if it is none."""
    match = _NAME.fullmatch(name)
    return match and Process(match[1], match[2], *map(int, match.groups()[2:]))


def is_known_dead(process: Process) -> bool:
    """Whether a process surely runs no more."""
    here = this_process()
    if process.host != here.host or not process.namespace or not here.namespace:
        return False
    if process.boot != here.boot:
        # Containers on several hosts may share names, but not outside of them.
        return process.namespace == here.namespace == _INITIAL_NAMESPACE
    if process.namespace != here.namespace:
        return False
    try:
        os.kill(process.number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's, whose start may be readable all the same
    state, start = _status(process.number)
    # A zombie has ended, but whoever started it has not yet asked how.
    return state == "Z" or (bool(process.start) and start not in (0, process.start))


def _namespace() -> int:
    try:
        return int(re.sub(r"\D", "", str(_NAMESPACE.readlink())) or 0)
    except OSError:
        return 0


def _status(number: int) -> tuple[str, int]:
    """The state of a process, a letter, and its start; "" and 0 if they cannot be known."""
    # The name of the program, in parentheses, may hold spaces.
    status = _read(Path("/proc", str(number), "stat")).rpartition(")")[2].split()
    return (status[0], int(status[19])) if len(status) > 19 else ("", 0)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
