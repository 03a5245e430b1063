"""Say what a data set is like, and stop if what is trained on it could mean nothing."""

import argparse
import json
from pathlib import Path

from common import cli
from common.files import replace_atomically, write_json
from images.splits import read_split
from images.summary import as_markdown, require_meaning, summarise


def main() -> None:
    """Read the command line, summarise, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="of the data set")
    parser.add_argument("--splits", nargs="+", type=Path, required=True, help="NAME.parquet each")
    parser.add_argument(
        "--tasks", type=json.loads, required=True, help="JSON: task -> classes, train_size"
    )
    parser.add_argument("--json", type=Path, required=True, help="output")
    parser.add_argument("--markdown", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    splits = {path.stem: read_split(path) for path in arguments.splits}
    summary = summarise(arguments.name, splits, arguments.tasks)
    print(as_markdown(summary))
    require_meaning(summary)
    write_json(arguments.json, summary)
    with replace_atomically(arguments.markdown) as temporary:
        temporary.write_text(as_markdown(summary), encoding="utf-8")


if __name__ == "__main__":
    cli.run(main)
