"""Test the tables over all runs; fail with everything that is wrong with them."""

import argparse
import json
from pathlib import Path

from common import cli
from common.errors import DataError
from common.explain import listed
from common.files import read_json, write_json
from runs.integrity import WHAT_IS_TESTED, doubts, read_histories, violations
from runs.results import read_table
from runs.schemas import METRICS_SCHEMA


def main() -> None:
    """Read the command line, test and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--summaries", type=Path, nargs="+", required=True, help="of the data sets")
    parser.add_argument("--tasks", type=json.loads, required=True, help="JSON: settings by task")
    parser.add_argument("--count", type=int, required=True, help="of all runs")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    metrics = read_table(arguments.metrics, METRICS_SCHEMA).to_pandas()
    histories = read_histories(arguments.history)
    found = list(violations(metrics, histories, arguments.tasks, arguments.count))
    if found:
        raise DataError(listed("the set of results", found))
    diverged = int((metrics["ended"] == "diverged").sum())
    content = {"runs": len(metrics), "diverged": diverged, "tests": list(WHAT_IS_TESTED)}
    summaries = {summary["dataset"]: summary for summary in map(read_json, arguments.summaries)}
    if doubtful := list(doubts(metrics, summaries)):
        content["doubts"] = doubtful
        print(*doubtful, sep="\n")
    write_json(arguments.output, content)
    print(f"{len(metrics)} runs are complete and consistent; {diverged} diverged")


if __name__ == "__main__":
    cli.run(main)
