"""Judging a claims file: families, grids, questions, and what the rows say."""

import copy
import json

import numpy as np
import pytest

from claims import settings_of, to_markdown
from judging import examination
from judging.claims import Claims, ClaimsError
from judging.ledger import CLAIMS_SCHEMA, judge_claims, table_of
from measuring.quantities import MeasurementError, NotApplicableError

SEEDS, IMAGES = 20, 400
LAMBDAS = (0.0, 1.0)
EQUATIONS = {
    "equations": [
        {"number": n, "verdict": "refuted" if n == 23 else "proved", "erratum": None}
        for n in range(1, 52)
    ],
    "errata": [],
}


class MadeUp:
    """Runs of two lambdas, of which the second gets fewer images right and has smaller weights."""

    def __init__(self):
        generator = np.random.default_rng(0)
        hardness = generator.random(IMAGES)
        self.right = {
            (l2_lambda, seed): hardness + generator.normal(0.0, 0.05, IMAGES) < share
            for l2_lambda, share in zip(LAMBDAS, (0.9, 0.8), strict=True)
            for seed in range(SEEDS)
        }
        self.rows = [
            {"task": "softmax", "l2_lambda": l2_lambda, "seed": seed, "steps": 100 + seed % 3}
            | {"validation_accuracy": right.mean(), "weight_norm": 2.0 - l2_lambda}
            for (l2_lambda, seed), right in self.right.items()
        ]

    def runs(self, selection):
        if selection["task"] != "softmax":
            raise NotApplicableError(f"the config has no task {selection['task']}")
        wanted = {"seed": selection.get("seed"), "l2_lambda": selection.get("l2_lambda")}
        return [
            row
            for row in self.rows
            if wanted["seed"] in (None, row["seed"])
            and (wanted["l2_lambda"] is None or float(wanted["l2_lambda"]) == row["l2_lambda"])
        ]

    def scores(self, rows, split):
        right = np.array([self.right[row["l2_lambda"], row["seed"]] for row in rows])
        return np.zeros(right.shape), right

    def where(self, selection, what):
        return f"results/metrics.parquet: {selection}; {what}"

    def equation(self, number):
        return EQUATIONS["equations"][number - 1]


def reading(id_="r", *, measurement="metric_difference", expected=None, chance="seeds", **more):
    arguments = {
        "runs": {"task": "softmax", "l2_lambda": "1"},
        "other": {"task": "softmax", "l2_lambda": "0"},
        "column": "validation_accuracy",
    }
    content = {"id": id_, "reading": "As it says.", "measurement": measurement, "fixed": "before"}
    content |= {"arguments": arguments, "chance": chance}
    content |= {"expected": expected or {"relation": "less than", "value": 0.0}}
    return content | more


def statement(id_, *readings, **more):
    content = {"id": id_, "section": "4d", "covers": ["s1"], "says": f"{id_} is so."}
    return content | {"readings": list(readings)} | more


def question(id_, *readings, **more):
    return {"id": id_, "section": "4d", "says": f"Is {id_} so?", "readings": list(readings)} | more


NORM = {"runs": {"task": "softmax"}, "column": "weight_norm"}
STEPS = {"runs": {"task": "softmax", "l2_lambda": "0"}, "column": "steps"}


@pytest.fixture
def content():
    return {
        "confidence_level": 0.95,
        "resamples": 199,
        "fragile_below": 0.8,
        "setups": {"softmax": {"l2_lambda": ["0", "1"]}, "logistic": {"l2_lambda": ["0"]}},
        "statements": [
            statement(
                "worse",
                reading("seeds", expected={"relation": "less than", "value": -0.05}),
                reading("both", chance="seeds and images"),
            ),
            statement(
                "differs",
                reading("less"),
                reading("more", expected={"relation": "greater than", "value": -0.05}),
            ),
            statement(
                "smaller",
                reading(
                    measurement="metric_series",
                    arguments=NORM,
                    expected={"relation": "decreasing"},
                ),
            ),
            statement("shown", kind="definition"),
            statement("programmed", kind="not_testable", why="Nobody has it."),
            statement(
                "printed",
                reading(
                    measurement="equations",
                    arguments={"numbers": [11, 23]},
                    expected={"relation": "equals", "value": 0},
                    chance="none",
                ),
            ),
            statement(
                "elsewhere",
                reading(
                    measurement="metric",
                    arguments={"runs": {"task": "logistic"}, "column": "steps"},
                ),
            ),
        ],
        "questions": [
            question(
                "cheap",
                reading(expected={"relation": "greater than", "value": -0.01}),
                answers={"yes": "It is cheap.", "no": "It costs."},
            ),
            question("long", reading(measurement="metric", arguments=STEPS)),
        ],
    }


@pytest.fixture
def judged():
    def judged(content, threads=1):
        content = copy.deepcopy(content)
        for entry in content["questions"]:
            if entry["id"] == "long":
                del entry["readings"][0]["expected"]
        return judge_claims(Claims.model_validate(content), MadeUp(), EQUATIONS, threads)

    return judged


def by_id(entries):
    return {entry["id"]: entry for entry in entries}


def readings_of(ledger, kind="statements"):
    return {r["id"]: r for entry in ledger[kind] for r in entry["readings"]}


def test_each_statement_has_one_verdict_and_the_headline_counts_them_alone(content, judged):
    ledger = judged(content)
    assert {name: entry["verdict"] for name, entry in by_id(ledger["statements"]).items()} == {
        "worse": "reproduced",
        "differs": "depends on the reading",
        "smaller": "reproduced",
        "shown": "definition",
        "programmed": "not testable",
        "printed": "not reproduced",
        "elsewhere": "not applicable",
    }
    assert ledger["headline"].startswith(
        "Of 6 statements of the report: 2 reproduced, 1 not reproduced, 1 depends on the reading, "
        "0 not decidable, 1 not testable, 1 not applicable."
    )
    assert "50 proved, 1 refuted" in ledger["headline"]
    assert sum(ledger["counts"]["statements"].values()) == 7


def test_questions_are_answered_and_not_reproduced(content, judged):
    questions = by_id(judged(content)["questions"])
    assert questions["cheap"]["verdict"] == "no"
    assert questions["cheap"]["answer"].startswith("It costs. Measured: -0.1")
    assert questions["long"]["verdict"] == "measured"
    assert questions["long"]["readings"][0]["expected"] is None
    assert questions["long"]["answer"].startswith("Measured: 101 (steps). 95% interval 10")


def test_markdown_has_a_true_minus_and_says_how_to_read_it(content, judged):
    ledger = judged(content)
    text = to_markdown(settings_of(Claims.model_validate(content)) | ledger)
    assert "Measured: \N{MINUS SIGN}0.1" in text and "Measured: -0.1" not in text
    assert "fragile" in text.split("\n## ")[0]


def test_asking_more_changes_nothing_about_the_report(content, judged):
    before = judged(content)
    content["questions"] += [
        question(
            f"extra-{n}", reading(expected={"relation": "less than", "value": -0.1 + n / 1000})
        )
        for n in range(30)
    ]
    after = judged(content)
    assert after["statements"] == before["statements"]
    assert after["counts"]["statements"] == before["counts"]["statements"]
    cheap = [by_id(ledger["questions"])["cheap"]["readings"][0] for ledger in (before, after)]
    assert cheap[1]["p_corrected"] > cheap[0]["p_corrected"]


def test_the_same_reading_counts_once_in_its_family(content, judged):
    before = readings_of(judged(content))
    content["statements"].append(statement("again", reading("less")))
    after = readings_of(judged(content))
    assert after["again.less"]["p_corrected"] == after["differs.less"]["p_corrected"]
    for name, row in before.items():
        assert after[name]["p_corrected"] == row["p_corrected"], name


def test_the_family_is_corrected_by_holm(content, judged):
    rows = readings_of(judged(content)).values()
    family = sorted((row["p_value"], row["p_corrected"]) for row in rows if row["p_value"])
    assert len(family) == 5
    largest = 0.0
    for rank, (p_value, corrected) in enumerate(family):
        largest = max(largest, min(1.0, (len(family) - rank) * p_value))
        assert corrected == pytest.approx(largest)


def test_no_p_value_is_zero_and_every_interval_is_there(content, judged):
    ledger = judged(content)
    rows = [*readings_of(ledger).values(), *readings_of(ledger, "questions").values()]
    for row in rows:
        for name in ("p_value", "p_second", "p_corrected"):
            assert row[name] is None or 0.0 < row[name] <= 1.0, row
        if row["chance"] != "none" and row["measured"] is not None:
            assert row["interval_low"] <= row["measured"] <= row["interval_high"]
    # All seeds have the same norm: two of 2^20 sign patterns are as extreme.
    assert readings_of(ledger)["smaller.r"]["p_value"] == 2.0**-19


def test_both_sources_of_chance_make_a_wider_interval(content, judged):
    content["statements"] = [
        statement("x", reading("seeds"), reading("both", chance="seeds and images"))
    ]
    rows = readings_of(judged(content))
    widths = {n: row["interval_high"] - row["interval_low"] for n, row in rows.items()}
    assert widths["x.both"] > 2 * widths["x.seeds"]
    assert rows["x.both"]["images"] == IMAGES
    assert "over seeds" in rows["x.both"]["explanation"]
    assert "over 400 images" in rows["x.both"]["explanation"]


def test_a_single_run_has_an_interval_over_its_images(content, judged):
    single = {"runs": {"task": "softmax", "l2_lambda": "0", "seed": 0}}
    content["statements"] = [
        statement(
            "x",
            reading(
                measurement="metric",
                arguments=single | {"column": "validation_accuracy"},
                expected={"relation": "at least", "value": 0.5},
                chance="none",
            ),
        )
    ]
    (row,) = readings_of(judged(content)).values()
    assert row["interval_low"] < row["measured"] < row["interval_high"]
    assert row["p_value"] is None


def test_a_grid_shows_the_share_that_agrees(content, judged):
    bounds = [0.0, -0.02, -0.05, -0.08, -0.3]
    content["statements"] = [
        statement("x", reading("wide", grid={"expected.value": bounds})),
        statement("y", reading("narrow", grid={"expected.value": [0.0, -0.3, -0.4]})),
    ]
    rows = readings_of(judged(content))
    wide, narrow = (rows[name]["robustness"] for name in ("x.wide", "y.narrow"))
    assert (wide["points"], wide["agree"], wide["fragile"]) == (5, 0.8, False)
    assert wide["verdicts"] == {"not reproduced": 1, "reproduced": 4}
    assert narrow["fragile"] and narrow["agree"] == pytest.approx(1 / 3)
    assert rows["y.narrow"]["explanation"].endswith("points of its grid the same: fragile.")


def test_what_would_decide_is_said(content, judged):
    mean = readings_of(judged(content))["worse.seeds"]["measured"]
    near = [{"relation": "less than", "value": mean + lead} for lead in (0.0005, 0.00001)]
    content["statements"] = [
        statement("x", reading(expected=near[0], would_decide="a larger test set.")),
        statement("y", reading(expected=near[0])),
        statement("z", reading(expected=near[1])),
    ]
    rows = readings_of(judged(content))
    assert {row["verdict"] for row in rows.values()} == {"not decidable"}
    assert "It would take: a larger test set." in rows["x.r"]["explanation"]
    assert "times as many seeds would decide" in rows["y.r"]["explanation"]
    assert "More than a thousand times the data would be needed" in rows["z.r"]["explanation"]


def test_how_many_seeds_would_decide_is_not_said_of_seeds_that_agree(content, judged):
    content["confidence_level"] = 1.0 - 1e-9
    arguments = reading()["arguments"] | {"column": "weight_norm"}
    content["statements"] = [statement("x", reading(arguments=arguments))]
    row = readings_of(judged(content))["x.r"]
    assert row["verdict"] == "not decidable" and row["interval_low"] == row["interval_high"]
    assert "would decide" not in row["explanation"]


def test_what_cannot_be_measured_is_an_error_that_names_every_reading(content, monkeypatch):
    def broken(self, selection, what):
        raise MeasurementError("weights.parquet is missing")

    monkeypatch.setattr(MadeUp, "where", broken)
    with pytest.raises(ClaimsError) as caught:
        judge_claims(Claims.model_validate(content), MadeUp(), EQUATIONS)
    for name in ("worse.seeds", "worse.both", "smaller.r"):
        assert f"{name}: MeasurementError: weights.parquet is missing" in str(caught.value)


def test_the_ledger_does_not_depend_on_the_number_of_threads(content, judged, monkeypatch):
    monkeypatch.setattr(examination, "_TOGETHER", 1)
    assert judged(content, threads=2) == judged(content)


def test_the_contract_of_the_rows(content, judged):
    ledger = judged(content)
    assert json.loads(json.dumps(ledger, allow_nan=False)) == ledger
    for entry in ledger["statements"]:
        assert entry.keys() >= {"id", "section", "origin", "says", "verdict", "readings"}
        assert entry["origin"] == "report"
    for entry in ledger["questions"]:
        assert entry["origin"] == "ours" and entry["answer"]
    columns = {"id", "reading", "measured", "unit", "interval_low", "interval_high", "expected"}
    columns |= {"p_value", "p_corrected", "values", "robustness", "verdict", "evidence"}
    for row in readings_of(ledger).values():
        assert row.keys() >= columns
        assert row["explanation"].endswith(".")
    table = table_of(ledger)
    assert table.schema.equals(CLAIMS_SCHEMA)
    assert len(table) == len(readings_of(ledger)) + len(readings_of(ledger, "questions"))
    assert [e["number"] for e in ledger["equations"]] == list(range(1, 52))
