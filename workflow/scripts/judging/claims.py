"""The claims file: reading it, every error at once, and judging each claim.

The name of a measurement and its arguments are held to the measurement's own signature, so that
the schema need not say it a second time.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from common.errors import ReproductionError
from common.explain import listed, nearest, unknown
from common.places import YamlError, duplicates_in
from judging.measurements import (
    MEASUREMENTS,
    Measured,
    MeasurementError,
    NotApplicableError,
    NotDecidableError,
    Results,
)
from judging.schema import schema_errors
from judging.verdicts import (
    MONOTONE,
    Expected,
    Sample,
    Verdict,
    correct,
    judge,
    number,
    reduce_series,
    sample_of,
)
from runs.grid import as_list

#: results/claims.parquet. Where a claim is not decidable, what was not measured is null; without
#: seeds there is neither an interval nor a p-value.
CLAIMS_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("section", pa.string()),
        ("origin", pa.string()),
        ("claim", pa.string()),
        ("reading", pa.string()),
        ("judged", pa.string()),
        ("verdict", pa.string()),
        ("measured", pa.float64()),
        ("interval_low", pa.float64()),
        ("interval_high", pa.float64()),
        ("unit", pa.string()),
        ("seeds", pa.int64()),
        ("seeds_inside", pa.int64()),
        ("p_value", pa.float64()),
        ("p_corrected", pa.float64()),
        ("values", pa.list_(pa.float64())),
        ("expected", pa.string()),
        ("explanation", pa.string()),
        ("evidence", pa.string()),
    ]
)

OVER_SEEDS = "over seeds"

#: How claims are judged, for the readers of the report; a blank line ends a paragraph.
METHOD = """\
Computations and runs without shuffling involve no chance: their single value lies in the \
expected region, or it does not.

Claims about runs with shuffling are judged over seeds. Each seed gives one value; a comparison \
of two runs gives the difference or ratio of the two with the same seed. A two-sided one-sample \
t-test (on differences: a paired t-test) asks whether the mean over seeds lies on its side of \
the nearest bound of the expected region by more than chance. The p-values of all these claims \
are one family and are corrected (by Holm's step-down method, unless the claims file says \
otherwise); corrected values below one minus the confidence level decide. Intervals are \
Student's intervals of the mean, for one claim at a time.

Reproduced: the mean and every single seed lie in the expected region. Reproduced within seed \
spread: the mean does, but not every seed, so that a single run could have shown otherwise. Not \
reproduced: the mean lies outside. Not decidable from the data: the corrected p-value is too \
large, or the quantity does not exist. Not applicable: the configuration has no runs as the claim \
is about.

A series that is to rise or fall with lambda is judged by the change, from one lambda to the \
next, that speaks most against it. This errs on the side of not decidable."""
#: The verdict where nothing was measured, and how its explanation begins.
_WITHOUT_A_VALUE = {
    NotDecidableError: (Verdict.NOT_DECIDABLE, "Not decidable"),
    NotApplicableError: (Verdict.NOT_APPLICABLE, "Not applicable"),
}
SELECTIONS = ("runs", "other", "rest", "judges")


class ClaimsError(ReproductionError):
    """The claims file has errors, or claims of it cannot be evaluated; the message lists all."""


def read_claims(path: Path, schema_path: Path) -> dict:
    """Read a claims file and hold it to its schema, the measurements and its own set-ups.

    Raises:
        ClaimsError: with all errors, each with its place.
    """
    try:
        twice = duplicates_in(path)
    except YamlError as error:
        raise ClaimsError(str(error)) from error
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    errors = twice or schema_errors(content, schema_path) or list(_cross_check(content))
    if errors:
        raise ClaimsError(listed(str(path), errors))
    return content


def _cross_check(content: dict) -> Iterator[str]:
    ids = [claim["id"] for claim in content["claims"]]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield f"claims.{name}: there are {ids.count(name)} claims of this id"
    for claim in content["claims"]:
        place = f"claims.{claim['id']}"
        yield from _check_arguments(place, claim, content["setups"])
        expected = claim["expected"]
        if "high" in expected and not expected["value"] <= expected["high"]:
            yield f"{place}.expected: found high {expected['high']}; it must not be below value"


def _check_arguments(place: str, claim: dict, setups: dict[str, dict]) -> Iterator[str]:
    name, arguments = claim["measurement"], claim["arguments"]
    if name not in MEASUREMENTS:
        yield f"{place}.measurement: {unknown(name, MEASUREMENTS)}"
        return
    parameters = dict(inspect.signature(MEASUREMENTS[name]).parameters)
    parameters.pop("results")
    for argument in arguments:
        if argument not in parameters:
            allowed = ", ".join(parameters)
            yield (
                f"{place}.arguments: {name} takes no {argument!r}; allowed: {allowed}"
                + nearest(argument, parameters)
            )
    for parameter in parameters.values():
        if parameter.default is parameter.empty and parameter.name not in arguments:
            yield f"{place}.arguments: {name} needs {parameter.name!r}"
    for key in SELECTIONS:
        if key in arguments:
            yield from _check_selection(f"{place}.arguments.{key}", arguments[key], setups)
    if "task" in arguments:
        yield from _check_selection(f"{place}.arguments", arguments, setups)


def _check_selection(place: str, selection: dict, setups: dict[str, dict]) -> Iterator[str]:
    """Hold the names of tasks and lambdas to what the file says of the report."""
    if selection["task"] not in setups:
        yield f"{place}.task: {unknown(selection['task'], setups)}"
        return
    known = setups[selection["task"]]["l2_lambda"]
    for key in ("l2_lambda", "l2_lambdas"):
        for value in as_list(key, selection.get(key, [])):
            if value not in known:
                yield f"{place}.{key}: {unknown(value, known)}"


def evaluate_claims(content: dict, results: Results) -> list[dict]:
    """Measure and judge every claim.

    Returns:
        One row per claim, in the order of the file, with the columns of `CLAIMS_SCHEMA`.

    Raises:
        ClaimsError: some claims could not be evaluated; the message names each.
    """
    level = content["confidence_level"]
    measured: dict[str, Measured | NotDecidableError | NotApplicableError] = {}
    samples: dict[str, Sample] = {}
    errors = []
    for claim in content["claims"]:
        name = claim["id"]
        try:
            found = MEASUREMENTS[claim["measurement"]](results, **claim["arguments"])
            samples[name] = _sample(claim, found, level)
            measured[name] = found
        except (NotDecidableError, NotApplicableError) as reason:
            measured[name] = reason
        except Exception as error:
            # Whatever goes wrong in a measurement, the message must name its claim.
            errors.append(f"claims.{name}: {type(error).__name__}: {error}")
    if errors:
        raise ClaimsError(listed("the evaluation of the claims", errors))
    corrected = correct({name: s.p_value for name, s in samples.items()}, content["correction"])
    return [
        _row(claim, measured[claim["id"]], samples.get(claim["id"]), corrected, level)
        for claim in content["claims"]
    ]


def expected_of(claim: dict) -> Expected:
    """What a claim of the file expects."""
    expected = claim["expected"]
    return Expected(
        expected["relation"], expected.get("value"), expected.get("high"), claim["tolerance"]
    )


def _sample(claim: dict, found: Measured, level: float) -> Sample:
    expected = expected_of(claim)
    values = reduce_series(found.values, expected.relation)
    over_seeds = claim["judged"] == OVER_SEEDS
    if not np.isfinite(values).all():
        raise MeasurementError(f"{claim['measurement']} is not a finite number: {values}")
    if not over_seeds and len(values) != 1:
        raise MeasurementError(
            f"judged by a {claim['judged']}, but {len(values)} runs match; pick one or judge it "
            f"{OVER_SEEDS}"
        )
    return sample_of(values, expected, over_seeds=over_seeds, confidence_level=level)


def _row(
    claim: dict,
    found: Measured | NotDecidableError | NotApplicableError,
    sample: Sample | None,
    corrected: dict[str, float | None],
    level: float,
) -> dict:
    expected = expected_of(claim)
    row = {
        "id": claim["id"],
        "section": claim["section"],
        "origin": claim["origin"],
        "claim": claim["claim"],
        "reading": claim["reading"],
        "judged": claim["judged"],
        "expected": str(expected),
    }
    if sample is None:
        verdict, words = _WITHOUT_A_VALUE[type(found)]
        return row | {"verdict": str(verdict), "explanation": f"{words}: {found}.", "evidence": ""}
    over_seeds = claim["judged"] == OVER_SEEDS
    p_corrected = corrected[claim["id"]]
    verdict = judge(sample, p_corrected, over_seeds=over_seeds, confidence_level=level)
    return row | {
        "verdict": str(verdict),
        "measured": sample.mean,
        "interval_low": sample.low,
        "interval_high": sample.high,
        "unit": found.unit,
        "seeds": len(sample.inside),
        "seeds_inside": int(sample.inside.sum()),
        "p_value": sample.p_value,
        "p_corrected": p_corrected,
        "values": np.atleast_1d(reduce_series(found.values, expected.relation)).tolist(),
        "explanation": _explain(expected, found, sample, p_corrected, over_seeds, level),
        "evidence": "; ".join(found.evidence),
    }


def _explain(
    expected: Expected,
    found: Measured,
    sample: Sample,
    p_corrected: float | None,
    over_seeds: bool,
    level: float,
) -> str:
    """A verdict's reasons in a few sentences built from the numbers."""
    what = {
        "increasing": "Smallest change along the series",
        "decreasing": "Greatest change along the series",
    }.get(expected.relation, "Measured")
    text = f"{what}: {number(sample.mean)} ({found.unit}); expected: {expected}."
    if expected.relation in MONOTONE:
        sign = "above" if expected.relation == "increasing" else "below"
        text = text[:-1] + f", so every change {sign} 0."
    if over_seeds and sample.p_value is None:
        text += " One seed alone does not show what chance does."
    elif over_seeds:
        text += (
            f" Mean of {len(sample.inside)} seeds, {level:.0%} interval {number(sample.low)} to "
            f"{number(sample.high)}; {sample.inside.sum()} of the seeds as expected; corrected "
            f"p = {p_corrected:.2g}."
        )
    return f"{text} {found.detail}".rstrip()
