"""What a printed table pins down: one choice of the protocol is varied at a time.

A report that states neither learning rate nor batch size nor scaling leaves them to be inferred. An
inference rests on the table as far as another choice would have led to other digits. So the run of
the table (logistic regression, file order, early stopping) is made again with one choice changed,
and each printed number is held to what comes out: it survives, or it does not.

The loop here is short and on its own (float64 NumPy, no kernels, nothing of `regression`), so that
it is also a second computation of the table.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np

from images.splits import Split

#: The numbers that a table may print of a run, by their names in the config.
QUANTITIES = ("epochs", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy")


class Protocol(NamedTuple):
    """Every choice of the protocol that is varied; the defaults are those of our protocol.

    Attributes:
        classes: two labels, class 0 and class 1.
        learning_rate, batch_size, max_epochs, patience, checks_per_epoch: as in the config.
        train_size, validation_size: images before the choice of classes; None: all.
        scaling: a key of SCALINGS.
        bias: whether a constant feature is appended.
        start: standard deviation of normal initial weights; 0: they are zero.
        start_seed: of these.
        precision: float type of pixels, weights and losses.
        order: "file", or "reshuffled" in every epoch.
        whole_batches: whether an incomplete last batch is dropped.
        check: "after" the update of steps 0, k, 2k, ...; "before" it; at the "end" of every k steps
            of an epoch.
        ties_count: whether an equal validation loss counts as one without improvement.
        weights: "last", or those of the "best" check.
    """

    classes: tuple[int, int]
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int | None
    checks_per_epoch: int
    train_size: int | None = None
    validation_size: int | None = None
    scaling: str = "2u/255 - 1"
    bias: bool = True
    start: float = 0.0
    start_seed: int = 0
    precision: str = "float64"
    order: str = "file"
    whole_batches: bool = True
    check: str = "after"
    ties_count: bool = False
    weights: str = "last"


#: From pixels u, float (n, p), and the training pixels, uint8 (m, p), for their mean and deviation.
SCALINGS = {
    "2u/255 - 1": lambda u, training: 2 * u / 255 - 1,
    "u/127 - 1": lambda u, training: u / 127 - 1,
    "u/255": lambda u, training: u / 255,
    "(u - mean)/255": lambda u, training: (u - training.mean()) / 255,
    "(u - mean)/deviation": lambda u, training: (u - training.mean()) / training.std(),
}


class Variation(NamedTuple):
    """One choice made otherwise.

    Attributes:
        choice: which one, in words.
        value: what it is instead.
        protocol: the whole protocol with it.
    """

    choice: str
    value: str
    protocol: Protocol


def variations(own: Protocol, labels: list[int]) -> Iterator[Variation]:
    """Our own protocol first (choice "none"), then one change at a time.

    Args:
        own: what is varied.
        labels: all labels of the data set, for other pairs of classes.
    """
    yield Variation("none", "as it is", own)
    for factor in (0.2, 0.5, 0.8, 0.9, 0.96, 0.98, 1.02, 1.04, 1.1, 1.2, 2.0):
        rate = float(f"{own.learning_rate * factor:.6g}")
        yield Variation("learning rate", f"{rate:g}", own._replace(learning_rate=rate))
    for size in (own.batch_size + change for change in (-96, -64, -28, -8, -1, 1, 8, 64, 128)):
        if size > 0:
            yield Variation("batch size", str(size), own._replace(batch_size=size))
    for scaling in SCALINGS:
        if scaling != own.scaling:
            yield Variation("scaling", scaling, own._replace(scaling=scaling))
    yield Variation("bias", "none", own._replace(bias=False))
    for size in (19_900, 19_000, 18_000, 16_000):
        yield Variation("training images", f"first {size}", own._replace(train_size=size))
    for size in (9_900, 9_000, 5_000, 2_000):
        yield Variation("validation images", f"first {size}", own._replace(validation_size=size))
    for checks in (1, 2, 3, 4, 6, 7, 10):
        yield Variation("checks an epoch", str(checks), own._replace(checks_per_epoch=checks))
    yield Variation("time of a check", "before the update", own._replace(check="before"))
    yield Variation("time of a check", "end of a fifth of an epoch", own._replace(check="end"))
    for change in (-2, -1, 1, 2):
        patience = own.patience + change
        yield Variation("patience", str(patience), own._replace(patience=patience))
    yield Variation("equal validation loss", "no improvement", own._replace(ties_count=True))
    yield Variation("final weights", "of the best check", own._replace(weights="best"))
    yield Variation("incomplete last batch", "trained on", own._replace(whole_batches=False))
    yield Variation("order", "reshuffled in each epoch", own._replace(order="reshuffled"))
    yield Variation("float type", "float32", own._replace(precision="float32"))
    for start in (0.001, 0.01, 0.1, 1.0):
        value = f"normal, deviation {start:g}"
        yield Variation("initial weights", value, own._replace(start=start))
    first, second = own.classes
    yield Variation("classes", f"{second} against {first}", own._replace(classes=(second, first)))
    for pair in combinations(labels, 2):
        if set(pair) != set(own.classes):
            value = f"{pair[0]} against {pair[1]}"
            yield Variation("classes", value, own._replace(classes=pair))


def outcome(protocol: Protocol, train: Split, validation: Split) -> dict[str, float]:
    """Train by a protocol and return what a table may print, by the names of QUANTITIES."""
    pixels, targets = _of_classes(train, protocol.classes, protocol.train_size)
    held_out, held_out_targets = _of_classes(validation, protocol.classes, protocol.validation_size)
    X, V = (_features(images, pixels, protocol) for images in (pixels, held_out))
    t, u = (labels.astype(protocol.precision) for labels in (targets, held_out_targets))
    w, steps = _descend(protocol, X, t, V, u)
    return {
        "epochs": steps // max(1, _batches(protocol, len(X))),  # a batch of more than all: none
        "train_loss": _loss(w, X, t),
        "validation_loss": _loss(w, V, u),
        "train_accuracy": _accuracy(w, X, t),
        "validation_accuracy": _accuracy(w, V, u),
    }


def surviving(found: Mapping[str, float], reported: Mapping[str, str]) -> dict[str, bool]:
    """Which printed numbers come out, to their last printed digit."""
    return {
        quantity: f"{found[quantity]:.{len(printed.partition('.')[2])}f}" == printed
        for quantity, printed in reported.items()
    }


def _descend(
    protocol: Protocol, X: np.ndarray, t: np.ndarray, V: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, int]:
    """Final weights (p,) and the number of updates made."""
    w = _start(protocol, X.shape[1])
    rate = w.dtype.type(protocol.learning_rate)
    batches = _batches(protocol, len(X))
    interval = max(1, batches // protocol.checks_per_epoch)
    generator = np.random.RandomState(0)
    best_loss, best_weights, without_improvement = np.inf, w, 0
    for epoch in range(protocol.max_epochs):
        if protocol.order == "reshuffled":
            order = np.arange(len(X))
            generator.shuffle(order)
        else:
            order = slice(None)
        in_order, labels = X[order], t[order]
        checked = []
        for batch in range(batches):
            chosen = slice(batch * protocol.batch_size, (batch + 1) * protocol.batch_size)
            x = in_order[chosen]
            residual = 1 / (1 + np.exp(-(x @ w))) - labels[chosen]
            updated = w - rate * (x.T @ residual) / len(x)
            step = epoch * batches + batch
            if (batch + 1 if protocol.check == "end" else step) % interval == 0:
                checked.append((step, w) if protocol.check == "before" else (step + 1, updated))
            w = updated
        # The checks of an epoch at once, since to read all images takes longer than to compute.
        losses = _losses(np.array([weights for _, weights in checked]), V, u) if checked else []
        for loss, (steps, weights) in zip(losses, checked, strict=True):
            if loss > best_loss or (protocol.ties_count and loss == best_loss):
                without_improvement += 1
            else:
                best_loss, best_weights, without_improvement = loss, weights, 0
            if without_improvement == protocol.patience:
                return (best_weights if protocol.weights == "best" else weights), steps
    return (best_weights if protocol.weights == "best" else w), protocol.max_epochs * batches


def _of_classes(
    split: Split, classes: tuple[int, int], size: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 (n, p) and class numbers bool (n,) of the first images of a split."""
    labels = split.labels[:size]
    chosen = np.isin(labels, classes)
    return split.pixels[:size][chosen], labels[chosen] == classes[1]


def _features(images: np.ndarray, training: np.ndarray, protocol: Protocol) -> np.ndarray:
    n, p = images.shape
    every_value = np.arange(256).astype(protocol.precision)
    scaled = SCALINGS[protocol.scaling](every_value, training).astype(every_value.dtype)
    features = np.ones((n, p + int(protocol.bias)), every_value.dtype)
    features[:, :p] = scaled[images]
    return features


def _start(protocol: Protocol, size: int) -> np.ndarray:
    generator = np.random.RandomState(protocol.start_seed)
    return (protocol.start * generator.standard_normal(size)).astype(protocol.precision)


def _batches(protocol: Protocol, n: int) -> int:
    whole, rest = divmod(n, protocol.batch_size)
    return whole + int(rest > 0 and not protocol.whole_batches)


def _loss(w: np.ndarray, X: np.ndarray, t: np.ndarray) -> float:
    """Mean cross-entropy, ln(1 + exp(z)) - t z, in nats."""
    return float(_losses(w[np.newaxis], X, t)[0])


def _losses(weights: np.ndarray, X: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The same for each of many weights, float (m, p); float (m,)."""
    z = weights @ X.T
    return np.mean(np.logaddexp(0, z) - t * z, axis=1)


def _accuracy(w: np.ndarray, X: np.ndarray, t: np.ndarray) -> float:
    return float(np.mean((X @ w > 0) == t))
