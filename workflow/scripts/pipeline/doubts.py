"""What is most likely a slip in the data or the settings, to be told at the end of a run."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from common.files import read_json

_SHOWN = 5


def doubts(products: Iterable[Path]) -> Iterator[str]:
    """The doubts about the data sets and the trainings, if their products are there.

    Args:
        products: of the run.
    """
    for path in sorted(path for path in products if path.is_file()):
        if path.match("data/*/summary.json"):
            yield from (f"Data set {path.parent.name}: {doubt}" for doubt in _doubts_in(path))
        elif path.name == "integrity.json":
            yield from _doubts_in(path)


def doubts_in_words(products: Iterable[Path]) -> str:
    """The same for the end of a run, a line each; nothing if there are none."""
    found = list(doubts(products))
    places = "results/data/*/summary.md and results/integrity.json"
    more = [f"... and {len(found) - _SHOWN} more, in {places}"]
    return "\n".join(found[:_SHOWN] + more * (len(found) > _SHOWN))


def _doubts_in(path: Path) -> list[str]:
    return read_json(path).get("doubts", [])
