"""Training by mini-batch gradient descent with early stopping: the readable reference.

The protocol, step by step:

* An epoch visits floor(n / batch_size) mini-batches; the incomplete rest is dropped.
* Step t (from 0) logs the loss C of its mini-batch with the weights before the update as training
  loss, then updates W <- W - learning_rate * dJ/dW.
* After the update of every step t with t mod max(1, floor(batches / checks_per_epoch)) == 0, where
  `batches` are those of an epoch, comes a check: validation loss, validation accuracy and training
  accuracy over the whole splits.
* Early stopping: a check whose validation loss is strictly above the best so far is one without
  improvement; any other resets the count and becomes the best. `patience` of them in a row stop
  the training at that step, with the weights of that step.
* A loss that is not a finite number ends the training: it has diverged.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from common.errors import DataError
from images.splits import Examples
from regression.features import features
from regression.models import Model, accuracy
from regression.settings import Settings


@dataclass(frozen=True)
class TrainingResult:
    """Weights and history of one training.

    Attributes:
        weights: float64 (p + 1, outputs), of the last step; the last row is the bias.
        train_loss: float64 (steps,), loss of each step's mini-batch before its update.
        check_steps: int64 (checks,), the steps with a check.
        validation_loss: float64 (checks,).
        validation_accuracy: float64 (checks,).
        train_accuracy: float64 (checks,).
        epochs: whole epochs finished.
        ended: "max_epochs", "early_stopping" or "diverged". If it diverged, the history is what
            came before, and the weights are worthless.
    """

    weights: np.ndarray
    train_loss: np.ndarray
    check_steps: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray
    train_accuracy: np.ndarray
    epochs: int
    ended: str


#: Trains from zero weights, with the order of the examples that a seed gives.
Trainer = Callable[[int], TrainingResult]


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


def epoch_orders(n: int, shuffle: str, seed: int) -> Iterator[np.ndarray]:
    """Yield, without end, the order of the n examples in each epoch.

    Every shuffle is that of a fresh 0..n-1 by a Mersenne Twister, whose state goes on from epoch to
    epoch.

    Args:
        n: examples.
        shuffle: see `Settings`.
        seed: of the generator.

    Yields:
        int64 (n,), a permutation of 0..n-1.
    """
    generator = np.random.RandomState(seed)
    order = np.arange(n)
    if shuffle == "once":
        generator.shuffle(order)
    while True:
        if shuffle == "true":
            order = np.arange(n)
            generator.shuffle(order)
        yield order


def batches_per_epoch(n: int, settings: Settings) -> int:
    """Whole mini-batches in n examples.

    Raises:
        DataError: there is not even one, or not that which `skip_batches` names.
    """
    if settings.batch_size > n:
        raise DataError(
            f"batch_size {settings.batch_size} is larger than the {n} training examples of the "
            "task's classes; choose a smaller batch_size in the config."
        )
    batches = n // settings.batch_size
    if max(settings.skip_batches, default=0) >= batches:
        raise DataError(
            f"skip_batches names the mini-batch {max(settings.skip_batches)}, but an epoch has "
            f"{batches}, counted from 0; correct it in the config."
        )
    return batches


def check_interval(batches: int, checks_per_epoch: int) -> int:
    """Steps from one check to the next, in an epoch of so many mini-batches."""
    return max(1, batches // checks_per_epoch)


def reference_trainer(
    model: Model, settings: Settings, train: Examples, validation: Examples
) -> Trainer:
    """Make ready to train a model.

    Raises:
        DataError: the batch is larger than the data.
    """
    X, targets = features(train.pixels, train.brightest), train.targets
    X_validation = features(validation.pixels, validation.brightest)
    batch_size = settings.batch_size
    batches = batches_per_epoch(len(X), settings)
    interval = check_interval(batches, settings.checks_per_epoch)

    def check(W: np.ndarray) -> tuple[float, float, float]:
        z = model.logits(W, X_validation)
        return (
            model.loss(z, validation.targets),
            accuracy(model.predict(z), validation.targets),
            accuracy(model.predict(model.logits(W, X)), targets),
        )

    def train_one(seed: int) -> TrainingResult:
        W = np.zeros((X.shape[1], model.output_count(len(settings.classes))))
        orders = epoch_orders(len(X), settings.shuffle, seed)
        stopping = EarlyStopping(settings.patience)
        train_loss: list[float] = []
        checks: list[tuple[int, float, float, float]] = []
        ended = "max_epochs"
        for step in range(settings.max_epochs * batches):
            number = step % batches
            if number == 0:
                order = next(orders)
            batch = order[number * batch_size : (number + 1) * batch_size]
            loss = model.loss(model.logits(W, X[batch]), targets[batch])
            if not math.isfinite(loss):
                ended = "diverged"
                break
            train_loss.append(loss)
            if number not in settings.skip_batches:
                gradient = model.gradient(W, X[batch], targets[batch], settings.l2_lambda)
                W -= settings.learning_rate * gradient
            if step % interval == 0:
                result = check(W)
                if not math.isfinite(result[0]):
                    ended = "diverged"
                    break
                checks.append((step, *result))
                if stopping.update(result[0]):
                    ended = "early_stopping"
                    break
        if not math.isfinite(float(np.linalg.norm(W))):
            ended = "diverged"
        check_steps, *curves = np.array(checks).reshape(-1, 4).T.copy()
        return TrainingResult(
            W,
            np.array(train_loss),
            check_steps.astype(np.int64),
            *curves,
            epochs=len(train_loss) // batches,
            ended=ended,
        )

    return train_one
