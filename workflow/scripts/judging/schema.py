"""Errors of the claims file against its JSON schema, until it has a model."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from common.explain import nearest

# JSON schema takes 128.0 for an integer. A command line does not.
_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def schema_errors(content: object, schema_path: Path) -> list[str]:
    """All errors of a content against a JSON schema (draft 2020-12, written as YAML)."""
    schema = yaml.safe_load(schema_path.read_text(encoding="utf-8"))
    return [
        message for error in _Validator(schema).iter_errors(content) for message in _explain(error)
    ]


def _explain(error: ValidationError) -> Iterator[str]:
    """Put one error of the schema into words of the config's author."""
    place = ".".join(map(str, error.absolute_path)) or "(top level)"
    found, allowed = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties" if allowed is False:
            known = error.schema["properties"]
            for key in sorted(set(map(str, found)) - set(known)):
                yield f"{place}: unknown key {key!r}; allowed: {', '.join(known)}" + nearest(
                    key, known
                )
        case "required":
            missing = [key for key in allowed if key not in found and repr(key) in error.message]
            yield f"{place}: {missing[0]!r} is missing"
        case "enum":
            names = [str(value) for value in allowed]
            yield f"{place}: found {found!r}; allowed: {', '.join(names)}" + nearest(found, names)
        case "uniqueItems":
            twice = next(value for value in found if found.count(value) > 1)
            yield f"{place}: {twice!r} stands there twice"
        case "oneOf":
            # A value alone or in a list, or the files of one kind of data set or of the other.
            for inner in _nearest_alternative(error):
                yield from _explain(inner)
        case _:
            rule = error.schema.get("description")
            yield f"{place}: found {found!r}; {_requirement(error)}" + (
                f" ({rule})" if rule else ""
            )


def _nearest_alternative(error: ValidationError) -> list[ValidationError]:
    """The errors by the alternative that was probably meant: that of the same type."""
    alternatives: dict[int, list[ValidationError]] = {}
    for inner in error.context:
        alternatives.setdefault(inner.schema_path[0], []).append(inner)

    def distance(errors: list[ValidationError]) -> tuple:
        of_type = [inner for inner in errors if inner.validator == "type"]
        return any(not inner.path for inner in of_type), len(of_type), len(errors)

    return min(alternatives.values(), key=distance)


def _requirement(error: ValidationError) -> str:
    value = error.validator_value
    match error.validator:
        case "type":
            kinds = value if isinstance(value, list) else [value]
            return f"must be of type {' or '.join(kinds)}"
        case "minimum":
            return f"must be at least {value}"
        case "maximum":
            return f"must be at most {value}"
        case "exclusiveMinimum":
            return f"must be greater than {value}"
        case "minItems" | "minProperties":
            return f"must have at least {value} entries"
        case "maxItems":
            return f"must have at most {value} entries"
        case "pattern":
            return f"must match {value}"
    return error.message
