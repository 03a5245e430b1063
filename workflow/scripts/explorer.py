"""Put all runs into one page to look around in."""

import argparse
from itertools import groupby
from pathlib import Path

from common import cli
from common.files import read_json, replace_atomically
from plots.exploration import curve_points, predict, read_group
from plots.page import explorer_page
from runs.results import Results


def main() -> None:
    """Read the command line, read all runs, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of all results")
    parser.add_argument("--runs", nargs="+", required=True, help="folders of the runs in it")
    parser.add_argument("--summaries", type=Path, nargs="+", required=True, help="of the data sets")
    parser.add_argument("--template", type=Path, required=True, help="HTML with placeholders")
    parser.add_argument("--output", type=Path, required=True, help="the page")
    arguments = parser.parse_args()
    results = Results(arguments.results, arguments.runs)
    # What diverged has no weights to ask.
    rows = [row for row in results.rows if row["ended"] != "diverged"]
    combinations = [
        list(group)
        for _, group in groupby(rows, lambda row: (row["task"], row["spelling"], row["shuffle"]))
    ]
    groups, predictions = [], []
    for of_combination in combinations:
        groups.append(read_group(results, of_combination, curve_points(len(combinations))))
        predictions.append(predict(groups[-1], results.split(of_combination[0], "validation")))
    template = arguments.template.read_text(encoding="utf-8")
    summaries = [read_json(path) for path in arguments.summaries]
    page = explorer_page(template, groups, predictions, summaries)
    with replace_atomically(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.output}: {len(groups)} groups of runs, {len(page.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)
