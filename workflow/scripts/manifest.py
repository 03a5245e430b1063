"""Describe all products with their hashes and jobs, and the environment they were made in."""

import argparse
from pathlib import Path

from common import cli
from common.files import write_json
from provenance.environment import environment
from provenance.manifest import manifest_of


def main() -> None:
    """Read the command line, describe and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=Path, required=True, help="list of files, one a line")
    parser.add_argument("--records", type=Path, required=True, help="Snakemake's, of its jobs")
    parser.add_argument("--manifest", type=Path, required=True, help="output")
    parser.add_argument("--environment", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    products = arguments.products.read_text(encoding="utf-8").splitlines()
    write_json(arguments.manifest, manifest_of(products, arguments.records))
    write_json(arguments.environment, environment())


if __name__ == "__main__":
    cli.run(main)
