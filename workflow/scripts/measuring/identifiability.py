"""What a printed table pins down: one choice of the protocol is varied at a time.

A report that states neither learning rate nor batch size nor scaling leaves them to be inferred. An
inference rests on the table as far as another choice would have led to other digits. So the run of
the table (logistic regression, file order, early stopping) is made again with one choice changed,
and each printed number is held to what comes out: it survives, or it does not.

The loop here is short and on its own (float64 NumPy, no kernels, nothing of `regression`), so that
it is also a second computation of the table.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
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


#: The fields that decide when a descent is checked and where it stops ...
_OF_STOPPING = frozenset(
    {"max_epochs", "patience", "checks_per_epoch", "check", "ties_count", "weights"}
)
#: ... and those that decide the descent itself, beside its data.
_OF_DESCENT = frozenset(
    {"learning_rate", "batch_size", "start", "start_seed", "order", "whole_batches"}
)

#: Checks that are judged at once, since to read all images takes longer than to compute.
_TOGETHER = 10

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


def variations(own: Protocol, train: Split, validation: Split) -> list[Variation]:
    """Our own protocol first (choice "none"), then one change at a time.

    What is our own choice, or leaves no image to train on or to validate with, is no other one.

    Args:
        own: what is varied.
        train: all images to train on, whose labels also give the other pairs of classes.
        validation: all images to validate with.
    """
    return [
        Variation("none", "as it is", own),
        *(
            change
            for change in _changes(own, train, validation)
            if change.protocol != own
            and _chosen(train, change.protocol.classes, change.protocol.train_size).any()
            and _chosen(validation, change.protocol.classes, change.protocol.validation_size).any()
        ),
    ]


def _changes(own: Protocol, train: Split, validation: Split) -> Iterator[Variation]:
    for factor in (0.2, 0.5, 0.8, 0.9, 0.96, 0.98, 1.02, 1.04, 1.1, 1.2, 2.0):
        rate = float(f"{own.learning_rate * factor:.6g}")
        yield Variation("learning rate", f"{rate:g}", own._replace(learning_rate=rate))
    for size in (own.batch_size + change for change in (-96, -64, -28, -8, -1, 1, 8, 64, 128)):
        if size > 0:
            yield Variation("batch size", str(size), own._replace(batch_size=size))
    for scaling in SCALINGS:
        yield Variation("scaling", scaling, own._replace(scaling=scaling))
    yield Variation("bias", "none", own._replace(bias=False))
    for size in (int(part * len(train.labels)) for part in (0.995, 0.95, 0.9, 0.8)):
        yield Variation("training images", f"first {size}", own._replace(train_size=size))
    for size in (int(part * len(validation.labels)) for part in (0.99, 0.9, 0.5, 0.2)):
        yield Variation("validation images", f"first {size}", own._replace(validation_size=size))
    for checks in (1, 2, 3, 4, 6, 7, 10):
        yield Variation("checks an epoch", str(checks), own._replace(checks_per_epoch=checks))
    yield Variation("time of a check", "before the update", own._replace(check="before"))
    yield Variation("time of a check", "end of a fifth of an epoch", own._replace(check="end"))
    for change in (-2, -1, 1, 2):
        patience = own.patience + change
        if patience > 0:
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
    for pair in combinations(np.unique(train.labels).tolist(), 2):
        if set(pair) != set(own.classes):
            value = f"{pair[0]} against {pair[1]}"
            yield Variation("classes", value, own._replace(classes=pair))


class Experiments:
    """Trains by many protocols on the same splits.

    Protocols that differ only in when they check and stop share one descent, and neighbours that
    differ in nothing else share their features.
    """

    def __init__(self, train: Split, validation: Split):
        """Take the splits; train when asked."""
        self._splits = train, validation
        self._data = lru_cache(maxsize=1)(self._read)
        self._descents = lru_cache(maxsize=1)(self._descent)

    def outcome(self, protocol: Protocol) -> dict[str, float]:
        """Train, and return what a table may print, by the names of QUANTITIES."""
        X, t, V, u = self._data(_without(protocol, _OF_DESCENT | _OF_STOPPING))
        descent = self._descents(_without(protocol, _OF_STOPPING | {"validation_size"}))
        w, updates = _stop(protocol, descent, V, u)
        return {
            "epochs": updates // max(1, descent.batches),  # a batch of more than all: none
            "train_loss": _loss(w, X, t),
            "validation_loss": _loss(w, V, u),
            "train_accuracy": _accuracy(w, X, t),
            "validation_accuracy": _accuracy(w, V, u),
        }

    def _read(self, of_data: Protocol) -> tuple[np.ndarray, ...]:
        """Features and class numbers of the training and of the validation images."""
        train, validation = self._splits
        pixels, targets = _of_classes(train, of_data.classes, of_data.train_size)
        held_out, held_out_targets = _of_classes(
            validation, of_data.classes, of_data.validation_size
        )
        X, V = (_features(images, pixels, of_data) for images in (pixels, held_out))
        t, u = (labels.astype(of_data.precision) for labels in (targets, held_out_targets))
        return X, t, V, u

    def _descent(self, of_descent: Protocol) -> "_Descent":
        X, t, _, _ = self._data(_without(of_descent, _OF_DESCENT))
        return _Descent(of_descent, X, t)


def surviving(found: Mapping[str, float], reported: Mapping[str, str]) -> dict[str, bool]:
    """Which printed numbers come out, to their last printed digit."""
    return {
        quantity: f"{found[quantity]:.{len(printed.partition('.')[2])}f}" == printed
        for quantity, printed in reported.items()
    }


def _without(protocol: Protocol, names: frozenset[str]) -> Protocol:
    """The protocol with nothing in some of its fields, for what these do not change."""
    return protocol._replace(**dict.fromkeys(names))


class _Descent:
    """Gradient descent, as far as it has been asked for.

    Attributes:
        batches: updates in an epoch.
    """

    def __init__(self, protocol: Protocol, X: np.ndarray, t: np.ndarray):
        self.batches = _batches(protocol, len(X))
        start = _start(protocol, X.shape[1])
        self._weights = [start]
        self._updates = _updates(protocol, X, t, start, self.batches)

    def after(self, updates: int) -> np.ndarray:
        """The weights (p,) after so many updates."""
        while len(self._weights) <= updates:
            self._weights.append(next(self._updates))
        return self._weights[updates]


def _updates(
    protocol: Protocol, X: np.ndarray, t: np.ndarray, w: np.ndarray, batches: int
) -> Iterator[np.ndarray]:
    """The weights (p,) after each update, without end."""
    rate = w.dtype.type(protocol.learning_rate)
    generator = np.random.RandomState(0)
    while True:
        if protocol.order == "reshuffled":
            order = np.arange(len(X))
            generator.shuffle(order)
        else:
            order = slice(None)
        in_order, labels = X[order], t[order]
        for batch in range(batches):
            chosen = slice(batch * protocol.batch_size, (batch + 1) * protocol.batch_size)
            x = in_order[chosen]
            residual = 1 / (1 + np.exp(-(x @ w))) - labels[chosen]
            w = w - rate * (x.T @ residual) / len(x)
            yield w


def _stop(
    protocol: Protocol, descent: _Descent, V: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, int]:
    """Final weights (p,) and the number of updates made, by early stopping or at the last epoch."""
    interval = max(1, descent.batches // protocol.checks_per_epoch)
    total = protocol.max_epochs * descent.batches
    at_end, before = protocol.check == "end", protocol.check == "before"
    checks = [
        step if before else step + 1
        for step in range(total)
        if (step % descent.batches + 1 if at_end else step) % interval == 0
    ]
    best_loss, best_weights, without_improvement = np.inf, descent.after(0), 0
    for first in range(0, len(checks), _TOGETHER):
        together = checks[first : first + _TOGETHER]
        judged = np.array([descent.after(updates) for updates in together])
        for updates, w, loss in zip(together, judged, _losses(judged, V, u), strict=True):
            if loss > best_loss or (protocol.ties_count and loss == best_loss):
                without_improvement += 1
            else:
                best_loss, best_weights, without_improvement = loss, w, 0
            if without_improvement == protocol.patience:
                return (best_weights if protocol.weights == "best" else w), updates
    return (best_weights if protocol.weights == "best" else descent.after(total)), total


def _of_classes(
    split: Split, classes: tuple[int, int], size: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 (n, p) and class numbers bool (n,) of the first images of a split."""
    chosen = _chosen(split, classes, size)
    return split.pixels[:size][chosen], split.labels[:size][chosen] == classes[1]


def _chosen(split: Split, classes: tuple[int, int], size: int | None) -> np.ndarray:
    """Which of the first images of a split are of the classes, bool (n,)."""
    return np.isin(split.labels[:size], classes)


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
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - t * z, axis=1)


def _accuracy(w: np.ndarray, X: np.ndarray, t: np.ndarray) -> float:
    return float(np.mean((X @ w > 0) == t))
