"""What models of YAML files are made of (pydantic): strict mappings, and the types of values."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

T = TypeVar("T")


class Strict(BaseModel):
    """A mapping without unknown keys, whose values have the very type that is meant."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_known_keys(cls, value: Any, handler: ModelWrapValidatorHandler) -> Any:
        """Add to the error of an unknown key what is known; pydantic does not say it."""
        try:
            return handler(value)
        except ValidationError as error:
            known = [field.alias or name for name, field in cls.model_fields.items()]
            details = [_with_known(inner, known) for inner in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, details) from None


def _with_known(error: ErrorDetails, known: list[str]) -> InitErrorDetails:
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        context = {"known": known} | context  # the innermost mapping is the one that is meant
    kind = PydanticCustomError(error["type"], error["msg"], context)
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"])


def wrong(message: str) -> PydanticCustomError:
    """An error to raise in a validator, in words that follow "found ...;"."""
    # The message is a template, and what a user wrote may have braces.
    return PydanticCustomError("wrong", "{message}", {"message": message})


def text(pattern: str, words: str) -> Any:
    """The type of a text that matches a pattern as a whole; `words` tell people what it is."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong(f"must be {words}")
        return value

    schema = WithJsonSchema({"type": "string", "words": words})
    return Annotated[str, AfterValidator(check), schema]


def _all_different(values: list) -> list:
    seen: set[str] = set()
    for value in values:
        if repr(value) in seen:
            raise wrong(f"{getattr(value, 'name', value)!r} stands there twice")
        seen.add(repr(value))
    return values


#: A list of one or more values, all different.
Values = Annotated[list[T], Field(min_length=1), AfterValidator(_all_different)]


def _one_or_several(value: object) -> str:
    return "several" if isinstance(value, list) else "one"


def _list_or_lists(value: object) -> str:
    nested = isinstance(value, list) and any(isinstance(entry, list) for entry in value)
    return "several" if nested else "one"


#: A value or a list of values. What is found decides, so that an error is about what was meant.
OneOrSeveral = Annotated[
    Annotated[T, Tag("one")] | Annotated[Values[T], Tag("several")], Discriminator(_one_or_several)
]
#: The same, where one value is a list already.
ListOrLists = Annotated[
    Annotated[T, Tag("one")] | Annotated[Values[T], Tag("several")], Discriminator(_list_or_lists)
]
