"""Make this folder ready for a run: no lock of a killed one, no times of a clock that was wrong."""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common import cli  # noqa: E402
from pipeline.owner import release_dead_lock  # noqa: E402

FOLDERS = ("workflow", "results")


def reset_future_times(now: float) -> int:
    """Set modification times of the future to now; return how many.

    Snakemake refuses an output that is older than its inputs. Contents decide what runs again, so
    a time may be changed.
    """
    paths = [path for folder in FOLDERS for path in Path(folder).rglob("*") if path.is_file()]
    late = [path for path in paths if path.stat().st_mtime > now]
    for path in late:
        os.utime(path, (now, now))
    return len(late)


def main() -> None:
    """Release the lock of a dead run, then mend times."""
    if release_dead_lock():
        print("An earlier run was killed; going on where it stopped.")
    if late := reset_future_times(time.time()):
        print(
            f"{late} files came from the future: the clock was or is wrong. Their times are reset."
        )


if __name__ == "__main__":
    cli.run(main)
