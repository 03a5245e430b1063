"""Hold all products to the seals of their jobs; describe them, and what they were made with."""

import argparse
import json
import os
from pathlib import Path

from common import cli
from common.errors import DataError
from common.files import read_parquet, write_json
from provenance.environment import environment
from provenance.manifest import manifest_of, of_another_config
from provenance.seals import read_seals, require_sealed
from runs.schemas import SETTINGS


def main() -> None:
    """Read the command line, describe and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--products",
        type=Path,
        required=True,
        help="a line each: its rule, a space, its path; and so the seals, with `seals` for a rule",
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
    rules = {path: rule for rule, path in (line.split(" ", 1) for line in lines)}
    seals = read_seals(path for path, rule in rules.items() if rule == "seals")
    products = {path: rule for path, rule in rules.items() if rule != "seals"}
    require_sealed(products, seals)
    metrics = folder / "metrics.parquet"
    runs = read_parquet(metrics).select(["task", *SETTINGS]).to_pylist()
    if others := of_another_config(runs, arguments.tasks):
        listed = "".join(f"\n  {other}" for other in others)
        raise DataError(
            f"{metrics} is not of this config:{listed}\n"
            "Remove the folders of these tasks in results/runs/, and run again."
        )
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
