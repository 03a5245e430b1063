"""Gather all runs into one table of metrics and one of histories, a run at a time."""

import argparse
from pathlib import Path

import pyarrow as pa

from common import cli
from common.files import parquet_writer, read_parquet, write_parquet
from runs.results import read_table
from runs.schemas import HISTORIES_SCHEMA, METRICS_SCHEMA
from runs.tables import with_combination


def main() -> None:
    """Read the command line, gather and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--runs", nargs="+", required=True, help="their folders in it")
    parser.add_argument("--metrics", type=Path, required=True, help="output")
    parser.add_argument("--histories", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    folders = [arguments.root / folder for folder in arguments.runs]
    metrics = [read_table(folder / "metrics.parquet", METRICS_SCHEMA) for folder in folders]
    write_parquet(pa.concat_tables(metrics), arguments.metrics)
    with parquet_writer(arguments.histories, HISTORIES_SCHEMA) as add:
        for folder, block in zip(folders, metrics, strict=True):
            # Each run is a row group, in the order of the metrics.
            for place, row in enumerate(block.to_pylist()):
                add(with_combination(read_parquet(folder / "history.parquet", place), row))


if __name__ == "__main__":
    cli.run(main)
