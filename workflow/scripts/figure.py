"""Draw one figure of the report from the runs that it shows."""

import argparse
import json
from pathlib import Path

from common import cli
from plots.figures import draw
from plots.style import save
from runs.results import Results


def main() -> None:
    """Read the command line, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=json.loads, required=True, help="JSON: the config's entry")
    parser.add_argument("--results", type=Path, required=True, help="folder of all results")
    parser.add_argument("--runs", nargs="+", required=True, help="folders of the runs in it")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="one per format")
    arguments = parser.parse_args()
    options = arguments.figure
    results = Results(arguments.results, arguments.runs)
    figure = draw(options["kind"], results, results.select(options["runs"]), options)
    for path in arguments.output:
        save(figure, path)


if __name__ == "__main__":
    cli.run(main)
