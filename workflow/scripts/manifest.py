"""Describe all products with their hashes, and the environment they were made in."""

import argparse
import json
from pathlib import Path

from common import cli
from common.errors import DataError
from common.files import read_parquet, write_json
from provenance.environment import environment
from provenance.manifest import manifest_of, other_settings
from runs.schemas import SETTINGS


def main() -> None:
    """Read the command line, describe and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--products", type=Path, required=True, help="a line each: its rule, a space, its path"
    )
    parser.add_argument("--rules", type=json.loads, required=True, help="JSON, see pipeline.rules")
    parser.add_argument("--config", type=json.loads, required=True, help="JSON: key -> digest")
    parser.add_argument("--tasks", type=json.loads, required=True, help="JSON: settings by task")
    parser.add_argument("--version", required=True, help="of the project")
    parser.add_argument("--lock", type=Path, required=True, help="the pinned packages")
    parser.add_argument("--manifest", type=Path, required=True, help="output")
    parser.add_argument("--environment", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    folder = arguments.manifest.parent
    lines = arguments.products.read_text(encoding="utf-8").splitlines()
    products = {
        str(Path(path).relative_to(folder)): rule
        for rule, path in (line.split(" ", 1) for line in lines)
    }
    metrics = folder / "metrics.parquet"
    runs = read_parquet(metrics).select(["task", *SETTINGS]).to_pylist()
    if others := other_settings(runs, arguments.tasks):
        listed = "".join(f"\n  {other}" for other in others)
        raise DataError(
            f"{metrics} is not of this config:{listed}\n"
            "Remove the folders of these tasks in results/runs/, and run again."
        )
    packages = {
        name: version
        for rule in arguments.rules.values()
        for name, version in rule["software"].items()
    }
    write_json(arguments.environment, environment(packages, arguments.lock))
    manifest = manifest_of(products, arguments.rules, arguments.config, folder, arguments.version)
    write_json(arguments.manifest, manifest)


if __name__ == "__main__":
    cli.run(main)
