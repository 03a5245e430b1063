"""The models, one file each, found by their name: `model: softmax` is `softmax.py` in this folder.

A model is a module with the functions of `Model`. It is trained by the loop of
`regression.training`; one that also has a function `load_fast_trainer` by what that returns.

The loss of both models here is a cross-entropy in nats, and axes and tables say so. They have
CROSS_ENTROPY = True, and only of such a model `regression.optimum` takes, for lambda 0, a sum of
losses below ln 2 as a proof that there is no finite optimum. A model that takes one number of
classes only has it as CLASS_COUNT, and a config with another one is refused. One whose outputs are
probabilities may have `probabilities(logits)`, float64 (n, classes) for float64 (n, outputs); how
sure a guess is, is shown of such a model only.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np


class Model(Protocol):
    """What a file of this folder defines; W is float64 (p + 1, outputs), X float64 (n, p + 1)."""

    def output_count(self, class_count: int) -> int:
        """Columns of the weight matrix."""

    def logits(self, W: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Linear part, float64 (n, outputs)."""

    def losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Loss of each example, without the penalty, float64 (n,)."""

    def loss(self, logits: np.ndarray, targets: np.ndarray) -> float:
        """Mean of the losses."""

    def residual(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Derivative of the sum of the losses by the logits, float64 (n, outputs)."""

    def gradient(
        self, W: np.ndarray, X: np.ndarray, targets: np.ndarray, l2_lambda: float
    ) -> np.ndarray:
        """Gradient of loss + l2_lambda ||W||^2, float64 (p + 1, outputs)."""

    def predict(self, logits: np.ndarray) -> np.ndarray:
        """Predicted class numbers, int64 (n,)."""


def model_names() -> list[str]:
    """The names that `model` may have in a config."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(file.stem for file in files if file.stem != "__init__")


def load_model(name: str) -> Model:
    """The model of a name."""
    return import_module(f"{__name__}.{name}")


def accuracy(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Fraction of class numbers that are right; correct / n, exact in float64."""
    return float(np.count_nonzero(predicted == targets) / len(targets))
