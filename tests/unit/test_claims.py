"""The format of the claims file, and that the report's is complete."""

import re
from typing import get_args

import pytest
import yaml

from judging.claims import ClaimsError, read_claims
from measuring.catalogue import MEASUREMENTS, arguments_model, selections_of

CLAIMS = "tests/claims.tiny.yaml"


@pytest.fixture
def content(repository):
    return yaml.safe_load((repository / CLAIMS).read_text(encoding="utf-8"))


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return read_claims(path)

    return read


def entry(content, name):
    entries = [*content["statements"], *content["questions"]]
    (found,) = [one for one in entries if one["id"] == name]
    return found


def reading(content, name):
    (found,) = entry(content, name)["readings"]
    return found


@pytest.fixture
def of_the_report(repository):
    return read_claims(repository / "workflow" / "report" / "claims.yaml")


def test_every_part_of_the_report_is_accounted_for(of_the_report):
    sections = of_the_report.sections
    names = ["1a", "1b", "2b", "2c", "2d", "2e", "3b", "3c", "3d", "4a", "4b", "4c", "4d", "4e"]
    assert list(sections) == names
    ranges = [section.equations for section in sections.values() if section.equations]
    equations = [n for first, last in ranges for n in range(first, last + 1)]
    assert equations == list(range(1, 52))
    assert sorted(n for section in sections.values() for n in section.figures) == [*range(1, 11)]
    covered = {(s.section, place) for s in of_the_report.statements for place in s.covers}
    for name, section in sections.items():
        assert {place for owner, place in covered if owner == name} >= {
            f"s{n}" for n in range(1, section.sentences + 1)
        }
    assert all(("2d", f"table 1.{cell}") in covered for cell in range(1, 5))


def test_every_statement_of_the_report_says_what_it_is(of_the_report):
    for one in of_the_report.statements:
        assert bool(one.readings) is (one.kind == "statement"), one.id
    assert len(of_the_report.statements) > 100


@pytest.mark.parametrize(
    ("place", "values", "message"),
    [
        ("4d-worse", {"measurment": "x"}, "unknown key 'measurment'.*did you mean 'measurement'"),
        ("4d-worse", {"measurement": "metric_serie"}, "did you mean 'metric_series'"),
        (
            "4d-worse",
            {"chance": "seed"},
            r"4d-worse.validation.chance \(line \d+\): found 'seed'; allowed: none, .*did you mean",
        ),
        ("4d-worse", {"fixed": "later"}, "found 'later'; allowed: before, after"),
        ("4d-worse", {"expected": {"relation": "falling"}}, "found 'falling'; allowed: less"),
        ("4d-worse", {"expected": {"relation": "less than"}}, "'less than' needs 'value'"),
        (
            "4d-worse",
            {"expected": {"relation": "decreasing", "value": 1}},
            "'decreasing' takes no 'value'",
        ),
        (
            "4d-worse",
            {"expected": {"relation": "between", "value": 2, "high": 1}},
            "`high` must not be below `value`",
        ),
        ("4d-worse", {"expected": {"relation": "equals", "value": 1}}, "needs a tolerance above 0"),
        ("4d-worse", {"expected": None}, "a reading of a statement needs `expected`"),
        (
            "4d-worse",
            {"arguments": {"runs": {"task": "softmax"}, "column": "norm"}},
            r"4d-worse.validation.arguments.column \(line \d+\): found 'norm'; allowed: epochs",
        ),
        (
            "4d-worse",
            {"arguments": {"column": "steps"}},
            r"4d-worse.validation.arguments \(line \d+\): 'runs' is missing",
        ),
        (
            "4d-worse",
            {"arguments": {"runs": {"task": "softmax"}, "column": "steps", "lst": 3}},
            "unknown key 'lst'; allowed: runs, column, last; did you mean 'last'",
        ),
        (
            "4d-worse",
            {"arguments": {"runs": {"task": "sofmax"}, "column": "steps"}},
            "did you mean 'softmax'",
        ),
        (
            "4d-worse",
            {"arguments": {"runs": {"task": "softmax", "l2_lambda": "2"}, "column": "steps"}},
            r"arguments.runs.l2_lambda \(line \d+\): found '2'; allowed: 0, 0.001",
        ),
        (
            "4b-digits",
            {"arguments": {"runs": {"task": "softmax"}, "split": "train"}},
            r"4b-digits.correlation.arguments.runs.l2_lambda.*takes in 0, 0.001, 0.01",
        ),
        ("2e-spread", {"grid": {"window": [10]}}, "needs at least two values"),
        (
            "2e-spread",
            {"grid": {"window": [10, 0]}},
            r"grid.arguments.window \(line \d+\): found 0",
        ),
        ("2e-spread", {"grid": {"spike.height": [1, 2]}}, "no 'spike.height'"),
        ("2e-spread", {"grid": {"widow": [1, 2]}}, "did you mean 'window'"),
    ],
)
def test_errors_of_a_reading_have_their_place_and_cure(content, read, place, values, message):
    reading(content, place).update(values)
    if reading(content, place)["expected"] is None:
        del reading(content, place)["expected"]
    with pytest.raises(ClaimsError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("place", "values", "message"),
    [
        ("2b-shown", {"kind": "statement"}, "a statement needs `readings`"),
        ("2b-implemented", {"why": None}, "a not_testable needs `why`"),
        ("2b-shown", {"why": "It is."}, "a definition takes no `why`"),
        ("2b-shown", {"covers": ["figure one"]}, "the n-th sentence"),
        (
            "2b-shown",
            {"id": "4d-worse"},
            r"4d-worse \(lines \d+, \d+\): there are 2 statements or questions of this id",
        ),
        ("2b-shown", {"id": "a b"}, "must be letters, digits"),
    ],
)
def test_errors_of_a_statement_have_their_place_and_cure(content, read, place, values, message):
    one = entry(content, place)
    one.update(values)
    for key in [key for key, value in one.items() if value is None]:
        del one[key]
    with pytest.raises(ClaimsError, match=message):
        read(content)


def test_a_gap_in_the_ledger_is_an_error(content, read):
    content["sections"] = {
        "2b": {"title": "Loss", "sentences": 3, "figures": [1]},
        "2d": {"title": "Stop", "sentences": 0, "tables": {1: 2}},
    }
    content["statements"] = [s for s in content["statements"] if s["section"] == "2b"]
    with pytest.raises(ClaimsError) as caught:
        read(content)
    for gap in ("2b: s3", "2b: figure 1", "2d: table 1", "2d: table 1.1", "2d: table 1.2"):
        section, place = gap.split(": ")
        told = rf"sections.{section} \(line \d+\): {place} is accounted for by no statement"
        assert re.search(told, str(caught.value))
    assert "has 5 error(s)" in str(caught.value)
    content["statements"][0]["covers"] = ["s4"]
    with pytest.raises(ClaimsError, match="section 2b has no s4"):
        read(content)


def test_readings_that_are_the_same_are_refused(content, read):
    one = entry(content, "4d-worse")
    one["readings"].append(one["readings"][0] | {"id": "again", "reading": "Said otherwise."})
    with pytest.raises(ClaimsError, match="two of its readings measure and expect the same"):
        read(content)


def test_a_key_that_stands_twice_is_refused(repository, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text((repository / CLAIMS).read_text() + "resamples: 99\n")
    with pytest.raises(ClaimsError, match=r"resamples stands in line .* and again in line"):
        read_claims(path)


def test_a_number_that_yaml_reads_otherwise_is_refused(repository, tmp_path):
    text = (repository / "workflow/report/claims.yaml").read_text()
    path = tmp_path / "claims.yaml"
    path.write_text(text.replace("resamples: 1999", "resamples: 01777"))
    with pytest.raises(ClaimsError, match="found 01777, which YAML reads as 1023"):
        read_claims(path)


@pytest.mark.parametrize("content", [[], [1], "x", {"statements": [{"id": [1]}]}])
def test_what_is_no_claims_file_is_refused(read, content):
    with pytest.raises(ClaimsError, match="error"):
        read(content)


def test_an_error_names_its_line(repository, tmp_path):
    lines = (repository / CLAIMS).read_text().splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("resamples:")]
    lines[at] = "resamples: 1000000000"
    path = tmp_path / "claims.yaml"
    path.write_text("\n".join(lines))
    message = rf"resamples \(line {at + 1}\): found 1000000000; must be at most 100000$"
    with pytest.raises(ClaimsError, match=message):
        read_claims(path)


def test_all_errors_come_at_once(content, read):
    reading(content, "4d-worse")["chance"] = "never"
    reading(content, "4b-digits")["fixed"] = "never"
    with pytest.raises(ClaimsError, match="2 error"):
        read(content)


@pytest.mark.parametrize("name", ["optimum_series", "optimum_lead"])
def test_an_optimum_is_asked_for_no_number_of_a_training_alone(name):
    column = arguments_model(name).model_fields["column"]
    assert {"test_loss", "weight_norm", "test_gap"} <= set(get_args(column.annotation))
    assert not {"steps", "epochs"} & set(get_args(column.annotation))


def test_runs_are_selected_by_any_setting_whatever_the_argument_is_called():
    model = arguments_model("metric_difference").model_validate(
        {
            "runs": {"task": "rates", "learning_rate": 0.1},
            "other": {"task": "rates", "patience": [5, 10]},
            "column": "steps",
        }
    )
    assert model.runs == {"task": "rates", "learning_rate": 0.1}
    assert selections_of("spike_rate_difference") == {"runs": False, "other": False}
    assert selections_of("lead_over_rest") == {"runs": False, "rest": True}
    assert selections_of("optimum_series") == {}


def test_measurements_are_found_by_their_name():
    assert {"metric", "spike_rate", "equations", "optimum_lead"} <= MEASUREMENTS.keys()
    assert not {"pairs", "evaluate", "per_image"} & MEASUREMENTS.keys()
