"""Judge every claim of the report by the results, and count the verdicts."""

import argparse
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa

from common import cli
from common.files import replace_atomically, write_json, write_parquet
from judging.claims import CLAIMS_SCHEMA, METHOD, evaluate_claims, read_claims
from judging.evidence import DiskResults
from judging.verdicts import Verdict
from runs.results import Results

COLUMNS = (
    *("section", "claim", "reading", "verdict"),
    *("measured", "expected", "explanation", "evidence"),
)


def counts(rows: list[dict]) -> dict[str, int]:
    """How many claims have each verdict; verdicts that no claim has are there with 0."""
    found = Counter(row["verdict"] for row in rows)
    return {str(verdict): found[verdict] for verdict in Verdict}


def to_markdown(rows: list[dict]) -> str:
    """The claims as a Markdown table, under the count of the verdicts."""
    total = ", ".join(f"{count} {verdict}" for verdict, count in counts(rows).items())
    lines = [
        f"{len(rows)} claims: {total}.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| " + " | ".join("---" for _ in COLUMNS) + " |",
    ]
    lines += ["| " + " | ".join(_cell(row[column]) for column in COLUMNS) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")


def main() -> None:
    """Read the command line, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="the claims, YAML")
    parser.add_argument("--schema", type=Path, required=True, help="JSON schema of them, as YAML")
    parser.add_argument("--results", type=Path, required=True, help="folder of all results")
    parser.add_argument("--tasks", type=json.loads, required=True, help="JSON: settings by task")
    parser.add_argument("--runs", nargs="+", required=True, help="folders of the runs in it")
    parser.add_argument("--table", type=Path, required=True, help="output, Parquet")
    parser.add_argument("--json", type=Path, required=True, help="output")
    parser.add_argument("--markdown", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    content = read_claims(arguments.claims, arguments.schema)
    results = DiskResults(
        Results(arguments.results, arguments.runs), arguments.tasks, content["setups"]
    )
    rows = evaluate_claims(content, results)
    table = pa.Table.from_pylist(rows, schema=CLAIMS_SCHEMA)
    # Through the table, so that every row has every column.
    rows = table.to_pylist()
    write_parquet(table, arguments.table)
    write_json(
        arguments.json,
        {
            "confidence_level": content["confidence_level"],
            "correction": content["correction"],
            "method": METHOD,
            "definitions": {n: d["meaning"] for n, d in content["definitions"].items()},
            "counts": counts(rows),
            "claims": rows,
        },
    )
    with replace_atomically(arguments.markdown) as temporary:
        temporary.write_text(to_markdown(rows), encoding="utf-8")
    for verdict, count in counts(rows).items():
        print(f"{count:3} {verdict}")


if __name__ == "__main__":
    cli.run(main)
