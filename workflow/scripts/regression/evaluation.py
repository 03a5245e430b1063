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
        z = rules.logits(weights, features(examples.pixels[first : first + _CHUNK]))
        loss_sum += rules.loss(z, targets) * len(targets)
        correct += int(np.count_nonzero(rules.predict(z) == targets))
    return Score(loss_sum / n, correct / n)
