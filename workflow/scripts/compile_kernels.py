"""Compile the inner loops of training, once for all jobs, and say for what."""

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path

from common.files import write_json
from regression import machine_code


def main() -> None:
    """Fill the cache and write the stamp."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache-dir",
        required=True,
        help=f"folder of compiled kernels; trainings find it by {machine_code.CACHE_VARIABLE}",
    )
    parser.add_argument("--output", required=True, help="stamp to write, JSON")
    arguments = parser.parse_args()

    os.environ[machine_code.CACHE_VARIABLE] = str(Path(arguments.cache_dir).resolve())
    machine_code.load_kernels()
    path = machine_code.cache_path()
    if not path.exists():
        sys.exit(f"{path}: cannot be written; choose a --cache-dir with space and permission")
    stamp = {
        "file": path.name,
        "processor": machine_code.processor()[0],
        "numba": version("numba"),
        "llvmlite": version("llvmlite"),
    }
    write_json(arguments.output, stamp)


if __name__ == "__main__":
    main()
