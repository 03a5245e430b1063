"""Remove the lock that a killed Snakemake left in this folder, if no Snakemake runs here."""

import os
import shutil
from pathlib import Path

import psutil

LOCKS = Path(".snakemake", "locks")


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


if __name__ == "__main__":
    if LOCKS.is_dir() and any(LOCKS.iterdir()) and not snakemake_runs_in(Path.cwd()):
        shutil.rmtree(LOCKS)
        print("An earlier run was killed; going on where it stopped.")
