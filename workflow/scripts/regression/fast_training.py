"""The training of `regression.training`, many times faster and with the same results.

What makes it fast, besides the kernels (see `regression.kernels`):

* Checks wait for each other. After c checks without improvement the patience p cannot run out
  before p - c more, so the weights of the next p - c checks are kept and judged together: one pass
  over the images for all of them, and not one step of training in vain.
* The training split needs only its accuracy at a check, and few predictions change from one check
  to the next. Of the checks that wait together, the middle one judges all training images; the
  others judge only those whose class does not lead safely there (see `largest_change_of_lead`).

The order of every sum is fixed, so the same call gives the same bits. They differ from those of
`regression.training`, which sums in another order, in the last digits only. Where all but those
digits agree, a comparison may turn out the other way: of two validation losses in early stopping,
or of two classes' logits, as long as no batch has held either class (here the first class wins).
"""

import math
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from images.splits import Examples
from regression import kernels
from regression.kernels import LANES
from regression.panels import BrightPixels, aligned_zeros, bright_pixels, to_panels
from regression.settings import Settings
from regression.training import (
    EarlyStopping,
    Trainer,
    TrainingResult,
    batches_per_epoch,
    check_interval,
    epoch_orders,
)

#: Most checks that wait for each other, and most bytes that their weights may take.
LONGEST_WINDOW = 32
WINDOW_BYTES = 2**26

#: Images whose logits are kept at a time in a judgement; few enough for the L2 cache.
TILE = 256

#: No loss or weight of a training that converges is as large, and no sum below it can overflow.
NEAR_OVERFLOW = 1e150


def fast_trainer(
    settings: Settings, train: Examples, validation: Examples, *, frozen_classes: int
) -> Trainer:
    """Make ready to train; the result is that of `reference_trainer`.

    The trainer raises OverflowError if numbers become so large that sums may overflow. Whether and
    when they do depends on the order of the sums, so the reference has to decide.

    Args:
        settings: of the training.
        train: the examples to train on.
        validation: the examples of the checks.
        frozen_classes: the first classes, which keep the weights 0 and are no outputs.

    Raises:
        DataError: the batch is larger than the data.
    """
    batches = batches_per_epoch(len(train.targets), settings)
    interval = check_interval(batches, settings.checks_per_epoch)
    total_steps = settings.max_epochs * batches
    rates = np.full(total_steps, settings.learning_rate).reshape(-1, batches)
    rates[:, list(settings.skip_batches)] = 0.0
    images, validation_images = bright_pixels(train), bright_pixels(validation)
    # Steps made before each check, and at the end.
    pauses = [*range(1, total_steps, interval), total_steps]

    def train_one(seed: int) -> TrainingResult:
        descent = Descent(images, settings, frozen_classes)
        orders = epoch_orders(len(train.targets), settings.shuffle, seed)
        batch_counts = np.diff(pauses, prepend=0)
        legs = zip(
            pauses,
            mini_batches(orders, settings.batch_size, batch_counts),
            np.split(rates.ravel(), pauses[:-1]),
            strict=True,
        )
        stopping = EarlyStopping(settings.patience)
        train_loss: list[np.ndarray] = []
        check_steps: list[int] = []
        curves: list[tuple[float, float, float]] = []
        step, stopped = 0, False
        while step < total_steps and not stopped:
            waiting = []
            for step, leg, leg_rates in islice(legs, window(stopping, descent.weights.nbytes)):
                train_loss.append(descent.take_steps(leg, leg_rates))
                if (step - 1) % interval == 0:
                    check_steps.append(step - 1)
                    waiting.append(descent.weight_matrix())
            if not in_range(descent.weights, *train_loss[-LONGEST_WINDOW:]):
                raise OverflowError
            for check in judge_checks(waiting, images, validation_images):
                curves.append(check)
                stopped = stopping.update(check[0])
        return TrainingResult(
            np.ascontiguousarray(descent.weight_matrix()[:, frozen_classes:]),
            np.concatenate(train_loss),
            np.array(check_steps, dtype=np.int64),
            *np.array(curves).T.copy(),
            epochs=step // batches,
            ended="early_stopping" if stopped else "max_epochs",
        )

    return train_one


def window(stopping: EarlyStopping, weight_bytes: int) -> int:
    """Checks that may wait for each other: training cannot stop before the last of them."""
    longest = min(LONGEST_WINDOW, WINDOW_BYTES // weight_bytes)
    if stopping.patience is not None:
        longest = min(longest, stopping.patience - stopping.without_improvement)
    return max(1, longest)


def in_range(*arrays: np.ndarray) -> bool:
    """Whether all numbers are so small that no sum overflows; NaN is not."""
    return all(np.all(np.abs(array) < NEAR_OVERFLOW) for array in arrays)


def mini_batches(
    orders: Iterator[np.ndarray], batch_size: int, counts: Iterable[int]
) -> Iterator[np.ndarray]:
    """Yield the image numbers of the next `count` mini-batches, for each count.

    Yields:
        int64 (count, batch_size).
    """
    batches = np.empty((0, batch_size), dtype=np.int64)
    for count in counts:
        while len(batches) < count:
            order = next(orders)
            whole = order[: len(order) // batch_size * batch_size]
            batches = np.vstack([batches, whole.reshape(-1, batch_size)])
        yield batches[:count]
        batches = batches[count:]


# --- descent --------------------------------------------------------------------------------------


class Descent:
    """Gradient descent from zero weights.

    Attributes:
        weights: float64 (panels, p + 1, LANES).
    """

    def __init__(self, images: BrightPixels, settings: Settings, frozen_classes: int):
        """Start from zero; the first `frozen_classes` keep the weights 0."""
        class_count, n = len(settings.classes), settings.batch_size
        self.weights = to_panels(np.zeros((images.pixel_count + 1, class_count)))
        self._images = images
        self._classes = class_count, frozen_classes
        self._l2_lambda = settings.l2_lambda
        panels = len(self.weights)
        self._work = (
            aligned_zeros(panels * LANES, n),
            aligned_zeros(panels, n, LANES),
            aligned_zeros(4, n),
            aligned_zeros(1, LANES),
        )

    def take_steps(self, batches: np.ndarray, rates: np.ndarray) -> np.ndarray:
        """Take a step for each mini-batch.

        Args:
            batches: int64 (steps, batch_size), numbers of the images in each.
            rates: float64 (steps,), the learning rate of each step; 0 leaves an update out.

        Returns:
            float64 (steps,), the loss of each batch before its update.
        """
        images = self._images
        losses = np.empty(len(batches))
        kernels.descend(
            self.weights,
            *self._classes,
            images.starts,
            images.bright,
            images.scale,
            batches,
            images.targets[batches],
            rates,
            self._l2_lambda,
            losses,
            *self._work,
        )
        return losses

    def weight_matrix(self) -> np.ndarray:
        """A copy of the weights, float64 (p + 1, class_count)."""
        return np.hstack(self.weights)[:, : self._classes[0]].copy()


# --- checks ---------------------------------------------------------------------------------------


def judge_checks(
    weights: list[np.ndarray], train: BrightPixels, validation: BrightPixels
) -> list[tuple[float, float, float]]:
    """Validation loss, validation accuracy and training accuracy of each weight matrix."""
    if not weights:
        return []
    loss, correct, _ = judge(weights, validation, np.arange(len(validation.targets)), losses=True)
    return list(
        zip(
            loss / len(validation.targets),
            np.count_nonzero(correct, axis=1) / len(validation.targets),
            count_correct(weights, train) / len(train.targets),
            strict=True,
        )
    )


def judge(
    weights: list[np.ndarray], images: BrightPixels, chosen: np.ndarray, *, losses: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Judge weight matrices, float64 (p + 1, classes) each, on chosen images.

    Args:
        weights: the matrices, m of them.
        images: the images.
        chosen: int64 (n,), numbers of the images to judge.
        losses: whether losses are wanted.

    Returns:
        float64 (m,): the sum of the losses, 0 if they are not wanted;
        bool (m, n): whether the predicted class is right;
        float64 (m, n): the lead, the largest logit minus the second largest.
    """
    panels = to_panels(np.hstack(weights))
    loss = np.empty(len(weights))
    correct = np.empty((len(weights), len(chosen)), dtype=np.bool_)
    lead = np.empty(correct.shape)
    kernels.evaluate(
        panels,
        weights[0].shape[1],
        images.starts,
        images.bright,
        images.scale,
        chosen,
        images.targets[chosen],
        int(losses),
        loss,
        correct,
        lead,
        aligned_zeros(len(panels) * LANES, TILE),
        aligned_zeros(4, TILE),
        aligned_zeros(1, LANES),
    )
    return loss, correct, lead


def count_correct(weights: list[np.ndarray], images: BrightPixels) -> np.ndarray:
    """How many images each weight matrix classifies correctly, int64 (m,).

    If the lead of an image's first class in one matrix is larger than any lead can change on the
    way to another, that other matrix predicts the same class.
    """
    place = len(weights) // 2
    middle, others = weights[place], weights[:place] + weights[place + 1 :]
    _, correct, lead = judge([middle], images, np.arange(len(images.targets)), losses=False)
    in_middle = np.count_nonzero(correct)
    if not others:
        return np.array([in_middle])
    change = max(largest_change_of_lead(middle, other) for other in others)
    doubtful = np.flatnonzero(lead[0] <= change)
    certain = in_middle - np.count_nonzero(correct[0, doubtful])
    _, correct, _ = judge(others, images, doubtful, losses=False)
    return np.insert(certain + np.count_nonzero(correct, axis=1), place, in_middle)


def largest_change_of_lead(a: np.ndarray, b: np.ndarray) -> float:
    """Bound of the change of z_c - z_d from weights a to b, for all images and classes c and d.

    With D = b - a it is |x . (D_c - D_d)| <= ||x|| ||D_c - D_d||, and ||x|| <= sqrt(p + 1) because
    no feature exceeds 1. The bound includes what rounding can do to the logits.
    """
    change = b - a
    # Without their mean the columns' products do not cancel below.
    change -= change.mean(axis=1, keepdims=True)
    products = change.T @ change
    squares = np.diag(products)
    distance = math.sqrt(np.max(squares[:, np.newaxis] + squares - 2.0 * products))
    rounding = 8.0 * len(a) * np.finfo(float).eps
    sizes = np.linalg.norm(a) + np.linalg.norm(b)
    return math.sqrt(len(a)) * ((1.0 + rounding) * distance + rounding * sizes)
