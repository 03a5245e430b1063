"""The seal of a job: what it read, what it was told, what it wrote, and what it ran on.

The manifest holds results to the seals of their jobs, so that what was changed afterwards, or made
of something else than is there, is not taken for a result. This is against accidents: who changes a
file and its seal alike is not noticed.
"""

import sys
from pathlib import Path

from common.files import READ, WRITTEN, noted, write_json
from common.machine import machine

_OURS = Path(__file__).parents[1]


def note_code() -> None:
    """Note the modules of ours that are loaded by now; as soon as they are, they may be edited."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(_OURS):
            noted(file)


def write_seal(path: Path, told: str) -> None:
    """Seal what this process has done.

    What is written has `inputs` and `outputs`, both path -> SHA-256, `told` as given, a digest of
    the job's parameters, and `machine` (see common.machine). Paths are relative to the folder in
    which the job runs.
    """
    note_code()
    done = {"inputs": dict(sorted(READ.items())), "outputs": dict(sorted(WRITTEN.items()))}
    done["told"] = told
    write_json(path, done | {"machine": machine()})
