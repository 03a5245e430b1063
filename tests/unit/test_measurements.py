"""What measurements of spikes, groups of images and words say of made-up results."""

import numpy as np
import pytest

from measuring.mathematics import terms_told_wrong, variations_surviving
from measuring.quantities import NotDecidableError, around, parts_of_difference, plotted
from measuring.spikes import (
    batches_met_again,
    spike_batch,
    spike_rate,
    spikes_left,
    worst_batch_share,
)
from runs.results import Curve

BATCHES, EPOCHS = 7, 12
SPIKE = {"neighbours": 2, "height": 0.5}


class OneTask:
    """Runs with a validation loss that has spikes after one batch, checked at every step."""

    def __init__(self, batch, every=1):
        self.batch, self.every = batch, every
        self.row = {"steps": BATCHES * EPOCHS, "batch_size": 10, "shuffle": "true", "seed": 0,
                    "epochs": EPOCHS}  # fmt: skip

    def runs(self, selection):
        return [self.row | {"quiet": selection["task"] == "quiet"}]

    def curve(self, row, split, metric):
        steps = np.arange(row["steps"])
        values = np.where((steps % BATCHES == self.batch) & (not row["quiet"]), 1.0, 0.0)
        values[17] = 1.0
        return Curve(steps[:: self.every], values[:: self.every])

    def examples(self, row, split):
        class Examples:
            targets = np.zeros(10 * BATCHES + 3)

        return Examples

    def where(self, selection, what):
        return what


VALIDATION = {"split": "validation", "metric": "loss"}


def test_the_batch_is_the_one_after_whose_update_the_spikes_come():
    assert spike_batch(OneTask(4), runs={"task": "loud"}, spike=SPIKE).values == [4.0]


def test_the_batch_is_not_told_from_checks_that_skip_steps():
    with pytest.raises(NotDecidableError, match="every step"):
        spike_batch(OneTask(4, every=2), runs={"task": "loud"}, spike=SPIKE)


def test_spikes_that_are_left():
    selections = {"runs": {"task": "quiet"}, "other": {"task": "loud"}}
    found = spikes_left(OneTask(4), **selections, curve=VALIDATION, spike=SPIKE)
    assert found.values == pytest.approx([1 / (EPOCHS + 1)])
    # The spike that is left stands at an odd step.
    seldom = spikes_left(OneTask(4), **selections, curve=VALIDATION | {"every": 2}, spike=SPIKE)
    assert seldom.values == [0.0]


def test_a_curve_too_short_for_a_spike_is_not_without_spikes():
    rate = {"runs": {"task": "loud"}, "curve": VALIDATION}
    many = {"neighbours": BATCHES * EPOCHS // 2, "height": 0.5}
    with pytest.raises(NotDecidableError, match="a curve has 84 values, where 85 are needed"):
        spike_rate(OneTask(4), **rate, spike=many)


@pytest.mark.parametrize(("shuffle", "again"), [("true", 0.0), ("once", 7.0 * (EPOCHS - 1))])
def test_batches_that_are_met_again(shuffle, again):
    results = OneTask(4)
    results.row["shuffle"] = shuffle
    assert batches_met_again(results, runs={"task": "loud"}).values == [again]


def test_the_batch_whose_loss_the_spikes_show():
    # Every spike but one is in a mean of two steps one of which is of batch 4.
    arguments = {"runs": {"task": "loud"}, "window": 2, "spike": SPIKE | {"height": 0.2}}
    found = worst_batch_share(OneTask(4), **arguments, batch=4)
    assert found.values == pytest.approx([11 / 12])
    assert worst_batch_share(OneTask(4), **arguments, batch=5).values == [0.0]


def test_the_steps_of_a_batch_are_left_out_before_means_are_taken():
    results = OneTask(4)
    curve = {"split": "train", "metric": "loss"}
    (row,) = results.runs({"task": "loud"})
    steps, values = results.curve(row, "train", "loss")
    kept = np.arange(len(values)) % BATCHES != 4
    found = plotted(results, row, curve | {"without_batch": 4})
    assert (found.steps == steps[kept]).all() and (found.values == values[kept]).all()
    tens = plotted(results, row, curve | {"without_batch": 4, "window": 10})
    assert tens.values[0] == pytest.approx(values[kept][:10].mean())


def test_images_about_other_means_keep_their_spread():
    images = np.random.default_rng(0).normal(size=(3, 50))
    moved = around(np.array([1.0, 2.0, 3.0]), images)
    assert moved.mean(axis=1) == pytest.approx([1.0, 2.0, 3.0])
    assert moved.std(axis=1) == pytest.approx(images.std(axis=1))


def test_parts_of_a_difference_have_its_mean_and_its_variance():
    values = np.random.default_rng(0).normal(size=(3, 500))
    inside = np.arange(500) < 60
    parts = parts_of_difference(values, inside)
    first, second = values[:, inside], values[:, ~inside]
    assert parts.mean(axis=1) == pytest.approx(first.mean(axis=1) - second.mean(axis=1))
    assert parts.var(axis=1) / 500 == pytest.approx(
        first.var(axis=1) / 60 + second.var(axis=1) / 440
    )


@pytest.mark.parametrize(("decides", "wrong"), [("feature", 9), ("class and feature", 0)])
def test_words_about_terms(decides, wrong):
    found = terms_told_wrong(None, classes=10, features=785, decides=decides)
    assert found.values == [wrong]


def test_variations_that_survive_are_other_choices():
    class Results:
        def variations(self):
            return [
                {"choice": "none", "value": "as it is", "survives": {"epochs": True}},
                {"choice": "bias", "value": "none", "survives": {"epochs": True}},
                {"choice": "classes", "value": "2 against 3", "survives": {"epochs": True}},
                {"choice": "classes", "value": "0 against 1", "survives": {"epochs": False}},
            ]

    assert variations_surviving(Results()).values == [2.0]
    assert variations_surviving(Results(), choice="classes").values == [1.0]
    found = variations_surviving(Results(), choice="classes", without=["2 against 3"])
    assert found.values == [0.0]
