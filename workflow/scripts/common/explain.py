"""Errors of a YAML file in its author's words: the place, what was found, what is allowed."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

import yaml
from pydantic import ValidationError

#: Of all the names that are allowed, a message lists so many.
SHOWN_NAMES = 20
#: Of all errors, a message has so many: a slip in a list of a thousand values is told by these.
SHOWN_ERRORS = 50
#: Of what was found, a message shows so many characters.
SHOWN_CHARACTERS = 100

#: What must stand there, by pydantic's types of errors, in the words of YAML.
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "string_unicode": "text in Unicode",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
#: Pydantic's other messages, in ours.
_WORDS = {
    r"^\w+ should\b": "must",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    " after validation.*": "",
}


class Problem(NamedTuple):
    """What is wrong, and the dotted place of it in the file."""

    place: str
    message: str


def problems_of(error: ValidationError, content: object) -> list[Problem]:
    """All that a model finds wrong with a content, each with the place where it stands there."""
    problems = []
    for inner in error.errors():
        loc = inner["loc"]
        if inner["type"] == "union_tag_invalid":
            loc += (inner["ctx"]["discriminator"].strip("'"),)
        place = ".".join(map(str, _existing(loc, content))) or "(top level)"
        problems.append(Problem(place, _message(inner)))
    return problems


def listed(what: str, errors: Iterable[str]) -> str:
    """One message of many errors: their number, then each of the first on a line of its own."""
    once = sorted(set(errors))
    lines = [f"  {error}" for error in once[:SHOWN_ERRORS]]
    if len(once) > SHOWN_ERRORS:
        lines.append(f"  ... and {len(once) - SHOWN_ERRORS} more")
    return "\n".join([f"{what} has {len(once)} error(s):", *lines])


def unknown(found: object, known: Iterable[object]) -> str:
    """The message for a name that is none of the known ones."""
    names = [str(name) for name in known]
    # A thousand seeds would bury the other errors.
    more = f", ... ({len(names)} in all)" if len(names) > SHOWN_NAMES else ""
    allowed = ", ".join(names[:SHOWN_NAMES]) + more
    return f"found {shown(found)}; allowed: {allowed}" + nearest(found, names)


def nearest(name: object, known: Iterable[object]) -> str:
    """A hint at the most similar known name, first of all the same number; or nothing."""
    names = [str(entry) for entry in known]
    same = [entry for entry in names if _number(entry) == _number(str(name)) is not None]
    close = same or get_close_matches(str(name), names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def shown(found: object) -> str:
    """What was found, as a part of a message."""
    words = repr(found)
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[:SHOWN_CHARACTERS]}..."


def _existing(loc: tuple[int | str, ...], content: object) -> Iterator[int | str]:
    """The steps of an error's place that exist in the content.

    The others are pydantic's: names of alternatives, and a key that is missing.
    """
    for step in loc:
        entries = content if isinstance(content, dict) else {}
        if isinstance(content, list):
            entries = dict(enumerate(content))
        if step in entries:
            content = entries[step]
            yield step


def _message(error: dict) -> str:
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    match kind:
        case "missing":
            return f"{error['loc'][-1]!r} is missing"
        case "union_tag_not_found":
            return f"{context['discriminator']} is missing"
        case "extra_forbidden":
            key, known = error["loc"][-1], context["known"]
            return f"unknown key {key!r}; allowed: {', '.join(known)}" + nearest(key, known)
        case "literal_error":
            texts = re.findall(r"'([^']*)'", context["expected"])
            return unknown(found, texts or re.findall(r"\d+", context["expected"]))
        case "union_tag_invalid":
            return unknown(context["tag"], re.findall(r"'([^']*)'", context["expected_tags"]))
    if kind in _KINDS:
        requirement = f"must be {_KINDS[kind]}" + _as_yaml_reads(found, kind)
    else:
        requirement = error["msg"]
        for theirs, ours in _WORDS.items():
            requirement = re.sub(theirs, ours, requirement)
    if isinstance(found, dict) and kind == "wrong":
        return requirement
    return f"found {shown(found)}; {requirement}"


def _as_yaml_reads(found: object, wanted: str) -> str:
    """How to write what YAML takes for something else: a number, a text, nothing."""
    if wanted == "string_type" and not isinstance(found, list | dict | None):
        return f"; YAML reads it as {type(found).__name__}: put it in quotes"
    if isinstance(found, bool) and wanted == "int_type":
        return "; YAML reads yes, no, on and off as true and false: put a name in quotes"
    if found in ("None", "none"):
        return "; for none of them write null"
    if not isinstance(found, str) or wanted not in ("int_type", "float_type"):
        return ""
    if exponent := re.fullmatch(r"([+-]?\d+)(\.\d*)?[eE]([+-]?)(\d+)", found):
        whole, fraction, sign, power = exponent.groups()
        spelled = [f"{Decimal(found):f}"] if int(power) < SHOWN_CHARACTERS else []
        if wanted == "float_type":
            spelled.append(f"{whole}{fraction or '.0'}e{sign or '+'}{power}")
        return f"; YAML reads it as text: write {' or '.join(spelled)}"
    try:
        number = not isinstance(yaml.safe_load(found), str)
    except yaml.YAMLError:
        return ""
    cure = "; it is text: write it without quotes (--config makes text of it: use --configfile)"
    return cure if number else ""
