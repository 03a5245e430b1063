"""Bring one raw file, verified by its SHA-256, from the first mirror that has it."""

import argparse
import json
from pathlib import Path

from common import cli
from images.download import cache_folder, fetch


def main() -> None:
    """Read the command line and fetch the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrors", nargs="+", required=True, help="templates with {file}")
    parser.add_argument("--sha256", required=True, help="of the raw file")
    parser.add_argument("--bytes", type=json.loads, required=True, help="of the raw file, or null")
    parser.add_argument("--output", required=True, type=Path, help="the file")
    arguments = parser.parse_args()
    path = arguments.output
    origin = fetch(
        path.name, arguments.sha256, arguments.mirrors, path, cache_folder(), arguments.bytes
    )
    print(f"{path.name}: from {origin}")


if __name__ == "__main__":
    cli.run(main)
