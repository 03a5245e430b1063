"""Loss and accuracy of finished weights over whole splits."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from images.splits import Examples
from regression.features import features
from regression.models import Model, load_model

#: Images whose losses are summed at a time: the order of a sum decides its last bits.
_CHUNK = 4096
#: Images turned into float64 features at a time: 512 x 785 x 8 bytes = 3 MB stay in the cache.
_BLOCK = 512


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

    The scores depend neither on how many there are nor on the number of threads.
    """
    if not weights:
        return []
    rules = load_model(model)

    def loss_sums_and_hits(first: int) -> list[tuple[float, int]]:
        chunk = examples.rows(slice(first, first + _CHUNK))
        n, targets = len(chunk.targets), chunk.targets
        return [
            (rules.loss(z, targets) * n, np.count_nonzero(rules.predict(z) == targets))
            for z in _logits(rules, weights, chunk)
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
        for run, z in enumerate(_logits(rules, weights, examples.rows(chunk))):
            losses[run, chunk] = rules.losses(z, targets)
            right[run, chunk] = rules.predict(z) == targets
    return losses, right


def _logits(rules: Model, weights: Sequence[np.ndarray], examples: Examples) -> np.ndarray:
    """Logits of n images under each of many weights, float64 (runs, n, outputs).

    The features of a block of images are made once for all weights, and each has a product of its
    own: the last bits of one side by side may depend on who else is in it.
    """
    n = len(examples.targets)
    z = np.empty((len(weights), n, weights[0].shape[1]))
    # None is smaller than a block: BLAS sums otherwise in products of few rows.
    count = max(1, n // _BLOCK)
    blocks = np.array_split(examples.pixels, count), np.array_split(z, count, axis=1)
    for pixels, of_block in zip(*blocks, strict=True):
        X = features(pixels, examples.brightest)
        for run, matrix in enumerate(weights):
            of_block[run] = rules.logits(matrix, X)
    return z
