"""Make this folder ready for a run: no lock of a killed one, no times of a clock that was wrong."""

import os
import shutil
import time
from pathlib import Path

import psutil

LOCKS = Path(".snakemake", "locks")
FOLDERS = ("workflow", "results")


def snakemake_runs_in(folder: Path) -> bool:
    """Whether a process of this machine runs Snakemake in the folder."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        if (
            process.pid != os.getpid()
            and process.info["cwd"] == str(folder)
            and any("snakemake" in Path(word).name for word in command[:4])
        ):
            return True
    return False


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


if __name__ == "__main__":
    if LOCKS.is_dir() and any(LOCKS.iterdir()) and not snakemake_runs_in(Path.cwd()):
        shutil.rmtree(LOCKS)
        print("An earlier run was killed; going on where it stopped.")
    if late := reset_future_times(time.time()):
        print(
            f"{late} files came from the future: the clock was or is wrong. Their times are reset."
        )
