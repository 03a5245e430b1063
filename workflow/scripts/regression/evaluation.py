"""Loss and accuracy of finished weights over whole splits."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
    return evaluate_all(model, [weights], examples)[0]


def evaluate_all(
    model: str, weights: Sequence[np.ndarray], examples: Examples, threads: int = 1
) -> list[Score]:
    """Score each of many weights, float64 (p + 1, outputs), on the same examples.

    The features of a chunk are made once for all of them. The scores depend neither on how many
    there are nor on the number of threads.
    """
    if not weights:
        return []
    rules = load_model(model)

    def loss_sums_and_hits(first: int) -> list[tuple[float, int]]:
        targets = examples.targets[first : first + _CHUNK]
        X = features(examples.pixels[first : first + _CHUNK], examples.brightest)
        logits = (rules.logits(matrix, X) for matrix in weights)
        return [
            (rules.loss(z, targets) * len(targets), np.count_nonzero(rules.predict(z) == targets))
            for z in logits
        ]

    n = len(examples.targets)
    with ThreadPoolExecutor(threads) as pool:
        chunks = list(pool.map(loss_sums_and_hits, range(0, n, _CHUNK)))
    sums = (map(sum, zip(*of_run, strict=True)) for of_run in zip(*chunks, strict=True))
    return [Score(loss_sum / n, int(hits) / n) for loss_sum, hits in sums]


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
    losses = np.empty((len(weights), len(examples.targets)))
    right = np.empty(losses.shape, dtype=bool)
    for first in range(0, len(examples.targets), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        targets = examples.targets[chunk]
        X = features(examples.pixels[chunk], examples.brightest)
        # Not side by side in one product, whose last bits may depend on who else is in it.
        for run, matrix in enumerate(weights):
            z = rules.logits(matrix, X)
            losses[run, chunk] = rules.losses(z, targets)
            right[run, chunk] = rules.predict(z) == targets
    return losses, right
