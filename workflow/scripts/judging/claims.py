"""The claims file: what the report says, how its words are read, and what we ask beside.

The models here are its format. The arguments of a measurement are held to the measurement's own
signature, so that no schema need say them a second time.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from common.errors import ReproductionError
from common.explain import Problem, listed, problems_of, unknown
from common.models import Strict, text, wrong
from common.places import YamlError, duplicates, lines_of, misread_in, values_of
from judging.verdicts import MONOTONE, OPPOSITE, Chance, Expected
from measuring.catalogue import MEASUREMENTS, arguments_model, selections_of
from runs.grid import as_list


class ClaimsError(ReproductionError):
    """The claims file has errors, or readings of it cannot be measured; the message lists all."""


Id = text("[A-Za-z0-9][A-Za-z0-9._-]*", 'letters, digits, ".", "_" and "-"')
Words = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Covered = text(
    r"s[1-9][0-9]*|(figure|table|equation) [1-9][0-9]*|table [1-9][0-9]*\.[1-9][0-9]*",
    'the n-th sentence of the section ("s3"), a caption ("figure 1", "table 1"), a cell '
    '("table 1.2") or an equation ("equation 3")',
)


class Section(Strict):
    """What a section of the report consists of, to be accounted for."""

    title: Words
    sentences: Annotated[int, Field(ge=0)]
    figures: list[Count] = Field(default_factory=list)
    tables: dict[Count, Count] = Field(default_factory=dict)
    equations: Annotated[list[Count], Field(min_length=2, max_length=2)] | None = None

    def contents(self) -> list[str]:
        """Everything that entries of the file must cover; equations are judged elsewhere."""
        cells = [
            f"table {n}.{cell + 1}" for n, cells in self.tables.items() for cell in range(cells)
        ]
        return [
            *(f"s{n + 1}" for n in range(self.sentences)),
            *(f"figure {n}" for n in self.figures),
            *(f"table {n}" for n in self.tables),
            *cells,
        ]


class Setup(Strict):
    """What a task must be like for readings to be about it; settings not named may be any."""

    dataset: str | None = None
    model: str | None = None
    classes: list[int] | None = None
    train_size: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    max_epochs: int | None = None
    patience: int | None = None
    checks_per_epoch: int | None = None
    skip_batches: list[int] | None = None
    l2_lambda: Annotated[list[str], Field(min_length=1)]
    optimum_l2_lambda: list[str] = Field(default_factory=list)


class Expectation(Strict):
    """Where the measured number is expected."""

    relation: Literal[tuple(OPPOSITE)]
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _has_its_bounds(self) -> "Expectation":
        needs_value = self.relation not in MONOTONE
        needs_high = self.relation in ("between", "outside")
        for name, needed in (("value", needs_value), ("high", needs_high)):
            if needed is (getattr(self, name) is None):
                raise wrong(f"{self.relation!r} {'needs' if needed else 'takes no'} {name!r}")
        if needs_high and not self.value <= self.high:
            raise wrong("`high` must not be below `value`")
        return self

    def as_expected(self) -> Expected:
        """The same for a verdict."""
        return Expected(self.relation, self.value, self.high, self.tolerance)


def _places_of_a_grid(grid: dict[str, list]) -> dict[str, list]:
    for place, values in grid.items():
        if len(values) < 2:
            raise wrong(f"{place!r} needs at least two values to be a grid")
    return grid


class Reading(Strict):
    """One way to read words and measure them."""

    id: Id
    reading: Words
    measurement: Literal[tuple(MEASUREMENTS)]
    arguments: dict[str, Any]
    expected: Expectation | None = None
    chance: Literal[tuple(chance.value for chance in Chance)]
    fixed: Literal["before", "after"]
    grid: Annotated[dict[str, list[Any]], AfterValidator(_places_of_a_grid)] = Field(
        default_factory=dict
    )
    would_decide: Words | None = None

    @model_validator(mode="after")
    def _can_be_shown(self) -> "Reading":
        expected = self.expected
        if expected is None and self.grid:
            raise wrong("a grid of a reading without `expected` has nothing to agree with")
        is_point = expected is not None and expected.relation in ("equals", "differs from")
        if is_point and self.chance != Chance.NONE and not expected.tolerance:
            raise wrong(
                f"{expected.relation!r} over chance needs a tolerance above 0: how much is the same"
            )
        return self

    def variants(self) -> Iterator["Reading"]:
        """The reading at every point of its grid."""
        for point in product(*self.grid.values()):
            content = self.model_dump(exclude={"grid"}, exclude_none=True)
            for place, value in zip(self.grid, point, strict=True):
                _set(content, place, value)
            yield Reading.model_validate(content)

    def same_as(self) -> str:
        """What two readings that are the same have in common."""
        return repr((self.measurement, self.arguments, self.expected, self.chance))


def _set(content: dict, place: str, value: object) -> None:
    """Put a value to a dotted place below `arguments`, or to `expected.<key>`."""
    *path, key = place.split(".")
    inside = content if path[:1] == ["expected"] else content["arguments"]
    for step in path:
        inside = inside.get(step)
        if not isinstance(inside, dict):
            raise wrong(
                f"there is no {place!r} in `arguments` or `expected` that a grid could vary"
            )
    inside[key] = value


def _as_written(answers: object) -> object:
    """YAML takes a bare yes or no for true or false."""
    if not isinstance(answers, dict):
        return answers
    return {{True: "yes", False: "no"}.get(key, key): words for key, words in answers.items()}


class Question(Strict):
    """Something that we ask and the report does not say."""

    id: Id
    section: Words
    says: Words
    answers: Annotated[dict[Literal["yes", "no"], Words], BeforeValidator(_as_written)] = Field(
        default_factory=dict
    )
    readings: Annotated[list[Reading], Field(min_length=1)]


class Statement(Strict):
    """A sentence of the report, or a part of one, in our words."""

    id: Id
    section: Words
    covers: Annotated[list[Covered], Field(min_length=1)]
    says: Words
    kind: Literal["statement", "definition", "not_testable"] = "statement"
    why: Words | None = None
    readings: list[Reading] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> "Statement":
        if (self.kind == "statement") is not bool(self.readings):
            raise wrong(f"a {self.kind} {'needs' if not self.readings else 'takes no'} `readings`")
        if (self.kind == "not_testable") is not bool(self.why):
            raise wrong(f"a {self.kind} {'needs' if not self.why else 'takes no'} `why`")
        if any(reading.expected is None for reading in self.readings):
            raise wrong("a reading of a statement needs `expected`")
        return self


class Yardstick(Strict):
    """What a word means in several readings, with values to be named by YAML anchors."""

    meaning: Words
    loss: dict[str, Any] | None = None
    accuracy: dict[str, Any] | None = None
    curve: dict[str, Any] | None = None
    grid: dict[str, list[Any]] | None = None


class Claims(Strict):
    """A claims file."""

    confidence_level: Annotated[float, Field(gt=0, lt=1)]
    resamples: Annotated[int, Field(ge=99, le=100_000)]
    fragile_below: Annotated[float, Field(gt=0, le=1)]
    sections: dict[str, Section] = Field(default_factory=dict)
    yardsticks: dict[str, Yardstick] = Field(default_factory=dict)
    setups: dict[str, Setup]
    statements: list[Statement] = Field(default_factory=list)
    questions: list[Question] = Field(default_factory=list)

    def setups_as_given(self) -> dict[str, dict]:
        """The set-ups with the settings that the file names, and no others."""
        return {name: setup.model_dump(exclude_unset=True) for name, setup in self.setups.items()}


def read_claims(path: Path) -> Claims:
    """Read a claims file and hold it to its format, the measurements and its own set-ups.

    Raises:
        ClaimsError: with all errors, each with its place.
    """
    try:
        lines = lines_of(path)
        slips = duplicates(lines)
        content = values_of(path)
        slips += misread_in(path)
    except YamlError as error:
        raise ClaimsError(str(error)) from error
    try:
        claims = Claims.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{_named(place, content)}{_line(place, lines)}: {words}"
            for place, words in problems_of(error, content)
        ]
        raise ClaimsError(listed(str(path), [*slips, *problems])) from error
    problems = list(_cross_check(claims))
    if problems:
        named: dict[str, list[int]] = {}
        for place, at in lines.items():
            named.setdefault(_named(place, content), []).extend(at)
        slips += [f"{place}{_line(place, named)}: {words}" for place, words in problems]
    if slips:
        raise ClaimsError(listed(str(path), slips))
    return claims


def _line(place: str, lines: dict[str, list[int]]) -> str:
    """The lines of a place or what it is in, in brackets; nothing if an anchor has it elsewhere."""
    while place and place not in lines:
        place = place.rpartition(".")[0]
    if not place:
        return ""
    first, *more = lines[place]
    return f" (line{'s' * bool(more)} {', '.join(map(str, [first, *more]))})"


def _named(place: str, content: object) -> str:
    """A place with the ids of the entries that it counts: 2b-fast.fall-time.chance."""
    path: list[str] = []
    inside: Any = content
    for step in place.split("."):
        if isinstance(inside, list) and step.isdigit():
            inside = inside[int(step)]
            name = inside.get("id") if isinstance(inside, dict) else None
            path[-1:] = [name] if name and isinstance(name, str) else [*path[-1:], step]
        else:
            inside = inside.get(step) if isinstance(inside, dict) else None
            path.append(step)
    return ".".join(path)


def not_covered(claims: Claims) -> list[tuple[str, str]]:
    """What the sections consist of and no statement covers: ("2b", "s3")."""
    covered = {(s.section, place) for s in claims.statements for place in s.covers}
    return [
        (name, place)
        for name, section in claims.sections.items()
        for place in section.contents()
        if (name, place) not in covered
    ]


def _cross_check(claims: Claims) -> Iterator[Problem]:
    entries = [*claims.statements, *claims.questions]
    ids = [entry.id for entry in entries]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield Problem(name, f"there are {ids.count(name)} statements or questions of this id")
    if claims.sections:
        yield from _check_coverage(claims)
    for entry in entries:
        names = [reading.id for reading in entry.readings]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Problem(entry.id, f"there are {names.count(name)} readings of the id {name!r}")
        same = [reading.same_as() for reading in entry.readings]
        if len(set(same)) < len(same):
            yield Problem(entry.id, "two of its readings measure and expect the same")
        for reading in entry.readings:
            yield from _check_reading(f"{entry.id}.{reading.id}", reading, claims)


def _check_coverage(claims: Claims) -> Iterator[Problem]:
    for entry in claims.statements:
        if entry.section not in claims.sections:
            yield Problem(f"{entry.id}.section", unknown(entry.section, claims.sections))
            continue
        section = claims.sections[entry.section]
        for place in entry.covers:
            if place not in section.contents() and not place.startswith("equation"):
                yield Problem(f"{entry.id}.covers", f"section {entry.section} has no {place}")
    for name, place in not_covered(claims):
        yield Problem(f"sections.{name}", f"{place} is accounted for by no statement")


def _check_reading(place: str, reading: Reading, claims: Claims) -> Iterator[Problem]:
    problems = list(_check_arguments(place, reading, claims.setups))
    yield from problems
    if problems or not reading.grid:
        return
    try:
        for variant in reading.variants():
            yield from _check_arguments(f"{place}.grid", variant, claims.setups)
    except ValidationError as error:
        for inner, words in problems_of(error, {}):
            yield Problem(f"{place}.grid.{inner}", words)
    except ValueError as error:
        yield Problem(f"{place}.grid", str(error))


def _check_arguments(place: str, reading: Reading, setups: dict[str, Setup]) -> Iterator[Problem]:
    arguments = reading.arguments
    try:
        arguments_model(reading.measurement).model_validate(arguments)
    except ValidationError as error:
        for inner, words in problems_of(error, arguments):
            yield Problem(f"{place}.arguments.{inner}".removesuffix(".(top level)"), words)
        return
    for key, of_many in selections_of(reading.measurement).items():
        if key in arguments:
            selection, where = arguments[key], f"{place}.arguments.{key}"
            yield from _check_selection(where, selection, setups)
            if not of_many and selection["task"] in setups:
                yield from _check_one_lambda(where, selection, setups[selection["task"]])
    if "task" in arguments:
        yield from _check_selection(f"{place}.arguments", arguments, setups)


def _check_selection(place: str, selection: dict, setups: dict[str, Setup]) -> Iterator[Problem]:
    """Hold the names of tasks and lambdas to what the file says of the report."""
    if selection["task"] not in setups:
        yield Problem(f"{place}.task", unknown(selection["task"], setups))
        return
    setup = setups[selection["task"]]
    known = [*setup.l2_lambda, *setup.optimum_l2_lambda]
    for key in ("l2_lambda", "l2_lambdas"):
        for value in as_list(key, selection.get(key, [])):
            if value not in known:
                yield Problem(f"{place}.{key}", unknown(value, known))


def _check_one_lambda(place: str, selection: dict, setup: Setup) -> Iterator[Problem]:
    """Runs of several lambdas would be taken for so many more seeds."""
    lambdas = as_list("l2_lambda", selection.get("l2_lambda", setup.l2_lambda))
    if len(lambdas) > 1:
        yield Problem(
            f"{place}.l2_lambda", f"takes in {', '.join(lambdas)}; name one, as its runs are seeds"
        )
