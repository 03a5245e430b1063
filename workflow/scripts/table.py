"""Compare the numbers of one run with those that the report gives, as CSV and Markdown."""

import argparse
import json
from pathlib import Path

import pandas as pd

from common import cli
from common.files import replace_atomically
from runs.results import Results


def compare(row: dict, reported: dict[str, str]) -> pd.DataFrame:
    """One row per reported number: equal means equal after rounding to the report's digits.

    Args:
        row: the run's metrics.
        reported: quantity -> the number as the report prints it, whose digits count.
    """

    def rounded(quantity: str, digits: int) -> str:
        value = row[quantity]
        return "diverged" if value is None else f"{value:.{digits}f}"

    return pd.DataFrame(
        {
            "quantity": name,
            "reported": printed,
            "reproduced": rounded(name, 0 if isinstance(row[name], int) else 6),
            "equal_as_printed": {True: "yes", False: "no"}[
                rounded(name, len(printed.partition(".")[2])) == printed
            ],
        }
        for name, printed in reported.items()
    )


def main() -> None:
    """Read the command line, compare and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=json.loads, required=True, help="JSON: the config's entry")
    parser.add_argument("--results", type=Path, required=True, help="folder of all results")
    parser.add_argument("--runs", nargs="+", required=True, help="folder of the run in it")
    parser.add_argument("--csv", type=Path, required=True, help="output")
    parser.add_argument("--markdown", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    results = Results(arguments.results, arguments.runs)
    (row,) = results.select(arguments.table["run"])
    table = compare(row, arguments.table["reported"])
    with replace_atomically(arguments.csv) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    words = table.rename(columns=lambda name: name.replace("_", " "))
    words["quantity"] = words["quantity"].str.replace("_", " ")
    with replace_atomically(arguments.markdown) as temporary:
        text = words.to_markdown(index=False, disable_numparse=True)
        temporary.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    cli.run(main)
