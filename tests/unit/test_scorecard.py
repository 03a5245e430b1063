"""The scorecard: every statement a row, what is expected to the right, on one page, no colour."""

from itertools import combinations
from pathlib import Path

import pytest
import yaml
from matplotlib.colors import to_hex

from plots import scorecard, style

CLAIMS = yaml.safe_load(
    (Path(__file__).parents[2] / "workflow" / "report" / "claims.yaml").read_text(encoding="utf-8")
)


def reading(measured=0.5, region=((0.4, None),), **other) -> dict:
    ends = dict.fromkeys(("interval_low", "interval_high", "robustness"))
    return {
        "measured": measured, "region": region, "values": [measured], "verdict": "reproduced",
        "unit": "nats", **ends, **other,
    }  # fmt: skip


def entry(id_="2b-it", verdict="reproduced", **other) -> dict:
    readings = other.pop("readings", [reading()])
    return {
        "id": id_, "section": id_[:2], "says": f"Says {id_}.", "verdict": verdict,
        "readings": readings, **other,
    }  # fmt: skip


def ledger(*entries: dict) -> dict:
    sections = {"2b": "Loss", "2c": "Accuracy"}
    return {
        "statements": [*entries], "questions": [], "sections": sections, "confidence_level": 0.95,
        "fragile_below": 0.8,
    }  # fmt: skip


def axes_of(*entries: dict):
    (axes,) = scorecard.scorecard(ledger(*entries), "statements").axes
    return axes


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def whole_report() -> list[dict]:
    """All statements of the report, as if none was reproduced, which takes the most room."""
    return [
        entry(
            statement["id"],
            "not reproduced",
            says=statement["says"],
            readings=[reading()] * len(statement.get("readings") or ()),
        )
        for statement in CLAIMS["statements"]
        if statement.get("kind") != "definition"
    ]


def scorecard_lines() -> set[str]:
    return {line for one in whole_report() for line in scorecard._lines(one)}


def test_each_statement_is_a_row_and_a_definition_is_none():
    shown = texts(axes_of(entry("2b-a"), entry("2b-b", "definition"), entry("2c-c")))
    assert {"Says 2b-a.", "Says 2c-c.", "2b  Loss", "2c  Accuracy"} <= {*shown}
    assert "Says 2b-b." not in shown


def test_verdicts_are_told_apart_by_form_alone():
    forms = {name: look[:2] for name, look in scorecard._MARKS.items()}
    same = [pair for pair in combinations(forms, 2) if forms[pair[0]] == forms[pair[1]]]
    assert same == [("reproduced", "yes"), ("not reproduced", "no")]


@pytest.mark.parametrize(
    ("measured", "region", "side"),
    [
        (0.5, [(0.4, None)], 1),
        (0.3, [(0.4, None)], -1),
        (0.3, [(None, 0.4)], 1),
        (0.5, [(None, 0.4)], -1),
        (0.9, [(0.4, 0.6)], 1),
        (0.1, [(0.4, 0.6)], -1),
    ],
)
def test_what_is_expected_of_one_bound_lies_to_the_right(measured, region, side):
    place, ends = scorecard._scale(reading(measured, region), 3.0)
    assert (place(measured) - 3.0) * side > 0
    inside = any(min(end) <= place(measured) <= max(end) for end in ends)
    assert inside == any(
        (low is None or low <= measured) and (high is None or measured <= high)
        for low, high in region
    )


def test_what_has_no_scale_is_said_in_words():
    readings = [
        reading(0.0, [(0.0, 0.0)]),
        reading(9.0, [(0.0, 0.0)]),
        reading(None),
        reading(67.0, []),
    ]
    shown = texts(axes_of(entry(readings=readings)))
    assert {"exact", "off by 9", "no such result", "67 (nats)"} <= {*shown}


def test_a_fragile_verdict_is_bold():
    looks = {"agree": 0.5, "fragile": True}, {"agree": 0.9, "fragile": False}
    axes = axes_of(
        *(entry(f"2b-{n}", readings=[reading(robustness=look)]) for n, look in enumerate(looks))
    )
    weights = {text.get_text(): text.get_weight() for text in axes.texts}
    assert (weights["50%"], weights["90%"]) == ("bold", "normal")


def test_the_whole_report_fits_a_page_and_no_words_run_into_a_lane():
    figure = scorecard.scorecard(ledger(*whole_report()), "statements")
    assert figure.get_figheight() < 11 and figure.get_figwidth() < 8
    figure.set_dpi(300)
    renderer = figure.canvas.get_renderer()
    (axes,) = figure.axes
    assert min(text.get_fontsize() for text in axes.texts) >= 7.5
    words = [text for text in axes.texts if text.get_text() in scorecard_lines()]
    for text in words:
        start, end = axes.transData.inverted().transform(text.get_window_extent(renderer))[:, 0]
        if start % (scorecard._COLUMN + scorecard._GAP) < scorecard._MIDDLE / 2:
            assert end - start < scorecard._MIDDLE - scorecard._HALF - scorecard._WORDS
    assert len(words) > 80


def test_an_empty_scorecard_and_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        style.save(scorecard.scorecard(ledger(), "questions"), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_mark_has_the_colour_of_its_verdict():
    axes = axes_of(entry(verdict="not reproduced"))
    colors = {to_hex(line.get_color()) for line in axes.lines if line.get_marker() == "X"}
    assert colors == {"#d55e00"}
