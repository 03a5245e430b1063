"""The protocol of the training loop, held against a loop written from the protocol's text."""

import math

import numpy as np
import pytest
from making import make_settings, train_by_reference

from common.errors import DataError
from regression.training import EarlyStopping, epoch_orders


def run(examples, validation=None, seed=0, **changes):
    usual = {"model": "logistic", "classes": (0, 1), "learning_rate": 0.05, "batch_size": 8}
    settings = make_settings(**usual | {"max_epochs": 4} | changes)
    return train_by_reference(settings, examples, validation or examples, seed)


def test_early_stopping_counts_only_strictly_worse_checks():
    stopping = EarlyStopping(patience=2)
    assert [stopping.update(loss) for loss in (1.0, 1.1, 1.0, 1.2, 0.9, 1.0, 1.0)] == [
        *[False] * 6,
        True,
    ]


def test_no_patience_never_stops():
    stopping = EarlyStopping(patience=None)
    assert not any(stopping.update(loss) for loss in range(100))


def test_history_follows_the_protocol(make_examples):
    """A naive scalar implementation of logistic regression gives the same numbers."""
    examples, validation = make_examples(45, 5, 2), make_examples(30, 5, 2, seed=1)
    result = run(examples, validation, l2_lambda=0.1, max_epochs=3)
    generator = np.random.RandomState(0)
    w = [0.0] * 6
    losses, checks = [], []
    step = 0
    for _ in range(3):
        order = list(range(45))
        array = np.array(order)
        generator.shuffle(array)
        for first in range(0, 40, 8):
            batch = array[first : first + 8]
            loss, gradient = 0.0, [0.0] * 6
            for i in batch:
                x = [2 * int(u) / 255 - 1 for u in examples.pixels[i]] + [1.0]
                y = 1 / (1 + math.exp(-sum(a * b for a, b in zip(w, x, strict=True))))
                t = int(examples.targets[i])
                loss -= math.log(y if t else 1 - y) / 8
                gradient = [g + (y - t) * a / 8 for g, a in zip(gradient, x, strict=True)]
            losses.append(loss)
            w = [a - 0.05 * (g + 2 * 0.1 * a) for a, g in zip(w, gradient, strict=True)]
            if step % 1 == 0:  # five batches an epoch: floor(5 / 5) = 1
                z = [
                    sum(a * (2 * int(u) / 255 - 1) for a, u in zip(w, row, strict=False)) + w[-1]
                    for row in validation.pixels
                ]
                checks.append(
                    sum(
                        math.log1p(math.exp(v)) - v * int(t)
                        for v, t in zip(z, validation.targets, strict=True)
                    )
                    / 30
                )
            step += 1
    assert np.allclose(result.train_loss, losses, atol=1e-12)
    assert np.allclose(result.validation_loss, checks, atol=1e-12)
    assert np.allclose(result.weights[:, 0], w, atol=1e-12)
    assert result.check_steps.tolist() == list(range(15))
    assert result.epochs == 3 and result.ended == "max_epochs"


def test_stops_with_the_weights_of_the_step_at_which_patience_runs_out(make_examples):
    examples, other = make_examples(64, 5, 2), make_examples(64, 5, 2, seed=9)
    stopped = run(examples, other, patience=3, max_epochs=500, learning_rate=0.5)
    assert stopped.ended == "early_stopping" and stopped.epochs < 500
    *before, a, b, c = stopped.validation_loss
    assert min(a, b, c) > min(before)
    assert stopped.check_steps[-1] == len(stopped.train_loss) - 1
    assert stopped.epochs == len(stopped.train_loss) // 8


def test_the_seed_orders_the_batches_and_nothing_else_is_random(make_examples):
    examples = make_examples(64, 5, 2)
    assert np.array_equal(run(examples).train_loss, run(examples).train_loss)
    assert not np.array_equal(run(examples).train_loss, run(examples, seed=1).train_loss)
    unshuffled = [run(examples, shuffle="false", seed=seed).train_loss for seed in (0, 1)]
    assert np.array_equal(*unshuffled)


def test_an_order_is_the_files_or_drawn_once_or_for_each_epoch():
    def orders(shuffle, seed):
        epochs = epoch_orders(50, shuffle, seed)
        return [next(epochs).tolist() for _ in range(3)]

    assert orders("false", 0) == [list(range(50))] * 3
    once, again = orders("once", 0), orders("once", 1)
    assert once[0] == once[1] == once[2] and sorted(once[0]) == list(range(50))
    assert once[0] != again[0] and once[0] == orders("true", 0)[0]
    assert len(set(map(tuple, orders("true", 0)))) == 3


def test_a_skipped_batch_is_seen_and_not_learnt_from(make_examples):
    """Its loss is logged and its checks are made, but the weights stay."""
    examples = make_examples(40, 5, 2)
    full, skipping = run(examples), run(examples, skip_batches=(1,))
    assert np.array_equal(full.train_loss[:2], skipping.train_loss[:2])
    # Without the update, the check after batch 1 finds what that after batch 0 found.
    assert skipping.validation_loss[1] == skipping.validation_loss[0]
    assert full.validation_loss[1] != full.validation_loss[0]
    assert len(skipping.train_loss) == len(full.train_loss)


def test_checks_are_as_many_as_asked_for(make_examples):
    examples = make_examples(80, 5, 2)
    assert run(examples, checks_per_epoch=2).check_steps.tolist() == list(range(0, 40, 5))
    assert run(examples, checks_per_epoch=99).check_steps.tolist() == list(range(40))


def test_a_batch_larger_than_the_data_is_refused(make_examples):
    with pytest.raises(DataError, match=r"batch_size 65 is larger than the 64 training examples"):
        run(make_examples(64, 5, 2), batch_size=65)


def test_a_batch_that_is_not_there_cannot_be_skipped(make_examples):
    with pytest.raises(DataError, match="skip_batches names the mini-batch 8, but an epoch has 8"):
        run(make_examples(64, 5, 2), skip_batches=(2, 8))


def test_divergence_ends_the_training_where_it_shows(make_examples):
    with np.errstate(all="ignore"):
        result = run(make_examples(64, 5, 2), learning_rate=1e300, l2_lambda=1.0, max_epochs=50)
    assert result.ended == "diverged"
    assert 0 < len(result.train_loss) < 400
    assert np.isfinite(result.train_loss).all() and np.isfinite(result.validation_loss).all()
