"""Test the tables over all runs; fail with everything that is wrong with them."""

import argparse
import json
from pathlib import Path

from common import cli
from common.errors import DataError
from common.explain import listed
from common.files import write_json
from runs.checks import WHAT_IS_CHECKED, read_histories, violations
from runs.grid import tasks_of
from runs.results import METRICS_SCHEMA, read_table


def main() -> None:
    """Read the command line, check and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument(
        "--tasks", type=json.loads, required=True, help="JSON: grid and settings by task"
    )
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    metrics = read_table(arguments.metrics, METRICS_SCHEMA).to_pylist()
    histories = list(read_histories(arguments.history))
    found = violations(metrics, histories, tasks_of(arguments.tasks))
    if found:
        raise DataError(listed("the set of results", found))
    points = sum(len(steps) for _, history in histories for steps, _ in history.values())
    write_json(
        arguments.output,
        {"runs": len(metrics), "points": points, "checks": list(WHAT_IS_CHECKED)},
    )
    print(f"{len(metrics)} runs with {points} points are complete and consistent")


if __name__ == "__main__":
    cli.run(main)
