"""The models by the name they have in the config."""

from types import ModuleType

import numpy as np

from regression import logistic, softmax

#: Each model is a module with the functions logits, loss, gradient and predict.
MODELS: dict[str, ModuleType] = {"logistic": logistic, "softmax": softmax}


def output_count(model: str, class_count: int) -> int:
    """Columns of the weight matrix: one for logistic regression, else one per class."""
    return 1 if model == "logistic" else class_count


def accuracy(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Fraction of class numbers that are right; correct / n, exact in float64."""
    return float(np.count_nonzero(predicted == targets) / len(targets))
