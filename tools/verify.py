"""Hold results/ to the expected manifest: bit-identical, equal within tolerance, or different.

`make verify` compares; `make expected` renews tests/expected/ after a run on purpose.
"""

import argparse
import shutil
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common.errors import ReproductionError  # noqa: E402
from common.files import read_json, write_json  # noqa: E402
from pipeline import cli  # noqa: E402
from provenance.comparison import Judgement, State, changes_upstream, judge_all  # noqa: E402
from provenance.values import ABSOLUTE, RELATIVE, values_of  # noqa: E402

RESULTS = Path("results")
TOLERANCE = f"{RELATIVE:g} relative or {ABSOLUTE:g} absolute"


class NotReproducedError(ReproductionError):
    """A product is not what was expected."""


def read_manifest(folder: Path) -> dict:
    """Read a manifest.

    Raises:
        NotReproducedError: there is none.
    """
    if not (folder / "manifest.json").is_file():
        raise NotReproducedError(
            f"{folder}/manifest.json is missing; "
            + ("run `make reproduce` first" if folder == RESULTS else "run `make expected`")
        )
    return read_json(folder / "manifest.json")


def verify(expected_folder: Path) -> str:
    """Compare and return the verdict.

    Raises:
        NotReproducedError: a product diverges; the message names the first in order of the DAG.
    """
    found, expected = read_manifest(RESULTS), read_manifest(expected_folder)
    values = read_json(expected_folder / "values.json")
    judgements = judge_all(expected, values, found)
    count = Counter(judgement.state for judgement in judgements.values())
    extra = len(found["products"].keys() - expected["products"].keys())
    lines = [f"  {n:4} {state.value}" for state in State if (n := count[state])]
    lines += [f"  {extra:4} more than expected, not judged"] * (extra > 0)
    lines += [f"  {line}" for line in environment_changes(expected_folder)]
    summary = "\n".join([f"{len(judgements)} products expected:", *lines])
    bad = [name for name, judgement in judgements.items() if not judgement.state.good]
    if bad:
        raise NotReproducedError(f"{summary}\n{account_of(bad, judgements, expected, found)}")
    if count[State.IDENTICAL] == len(judgements):
        return f"{summary}\nVerdict: bit-identical."
    return f"{summary}\n{largest_tolerated(judgements)}\nVerdict: equal within {TOLERANCE}."


def account_of(
    bad: list[str], judgements: dict[str, Judgement], expected: dict, found: dict
) -> str:
    """Tell all about the first product that is not as expected."""
    name = bad[0]
    state, difference = judgements[name]
    lines = [f"Verdict: different. The first in order of the DAG: {name} is {state.value}."]
    if state is State.DAMAGED:
        lines.append("  Its bytes changed after the run. Delete it and run `make reproduce`.")
    elif state is State.MISSING:
        lines.append("  Run `make reproduce`, with the config of the repository.")
    elif difference:
        lines.append(f"  Largest difference: {difference.text}.")
    else:
        lines.append("  It holds no numbers to compare, and its data does not explain it.")
    upstream = changes_upstream(name, expected, found)
    lines.append("  Upstream of it:" if upstream else "  Upstream of it nothing differs.")
    lines += [f"    {line}" for line in upstream]
    lines += [f"  {len(bad) - 1} more after it: {', '.join(bad[1:4])}, ..."] * (len(bad) > 1)
    return "\n".join(lines)


def largest_tolerated(judgements: dict[str, Judgement]) -> str:
    """Name the largest difference within the tolerance."""
    differences = {name: j.difference for name, j in judgements.items() if j.difference}
    name = max(differences, key=lambda name: differences[name].size)
    return f"  Largest difference: {name}, {differences[name].text}."


def environment_changes(expected_folder: Path) -> list[str]:
    """What differs between the environments, apart from the list of packages."""
    before, after = (
        read_json(folder / "environment.json") for folder in (expected_folder, RESULTS)
    )
    lines = [
        f"environment, {key}: {_shown(before[key])} expected, {_shown(after.get(key))} here"
        for key in before
        if key != "packages" and before[key] != after.get(key)
    ]
    packages = before["packages"], after["packages"]
    differing = sorted(
        name for name in packages[0].keys() | packages[1].keys()
        if packages[0].get(name) != packages[1].get(name)
    )  # fmt: skip
    return lines + [f"environment, packages that differ: {', '.join(differing)}"] * bool(differing)


def _shown(value: object) -> str:
    """A value of the environment on one line, without the names of its parts."""
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return " ".join(map(str, value.values())) if isinstance(value, dict) else str(value)


def renew(expected_folder: Path) -> str:
    """Take the results at hand as the expected ones."""
    products = read_manifest(RESULTS)["products"]
    values = {name: content for name in products if (content := values_of(Path(name))) is not None}
    expected_folder.mkdir(parents=True, exist_ok=True)
    for name in ("manifest.json", "environment.json"):
        shutil.copyfile(RESULTS / name, expected_folder / name)
    write_json(expected_folder / "values.json", values)
    return f"{len(products)} products are now expected as they are; see {expected_folder}/."


def main() -> None:
    """Read the command line, then compare or renew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expected", type=Path, default=Path("tests", "expected"))
    parser.add_argument("--renew", action="store_true", help="expect what is in results/ now")
    arguments = parser.parse_args()
    print(renew(arguments.expected) if arguments.renew else verify(arguments.expected))


if __name__ == "__main__":
    cli.run(main)
