"""Judge every reading of a claims file: correct by family, decide, and say why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

import pyarrow as pa

from judging.claims import Claims, Question, Reading, Statement
from judging.examination import Examined, Reason, examine_all
from judging.statistics import holm, reach
from judging.verdicts import (
    ANSWERS,
    MONOTONE,
    OF_QUESTIONS,
    OF_STATEMENTS,
    Assessment,
    Chance,
    Verdict,
    judge,
    number,
    objects,
    region,
    verdict_of,
)
from measuring.quantities import Measured, NotDecidableError, Results

REPORT, OURS = "report", "ours"

#: Where an assessment has the p-values of its tests.
_TESTS = ("p_value", "p_second")

#: results/claims.parquet: one row a reading. What was not measured, or has no chance, is null.
CLAIMS_SCHEMA = pa.schema(
    [
        ("statement", pa.string()),
        ("section", pa.string()),
        ("origin", pa.string()),
        ("says", pa.string()),
        ("statement_verdict", pa.string()),
        ("id", pa.string()),
        ("reading", pa.string()),
        ("fixed", pa.string()),
        ("chance", pa.string()),
        ("verdict", pa.string()),
        ("measured", pa.float64()),
        ("unit", pa.string()),
        ("interval_low", pa.float64()),
        ("interval_high", pa.float64()),
        ("expected", pa.string()),
        ("p_value", pa.float64()),
        ("p_second", pa.float64()),
        ("p_corrected", pa.float64()),
        ("seeds", pa.int64()),
        ("seeds_inside", pa.int64()),
        ("images", pa.int64()),
        ("values", pa.list_(pa.float64())),
        ("grid_points", pa.int64()),
        ("grid_agree", pa.float64()),
        ("fragile", pa.bool_()),
        ("explanation", pa.string()),
        ("evidence", pa.list_(pa.string())),
    ]
)


class Judged(NamedTuple):
    """A reading with all that its verdict rests on.

    Attributes:
        reading: of the claims file.
        found: what was measured, or why nothing was.
        assessment: None where nothing was measured, or nothing expected.
        corrected: p-values of both tests after the correction of their family.
        verdict: on this reading.
        grid: the verdicts at the points of its grid.
    """

    reading: Reading
    found: Measured | Reason
    assessment: Assessment | None
    corrected: tuple[float | None, float | None]
    verdict: Verdict
    grid: list[Verdict]


def judge_claims(claims: Claims, results: Results, equations: dict, threads: int = 1) -> dict:
    """Measure and judge every statement and question.

    Args:
        claims: the claims file.
        results: what measurements read.
        equations: `equations` with a verdict on each of the report's, and `errata`.
        threads: that examine readings at once.

    Returns:
        `statements`, `questions`, `equations`, `errata` and the counts of their verdicts, as in
        results/claims.json.

    Raises:
        ClaimsError: some readings could not be measured; the message names each.
    """
    families = {REPORT: claims.statements, OURS: claims.questions}
    readings = _readings_of(chain.from_iterable(families.values()))
    examined = examine_all(readings, results, claims, threads)
    judged = {
        origin: _judge_family(entries, examined, claims) for origin, entries in families.items()
    }
    statements = [_statement(entry, judged[REPORT], claims) for entry in claims.statements]
    questions = [_question(entry, judged[OURS], claims) for entry in claims.questions]
    proofs = equations["equations"]
    counts = {
        "statements": _counts(statements, OF_STATEMENTS),
        "questions": _counts(questions, OF_QUESTIONS),
        "equations": dict(sorted(Counter(proof["verdict"] for proof in proofs).items())),
    }
    return {
        "headline": headline(counts),
        "counts": counts,
        "statements": statements,
        "questions": questions,
        "equations": proofs,
        "errata": equations["errata"],
    }


def headline(counts: dict[str, dict[str, int]]) -> str:
    """The counts in a few sentences: the report's statements alone, then the rest."""
    of_report = counts["statements"]
    judged = sum(of_report.values()) - of_report[Verdict.DEFINITION]
    equations, questions = (sum(counts[part].values()) for part in ("equations", "questions"))
    sentences = {
        f"Of {judged} statements of the report": _listed(of_report, OF_STATEMENTS[:-1]),
        f"Of its {equations} equations": _listed(counts["equations"]),
        f"Of {questions} questions of ours": _listed(counts["questions"], OF_QUESTIONS),
    }
    kept = [number > 0 for number in (judged, judged and equations, questions)]
    return " ".join(f"{what}: {told}." for what, told in compress(sentences.items(), kept))


def table_of(ledger: dict) -> pa.Table:
    """One row for each reading, by CLAIMS_SCHEMA."""
    rows = []
    for entry in [*ledger["statements"], *ledger["questions"]]:
        of_entry = {name: entry[name] for name in ("section", "origin", "says")}
        of_entry |= {"statement": entry["id"], "statement_verdict": entry["verdict"]}
        for reading in entry["readings"]:
            robustness = reading["robustness"] or {"points": None, "agree": None, "fragile": None}
            on_grid = {
                "grid_points": robustness["points"],
                "grid_agree": robustness["agree"],
                "fragile": robustness["fragile"],
            }
            rows.append(of_entry | reading | on_grid)
    return pa.Table.from_pylist(rows, schema=CLAIMS_SCHEMA)


def _counts(entries: list[dict], verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many entries have each verdict; those that none has are there with 0."""
    found = Counter(entry["verdict"] for entry in entries)
    return {str(verdict): found[str(verdict)] for verdict in verdicts}


#: Verdicts that another number than one makes another word.
_MANY = {"depends on the reading": "depend on the reading", "definition": "definitions"}


def _listed(counts: dict[str, int], names: Iterable[str] | None = None) -> str:
    named = [str(name) for name in (counts if names is None else names)]
    # Nothing is said of what is rare, and none here.
    always = {str(verdict) for verdict in (*OF_STATEMENTS[:5], Verdict.YES, Verdict.NO)}
    said = [name for name in named if counts[name] or name in always]
    words = [name if counts[name] == 1 else _MANY.get(name, name) for name in said]
    return ", ".join(f"{counts[name]} {word}" for name, word in zip(said, words, strict=True))


def _judge_family(
    entries: Sequence[Statement | Question], examined: dict[str, Examined], claims: Claims
) -> dict[str, Judged]:
    """Judge all readings of one origin, by full id; their p-values are one family."""
    readings = _readings_of(entries)
    families = [
        {
            reading.same_as(): p
            for name, reading in readings.items()
            if (p := getattr(examined[name].assessment, test, None)) is not None
        }
        for test in _TESTS
    ]
    return {
        name: _judge_reading(reading, examined[name], families, claims)
        for name, reading in readings.items()
    }


def _readings_of(entries: Iterable[Statement | Question]) -> dict[str, Reading]:
    return {f"{e.id}.{reading.id}": reading for e in entries for reading in e.readings}


def _corrected(
    reading: Reading, assessment: Assessment | None, families: Sequence[dict[str, float]]
) -> tuple[float | None, ...]:
    """The p-values of both tests by Holm's correction of their families.

    Args:
        reading: of the families.
        assessment: of the reading itself, or at a point of its grid; takes its place.
        families: of each test, the p-values by reading; readings that are the same are one member.
    """

    def corrected(p: float | None, family: dict[str, float]) -> float | None:
        if p is None:
            return None
        members = family | {reading.same_as(): p}
        return dict(zip(members, holm([*members.values()]), strict=True))[reading.same_as()]

    own = [getattr(assessment, test, None) for test in _TESTS]
    return tuple(map(corrected, own, families))


def _judge_reading(
    reading: Reading,
    examined: Examined,
    families: Sequence[dict[str, float]],
    claims: Claims,
) -> Judged:
    found, assessment, on_grid = examined
    corrected = _corrected(reading, assessment, families)

    def verdict_on(there: Assessment) -> Verdict:
        raised = _corrected(reading, there, families)
        return judge(there, *raised, Chance(reading.chance), level=claims.confidence_level)

    if assessment is None:
        undecided = isinstance(found, NotDecidableError)
        verdict = Verdict.NOT_DECIDABLE if undecided else Verdict.NOT_APPLICABLE
    elif reading.expected is None:
        verdict = Verdict.MEASURED
    else:
        verdict = verdict_on(assessment)
    grid = [verdict_on(there) if there else Verdict.NOT_DECIDABLE for there in on_grid]
    return Judged(reading, found, assessment, corrected, verdict, grid)


def _statement(entry: Statement, judged: dict[str, Judged], claims: Claims) -> dict:
    readings = [judged[f"{entry.id}.{reading.id}"] for reading in entry.readings]
    verdict = {
        "definition": Verdict.DEFINITION,
        "not_testable": Verdict.NOT_TESTABLE,
    }.get(entry.kind) or verdict_of(one.verdict for one in readings)
    return {
        "id": entry.id,
        "section": entry.section,
        "origin": REPORT,
        "covers": entry.covers,
        "says": entry.says,
        "verdict": str(verdict),
        "why": entry.why,
        "readings": [_reading(entry.id, one, claims) for one in readings],
    }


def _question(entry: Question, judged: dict[str, Judged], claims: Claims) -> dict:
    readings = [judged[f"{entry.id}.{reading.id}"] for reading in entry.readings]
    readings = [one._replace(verdict=ANSWERS.get(one.verdict, one.verdict)) for one in readings]
    verdict = verdict_of(one.verdict for one in readings)
    rows = [_reading(entry.id, one, claims) for one in readings]
    begin = entry.answers.get(str(verdict), f"{str(verdict).capitalize()}.")
    if verdict == Verdict.MEASURED:
        begin = ""
    return {
        "id": entry.id,
        "section": entry.section,
        "origin": OURS,
        "says": entry.says,
        "verdict": str(verdict),
        "answer": " ".join([begin, *(row["explanation"] for row in rows)]).strip(),
        "readings": rows,
    }


def _reading(owner: str, judged: Judged, claims: Claims) -> dict[str, Any]:
    reading, assessment = judged.reading, judged.assessment
    robustness = _robustness(judged, claims.fragile_below)
    row = {
        "id": f"{owner}.{reading.id}",
        "reading": reading.reading,
        "fixed": reading.fixed,
        "chance": str(reading.chance),
        "measured": None,
        "unit": None,
        "interval_low": None,
        "interval_high": None,
        "expected": str(reading.expected.as_expected()) if reading.expected else None,
        "region": region(reading.expected.as_expected()) if reading.expected else [],
        "p_value": None,
        "p_second": None,
        "p_corrected": None,
        "seeds": None,
        "seeds_inside": None,
        "images": None,
        "values": [],
        "robustness": robustness,
        "verdict": str(judged.verdict),
        "explanation": _explain(judged, robustness, claims.confidence_level),
        "evidence": [],
    }
    if assessment is None:
        return row
    return row | {
        "measured": assessment.measured,
        "unit": judged.found.unit,
        "interval_low": assessment.low,
        "interval_high": assessment.high,
        "p_value": assessment.p_value,
        "p_second": assessment.p_second,
        "p_corrected": judged.corrected[0],
        "seeds": len(assessment.values),
        "seeds_inside": assessment.seeds_inside,
        "images": assessment.images,
        "values": assessment.values.tolist(),
        "evidence": judged.found.evidence,
    }


def _robustness(judged: Judged, fragile_below: float) -> dict | None:
    """How the verdict fares on the grid; None without one."""
    if not judged.grid:
        return None
    # A question's own verdict is an answer by now.
    own = {answer: verdict for verdict, answer in ANSWERS.items()}
    agree = judged.grid.count(own.get(judged.verdict, judged.verdict)) / len(judged.grid)
    return {
        "grid": judged.reading.grid,
        "points": len(judged.grid),
        "agree": agree,
        "fragile": agree < fragile_below,
        "verdicts": {str(v): n for v, n in sorted(Counter(judged.grid).items())},
    }


def _explain(judged: Judged, robustness: dict | None, level: float) -> str:
    """A verdict's reasons in a few sentences built from the numbers."""
    reading, found, assessment = judged.reading, judged.found, judged.assessment
    if assessment is None:
        if judged.verdict == Verdict.NOT_APPLICABLE:
            return f"Not applicable: {found}."
        decide = reading.would_decide or found.would_decide
        return _joined(f"Not decidable: {found}.", decide and f"It would take: {decide}")
    return _joined(
        _measured_and_expected(reading, found, assessment),
        _interval(assessment, level),
        _seeds(reading, assessment),
        _tests(judged, level),
        found.detail,
        _what_would_decide(judged, level),
        _on_grid(robustness),
    )


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _measured_and_expected(reading: Reading, found: Measured, assessment: Assessment) -> str:
    expected = reading.expected
    is_series = found.values.ndim == 2
    change = expected is not None and expected.relation in MONOTONE
    what = "Measured" if not is_series else "The change" if change else "The entry"
    against = " that speaks most against it" if is_series and expected else ""
    text = f"{what}{against}: {number(assessment.measured)} ({found.unit})"
    if expected is None:
        return f"{text}."
    if change:
        sign = "above" if expected.relation == "increasing" else "below"
        return f"{text}; expected: {expected.as_expected()}, so every change {sign} 0."
    return f"{text}; expected: {expected.as_expected()}."


def _interval(assessment: Assessment, level: float) -> str:
    if assessment.low is None:
        return ""
    text = f"{level:.0%} interval {number(assessment.low)} to {number(assessment.high)}"
    estimate = assessment.estimate
    if estimate is not None and len(estimate.errors) > 1:
        over_seeds, over_images = estimate.errors
        text += (
            f" (standard error {over_seeds:.2g} over seeds, {over_images:.2g} "
            f"over {assessment.images} images)"
        )
    elif assessment.images is not None:
        text += f" (over {assessment.images} images)"
    return f"{text}."


def _seeds(reading: Reading, assessment: Assessment) -> str:
    n = len(assessment.values)
    if reading.chance not in (Chance.SEEDS, Chance.BOTH):
        return ""
    if n == 1:
        return "One seed alone does not show what chance does."
    text = f"Mean of {n} seeds"
    if reading.expected is not None:
        text += f", {assessment.seeds_inside} of them as expected"
    return f"{text}, on these images." if reading.chance == Chance.SEEDS else f"{text}."


def _tests(judged: Judged, level: float) -> str:
    corrected, second = judged.corrected
    if corrected is None:
        return ""
    text = f"Corrected p = {corrected:.2g}"
    if second is None:
        return f"{text}."
    text += f", by the second test {second:.2g}"
    decides = [p < 1.0 - level for p in (corrected, second)]
    if decides == [True, False] and not objects(judged.assessment, second, level):
        return f"{text}, the least that this one can show."
    return f"{text}: the two tests disagree." if decides[0] is not decides[1] else f"{text}."


def _what_would_decide(judged: Judged, level: float) -> str:
    """How much more data would decide, if what was found stays as it is."""
    if judged.verdict != Verdict.NOT_DECIDABLE:
        return ""
    if judged.reading.would_decide:
        return f"It would take: {judged.reading.would_decide}"
    estimate, corrected = judged.assessment.estimate, judged.corrected[0]
    p_value = judged.assessment.p_value
    # Without an error the p-value is none of t.
    if (
        estimate is None
        or not any(estimate.errors)
        or not p_value
        or p_value >= 1.0
        or not corrected
    ):
        return ""
    # The bound would have to lie that far away, after correction.
    wanted = (1.0 - level) * p_value / corrected
    found, needed = (reach(estimate, p) for p in (p_value, min(wanted, p_value)))
    if needed <= found:
        return ""
    factor = (needed / found) ** 2
    if factor > 1000:
        return "More than a thousand times the data would be needed to decide."
    source = judged.reading.chance
    return f"About {factor:.1f} times as many {source} would decide."


def _on_grid(robustness: dict | None) -> str:
    if robustness is None:
        return ""
    text = f"On {robustness['agree']:.0%} of {robustness['points']} points of its grid the same"
    return f"{text}: fragile." if robustness["fragile"] else f"{text}."
