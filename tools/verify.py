"""Hold results/ to what is expected: bit-identical, equal within tolerance, or different.

`make verify` compares; `make expected` renews tests/expected/ after a run on purpose.
"""

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common import cli  # noqa: E402
from common.errors import DataError, ReproductionError  # noqa: E402
from common.files import read_json  # noqa: E402
from pipeline.project import name_and_version  # noqa: E402
from provenance.comparison import (  # noqa: E402
    TABLES,
    TOLERANCE,
    csv_of,
    difference_of,
)
from provenance.holding import add_config_option, held  # noqa: E402
from provenance.manifest import ENVIRONMENT  # noqa: E402

RESULTS = Path("results")
SUMS = "SHA256SUMS"
#: Rules that compute with floating-point numbers from the data on. All others only show what these
#: found, so that with the same software their bytes differ only if those of a product before do.
COMPUTING = ("prepare", "train", "optimum", "gradients", "identifiability")
#: Those whose products are compared number by number, by the tables, as are the verdicts.
COMPARED = ("train", "collect")


def verify(manifest: dict, expected: Path) -> str:
    """Compare the products of a manifest with those expected, and say how they compare.

    Raises:
        ReproductionError: they are different; the message names the first stage that diverges.
    """
    if not (expected / SUMS).is_file():
        raise DataError(f"{expected / SUMS} is missing; run `make expected` after a trusted run")
    lines = (expected / SUMS).read_text(encoding="utf-8").splitlines()
    sums = [line.partition("  ")[::2] for line in lines]
    if not sums:
        raise DataError(f"{expected / SUMS} is empty; run `make expected` after a trusted run")
    products = manifest["products"]
    differing = [n for digest, n in sums if products.get(n, {}).get("sha256") != digest]
    same = len(sums) - len(differing)
    unexpected = sorted(products.keys() - {name for _, name in sums})
    summary = f"{name_and_version()}: {len(sums)} products expected, {same} bit-identical."
    strange = [*differing, *unexpected]
    if not strange:
        return f"{summary}\nComparison: bit-identical."
    before, after = (read_json(folder / ENVIRONMENT) for folder in (expected, RESULTS))
    for key in before:
        if before[key] != after.get(key):
            summary += f"\n  environment, {key}: {before[key]} expected, {after.get(key)} here"
    largest = max(difference_of(name, expected, RESULTS, products) for name in TABLES)
    first = products.get(strange[0], {"stage": "unknown", "rule": None})
    if first["rule"] is None and strange[0].startswith("runs/"):
        reason = (
            "which is not made. Seeds that came into the config in steps have files of their own: "
            "if this is the config that was expected, remove results/runs/ and run again"
        )
    elif first["rule"] is None:
        reason = "which is not made; is this the config that was expected?"
    elif unexpected:
        reason = (
            f"{len(unexpected)} products are not expected, one of them {unexpected[0]}; `make "
            "expected` takes them in"
        )
    elif largest.size > 1:
        reason = f"largest difference: {largest.text}"
    elif before == after and (first["rule"] not in COMPUTING or not largest.size):
        reason = "made in another way of what is as expected"
    else:
        others = [name for name in differing if products[name]["rule"] not in COMPARED]
        if others:
            summary += (
                f"\n  Not compared, since other numbers have other bytes: {len(others)} products "
                f"beside them, {', '.join(others)}"
            )
        return (
            f"{summary}\n  Largest difference: {largest.text}.\n"
            f"Comparison: equal within {TOLERANCE}, in the numbers of all runs and verdicts."
        )
    raise ReproductionError(
        f"{summary}\nComparison: different. The first stage that diverges: {first['stage']}, with "
        f"{strange[0]} ({len(strange)} in all); {reason}."
    )


def renew(manifest: dict, expected: Path) -> str:
    """Take the products of a manifest as the expected ones."""
    products = manifest["products"]
    expected.mkdir(parents=True, exist_ok=True)
    lines = [f"{entry['sha256']}  {name}\n" for name, entry in products.items()]
    (expected / SUMS).write_text("".join(lines), encoding="utf-8")
    shutil.copyfile(RESULTS / ENVIRONMENT, expected / ENVIRONMENT)
    for name in TABLES:
        text = csv_of(RESULTS, name, products)
        (expected / f"{name}.csv").write_text(text, encoding="utf-8")
    return f"{len(products)} products are now expected as they are; see {expected}/."


def main() -> None:
    """Read the command line, then compare or renew."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_option(parser)
    parser.add_argument("--expected", type=Path, default=Path("tests", "expected"))
    parser.add_argument("--renew", action="store_true", help="expect what is in results/ now")
    arguments = parser.parse_args()
    manifest, _ = held(RESULTS, arguments.config)
    print((renew if arguments.renew else verify)(manifest, arguments.expected))


if __name__ == "__main__":
    cli.run(main)
