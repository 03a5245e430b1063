"""The protocol of the training loop, held against a loop written from the protocol's text."""

import math

import numpy as np
import pytest

from common.errors import DataError, DivergenceError
from regression.training import EarlyStopping, train

SETTINGS = {
    "class_count": 2,
    "learning_rate": 0.05,
    "l2_lambda": 0.0,
    "batch_size": 8,
    "max_epochs": 4,
    "patience": None,
    "shuffle": True,
    "seed": 0,
}


def run(examples, validation=None, model="logistic", **settings):
    return train(model, examples, validation or examples, **(SETTINGS | settings))


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
    assert result.epochs == 3 and not result.stopped_early


def test_stops_with_the_weights_of_the_step_at_which_patience_runs_out(make_examples):
    examples, other = make_examples(64, 5, 2), make_examples(64, 5, 2, seed=9)
    stopped = run(examples, other, patience=3, max_epochs=500, learning_rate=0.5)
    assert stopped.stopped_early and stopped.epochs < 500
    *before, a, b, c = stopped.validation_loss
    assert min(a, b, c) > min(before)
    assert stopped.check_steps[-1] == len(stopped.train_loss) - 1
    assert stopped.epochs == len(stopped.train_loss) // 8


def test_the_seed_orders_the_batches_and_nothing_else_is_random(make_examples):
    examples = make_examples(64, 5, 2)
    assert np.array_equal(run(examples).train_loss, run(examples).train_loss)
    assert not np.array_equal(run(examples).train_loss, run(examples, seed=1).train_loss)
    unshuffled = [run(examples, shuffle=False, seed=seed).train_loss for seed in (0, 1)]
    assert np.array_equal(*unshuffled)


def test_a_batch_larger_than_the_data_is_refused(make_examples):
    with pytest.raises(DataError, match=r"batch_size 65 is larger than the 64 training examples"):
        run(make_examples(64, 5, 2), batch_size=65)


def test_divergence_names_the_step(make_examples):
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match=r"at step \d+") as caught:
        run(make_examples(64, 5, 2), learning_rate=1e300, l2_lambda=1.0, max_epochs=50)
    assert caught.value.step > 0
