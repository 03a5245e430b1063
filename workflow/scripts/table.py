"""Compare the numbers of one run with those that the report gives, as CSV and Markdown."""

import argparse
import csv
import json
from pathlib import Path

from common import cli
from common.files import read_json, replace_atomically

COLUMNS = ("quantity", "reported", "reproduced", "equal_to_3_digits")


def compare(summary: dict, reported: dict[str, str]) -> list[dict[str, str]]:
    """One row per reported number: equal means equal after rounding to the report's digits.

    Args:
        summary: the run's summary.
        reported: quantity -> the number as the report prints it, whose digits count.
    """
    rows = []
    for quantity, printed in reported.items():
        value = summary[quantity]
        digits = len(printed.partition(".")[2])
        rows.append(
            {
                "quantity": quantity,
                "reported": printed,
                "reproduced": str(value) if isinstance(value, int) else f"{value:.6f}",
                "equal_to_3_digits": "yes" if f"{value:.{digits}f}" == printed else "no",
            }
        )
    return rows


def to_markdown(rows: list[dict[str, str]]) -> str:
    """A Markdown table with aligned columns."""
    header = {column: column.replace("_", " ") for column in COLUMNS}
    lines = [header, *({c: row[c].replace("_", " ") for c in COLUMNS} for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in COLUMNS]
    text = [
        "| " + " | ".join(line[c].ljust(w) for c, w in zip(COLUMNS, widths, strict=True)) + " |"
        for line in lines
    ]
    text.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(text) + "\n"


def main() -> None:
    """Read the command line, compare and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary", type=Path, required=True, help="the run's summary.json")
    parser.add_argument("--reported", type=json.loads, required=True, help="JSON: name -> number")
    parser.add_argument("--csv", type=Path, required=True, help="output")
    parser.add_argument("--markdown", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    summary = read_json(arguments.summary)
    rows = compare(summary, arguments.reported)
    with replace_atomically(arguments.csv) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with replace_atomically(arguments.markdown) as temporary:
        temporary.write_text(to_markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    cli.run(main)
