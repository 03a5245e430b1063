"""Verdicts: regions, tests by source of chance, and one verdict of many readings."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from judging.verdicts import (
    OPPOSITE,
    Chance,
    Expected,
    Verdict,
    assess,
    bounds,
    holds,
    judge,
    region,
    verdict_of,
)
from measuring.quantities import Measured, MeasurementError

LEVEL = 0.95


def measured(values, images=None, *, are_answers=False) -> Measured:
    values = np.asarray(values, dtype=float)
    images = None if images is None else np.asarray(images, dtype=float)
    return Measured(values, "unit", ["results/x"], "", images, are_answers)


def assessed(found, expected, chance=Chance.SEEDS):
    return assess(found, expected, chance, level=LEVEL, resamples=399)


def verdict(found, expected, chance=Chance.SEEDS, family=1):
    """The verdict where `family` readings with the same p-values are corrected by Bonferroni."""
    one = assessed(found, expected, chance)
    raised = [None if p is None else min(1.0, family * p) for p in (one.p_value, one.p_second)]
    return judge(one, *raised, chance, level=LEVEL)


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


@pytest.mark.parametrize(("printed", "places"), [(0.94, 2), (0.98, 2), (0.977, 3), (12.3, 1)])
def test_what_is_off_by_just_the_tolerance_is_equal(printed, places):
    half = 0.5 * 10.0**-places
    for exact in (printed - half, printed + half):
        assert holds(round(exact, places + 1), Expected("equals", printed, tolerance=half))
        assert not holds(
            round(exact, places + 1), Expected("differs from", printed, tolerance=half)
        )


@pytest.mark.parametrize("relation", [r for r in OPPOSITE if r not in ("increasing", "decreasing")])
@pytest.mark.parametrize("value", [-1.0, 0.0, 0.95, 1.0, 1.05, 1.5, 2.0, 3.0])
def test_an_opposite_holds_exactly_where_the_relation_does_not(relation, value):
    expected = Expected(relation, 1.0, 2.0, tolerance=0.1)
    assert holds(value, expected) is not holds(
        value, expected._replace(relation=OPPOSITE[relation])
    )
    assert bounds(expected) == bounds(expected._replace(relation=OPPOSITE[relation]))


@pytest.mark.parametrize("relation", OPPOSITE)
@pytest.mark.parametrize("value", [-1.0, 0.93, 0.97, 1.03, 1.07, 1.5, 3.0])
def test_a_region_is_where_the_relation_holds(relation, value):
    expected = Expected(relation, 1.0, 2.0, tolerance=0.05)
    within = [
        (low is None or low < value) and (high is None or value < high)
        for low, high in region(expected)
    ]
    assert any(within) is holds(value, expected)


LESS = Expected("less than", 0.0)
SPREAD = np.array([-1.5, -0.5, -1.0, -1.2, -0.8, -1.1, -0.9, -1.3, -0.7, -1.0])


def test_one_bound_is_tested_on_both_sides():
    one = assessed(measured(SPREAD), Expected("less than", -0.8))
    assert one.p_value == pytest.approx(stats.ttest_1samp(SPREAD, -0.8).pvalue)
    sums = [np.dot(signs, SPREAD + 0.8) for signs in product((-1, 1), repeat=len(SPREAD))]
    share = np.mean([total <= (SPREAD + 0.8).sum() + 1e-9 for total in sums])
    assert one.p_second == pytest.approx(2.0 * share)
    assert one.measured == pytest.approx(-1.0)
    assert one.seeds_inside == 7
    assert (one.low, one.high) == pytest.approx(
        tuple(stats.ttest_1samp(SPREAD, 0.0).confidence_interval(LEVEL))
    )


def test_equality_is_shown_by_two_one_sided_tests():
    expected = Expected("equals", -0.9, tolerance=0.4)
    low = stats.ttest_1samp(SPREAD, -1.3, alternative="greater").pvalue
    high = stats.ttest_1samp(SPREAD, -0.5, alternative="less").pvalue
    assert assessed(measured(SPREAD), expected).p_value == pytest.approx(max(low, high))
    assert verdict(measured(SPREAD), expected) == Verdict.REPRODUCED
    assert verdict(measured(SPREAD), expected._replace(tolerance=0.12)) == Verdict.NOT_DECIDABLE
    assert verdict(measured(SPREAD + 5.0), expected) == Verdict.NOT_REPRODUCED
    assert verdict(measured(SPREAD), Expected("differs from", -0.9, tolerance=0.4)) == (
        Verdict.NOT_REPRODUCED
    )


def test_a_verdict_over_seeds_turns_with_the_sign():
    assert verdict(measured(SPREAD), LESS) == Verdict.REPRODUCED
    assert verdict(measured(-SPREAD), LESS) == Verdict.NOT_REPRODUCED
    assert verdict(measured(SPREAD - SPREAD.mean() - 0.01), LESS) == Verdict.NOT_DECIDABLE


def test_the_correction_can_take_a_decision_back():
    near = measured(SPREAD - SPREAD.mean() - 0.25)
    assert verdict(near, LESS) == Verdict.REPRODUCED
    assert verdict(near, LESS, family=40) == Verdict.NOT_DECIDABLE


def test_a_test_that_shows_as_little_as_it_can_does_not_object():
    # Ten seeds have 2^10 sign patterns: no family of 60 could be decided by them.
    assert assessed(measured(SPREAD), LESS).p_second == 2.0 / 2**10
    assert verdict(measured(SPREAD), LESS, family=60) == Verdict.REPRODUCED


def test_tests_that_disagree_do_not_decide():
    # One seed far off blows up the spread for t, but hardly moves the sign patterns.
    values = np.array([-0.02, -0.03, -0.025, -0.03, -0.02, -0.025, -0.03, -3.0])
    one = assessed(measured(values), LESS)
    assert one.p_second < 0.05 < one.p_value
    assert verdict(measured(values), LESS) == Verdict.NOT_DECIDABLE


def test_one_seed_does_not_decide_what_chance_does():
    assert verdict(measured([-1.0]), LESS) == Verdict.NOT_DECIDABLE


def test_seeds_that_agree_to_the_last_bit_are_decided_by_the_sign_patterns():
    one = assessed(measured(np.full(20, -0.3)), LESS)
    assert one.p_value == one.p_second == 2.0 / 2**20
    assert verdict(measured(np.full(20, -0.3)), LESS) == Verdict.REPRODUCED


def test_without_chance_the_value_decides():
    for value, expected in ((-1.0, Verdict.REPRODUCED), (0.0, Verdict.NOT_REPRODUCED)):
        assert verdict(measured([value]), LESS, Chance.NONE) == expected
    with pytest.raises(MeasurementError, match="2 runs match"):
        assessed(measured([1.0, 2.0]), LESS, Chance.NONE)


def test_a_deterministic_run_has_the_interval_of_its_images():
    right = np.repeat([[1.0, 0.0]], [1999, 43], axis=1)
    found = measured([1999 / 2042], right, are_answers=True)
    reference = tuple(stats.binomtest(1999, 2042).proportion_ci(0.95, "wilson"))
    expected = Expected("equals", 0.979, tolerance=0.0005)
    for chance in (Chance.NONE, Chance.IMAGES):
        one = assessed(found, expected, chance)
        assert (one.low, one.high) == pytest.approx(reference)
        assert one.images == 2042
    # These images have this accuracy; what others would have, nobody can say to three digits.
    assert verdict(found, expected, Chance.NONE) == Verdict.REPRODUCED
    assert verdict(found, expected, Chance.IMAGES) == Verdict.NOT_DECIDABLE


def test_a_loss_of_one_run_has_students_interval_over_images():
    losses = np.random.default_rng(0).exponential(0.07, (1, 500))
    one = assessed(measured([losses.mean()], losses), Expected("less than", 1.0), Chance.IMAGES)
    reference = stats.ttest_1samp(losses[0], 0.0).confidence_interval(LEVEL)
    assert (one.low, one.high) == pytest.approx(tuple(reference))


def test_two_runs_on_the_same_images_are_compared_by_mcnemar():
    differences = np.repeat([[1.0, -1.0, 0.0]], [30, 8, 962], axis=1)
    one = assessed(measured([0.022], differences), Expected("greater than", 0.0), Chance.IMAGES)
    assert one.p_value == pytest.approx(stats.binomtest(30, 38, 0.5).pvalue)
    assert one.p_second is not None


def test_a_run_that_is_never_the_worse_one_is_no_fraction():
    # Differences of 0 and 1 alone are still of a pair: the signs could all have been the other.
    one_image = np.repeat([[1.0, 0.0]], [1, 999], axis=1)
    ahead = assessed(measured([0.001], one_image), Expected("greater than", 0.0), Chance.IMAGES)
    behind = assessed(measured([-0.001], -one_image), LESS, Chance.IMAGES)
    assert ahead.p_value == behind.p_value == 1.0
    assert (ahead.low, ahead.high) == pytest.approx((-behind.high, -behind.low))
    answers = np.stack([np.zeros((1, 1000)), one_image], axis=1)
    rising = measured(answers.mean(axis=2), answers, are_answers=True)
    assert assessed(rising, Expected("increasing"), Chance.IMAGES).p_value == 1.0


def test_what_has_no_images_cannot_be_judged_over_them():
    for chance in (Chance.IMAGES, Chance.BOTH):
        with pytest.raises(MeasurementError, match="no values of single images"):
            assessed(measured([0.5]), LESS, chance)


@pytest.mark.parametrize(("n", "decided"), [(10, False), (300, False), (3000, True)])
def test_images_that_all_agree_show_no_more_than_their_number(n, decided):
    same, tolerated = np.zeros((20, n)), Expected("equals", 0.0, tolerance=0.01)
    right, most = np.ones((20, n)), Expected("greater than", 0.99)
    for images, expected in ((same, tolerated), (right, most)):
        for chance, seeds in ((Chance.IMAGES, 1), (Chance.BOTH, 20)):
            found = measured(images[:seeds].mean(axis=1), images[:seeds])
            assert (verdict(found, expected, chance, family=10) == Verdict.REPRODUCED) is decided


def test_two_seeds_that_agree_in_every_image_are_two_seeds():
    right = np.ones((2, 3000))
    one = assessed(measured([1.0, 1.0], right), Expected("greater than", 0.99), Chance.BOTH)
    assert one.p_value == 2 * 2.0**-2


def test_images_can_undecide_what_seeds_alone_decide():
    # Every seed has the same small lead, which rests on few of the images.
    generator = np.random.default_rng(1)
    images = np.repeat([[1.0, -1.0, 0.0]], [22, 16, 362], axis=1).repeat(20, axis=0)
    images += generator.normal(0.0, 0.01, images.shape)
    found = measured(images.mean(axis=1), images)
    more = Expected("greater than", 0.0)
    assert verdict(found, more, Chance.SEEDS) == Verdict.REPRODUCED
    assert verdict(found, more, Chance.BOTH) == Verdict.NOT_DECIDABLE
    over_seeds, both = (assessed(found, more, c) for c in (Chance.SEEDS, Chance.BOTH))
    assert both.high - both.low > 2 * (over_seeds.high - over_seeds.low)


def test_a_series_needs_every_change():
    generator = np.random.default_rng(2)
    falling = np.array([3.0, 2.0, 1.9]) + generator.normal(0.0, 0.01, (10, 3))
    expected = Expected("decreasing")
    one = assessed(measured(falling), expected)
    worst = falling[:, 2] - falling[:, 1]
    assert one.measured == pytest.approx(worst.mean())
    assert one.values == pytest.approx(worst)
    assert one.p_value == pytest.approx(stats.ttest_1samp(worst, 0.0).pvalue)
    assert verdict(measured(falling), expected) == Verdict.REPRODUCED
    risen = falling[:, [0, 2, 1]]
    up = risen[:, 2] - risen[:, 1]
    one = assessed(measured(risen), expected)
    assert one.p_value == pytest.approx(2 * stats.ttest_1samp(up, 0.0).pvalue)
    assert verdict(measured(risen), expected) == Verdict.NOT_REPRODUCED
    with pytest.raises(MeasurementError, match="series of at least two"):
        assessed(measured(SPREAD), expected)


def test_every_entry_of_a_series_must_lie_in_the_region():
    leads = np.array([0.5, 0.1]) + np.random.default_rng(3).normal(0.0, 0.01, (10, 2))
    ahead = Expected("greater than", 0.0)
    assert assessed(measured(leads), ahead).measured == pytest.approx(leads[:, 1].mean())
    assert verdict(measured(leads), ahead) == Verdict.REPRODUCED
    assert verdict(measured(leads - 0.2), ahead) == Verdict.NOT_REPRODUCED


def test_one_verdict_of_many_readings():
    yes, no, open_ = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.NOT_DECIDABLE
    absent = Verdict.NOT_APPLICABLE
    assert verdict_of([yes, yes]) == yes
    assert verdict_of([no, no, absent]) == no
    assert verdict_of([yes, no]) == Verdict.DEPENDS
    assert verdict_of([yes, no, open_]) == Verdict.DEPENDS
    assert verdict_of([yes, open_]) == open_
    assert verdict_of([open_, open_]) == open_
    assert verdict_of([absent]) == absent
    # A number that nothing is expected of contradicts nothing.
    number = Verdict.MEASURED
    assert verdict_of([number, Verdict.YES]) == Verdict.YES
    assert verdict_of([number, absent]) == verdict_of([number]) == number
