"""Typeset the report from the results; every number in it is read from them."""

import argparse
import csv
import json
import platform
from importlib.metadata import version
from pathlib import Path

import typst

from common import cli
from common.errors import DataError
from common.files import read_json, replace_atomically
from runs.results import read_table
from runs.schemas import METRICS_SCHEMA

#: The packages whose version can change a number.
PACKAGES = ("numpy", "numba", "scipy", "sympy", "pyarrow", "matplotlib", "snakemake", "typst")


def collect_facts(arguments: argparse.Namespace) -> dict:
    """Everything that the template may print, as one JSON-ready dictionary."""
    with arguments.table.open(newline="", encoding="utf-8") as file:
        table_1 = list(csv.DictReader(file))
    return {
        "config": arguments.config,
        "metrics": read_table(arguments.metrics, METRICS_SCHEMA).to_pylist(),
        "ledger": read_json(arguments.claims),
        "checks": read_json(arguments.checks)["tests"],
        "table_1": table_1,
        "figures_folder": arguments.figures.as_posix(),
        "environment": {"Python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
    }


def typeset(template: Path, facts: dict, output: Path) -> None:
    """Compile the template with the facts to PDF; the same facts give the same bytes.

    Raises:
        DataError: the template wants something that the facts have not.
    """
    with replace_atomically(output) as temporary:
        try:
            pdf = typst.compile(
                template.read_bytes(),
                root=Path.cwd(),
                ignore_system_fonts=True,
                timestamp=0,
                sys_inputs={"facts": json.dumps(facts)},
            )
        except typst.TypstError as error:
            raise DataError(f"{template}: {error.diagnostic or error.message}") from error
        temporary.write_bytes(pdf)


def main() -> None:
    """Read the command line, collect and typeset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", type=Path, required=True, help="Typst document")
    parser.add_argument(
        "--config", type=json.loads, required=True, help="JSON: data, tasks, figures, tables"
    )
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--checks", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="Table 1 as CSV")
    parser.add_argument("--figures", type=Path, required=True, help="folder, below this one")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    typeset(arguments.template, collect_facts(arguments), arguments.output)


if __name__ == "__main__":
    cli.run(main)
