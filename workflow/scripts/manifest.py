"""Hold all products to the seals of their jobs; describe them, and what they were made with."""

import argparse
import json
import os
from pathlib import Path

from common import cli
from common.errors import DataError
from common.files import write_json
from provenance.environment import environment
from provenance.manifest import manifest_of
from provenance.seals import digest_of_list, read_seals, require_sealed


def main() -> None:
    """Read the command line, describe and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--products",
        type=Path,
        required=True,
        help="a line each: its rule, a space, its path; and so the seals, with what their jobs are "
        "told, a digest, for a rule",
    )
    parser.add_argument("--listed", required=True, help="a digest of these lines")
    parser.add_argument("--rules", type=json.loads, required=True, help="JSON, see pipeline.rules")
    parser.add_argument("--config", type=json.loads, required=True, help="JSON: key -> digest")
    parser.add_argument("--version", required=True, help="of the project")
    parser.add_argument("--lock", type=Path, required=True, help="the pinned packages")
    parser.add_argument("--manifest", type=Path, required=True, help="output")
    parser.add_argument("--environment", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    folder = arguments.manifest.parent
    lines = arguments.products.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ", 1) for line in lines]
    if digest_of_list(pairs, folder) != arguments.listed:
        raise DataError(f"{arguments.products}: not of the config of now; delete it and run again")
    listed = {path: first for first, path in pairs}
    products = {path: rule for path, rule in listed.items() if rule in arguments.rules}
    told = {path: digest for path, digest in listed.items() if path not in products}
    seals = read_seals(told)
    require_sealed(products, seals, told)
    packages = {name for rule in arguments.rules.values() for name in rule["software"]}
    machines = [seal["machine"] for seal in seals.values()]
    write_json(arguments.environment, environment(machines, packages, arguments.lock))
    manifest = manifest_of(
        {os.path.relpath(path, folder): rule for path, rule in products.items()},
        arguments.rules,
        arguments.config,
        folder,
        arguments.version,
        [os.path.relpath(path, folder) for path in seals],
    )
    write_json(arguments.manifest, manifest)


if __name__ == "__main__":
    cli.run(main)
