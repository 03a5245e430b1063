"""Intervals and tests against recomputations by loops, against SciPy, and by simulation."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from judging import statistics
from judging.statistics import (
    Estimate,
    binomial_tails,
    bootstrap,
    bootstrap_tails,
    crossed_estimate,
    estimate_of,
    holm,
    mcnemar_tails,
    reach,
    sign_flip_tails,
    student_interval,
    student_tails,
    wilson_interval,
)

VALUES = np.random.default_rng(0).normal(0.3, 1.0, 9)


def test_student_is_that_of_scipy():
    estimate = estimate_of(VALUES)
    reference = stats.ttest_1samp(VALUES, 0.1)
    assert student_interval(estimate, 0.9) == pytest.approx(
        tuple(reference.confidence_interval(0.9))
    )
    less = stats.ttest_1samp(VALUES, 0.1, alternative="less").pvalue
    greater = stats.ttest_1samp(VALUES, 0.1, alternative="greater").pvalue
    assert student_tails(estimate, 0.1)[:2] == pytest.approx((less, greater))


def test_sign_flips_are_counted_one_by_one():
    deviations = VALUES - 0.1
    sums = [np.dot(signs, deviations) for signs in product((-1, 1), repeat=len(VALUES))]
    greater = np.mean([total >= deviations.sum() - 1e-9 for total in sums])
    tails = sign_flip_tails(VALUES, 0.1)
    assert tails.greater == pytest.approx(greater)
    assert tails.floor == 2.0**-9


def test_sign_flips_of_many_values_are_sampled():
    values = np.random.default_rng(1).normal(0.2, 1.0, 40)
    sampled = sign_flip_tails(values, 0.0)
    assert sampled.greater == pytest.approx(
        student_tails(estimate_of(values), 0.0).greater, abs=0.01
    )
    assert sampled.floor == pytest.approx(1e-5)


def test_values_that_agree_to_the_last_bit_have_no_p_of_zero():
    same = np.full(20, 0.1 + 0.2)
    assert student_tails(estimate_of(same), 0.0) is None
    assert sign_flip_tails(same, 0.0).greater == 2.0**-20
    assert sign_flip_tails(same, 0.1 + 0.2)[:2] == (1.0, 1.0)


@pytest.mark.parametrize(
    "tails",
    [
        student_tails(estimate_of(1e9 + VALUES), 0.0),
        sign_flip_tails(1e9 + VALUES, 0.0),
        sign_flip_tails(np.full(200, 5.0), 0.0),
        binomial_tails(40_000, 40_000, 0.1),
        binomial_tails(3, 10, 0.0),
        mcnemar_tails(np.ones(5000)),
        bootstrap_tails(np.full(99, 5.0), 0.0),
    ],
)
def test_no_p_value_is_zero(tails):
    assert 0.0 < tails.less <= 1.0 and 0.0 < tails.greater <= 1.0
    assert min(tails.less, tails.greater) >= tails.floor > 0.0


def test_mcnemar_counts_the_images_on_which_two_models_differ():
    differences = np.array([1] * 9 + [-1] * 2 + [0] * 89)
    expected = sum(comb(11, k) for k in range(9, 12)) / 2**11
    assert mcnemar_tails(differences).greater == pytest.approx(expected)
    assert mcnemar_tails(-differences).less == pytest.approx(expected)
    assert mcnemar_tails(np.zeros(50))[:2] == (1.0, 1.0)


def test_binomial_is_that_of_scipy():
    for alternative, p in zip(("less", "greater"), binomial_tails(7, 30, 0.4), strict=False):
        assert p == pytest.approx(stats.binomtest(7, 30, 0.4, alternative).pvalue)


def test_wilson_is_that_of_scipy():
    reference = stats.binomtest(1999, 2042).proportion_ci(0.95, "wilson")
    assert wilson_interval(1999, 2042, 0.95) == pytest.approx(tuple(reference))
    for n in (10, 2042, 10_000):
        assert wilson_interval(0, n, 0.95)[0] == 0.0 < wilson_interval(0, n, 0.95)[1]
        assert wilson_interval(n, n, 0.95)[0] < 1.0 == wilson_interval(n, n, 0.95)[1]


def test_the_bootstrap_draws_seeds_and_images_at_once():
    table = np.random.default_rng(2).normal(size=(3, 5))
    drawn_images = statistics._draws(5, 4)
    drawn_seeds = statistics._draws(3, 4)
    for b, replicate in enumerate(bootstrap(table, 4)):
        total = sum(
            drawn_seeds[b, s] * drawn_images[b, i] * table[s, i]
            for s, i in product(range(3), range(5))
        )
        assert replicate == pytest.approx(total / 15)
    assert (drawn_images.sum(axis=1) == 5).all()


def test_the_bootstrap_is_the_same_whatever_was_drawn_before():
    table = np.random.default_rng(3).normal(size=(4, 50))
    first = bootstrap(table, 99)
    statistics._draws.cache_clear()
    statistics._replicates.cache_clear()
    bootstrap(table[:2], 99)
    assert (bootstrap(table, 99) == first).all()


def tables(seed_spread: float, image_spread: float, rest: float, seeds: int, images: int, n: int):
    """Tables (seeds, images) around 0 whose spread has three sources."""
    generator = np.random.default_rng(4)
    for _ in range(n):
        yield (
            generator.normal(0.0, seed_spread, (seeds, 1))
            + generator.normal(0.0, image_spread, (1, images))
            + generator.normal(0.0, rest, (seeds, images))
        )


@pytest.mark.parametrize("spreads", [(0.1, 0.1, 0.0), (0.02, 1.0, 0.3), (0.3, 0.1, 0.5)])
def test_the_crossed_interval_covers_and_one_over_seeds_alone_does_not(spreads):
    seeds, images, n = 8, 60, 400
    covered, over_seeds = [], []
    for table in tables(*spreads, seeds, images, n):
        low, high = student_interval(crossed_estimate(table), 0.95)
        covered.append(low <= 0.0 <= high)
        low, high = student_interval(estimate_of(table.mean(axis=1)), 0.95)
        over_seeds.append(low <= 0.0 <= high)
    assert np.mean(covered) > 0.93
    if spreads[1] == 1.0:
        assert np.mean(over_seeds) < 0.5


def test_the_bootstrap_interval_covers():
    covered = []
    for table in tables(0.1, 0.5, 0.3, 20, 60, 200):
        low, high = np.quantile(bootstrap(table, 399), (0.025, 0.975))
        covered.append(low <= 0.0 <= high)
    assert np.mean(covered) > 0.91


def test_the_crossed_error_has_both_parts():
    table = np.random.default_rng(5).normal(size=(4, 9))
    estimate = crossed_estimate(table)
    assert estimate.errors == pytest.approx(
        (stats.sem(table.mean(axis=1)), stats.sem(table.mean(axis=0)))
    )
    assert estimate.freedoms == (3, 8)
    low, high = student_interval(estimate, 0.9)
    parts = stats.t.isf(0.05, estimate.freedoms) * estimate.errors
    assert (high - low) / 2.0 == pytest.approx(np.hypot(*parts))
    for bound in (low, high):
        assert 2.0 * min(student_tails(estimate, bound)[:2]) == pytest.approx(0.1)
    assert student_tails(estimate, 1e9).less > 0.0


@pytest.mark.parametrize("ratio", [0.3, 1.0, 3.0])
def test_with_three_seeds_chance_alone_decides_no_more_often_than_it_may(ratio):
    generator = np.random.default_rng(0)
    n, seeds, images, p = 200_000, 3, 1000, 0.001
    means = generator.normal(0.0, ratio, (n, seeds))
    mean = means.mean(axis=1) + generator.normal(0.0, 1.0 / np.sqrt(seeds), n)
    over_seeds = means.std(axis=1, ddof=1) / np.sqrt(seeds)
    reaches = np.hypot(
        stats.t.isf(p / 2.0, seeds - 1) * over_seeds,
        stats.t.isf(p / 2.0, images - 1) / np.sqrt(seeds),
    )
    one = Estimate(0.0, (over_seeds[0], 1.0 / np.sqrt(seeds)), (seeds - 1, images - 1))
    assert reach(one, p) == pytest.approx(reaches[0])
    assert np.mean(np.abs(mean) > reaches) < 1.1 * p


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=12))
def test_holm_rejects_as_its_definition_says(p_values):
    level = 0.05
    order = sorted(p_values)
    rejected = 0
    while rejected < len(order) and (len(order) - rejected) * order[rejected] < level:
        rejected += 1
    corrected = holm(p_values)
    assert sum(p < level for p in corrected) == rejected
    assert all(after >= before for after, before in zip(corrected, p_values, strict=True))
