"""Vary each inferred choice of a table's protocol, and see which printed digits survive."""

import argparse
import csv
import json
from pathlib import Path

from common import cli
from common.files import replace_atomically, write_json
from images.splits import read_split
from measuring.identifiability import QUANTITIES, Experiments, Protocol, surviving, variations


def main() -> None:
    """Read the command line, vary and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="the training split")
    parser.add_argument("--validation", type=Path, required=True, help="the validation split")
    parser.add_argument("--protocol", type=json.loads, required=True, help="JSON: the task's")
    parser.add_argument("--reported", type=json.loads, required=True, help="JSON: name -> number")
    parser.add_argument("--csv", type=Path, required=True, help="output")
    parser.add_argument("--json", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    train, validation = read_split(arguments.train), read_split(arguments.validation)
    own = Protocol(**arguments.protocol)._replace(classes=tuple(arguments.protocol["classes"]))
    reported = {name: arguments.reported[name] for name in QUANTITIES if name in arguments.reported}
    experiments = Experiments(train, validation)
    rows = []
    for choice, value, protocol in variations(own, train, validation):
        found = experiments.outcome(protocol)
        survives = surviving(found, reported)
        rows.append({"choice": choice, "value": value, **found, "survives": survives})
        print(f"{choice}, {value}: {sum(survives.values())} of {len(survives)} numbers survive")
    write_json(arguments.json, {"reported": reported, "variations": rows})
    with replace_atomically(arguments.csv) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        kept = [f"{name}_survives" for name in reported]
        writer.writerow(["choice", "value", *QUANTITIES, *kept])
        for row in rows:
            survives = ["yes" if row["survives"][name] else "no" for name in reported]
            writer.writerow(
                [row["choice"], row["value"], *(row[name] for name in QUANTITIES), *survives]
            )


if __name__ == "__main__":
    cli.run(main)
