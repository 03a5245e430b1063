"""Whether the products are those that were expected: to the bit, within tolerance, or not."""

from collections.abc import Callable, Iterator
from enum import Enum
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from common.errors import DataError
from provenance.manifest import sha256
from provenance.values import Difference, compare, values_of


class State(Enum):
    """How a product compares with the expected one."""

    IDENTICAL = "bit-identical"
    TOLERATED = "equal within tolerance"
    DRAWN = "drawn from data that is equal within tolerance"
    MISSING = "missing"
    DAMAGED = "damaged"
    DIVERGED = "different"

    @property
    def good(self) -> bool:
        """Whether the product counts as reproduced."""
        return self in (State.IDENTICAL, State.TOLERATED, State.DRAWN)


class Judgement(NamedTuple):
    """One product's state, and its largest difference where there are numbers to compare."""

    state: State
    difference: Difference | None = None


def in_order_of_the_dag(products: dict[str, dict]) -> list[str]:
    """Products after all they are made of; those of one depth by name."""
    sorter = TopologicalSorter({name: entry["inputs"] for name, entry in products.items()})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += [name for name in ready if name in products]
        sorter.done(*ready)
    return order


def judge_all(expected: dict, values: dict[str, dict], found: dict) -> dict[str, Judgement]:
    """Judge every expected product, in the order of the DAG.

    Args:
        expected: the expected manifest.
        values: product -> its expected numbers, see provenance.values.
        found: the manifest of the run at hand.
    """
    judgements: dict[str, Judgement] = {}
    for name in in_order_of_the_dag(expected["products"]):
        judgements[name] = _judge(name, expected, values.get(name), found, judgements)
    return judgements


def changes_upstream(name: str, expected: dict, found: dict) -> list[str]:
    """What differs in how a product was made: its parameters, inputs and sources."""
    if name not in found["products"]:
        return []
    before, after = (manifest["products"][name] for manifest in (expected, found))
    rules = expected["sources"].get(before["rule"], {}), found["sources"].get(after["rule"], {})
    lines = [f"rule {after['rule']} instead of {before['rule']}"] * (
        before["rule"] != after["rule"]
    )
    lines += _changes("parameter", before["parameters"], after["parameters"], show=repr)
    lines += _changes("input", before["inputs"], after["inputs"], show=_short)
    lines += _changes("source", *rules, show=_short)
    return lines


def _judge(
    name: str,
    expected: dict,
    numbers: dict | None,
    found: dict,
    judgements: dict[str, Judgement],
) -> Judgement:
    path = Path(name)
    if not path.is_file():
        return Judgement(State.MISSING)
    digest = sha256(path)
    if digest == expected["products"][name]["sha256"]:
        return Judgement(State.IDENTICAL)
    if digest != found["products"].get(name, {}).get("sha256", digest):
        return Judgement(State.DAMAGED)
    if numbers is None:
        return Judgement(_state_of_a_picture(name, expected, found, judgements))
    try:
        difference = compare(numbers, values_of(path))
    except DataError:
        return Judgement(State.DAMAGED)
    return Judgement(State.TOLERATED if difference.within else State.DIVERGED, difference)


def _state_of_a_picture(
    name: str, expected: dict, found: dict, judgements: dict[str, Judgement]
) -> State:
    """Other bytes are explained by other data only if all else is the same."""
    before, after = (manifest["products"].get(name, {}) for manifest in (expected, found))
    rule = before["rule"]
    same_job = (
        before["parameters"] == after.get("parameters")
        and rule == after.get("rule")
        and expected["sources"].get(rule) == found["sources"].get(rule)
    )
    inputs = [judgements[i].state for i in before["inputs"] if i in judgements]
    explained = State.TOLERATED in inputs or State.DRAWN in inputs
    fine = all(state.good for state in inputs) and same_job and explained
    return State.DRAWN if fine else State.DIVERGED


def _changes(
    kind: str, before: dict, after: dict, show: Callable[[object], str], place: str = ""
) -> Iterator[str]:
    """One line for each difference, within mappings for each of theirs."""
    for key in sorted({*before, *after}):
        name = f"{kind} {place}{key}"
        if key not in after:
            yield f"{name}: no longer there"
        elif key not in before:
            yield f"{name}: new, {show(after[key])}"
        elif isinstance(before[key], dict) and isinstance(after[key], dict):
            yield from _changes(kind, before[key], after[key], show, f"{place}{key}.")
        elif before[key] != after[key]:
            yield f"{name}: {show(before[key])} expected, {show(after[key])} found"


def _short(digest: object) -> str:
    return f"{str(digest)[:12]}..."
