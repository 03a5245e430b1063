"""Draw a scorecard of verdicts: of the report's statements, or of our questions."""

import argparse
from pathlib import Path

from common import cli
from common.files import read_json
from plots.scorecard import scorecard
from plots.style import save


def main() -> None:
    """Read the command line, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="the verdicts, JSON")
    parser.add_argument("--of", choices=["statements", "questions"], required=True)
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="one per format")
    arguments = parser.parse_args()
    figure = scorecard(read_json(arguments.claims), arguments.of)
    for path in arguments.output:
        save(figure, path)


if __name__ == "__main__":
    cli.run(main)
