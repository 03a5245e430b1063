"""Prove or refute the report's equations; a refuted one is a result, not an error."""

import argparse
from pathlib import Path

from common import cli
from common.files import write_json
from proving.equations import equations, judge
from proving.errata import ERRATA


def main() -> None:
    """Read the command line, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    judged = [judge(equation) for equation in equations()]
    write_json(
        arguments.output,
        {"equations": judged, "errata": [erratum._asdict() for erratum in ERRATA]},
    )
    for equation in judged:
        print(f"({equation['number']}) {equation['says']} {equation['verdict']}")


if __name__ == "__main__":
    cli.run(main)
