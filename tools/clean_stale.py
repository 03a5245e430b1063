"""List what an earlier config left in results/, and remove it if told to.

Only beside one whole run of the present config is it certain what does not belong to it.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common import cli  # noqa: E402
from pipeline.leftovers import in_utf8, left_over  # noqa: E402
from provenance.holding import add_config_option, held  # noqa: E402

RESULTS = Path("results")


def main() -> None:
    """Read the command line, list and remove."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_option(parser)
    parser.add_argument(
        "--remove", action="store_true", help="remove the files, not only list them"
    )
    arguments = parser.parse_args()
    manifest, _ = held(RESULTS, arguments.config)
    stale = left_over(RESULTS, {RESULTS / n for n in [*manifest["products"], *manifest["seals"]]})
    for path in stale:
        print(in_utf8(path))
        if arguments.remove:
            path.unlink()
    if arguments.remove:
        folders = sorted({folder for path in stale for folder in path.parents}, reverse=True)
        for folder in folders:
            if folder.is_relative_to(RESULTS) and not any(folder.iterdir()):
                folder.rmdir()
    done = "removed" if arguments.remove else "would be removed by: make clean-stale REMOVE=yes"
    print(f"{len(stale)} files of an earlier config {done}")


if __name__ == "__main__":
    cli.run(main)
