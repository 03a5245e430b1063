"""Gather all runs into one table of metrics and one of histories, a run at a time."""

import argparse
import json
from pathlib import Path

import pyarrow as pa

from common import cli
from common.files import read_json, write_parquet
from runs.grid import runs_of_tasks, tasks_of
from runs.results import (
    HISTORY_SCHEMA,
    METRICS_SCHEMA,
    read_table,
    write_histories,
)


def main() -> None:
    """Read the command line, gather and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grid", type=json.loads, required=True, help="JSON: the tasks' grid")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--metrics", type=Path, required=True, help="output")
    parser.add_argument("--histories", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    runs = runs_of_tasks(tasks_of(arguments.grid))
    rows = [read_json(arguments.runs / run.folder / "summary.json") for run in runs]
    write_parquet(pa.Table.from_pylist(rows, schema=METRICS_SCHEMA), arguments.metrics)
    write_histories(
        (
            (run.keys, read_table(arguments.runs / run.folder / "history.parquet", HISTORY_SCHEMA))
            for run in runs
        ),
        arguments.histories,
    )


if __name__ == "__main__":
    cli.run(main)
