"""Binary logistic regression.

Objective over n examples with features x_i (p,), targets t_i in {0, 1} and weights w (p, 1):

    z_i = x_i . w        y_i = 1 / (1 + exp(-z_i))
    C(w) = -1/n sum_i [ t_i ln y_i + (1 - t_i) ln(1 - y_i) ]
    J(w) = C(w) + lambda ||w||^2

The mean is taken over the examples; all weights are penalised, the bias too, without a factor 1/2.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

#: The loss is above 0 for all weights, and near 0 only where all examples are on their right side.
CROSS_ENTROPY = True

#: The one output is the probability of the second class; that of the first is the rest.
CLASS_COUNT = 2


def output_count(class_count: int) -> int:
    """Columns of the weight matrix: one, for the probability of the second of two classes."""
    return 1


def logits(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Linear part X w, float64 (n, 1)."""
    return features @ weights


def losses(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Cross-entropy of each example in nats, float64 (n,).

    -t ln y - (1 - t) ln(1 - y) = ln(1 + exp(z)) - t z, which neither overflows nor takes ln 0.

    Args:
        logits: float64 (n, 1).
        targets: int64 (n,), 0 or 1.
    """
    z = logits[:, 0]
    return np.logaddexp(0.0, z) - targets * z


def loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy C in nats, without the penalty."""
    return float(np.mean(losses(logits, targets)))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """1 - y and y, of the first and of the second class, float64 (n, 2)."""
    return np.exp(-np.logaddexp(0.0, np.hstack([logits, -logits])))


def residual(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The derivative y - t of each loss by its logit, float64 (n, 1)."""
    # exp(-logaddexp(0, -z)) is the sigmoid without overflow for either sign of z.
    return np.exp(-np.logaddexp(0.0, -logits)) - targets[:, np.newaxis]


def gradient(
    weights: np.ndarray, features: np.ndarray, targets: np.ndarray, l2_lambda: float = 0.0
) -> np.ndarray:
    """dJ/dw = X^T (y - t) / n + 2 lambda w, float64 (p, 1)."""
    difference = residual(logits(weights, features), targets)
    return features.T @ difference / len(features) + 2.0 * l2_lambda * weights


def predict(logits: np.ndarray) -> np.ndarray:
    """Class number 1 where y > 1/2, else 0; int64 (n,)."""
    return (logits[:, 0] > 0.0).astype(np.int64)


def load_fast_trainer() -> Callable:
    """The compiled training; importing it compiles, or loads what was compiled before.

    It knows softmax only, of which this is the case of two classes, the first with weights 0.
    """
    from regression.fast_training import fast_trainer

    return partial(fast_trainer, frozen_classes=1)
