"""Loss and accuracy of finished weights over whole splits."""

from typing import NamedTuple

import numpy as np

from images.splits import Examples
from regression.features import features
from regression.models import load_model

#: Images turned into float64 features at a time: 4096 x 785 x 8 bytes = 26 MB.
_CHUNK = 4096


class Score(NamedTuple):
    """Mean cross-entropy in nats (without penalty) and fraction of right predictions."""

    loss: float
    accuracy: float


def evaluate(model: str, weights: np.ndarray, examples: Examples) -> Score:
    """Score weights (p + 1, outputs) on examples, a chunk of images at a time."""
    rules = load_model(model)
    loss_sum, correct = 0.0, 0
    n = len(examples.targets)
    for first in range(0, n, _CHUNK):
        targets = examples.targets[first : first + _CHUNK]
        X = features(examples.pixels[first : first + _CHUNK], examples.brightest)
        z = rules.logits(weights, X)
        loss_sum += rules.loss(z, targets) * len(targets)
        correct += int(np.count_nonzero(rules.predict(z) == targets))
    return Score(loss_sum / n, correct / n)


def scores_of_images(
    model: str, weights: np.ndarray, examples: Examples
) -> tuple[np.ndarray, np.ndarray]:
    """Score each image under each of many finished weights, a chunk of images at a time.

    Args:
        model: its name.
        weights: float64 (runs, p + 1, outputs).
        examples: n of them.

    Returns:
        Cross-entropy in nats, float64 (runs, n), and whether the prediction is right, bool
        (runs, n).
    """
    rules = load_model(model)
    runs, _, outputs = weights.shape
    side_by_side = np.concatenate(weights, axis=1)
    losses = np.empty((runs, len(examples.targets)))
    right = np.empty(losses.shape, dtype=bool)
    for first in range(0, len(examples.targets), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        targets = examples.targets[chunk]
        z = rules.logits(side_by_side, features(examples.pixels[chunk], examples.brightest))
        for run in range(runs):
            of_run = z[:, run * outputs : (run + 1) * outputs]
            losses[run, chunk] = rules.losses(of_run, targets)
            right[run, chunk] = rules.predict(of_run) == targets
    return losses, right
