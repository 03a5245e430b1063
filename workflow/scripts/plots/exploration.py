"""What the explorer shows, as small tables: thinned curves with seed bands, metrics, predictions.

A *group* is a set of runs that differ in nothing but their seed. Its first run stands for it where
only one can be shown: as the line within the band, and for weights, confusion and mistakes.
"""

import base64
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from images.splits import Split
from regression.features import features
from regression.models import load_model
from runs.curves import Curve, block_statistics
from runs.results import Results, Weights
from runs.schemas import CURVES

#: Images turned into float64 features at a time, to bound the memory.
_CHUNK = 4096
#: Points of all curves of a kind together.
_CURVE_POINTS = 9_000
#: Longest side of an embedded picture in pixels; larger images are shrunk to it.
_PICTURE_SIDE = 56
#: Shades on either side of zero in a picture of weights; few, because fewer compress better.
_SHADES = 15
_NEGATIVE, _ZERO, _POSITIVE = (0x21, 0x66, 0xAC), (0xF7, 0xF7, 0xF7), (0xB2, 0x18, 0x2B)


class Group(NamedTuple):
    """Runs that differ in their seed only; the first one stands for them.

    Attributes:
        task: name of the task.
        l2_lambda: as spelt in the config.
        variant: what else tells it from the other groups of the task.
        dataset: name of the data set that it was trained on.
        model: its name.
        classes: the labels of the task, in the order of the class numbers.
        names: what people call these labels.
        runs: the rows of the metrics, one for each seed.
        curves: the rows of `curve_rows`.
        weights: of the first run.
    """

    task: str
    l2_lambda: str
    variant: str
    dataset: str
    model: str
    classes: list[int]
    names: list[str]
    runs: list[dict]
    curves: list[dict]
    weights: Weights

    @property
    def name(self) -> str:
        """Name of the group among all groups."""
        return f"{self.task}, λ = {self.l2_lambda}, {self.variant}"


class Predictions(NamedTuple):
    """What a model says of the images of its classes in one split.

    Attributes:
        index: uint32 (n,), row of each image in its source file.
        pixels: uint8 (n, p).
        targets: int64 (n,), class numbers.
        predicted: int64 (n,), class numbers.
        confidence: float64 (n,), probability of the predicted class.
        brightest: the byte of a white pixel.
    """

    index: np.ndarray
    pixels: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    brightest: int


def read_group(results: Results, rows: Sequence[dict], points: int) -> Group:
    """Read runs that differ in their seed only; each of them must have weights.

    Args:
        results: that they are read from.
        rows: of the metrics, one for each seed.
        points: roughly how many points a curve may have.
    """
    first = rows[0]
    split = results.split(first, "validation")
    # Thinned at once: the whole histories of all runs may be more than the memory holds.
    histories = [{name: results.curve(row, *name) for name in CURVES} for row in rows]
    variants = {"false": "not shuffled", "once": "shuffled once", "true": "shuffled"}
    return Group(
        first["task"],
        first["spelling"],
        variants[first["shuffle"]],
        first["dataset"],
        first["model"],
        first["classes"],
        [split.name_of(label) for label in first["classes"]],
        list(rows),
        list(curve_rows(histories, points)),
        results.weights(first),
    )


# --- curves ---------------------------------------------------------------------------------------


def curve_points(groups: int) -> int:
    """Roughly how many points a curve may have, so that many groups do not make the page heavy."""
    return min(200, max(30, _CURVE_POINTS // groups))


def curve_rows(histories: Sequence[dict[tuple[str, str], Curve]], points: int) -> Iterator[dict]:
    """Loss and accuracy by step: the first run's value and the range over the seeds.

    Args:
        histories: (split, metric) -> Curve of each run of a group; they may be of different
            lengths, and a range covers those that got that far.
        points: roughly how many points a curve may have.
    """
    for split, metric in CURVES:
        series = [history[split, metric] for history in histories]
        # The training loss of single batches is too noisy to be sampled: its blocks are averaged.
        per_batch = (split, metric) == ("train", "loss")
        thinned = block_means(series, points) if per_batch else every_kth(series, points)
        for step, value, low, high, seeds in with_range(thinned):
            yield {
                "split": "training" if split == "train" else split,
                "metric": metric,
                "step": step,
                "value": value,
                "low": low,
                "high": high,
                "seeds": seeds,
            }


def block_means(series: Sequence[Curve], points: int) -> list[Curve]:
    """Means of consecutive blocks of steps, each at its middle; an incomplete last one is dropped.

    The blocks are the same for all series, so that their means can be compared.
    """
    window = max(1, max(len(one.values) for one in series) // points)
    means = []
    for one in series:
        # A run shorter than a block is a block.
        size = min(window, len(one.values))
        blocks, _ = block_statistics(one, size)
        means.append(Curve(np.ceil(blocks.steps).astype(np.int64), blocks.values))
    return means


def every_kth(series: Sequence[Curve], points: int) -> list[Curve]:
    """Every k-th value of each series, and the one with which the first series ends."""
    longest = max(len(one.values) for one in series)
    kept = np.union1d(np.arange(0, longest, max(1, longest // points)), [len(series[0].values) - 1])
    return [Curve(*(column[kept[kept < len(column)]] for column in one)) for one in series]


def with_range(
    series: Sequence[Curve],
) -> Iterator[tuple[int, float | None, float, float, int]]:
    """At each position: step, the first series' value (None after its end), min, max and count.

    Args:
        series: on the same steps, of different lengths.
    """
    for position, step in enumerate(max((one.steps for one in series), key=len)):
        values = [one.values[position] for one in series if position < len(one.values)]
        first = series[0].values
        value = float(first[position]) if position < len(first) else None
        yield int(step), value, float(min(values)), float(max(values)), len(values)


# --- predictions ----------------------------------------------------------------------------------


def predict(group: Group, split: Split) -> Predictions:
    """Let the first run of a group say what the images of a split show."""
    keep = np.isin(split.labels, group.classes)
    pixels = split.pixels[keep]
    class_number = {label: number for number, label in enumerate(group.classes)}
    targets = np.array([class_number[label] for label in split.labels[keep].tolist()])
    probabilities = np.concatenate(
        [
            _probabilities(group, features(pixels[first : first + _CHUNK], split.brightest))
            for first in range(0, len(pixels), _CHUNK)
        ]
    )
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    return Predictions(split.index[keep], pixels, targets, predicted, confidence, split.brightest)


def _probabilities(group: Group, X: np.ndarray) -> np.ndarray:
    """Probability of each class, float64 (n, k), for features (n, p + 1)."""
    logits = load_model(group.model).logits(group.weights.matrix, X)
    if logits.shape[1] == 1:
        # Logistic regression is softmax regression whose first class has the constant logit 0.
        logits = np.hstack([np.zeros_like(logits), logits])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def confusion_rows(predictions: Predictions, names: Sequence[str]) -> Iterator[dict]:
    """How often each class is taken for which; zeros only on the diagonal, to name every class."""
    k = len(names)
    pairs = predictions.targets * k + predictions.predicted
    counts = np.bincount(pairs, minlength=k * k).reshape(k, k)
    totals = counts.sum(axis=1)
    for true, guess in np.argwhere((counts > 0) | np.eye(k, dtype=bool)).tolist():
        count = int(counts[true, guess])
        yield {
            "label": names[true],
            "prediction": names[guess],
            "count": count,
            "share": count / max(1, int(totals[true])),
        }


def mistake_rows(predictions: Predictions, group: Group, most: int, source: str) -> Iterator[dict]:
    """The wrong images of which the model is most sure, at most `most`, surest first.

    Args:
        predictions: of the group's first run.
        group: whose classes and image shape hold.
        most: at most so many.
        source: name of the split, told with the image's row in it.
    """
    wrong = np.flatnonzero(predictions.predicted != predictions.targets)
    # A stable sort: equally sure ones stay in the order of the file.
    surest = wrong[np.argsort(-predictions.confidence[wrong], kind="stable")][:most]
    for position, row in enumerate(surest.tolist()):
        yield {
            "position": position,
            "image": f"{source} image {predictions.index[row]}",
            "label": group.names[predictions.targets[row]],
            "prediction": group.names[predictions.predicted[row]],
            "confidence": float(predictions.confidence[row]),
            "picture": picture(
                predictions.pixels[row].reshape(group.weights.image_shape), predictions.brightest
            ),
        }


# --- pictures -------------------------------------------------------------------------------------


def weight_rows(group: Group) -> Iterator[dict]:
    """The weights of each output as a picture, without the bias: blue below zero, red above."""
    images = group.weights.pictures()
    limit = float(np.abs(images).max()) or 1.0
    for position, (image, name) in enumerate(zip(images, group.weights.names, strict=True)):
        yield {
            "position": position,
            "label": name,
            "smallest": float(image.min()),
            "largest": float(image.max()),
            "limit": limit,
            "picture": weight_picture(image, limit),
        }


def picture(pixels: np.ndarray, brightest: int) -> str:
    """An image as a PNG data URL.

    Args:
        pixels: uint8 (rows, columns), shown dark on light, as ink on paper, or (rows, columns, 3),
            shown in its colours.
        brightest: the byte of a white pixel.
    """
    shades = np.rint(pixels * (255 / brightest)).astype(np.uint8)
    return _data_url(Image.fromarray(255 - shades if pixels.ndim == 2 else shades))


def weight_picture(weights: np.ndarray, limit: float) -> str:
    """Weights (rows, columns) between -limit and limit as a PNG data URL in diverging colours."""
    shades = np.rint((np.clip(weights / limit, -1, 1) + 1) * _SHADES).astype(np.uint8)
    image = Image.fromarray(shades)
    image.putpalette([channel for color in diverging_palette() for channel in color])
    return _data_url(image)


def diverging_palette() -> list[tuple[int, int, int]]:
    """Colours from the negative one over white to the positive one, 2 * _SHADES + 1 of them."""
    half = np.linspace(0.0, 1.0, _SHADES + 1)[:, np.newaxis]
    down, zero, up = (np.array(color, dtype=float) for color in (_NEGATIVE, _ZERO, _POSITIVE))
    colors = np.vstack([down + (zero - down) * half, zero + (up - zero) * half[1:]])
    return [tuple(color) for color in np.rint(colors).astype(int).tolist()]


def _data_url(image: Image.Image) -> str:
    image.thumbnail((_PICTURE_SIDE, _PICTURE_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
