"""Judge every statement of the report by the results, answer our questions, count the verdicts."""

import argparse
import json
from itertools import groupby
from pathlib import Path

from common import cli
from common.files import noted, read_json, replace_atomically, write_json, write_parquet
from common.printed import in_print
from judging.claims import Claims, read_claims
from judging.ledger import judge_claims, table_of
from judging.method import LITERATURE, METHOD
from measuring.evidence import DiskResults
from runs.results import Results


def to_markdown(ledger: dict) -> str:
    """The ledger to read: headline, statements by section, questions, equations, the method."""
    lines = ["# What became of the report", "", ledger["headline"], ""]
    if ledger["statements"]:
        lines += [_how_to_read(ledger), ""]
    if ledger["yardsticks"]:
        lines += ["What is measured more than once:", ""]
    lines += [f"- *{name}*: {in_print(said)}" for name, said in ledger["yardsticks"].items()]
    for section, entries in groupby(ledger["statements"], key=lambda entry: entry["section"]):
        lines += ["", f"## {section} {ledger['sections'].get(section, '')}".rstrip(), ""]
        for entry in entries:
            why = f" {entry['why']}" if entry["why"] else ""
            lines += [f"- **{entry['verdict']}**: {in_print(entry['says'] + why)} `{entry['id']}`"]
            lines += _readings(entry)
    lines += ["", "## What we asked beside", ""]
    lines += [
        f"- **{in_print(entry['says'])}** {in_print(entry['answer'])} `{entry['id']}`"
        for entry in ledger["questions"]
    ]
    lines += ["", "## Equations", ""]
    for equation in ledger["equations"]:
        erratum = f" {equation['erratum']}" if equation["erratum"] else ""
        lines += [f"- ({equation['number']}) {equation['verdict']}.{in_print(erratum)}"]
    lines += ["", "## How this is judged", "", ledger["method"], ""]
    lines += [f"{n}. {source}" for n, source in enumerate(ledger["literature"], start=1)]
    return "\n".join(lines) + "\n"


def _how_to_read(ledger: dict) -> str:
    """What stands in the lines of the readings, said once before them."""
    return (
        "Under a statement stand the readings of its words: what is measured, whether that was "
        "fixed before or after a look at the results, what came out, and what was expected. Where "
        "a threshold makes the verdict, others were tried: “on 67% of 12 points of its grid the "
        "same” says at how many of them it stays, and below "
        f"{ledger['fragile_below']:.0%} it is fragile. The rest stands under “How this is judged”."
    )


def _readings(entry: dict) -> list[str]:
    """The readings of a statement, with their verdicts where they are not all the same."""
    return [
        "    - "
        + (f"{row['verdict']}: " if row["verdict"] != entry["verdict"] else "")
        + f"*{in_print(row['reading'])} (fixed {row['fixed']} a look)* "
        + in_print(row["explanation"])
        for row in entry["readings"]
    ]


def settings_of(claims: Claims) -> dict:
    """What the file says of how to judge, for the readers of the verdicts."""
    return {
        "confidence_level": claims.confidence_level,
        "resamples": claims.resamples,
        "fragile_below": claims.fragile_below,
        "method": METHOD,
        "literature": LITERATURE,
        "yardsticks": {name: entry.meaning for name, entry in claims.yardsticks.items()},
        "sections": {name: section.title for name, section in claims.sections.items()},
    }


def main() -> None:
    """Read the command line, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="the claims, YAML")
    parser.add_argument("--equations", type=Path, required=True, help="verdicts on them, JSON")
    parser.add_argument("--results", type=Path, required=True, help="folder of all results")
    parser.add_argument("--variations", type=Path, nargs="*", default=[], help="of the table, JSON")
    parser.add_argument("--tasks", type=json.loads, required=True, help="JSON: settings by task")
    parser.add_argument("--runs", nargs="+", required=True, help="folders of the runs in it")
    parser.add_argument("--threads", type=int, default=1, help="that judge at once")
    parser.add_argument("--table", type=Path, required=True, help="output, Parquet")
    parser.add_argument("--json", type=Path, required=True, help="output")
    parser.add_argument("--markdown", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    claims = read_claims(noted(arguments.claims))
    runs = Results(arguments.results, arguments.runs)
    varied = [read_json(path)["variations"] for path in arguments.variations]
    results = DiskResults(runs, arguments.tasks, claims.setups_as_given(), *varied)
    ledger = judge_claims(claims, results, read_json(arguments.equations), arguments.threads)
    ledger = settings_of(claims) | ledger
    write_parquet(table_of(ledger), arguments.table)
    write_json(arguments.json, ledger)
    with replace_atomically(arguments.markdown) as temporary:
        temporary.write_text(to_markdown(ledger), encoding="utf-8")
    print(ledger["headline"])


if __name__ == "__main__":
    cli.run(main)
