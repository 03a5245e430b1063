"""Prove the report's equations with SymPy; a proof that fails is a result, not an error."""

import argparse
from pathlib import Path

from common import cli
from common.files import write_json
from judging.derivations import PROOFS


def main() -> None:
    """Read the command line, prove and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    proofs = [proof() for proof in PROOFS.values()]
    write_json(arguments.output, {"equations": [proof._asdict() for proof in proofs]})
    for proof in proofs:
        print(f"({proof.equation}) {proof.statement}: {'proven' if proof.proven else 'NOT PROVEN'}")


if __name__ == "__main__":
    cli.run(main)
