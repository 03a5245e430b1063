"""Verdicts: regions, tests over seeds, Holm's correction."""

import math

import numpy as np
import pytest
from scipy import stats

from judging.verdicts import (
    OPPOSITE,
    Expected,
    Verdict,
    bounds,
    correct,
    holds,
    holm,
    judge,
    reduce_series,
    sample_of,
    student_interval,
    t_test,
)


def verdict_of(values, expected, *, over_seeds=True, family=1):
    sample = sample_of(np.array(values), expected, over_seeds=over_seeds, confidence_level=0.95)
    corrected = None if sample.p_value is None else min(1.0, family * sample.p_value)
    return judge(sample, corrected, over_seeds=over_seeds, confidence_level=0.95)


@pytest.mark.parametrize(
    ("relation", "inside", "outside"),
    [
        ("less than", [0.89], [0.9, 1.0, 1.2]),
        ("at least", [0.9, 1.0, 1.2], [0.89]),
        ("greater than", [1.2], [1.1, 1.0, 0.8]),
        ("at most", [1.1, 1.0, 0.8], [1.2]),
        ("equals", [0.95, 1.0, 1.05], [0.8, 1.2]),
        ("differs from", [0.8, 1.2], [0.95, 1.0, 1.05]),
    ],
)
def test_regions_of_one_bound(relation, inside, outside):
    expected = Expected(relation, 1.0, tolerance=0.1)
    assert all(holds(value, expected) for value in inside)
    assert not any(holds(value, expected) for value in outside)


def test_regions_of_two_bounds():
    between, outside = Expected("between", 1.0, 2.0), Expected("outside", 1.0, 2.0)
    for value, is_between in ((0.9, False), (1.0, True), (1.5, True), (2.0, True), (2.1, False)):
        assert holds(value, between) is is_between
        assert holds(value, outside) is not is_between


@pytest.mark.parametrize("relation", [r for r in OPPOSITE if r not in ("increasing", "decreasing")])
@pytest.mark.parametrize("value", [-1.0, 0.0, 0.95, 1.0, 1.05, 1.5, 2.0, 3.0])
def test_an_opposite_holds_exactly_where_the_relation_does_not(relation, value):
    expected = Expected(relation, 1.0, 2.0, tolerance=0.1)
    assert holds(value, expected) is not holds(
        value, expected._replace(relation=OPPOSITE[relation])
    )
    assert bounds(expected) == bounds(expected._replace(relation=OPPOSITE[relation]))


def test_a_series_is_judged_by_its_worst_change():
    values = np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0]])
    assert reduce_series(values, "decreasing").tolist() == [-1.0, 1.0]
    assert reduce_series(values, "increasing").tolist() == [-1.0, -2.0]
    with pytest.raises(ValueError, match="one value per seed"):
        reduce_series(values, "less than")
    with pytest.raises(ValueError, match="at least two"):
        reduce_series(np.array([1.0]), "increasing")


def test_interval_and_test_are_those_of_scipy():
    values = np.random.default_rng(0).normal(0.3, 1.0, 10)
    reference = stats.ttest_1samp(values, 0.1)
    assert t_test(values, 0.1) == pytest.approx(reference.pvalue)
    assert student_interval(values, 0.9) == pytest.approx(tuple(reference.confidence_interval(0.9)))


def test_seeds_that_agree_to_the_last_bit():
    assert t_test(np.full(10, 2.0), 1.0) == 0.0
    assert t_test(np.full(10, 1.0), 1.0) == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_claims_without_chance_are_no_part_of_the_family():
    assert correct({"a": 0.02, "b": None}, "holm") == {"a": 0.02, "b": None}
    assert correct({"a": 0.02, "b": 0.5}, "holm") == {"a": 0.04, "b": 0.5}
    assert correct({"a": 0.02, "b": 0.5}, "none") == {"a": 0.02, "b": 0.5}


LESS = Expected("less than", 0.0)
SPREAD = np.array([-1.5, -0.5, -1.0, -1.2, -0.8, -1.1, -0.9, -1.3, -0.7, -1.0])


def test_the_four_verdicts_over_seeds():
    assert verdict_of(SPREAD, LESS) == Verdict.REPRODUCED
    assert verdict_of(-SPREAD, LESS) == Verdict.NOT_REPRODUCED
    one_off = SPREAD.copy()
    one_off[0] = 0.1
    assert verdict_of(one_off, LESS) == Verdict.WITHIN_SPREAD
    assert verdict_of(SPREAD - SPREAD.mean() - 0.01, LESS) == Verdict.NOT_DECIDABLE


def test_the_correction_can_take_a_decision_back():
    values = SPREAD - SPREAD.mean() - 0.25
    assert verdict_of(values, LESS) == Verdict.WITHIN_SPREAD
    assert verdict_of(values, LESS, family=40) == Verdict.NOT_DECIDABLE


def test_one_seed_does_not_decide_what_chance_does():
    assert verdict_of([-1.0], LESS) == Verdict.NOT_DECIDABLE


def test_a_single_run_is_inside_or_not():
    assert verdict_of([-1.0], LESS, over_seeds=False) == Verdict.REPRODUCED
    assert verdict_of([0.0], LESS, over_seeds=False) == Verdict.NOT_REPRODUCED


def test_equal_within_a_tolerance_needs_the_mean_surely_inside():
    wide = Expected("equals", -1.0, tolerance=1.0)
    assert verdict_of(SPREAD, wide) == Verdict.REPRODUCED
    assert verdict_of(SPREAD, wide._replace(tolerance=0.01)) == Verdict.NOT_DECIDABLE
    assert verdict_of(SPREAD + 5.0, wide) == Verdict.NOT_REPRODUCED


def test_the_p_value_looks_at_the_nearest_bound():
    sample = sample_of(
        SPREAD, Expected("between", -1.2, 5.0), over_seeds=True, confidence_level=0.95
    )
    assert sample.p_value == pytest.approx(stats.ttest_1samp(SPREAD, -1.2).pvalue)
    assert math.isclose(sample.mean, -1.0)
