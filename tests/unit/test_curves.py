"""Words such as "spike" on small curves whose answer is known."""

import numpy as np
import pytest

from measuring import curves
from measuring.quantities import plotted
from runs.curves import Curve


def test_residuals_take_a_straight_trend_out():
    assert curves.residuals(np.arange(20.0), 3) == pytest.approx(np.zeros(14))
    assert len(curves.residuals(np.arange(6.0), 3)) == 0


def test_a_spike_of_known_height_and_place():
    values = np.linspace(1.0, 0.0, 41)
    values[20] += 0.5
    assert curves.spikes(values, 5, height=0.4).tolist() == [20]
    assert curves.spikes(values, 5, height=0.6).tolist() == []
    assert curves.spikes(-values, 5, height=0.4, downward=True).tolist() == [20]
    assert curves.spikes(-values, 5, height=0.4).tolist() == []


def test_the_steep_start_of_a_loss_is_no_spike():
    assert len(curves.spikes(np.exp(-np.arange(100.0)), 5, height=0.05)) == 0


def test_spikes_by_own_noise():
    noise = np.random.default_rng(0).normal(0.0, 1.0, 400)
    noise[[100, 300]] += 20.0
    assert curves.spikes(noise, 5, deviations=8).tolist() == [100, 300]
    with pytest.raises(ValueError, match="either"):
        curves.spikes(noise, 5)


def test_the_robust_deviation_of_normal_noise_is_its_standard_deviation():
    noise = np.random.default_rng(0).normal(0.0, 2.0, 100_000)
    assert curves.robust_deviation(noise) == pytest.approx(2.0, rel=0.02)


def test_unsteadiness_grows_with_the_noise():
    noise = np.random.default_rng(0).normal(0.0, 1.0, 1000)
    assert curves.unsteadiness(3.0 * noise, 5) == pytest.approx(3.0 * curves.unsteadiness(noise, 5))


def test_time_of_the_fall():
    values = np.array([10.0, 4.0, 1.0, 0.5, 0.0])
    assert curves.share_until(values, 10.0, 0.9) == 0.5


def test_first_step_at_a_level():
    steps, values = np.array([0, 6, 12]), np.array([0.9, 0.98, 0.99])
    assert curves.first_at_least(steps, values, 0.98) == 6
    assert curves.first_at_least(steps, values, 1.0) is None


def test_share_of_falls():
    values = np.array([5.0, 4.0, 4.1, 3.0, 3.5])
    assert curves.falling_share(values) == 0.5
    assert curves.falling_share(values, rise=0.2) == 0.75


def test_rise_after_the_lowest():
    assert curves.rise_after_lowest(np.array([3.0, 2.0, 2.5])) == pytest.approx(0.25)
    assert curves.rise_after_lowest(np.array([3.0, 2.0])) == 0.0


def test_from_when_on_a_gap_stays():
    steps = np.arange(0, 100, 10)
    gap = np.array([0, 0, 2, 0, 2, 2, 2, 2, 2, 2.0])
    assert curves.stays_above_from(steps, gap, 1.0, 1) == 40
    # The 2 at step 20 and the 0 at step 30 stand alone and do not move a median of three.
    assert curves.stays_above_from(steps, gap, 1.0, 3) == 30
    assert curves.stays_above_from(steps, gap, -1.0, 1) == 0
    assert curves.stays_above_from(steps, gap, 3.0, 1) is None
    assert curves.stays_above_from(steps[:2], gap[:2], 1.0, 3) is None


def test_batches_that_come_again():
    profile = np.random.default_rng(0).normal(0.0, 1.0, 31)
    assert curves.epoch_profile_correlation(np.tile(profile, 4), 31) == pytest.approx(1.0)
    noise = np.random.default_rng(1).normal(0.0, 1.0, 31 * 200)
    assert abs(curves.epoch_profile_correlation(noise, 31)) < 0.05
    # 5 comes again at 15 and 25; 8 does not; 25 and 28 are in the last epoch.
    assert curves.recurrence(np.array([5, 8, 15, 25, 28]), 10, 30) == pytest.approx(2 / 3)


def test_roughness_of_noise_and_of_a_slope():
    noise = np.random.default_rng(0).normal(0.0, 1.0, (3, 60, 60))
    assert curves.roughness(noise) == pytest.approx(np.ones(3), abs=0.05)
    slope = np.tile(np.arange(60.0), (1, 60, 1))
    assert curves.roughness(slope) < 0.01
    assert curves.roughness(7.0 * slope + 3.0) == pytest.approx(curves.roughness(slope))


def test_correlations_are_those_of_numpy():
    images = np.random.default_rng(0).normal(0.0, 1.0, (4, 30))
    reference = np.corrcoef(images)
    assert curves.correlations(images[:2], images[2:]) == pytest.approx(reference[:2, 2:])


def test_windows_are_means_of_whole_blocks():
    class OneCurve:
        def curve(self, row, split, metric):
            return Curve(np.arange(7), np.array([1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 100.0]))

    curve = {"split": "train", "metric": "loss", "window": 2}
    steps, values = plotted(OneCurve(), {}, curve)
    assert steps.tolist() == [0.5, 2.5, 4.5]
    assert values.tolist() == [2.0, 6.0, 10.0]
