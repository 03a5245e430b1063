"""Draw the scorecard of the verdicts: the report's statements, and our questions apart."""

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
    parser.add_argument("--statements", nargs="+", type=Path, required=True, help="one per format")
    parser.add_argument("--questions", nargs="+", type=Path, required=True, help="one per format")
    arguments = parser.parse_args()
    ledger = read_json(arguments.claims)
    for origin in ("statements", "questions"):
        figure = scorecard(ledger, origin)
        for path in getattr(arguments, origin):
            save(figure, path)


if __name__ == "__main__":
    cli.run(main)
