"""Multinomial (softmax) regression.

Objective over n examples with features x_i (p,), class numbers t_i in 0..k-1 and weights W (p, k):

    z_i = x_i W          y_ic = exp(z_ic) / sum_j exp(z_ij)
    C(W) = -1/n sum_i ln y_i,t_i
    J(W) = C(W) + lambda ||W||^2

The mean is taken over the examples; all weights are penalised, biases too, without a factor 1/2.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

#: The loss is above 0 for all weights, and near 0 only where all examples are on their right side.
CROSS_ENTROPY = True


def output_count(class_count: int) -> int:
    """Columns of the weight matrix: one a class."""
    return class_count


def logits(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Linear part X W, float64 (n, k)."""
    # Laid this way, the product takes OpenBLAS two thirds of the time of `features @ weights`.
    return (weights.T @ features.T).T


def losses(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Cross-entropy of each example in nats, float64 (n,), by the log-sum-exp of shifted logits.

    Args:
        logits: float64 (n, k).
        targets: int64 (n,), class numbers.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return log_sum - shifted[np.arange(len(targets)), targets]


def loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy C in nats, without the penalty."""
    return float(np.mean(losses(logits, targets)))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """The probabilities Y of the classes, float64 (n, k)."""
    y = np.exp(logits - logits.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    return y


def residual(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The derivatives Y - T, one-hot rows T, of each loss by its logits, float64 (n, k)."""
    y = probabilities(logits)
    y[np.arange(len(targets)), targets] -= 1.0
    return y


def gradient(
    weights: np.ndarray, features: np.ndarray, targets: np.ndarray, l2_lambda: float = 0.0
) -> np.ndarray:
    """dJ/dW = X^T (Y - T) / n + 2 lambda W with one-hot rows T, float64 (p, k)."""
    difference = residual(logits(weights, features), targets)
    return features.T @ difference / len(features) + 2.0 * l2_lambda * weights


def predict(logits: np.ndarray) -> np.ndarray:
    """The most probable class number (the first of equals); int64 (n,)."""
    return logits.argmax(axis=1)


def load_fast_trainer() -> Callable:
    """The compiled training; importing it compiles, or loads what was compiled before."""
    from regression.fast_training import fast_trainer

    return partial(fast_trainer, frozen_classes=0)
