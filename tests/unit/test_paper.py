"""The paper: its prose follows the results, no number of it is typed, and everybody can read it."""

import json
import re
from itertools import chain
from pathlib import Path

import pytest
import typst
import yaml

import report_pdf
from common.errors import DataError
from plots import widths
from runs.schemas import MEASURED

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "workflow" / "report" / "report.typ"
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
CLAIMS = yaml.safe_load((ROOT / "workflow" / "report" / "claims.yaml").read_text(encoding="utf-8"))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="63" height="20"/>'


def entry(claim: dict, verdict: str, measured: float) -> dict:
    readings = [
        {
            "id": f"{claim['id']}.{one['id']}", "reading": one["reading"], "fixed": one["fixed"],
            "measured": measured, "unit": "nats", "interval_low": measured - 0.01,
            "interval_high": measured + 0.01, "expected": "greater than 0", "p_corrected": 0.0,
            "region": [[0, None]], "robustness": None, "verdict": verdict,
        }
        for one in claim.get("readings") or ()
    ]  # fmt: skip
    kind = "definition" if claim.get("kind") == "definition" else verdict
    told = {key: claim[key] for key in ("id", "section", "says")}
    return told | {"verdict": kind, "readings": readings}


def row(task: str, l2_lambda: str, shuffle: str, seed: int, value: float) -> dict:
    keys = {"task": task, "l2_lambda": float(l2_lambda), "shuffle": shuffle, "seed": seed}
    numbers = dict.fromkeys(MEASURED, value + seed / 8)
    return keys | {"ended": "max_epochs"} | numbers | {"epochs": 50, "steps": 1550}


def made_up(value: float) -> dict:
    """Facts of a whole run in which every measured number is this one."""
    rows = [
        row(name, l2_lambda, str(shuffle).lower(), seed, value)
        for name in ("logistic", "softmax", "softmax-500")
        for l2_lambda in CONFIG["tasks"][name]["l2_lambda"]
        for shuffle in CONFIG["tasks"][name]["shuffle"]
        for seed in (0, 1)
    ]
    proved = {"number": 1, "verdict": "proved", "corrected": None}
    corrected = {"formula": "∂g/∂w_kj = x_j", "verdict": "proved"}
    refuted = {"number": 22, "verdict": "refuted", "corrected": corrected}
    slip = {"section": "1b", "place": "(22)", "kind": "wrong", "says": "No.", "equations": [22]}
    return {
        "version": "9.9.9",
        "config": {
            "data": {"mnist": {"splits": CONFIG["data"]["mnist"]["splits"], "sha256": "f" * 64}},
            "tasks": {
                name: task | {"seeds": {"count": 2, "first": 0, "last": 1}}
                for name, task in CONFIG["tasks"].items()
            },
            "figures": CONFIG["figures"],
            "tables": CONFIG["tables"],
        },
        "runs": report_pdf.over_seeds(rows),
        "counts": {"runs": len(rows), "steps": 1234567, "tests": 7},
        "ledger": {
            "statements": [entry(one, "reproduced", value) for one in CLAIMS["statements"]],
            "questions": [entry(one, "yes", value) for one in CLAIMS["questions"]],
            "equations": [proved, refuted],
            "errata": [slip],
            "counts": {"equations": {"definition": 0}},
            "method": "By tests [1].",
            "literature": ["Student (1908)"],
            "confidence_level": 0.95,
        },
        "optimum": [
            {
                "task": "softmax", "l2_lambda": 1.0, "status": "reached",
                "test_accuracy": value, "weight_norm": value,
            }
        ],
        "variations": [
            {"choice": "none", "value": "as it is", "all": True},
            {"choice": "patience", "value": "8", "all": False},
        ],
        "data": {"fewest": 1775, "most": 2281, "remarks": ["No image is in two splits."]},
        "table": [
            {"quantity": "epochs", "reported": "33", "reproduced": "33", "equal_as_printed": "yes"}
        ],
        "widths": {"figure": widths.FIGURE, "scorecard": widths.SCORECARD},
        "figures": "figures",
        "scorecards": "scorecard",
        "environment": {"Python": "3.11.7"},
    }  # fmt: skip


@pytest.fixture
def facts(tmp_path, monkeypatch) -> dict:
    monkeypatch.chdir(tmp_path)
    for folder, names in {"figures": CONFIG["figures"], "scorecard": ["statements"]}.items():
        Path(folder).mkdir()
        for name in names:
            Path(folder, f"{name}.svg").write_text(SVG)
    return made_up(0.4321)


def words(content: object) -> str:
    """All text in a piece of a document, as Typst describes it."""
    if isinstance(content, dict):
        if content.get("func") == "space":
            return " "
        own = content.get("text", "") if isinstance(content.get("text"), str) else ""
        return own + "".join(
            words(content[key]) for key in ("children", "child", "body") if key in content
        )
    return "".join(map(words, content)) if isinstance(content, list) else ""


def prose(facts: dict) -> str:
    paragraphs = json.loads(typst.query(TEMPLATE.read_bytes(), "par", **report_pdf.settings(facts)))
    return "\n".join(re.sub(r"\s+", " ", words(one["body"])) for one in paragraphs)


def reading(facts: dict, name: str) -> dict:
    entries = chain(facts["ledger"]["statements"], facts["ledger"]["questions"])
    return next(one for entry in entries for one in entry["readings"] if one["id"] == name)


def statement(facts: dict, name: str) -> dict:
    return next(one for one in facts["ledger"]["statements"] if one["id"] == name)


#: The readings whose numbers the paper's sentences tell.
TOLD = sorted({*re.findall(r'"(\w+-[\w-]+\.[\w.-]+)"', TEMPLATE.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("name", TOLD)
def test_a_reading_that_is_not_applicable_leaves_a_paper(facts, name):
    of_claim = ("measured", "interval_low", "interval_high", "p_corrected")
    reading(facts, name).update(dict.fromkeys(of_claim), verdict="not applicable")
    assert "The report" in prose(facts)


def test_a_forged_measurement_is_told(facts):
    before = prose(facts)
    assert "minus that without, is 43.21 (42.21 to 44.21) percentage points" in before
    reading(facts, "2e-worse-test.clearly")["measured"] = -0.0777
    assert "minus that without, is \N{MINUS SIGN}7.77" in prose(facts)


def test_what_is_odd_about_the_data_is_told(facts):
    assert "there are 1775 to 2281 training images. No image is in two splits." in prose(facts)
    split = {"classes": [{"examples": 3}, {"examples": 5}], "missing_classes": ["7"]}
    told = report_pdf.data_facts({"splits": {"train": split}, "duplicates": []})
    assert told == {
        "fewest": 3,
        "most": 5,
        "remarks": ["No image of the split train shows 7.", "No image is in two splits."],
    }


def test_a_forged_metric_is_told(facts):
    assert "validation accuracy of 0.4946 ± 0.0884" in prose(facts)
    for one in facts["runs"]:
        if (one["task"], one["l2_lambda"]) == ("softmax", 0.0):
            one["validation_accuracy"]["mean"] = 0.9876
    assert "validation accuracy of 0.9876 ± 0.0884" in prose(facts)


def test_a_forged_verdict_is_told_in_text_and_abstract(facts):
    before = prose(facts)
    assert "memorises them is reproduced" in before and "Not reproduced are" not in before
    statement(facts, "2e-memorises")["verdict"] = "not reproduced"
    statement(facts, "2e-overfits")["verdict"] = "depends on the reading"
    after = prose(facts)
    assert "memorises them is not reproduced, that it overfits depends on the reading" in after
    assert "Not reproduced are 1: “Without shuffling the network memorises" in after


def test_no_number_is_typed(facts):
    other = made_up(0.8765)
    texts = [prose(one).split("Software")[0] for one in (facts, other)]
    numbers = [set(re.findall(r"\d+\.\d+", text)) for text in texts]
    told = {"9.9", "0.0884", "50.0", "0.0"}  # the version, epochs, and deviations that both have
    assert len(numbers[0]) > 15
    assert numbers[0] & numbers[1] <= told


def cells(facts: dict) -> list[str]:
    table = json.loads(typst.query(TEMPLATE.read_bytes(), "table", **report_pdf.settings(facts)))
    return [words(cell) for one in table for cell in one["children"]]


def test_a_prime_is_no_apostrophe(facts):
    facts["ledger"]["errata"][0]["says"] = "The sum's z_i' and k'."
    assert "The sum's z_i\N{PRIME} and k\N{PRIME}." in cells(facts)


def test_pictures_are_as_wide_as_they_are_drawn(facts):
    pages = typst.compile(TEMPLATE.read_bytes(), format="svg", **report_pdf.settings(facts))
    points = re.findall(rb'<image[^>]* width="([\d.]+)"', b"".join(pages))
    inches = sorted({round(float(width) / 72, 6) for width in points})
    assert inches == [widths.FIGURE, widths.SCORECARD]


def test_signs_are_those_of_print(facts):
    reading(facts, "4b-too-simple.stopped")["expected"] = "less than -0.05"
    reading(facts, "q-code-l2.differences")["expected"] = "equals 0 (tolerance 1e-06)"
    statement(facts, "1a-sigmoid")["says"] = 'The "derivative" f (1 - f) of mini-batches.'
    told = cells(facts)
    assert {"less than \N{MINUS SIGN}0.05", "equals 0 ± 1e\N{MINUS SIGN}6"} <= {*told}
    assert any("“derivative” f (1 \N{MINUS SIGN} f) of mini-batches." in cell for cell in told)


def test_a_statement_stands_above_its_readings_on_every_page(facts):
    table = json.loads(typst.query(TEMPLATE.read_bytes(), "table", **report_pdf.settings(facts)))
    headers = [cell for one in table for cell in one["children"] if cell.get("level") == 2]
    with_readings = [one for one in facts["ledger"]["statements"] if one["readings"]]
    assert len(headers) >= len(with_readings) > 0
    assert all(header.get("repeat", True) for header in headers)


def test_digits_are_kept_and_small_p_values_are_no_zero(facts):
    reading(facts, "2d-purpose.50-epochs")["measured"] = 0.002
    assert "is 0.0020 (" in prose(facts)
    assert "1,234,567 updates" in prose(facts)
    told = cells(facts)
    assert "<0.0001" in told and "0.0" not in told


def test_no_sign_is_swallowed_after_a_call():
    """Typst takes a semicolon after a call in text for the call's end."""
    text = re.sub(r"//.*|\"[^\"]*\"", "", TEMPLATE.read_text(encoding="utf-8"))
    assert not re.findall(r"#[\w.-]+;|\);|\];", text)


def test_another_claims_file_makes_a_paper_too(facts, tmp_path):
    own = {"id": "ours", "section": "x", "says": "It is so."}
    facts["ledger"] |= {"statements": [entry(own, "reproduced", 1.0)], "questions": []}
    facts |= {"variations": [], "optimum": []}
    report_pdf.typeset(TEMPLATE, facts, tmp_path / "a.pdf")


def test_the_document_is_accessible_and_has_the_same_bytes(facts, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        report_pdf.typeset(TEMPLATE, facts, tmp_path / name)
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"pdfuaid:part" in content and b"/MarkInfo" in content
    assert content == (tmp_path / "b.pdf").read_bytes()


def test_what_is_missing_is_an_error_with_the_place(facts, tmp_path):
    del facts["counts"]
    with pytest.raises(DataError, match=r"(?s)report.typ.*counts"):
        report_pdf.typeset(TEMPLATE, facts, tmp_path / "a.pdf")


def test_diverged_runs_have_no_mean():
    rows = [row("t", "0", "true", seed, 0.5) for seed in (0, 1)]
    (summary,) = report_pdf.over_seeds([*rows, rows[0] | {"seed": 2, "ended": "diverged"}])
    assert summary["seeds"] == 2
    assert summary["test_loss"] == {
        "mean": 0.5625, "deviation": pytest.approx(0.0884, abs=1e-4), "low": 0.5, "high": 0.625,
        "first": 0.5,
    }  # fmt: skip
