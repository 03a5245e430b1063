"""Average the metrics over the seeds: one row for each combination, as CSV, Markdown, Parquet."""

import argparse
from pathlib import Path

from common import cli
from common.files import read_json, replace_atomically, write_parquet
from runs.results import read_table
from runs.schemas import METRICS_SCHEMA
from runs.sweep import as_markdown, sweep_table


def class_names(summaries: list[dict]) -> dict[str, dict[int, str]]:
    """What the labels of each data set are called."""
    return {
        summary["dataset"]: {
            entry["label"]: entry["name"] for entry in summary["splits"]["train"]["classes"]
        }
        for summary in summaries
    }


def main() -> None:
    """Read the command line, average and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="of all runs")
    parser.add_argument("--summaries", type=Path, nargs="+", required=True, help="of the data sets")
    parser.add_argument("--sort-by", nargs="*", required=True, help="columns")
    parser.add_argument("--csv", type=Path, required=True, help="output")
    parser.add_argument("--markdown", type=Path, required=True, help="output")
    parser.add_argument("--parquet", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    names = class_names([read_json(path) for path in arguments.summaries])
    table = sweep_table(read_table(arguments.metrics, METRICS_SCHEMA), names, arguments.sort_by)
    write_parquet(table, arguments.parquet)
    with replace_atomically(arguments.csv) as temporary:
        table.to_pandas().to_csv(temporary, index=False, lineterminator="\n")
    with replace_atomically(arguments.markdown) as temporary:
        temporary.write_text(as_markdown(table), encoding="utf-8")


if __name__ == "__main__":
    cli.run(main)
