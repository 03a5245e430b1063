"""Describe all products with their hashes and jobs, and the environment they were made in.

Snakemake runs this as a `script:`, the only one: its list of inputs is the list of all products,
and a command line must not grow with their number.
"""

from pathlib import Path

from pipeline import cli
from provenance.environment import environment
from provenance.manifest import manifest_of
from regression.files import write_json

METADATA = Path(".snakemake", "metadata")


def main() -> None:
    """Describe and write."""
    write_json(snakemake.output.manifest, manifest_of(snakemake.input.products, METADATA))  # noqa: F821
    write_json(snakemake.output.environment, environment())  # noqa: F821


if __name__ == "__main__":
    cli.run(main)
