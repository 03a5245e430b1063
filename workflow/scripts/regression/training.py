"""Training by mini-batch gradient descent with early stopping: the readable reference.

The protocol, step by step:

* An epoch visits floor(n / batch_size) mini-batches; the incomplete rest is dropped.
* Step t (from 0) logs the loss C of its batch with the weights before the update as training loss,
  then updates W <- W - learning_rate * dJ/dW.
* After the update of every step t with t mod max(1, floor(batches per epoch / 5)) == 0 comes a
  check: validation loss, validation accuracy and training accuracy over the whole splits.
* Early stopping: a check whose validation loss is strictly above the best so far is one without
  improvement; any other resets the count and becomes the best. `patience` of them in a row stop
  the training at that step, with the weights of that step.
"""

import math
from dataclasses import dataclass

import numpy as np

from common.errors import DataError, DivergenceError
from images.splits import Examples
from regression.features import features
from regression.minibatches import epoch_orders
from regression.models import MODELS, accuracy, output_count


@dataclass(frozen=True)
class TrainingResult:
    """Weights and history of one training.

    Attributes:
        weights: float64 (p + 1, outputs), of the last step; the last row is the bias.
        train_loss: float64 (steps,), loss of each step's batch before its update.
        check_steps: int64 (checks,), the steps with a check.
        validation_loss: float64 (checks,).
        validation_accuracy: float64 (checks,).
        train_accuracy: float64 (checks,).
        epochs: whole epochs finished.
        stopped_early: whether the patience ran out.
    """

    weights: np.ndarray
    train_loss: np.ndarray
    check_steps: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray
    train_accuracy: np.ndarray
    epochs: int
    stopped_early: bool


@dataclass
class EarlyStopping:
    """Counts the checks in a row whose validation loss is above the best so far."""

    patience: int | None
    best: float = math.inf
    without_improvement: int = 0

    def update(self, validation_loss: float) -> bool:
        """Take in one check; return whether training must stop."""
        if validation_loss > self.best:
            self.without_improvement += 1
        else:
            self.best = validation_loss
            self.without_improvement = 0
        return self.patience is not None and self.without_improvement >= self.patience


def batches_per_epoch(n: int, batch_size: int) -> int:
    """Whole mini-batches in n examples.

    Raises:
        DataError: there is not even one.
    """
    if batch_size > n:
        raise DataError(
            f"batch_size {batch_size} is larger than the {n} training examples of the task's "
            "classes; choose a smaller batch_size in the config."
        )
    return n // batch_size


def check_interval(batches: int) -> int:
    """Steps from one check to the next: five checks an epoch, where it has that many batches."""
    return max(1, batches // 5)


def train(
    model: str,
    train: Examples,
    validation: Examples,
    *,
    class_count: int,
    learning_rate: float,
    l2_lambda: float,
    batch_size: int,
    max_epochs: int,
    patience: int | None,
    shuffle: bool,
    seed: int,
) -> TrainingResult:
    """Train from zero weights.

    Raises:
        DataError: the batch is larger than the data.
        DivergenceError: a loss is NaN or infinite.
    """
    rules = MODELS[model]
    X, targets = features(train.pixels), train.targets
    X_validation = features(validation.pixels)
    W = np.zeros((X.shape[1], output_count(model, class_count)))
    batches = batches_per_epoch(len(X), batch_size)
    interval = check_interval(batches)
    stopping = EarlyStopping(patience)
    orders = epoch_orders(len(X), shuffle=shuffle, seed=seed)
    train_loss: list[float] = []
    checks: list[tuple[int, float, float, float]] = []
    stopped = False

    for step in range(max_epochs * batches):
        first = step % batches * batch_size
        if first == 0:
            order = next(orders)
        batch = order[first : first + batch_size]
        X_batch, targets_batch = X[batch], targets[batch]
        train_loss.append(rules.loss(rules.logits(W, X_batch), targets_batch))
        require_finite(train_loss[-1], "training loss", step)
        W -= learning_rate * rules.gradient(W, X_batch, targets_batch, l2_lambda)
        if step % interval == 0:
            z = rules.logits(W, X_validation)
            validation_loss = rules.loss(z, validation.targets)
            require_finite(validation_loss, "validation loss", step)
            validation_accuracy = accuracy(rules.predict(z), validation.targets)
            train_accuracy = accuracy(rules.predict(rules.logits(W, X)), targets)
            checks.append((step, validation_loss, validation_accuracy, train_accuracy))
            stopped = stopping.update(validation_loss)
            if stopped:
                break

    check_steps, *curves = zip(*checks, strict=True)
    return TrainingResult(
        W,
        np.array(train_loss),
        np.array(check_steps, dtype=np.int64),
        *map(np.array, curves),
        epochs=len(train_loss) // batches,
        stopped_early=stopped,
    )


def require_finite(value: float, what: str, step: int) -> None:
    """Raise DivergenceError unless the value is a finite number."""
    if not math.isfinite(value):
        raise DivergenceError(step, what, value)
