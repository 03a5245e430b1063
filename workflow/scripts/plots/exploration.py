"""What the page shows of the runs, as arrays: curves, weights, and what models say of images.

A *group* is a set of runs that differ in nothing but their seed. All that a reader may choose to
see is in arrays with an axis of seeds; the page takes means and ranges over it.
"""

import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from images.splits import Split
from regression.features import features
from regression.models import load_model
from runs.curves import Curve, block_statistics
from runs.results import Results, Weights
from runs.schemas import CURVES

#: Images turned into float64 features at a time, to bound the memory.
_CHUNK = 4096
#: Points of all curves on the page together.
_CURVE_POINTS = 120_000
#: Pixels of all pictures of weights together.
_WEIGHTS = 2_000_000
#: And of all images in the gallery.
_IMAGES = 3_300_000
#: Predictions kept for the gallery: images times runs.
_PREDICTIONS = 1_500_000
#: Longest side of a picture in pixels; larger images are shrunk to it.
_PICTURE_SIDE = 56
#: Shades on either side of zero in a picture of weights, and of an image; few compress better.
WEIGHT_SHADES, IMAGE_SHADES = 15, 16
#: What the page calls the values of `shuffle`.
ORDERS = {"false": "not shuffled", "once": "shuffled once", "true": "shuffled"}
#: Stands for no prediction: the image is of a class that the model does not know.
NO_GUESS = 255


class Curves(NamedTuple):
    """One kind of curve of the runs of a group.

    Attributes:
        steps: int64 (points,).
        values: float32 (seeds, points), NaN where a run has no value.
    """

    steps: np.ndarray
    values: np.ndarray


class Group(NamedTuple):
    """Runs that differ in their seed only.

    Attributes:
        task: name of the task.
        l2_lambda: as spelt in the config.
        variant: what else tells it from the other groups of the task.
        dataset: name of the data set that it was trained on.
        model: its name.
        classes: the labels of the task, in the order of the class numbers.
        names: what people call these labels.
        runs: the rows of the metrics, one for each seed.
        curves: "training loss" and so on, of the first runs, as many as `weights`.
        weights: of the same runs.
    """

    task: str
    l2_lambda: str
    variant: str
    dataset: str
    model: str
    classes: list[int]
    names: list[str]
    runs: list[dict]
    curves: dict[str, Curves]
    weights: list[Weights]

    @property
    def name(self) -> str:
        """Name of the group among all groups."""
        return f"{self.task}, λ = {self.l2_lambda}, {self.variant}"

    @property
    def key(self) -> str:
        """Folder of its blocks below results/runs, and its name in the address of a view."""
        return Path(self.runs[0]["folder"]).parent.as_posix()

    @property
    def shown(self) -> list[dict]:
        """The rows of the runs that can be chosen."""
        return self.runs[: len(self.weights)]


class Predictions(NamedTuple):
    """What the runs of a group say of the images of a split.

    Attributes:
        guess: uint8 (n, seeds), class numbers; NO_GUESS for images of other classes.
        percent: uint8 (n, seeds), probability of the guess in percent; NO_GUESS where there is no
            guess, or the model has no probabilities.
        confusion: uint32 (seeds, k, k), images by class and guess.
    """

    guess: np.ndarray
    percent: np.ndarray
    confusion: np.ndarray


class Gallery(NamedTuple):
    """The images of a split that any run gets wrong.

    Attributes:
        rows: int64 (m,), where they stand in the split, ascending.
        wrong: how many there are; more than `rows` if not all are kept.
        pictures: uint8 (m, rows, columns, channels), shades 0 to IMAGE_SHADES - 1.
    """

    rows: np.ndarray
    wrong: int
    pictures: np.ndarray


def read_groups(results: Results) -> list[Group]:
    """Read all runs that have weights, which those that diverged have not.

    Of very many runs each group shows its first ones only, so that the page stays light.
    """
    rows = [row for row in results.rows if row["ended"] != "diverged"]
    key = itemgetter("task", "spelling", "shuffle")
    groups = [list(members) for _, members in groupby(rows, key)]
    if not groups:
        return []
    sizes = [
        min(len(weights), _PICTURE_SIDE**2) * weights.shape[1]
        for weights in (results.weights(members[0]).matrix for members in groups)
    ]
    seeds = most_seeds([*map(len, groups)], sizes)
    runs = sum(min(len(members), seeds) for members in groups)
    points = min(150, max(30, _CURVE_POINTS // (len(CURVES) * runs)))
    return [_read_group(results, members, members[:seeds], points) for members in groups]


def most_seeds(seeds: Sequence[int], sizes: Sequence[int]) -> int:
    """How many seeds of each group can be shown at most, but one.

    Args:
        seeds: how many there are of each group.
        sizes: pixels in the pictures of the weights of one seed of each group.
    """
    return next(
        most
        for most in range(max(seeds), 0, -1)
        if most == 1
        or sum(min(n, most) * size for n, size in zip(seeds, sizes, strict=True)) <= _WEIGHTS
    )


def _read_group(
    results: Results, rows: Sequence[dict], shown: Sequence[dict], points: int
) -> Group:
    first = rows[0]
    split = results.split(first, "validation")
    # Kind by kind: the whole histories of all runs may be more than the memory holds.
    curves = {
        f"{'training' if name[0] == 'train' else name[0]} {name[1]}": thinned(
            [results.curve(row, *name) for row in shown], points, averaged=name == ("train", "loss")
        )
        for name in CURVES
    }
    return Group(
        first["task"],
        first["spelling"],
        ORDERS[first["shuffle"]],
        first["dataset"],
        first["model"],
        first["classes"],
        [split.name_of(label) for label in first["classes"]],
        list(rows),
        curves,
        [results.weights(row) for row in shown],
    )


# --- curves ---------------------------------------------------------------------------------------


def thinned(series: Sequence[Curve], points: int, averaged: bool) -> Curves:
    """Curves of the same kind with about so many points, on common steps.

    Args:
        series: of each run; they may be of different lengths.
        points: roughly how many points a curve may have.
        averaged: means of consecutive blocks, for a curve that is too noisy to be sampled, as the
            loss of single batches is; else every k-th value and the last one of each run.
    """
    longest = max(len(one.values) for one in series)
    if averaged:
        window = max(1, longest // points)
        thin = [block_means(one, window) for one in series]
    else:
        ends = [len(one.values) - 1 for one in series]
        kept = np.union1d(np.arange(0, longest, max(1, longest // points)), ends)
        thin = [Curve(*(column[kept[kept < len(column)]] for column in one)) for one in series]
    steps = np.unique(np.concatenate([one.steps for one in thin]))
    values = np.full((len(thin), len(steps)), np.nan, dtype=np.float32)
    for row, one in zip(values, thin, strict=True):
        row[np.searchsorted(steps, one.steps)] = one.values
    return Curves(steps, values)


def block_means(curve: Curve, window: int) -> Curve:
    """Means of consecutive blocks, each at its middle; an incomplete last one is dropped."""
    # A run shorter than a block is a block.
    blocks, _ = block_statistics(curve, min(window, len(curve.values)))
    return Curve(np.ceil(blocks.steps).astype(np.int64), blocks.values)


# --- predictions ----------------------------------------------------------------------------------


def predict(groups: Sequence[Group], split: Split) -> list[Predictions]:
    """Let the runs of groups say what the images of a split of their data set show."""
    guesses, percents = (
        [np.full((len(split.labels), len(group.weights)), NO_GUESS, np.uint8) for group in groups]
        for _ in range(2)
    )
    matrices = [np.hstack([weights.matrix for weights in group.weights]) for group in groups]
    for first in range(0, len(split.labels), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        X = features(split.pixels[chunk], split.brightest)
        for group, matrix, guess, percent in zip(groups, matrices, guesses, percents, strict=True):
            keep = np.isin(split.labels[chunk], group.classes)
            # The logits of all runs in one product, which takes a fraction of the time.
            rules = load_model(group.model)
            # Both sizes are named, because a chunk may have no image of these classes.
            runs = len(group.weights)
            logits = rules.logits(matrix, X[keep]).reshape(-1, runs, matrix.shape[1] // runs)
            for run, of_run in enumerate(logits.swapaxes(0, 1)):
                said = rules.predict(of_run)
                guess[chunk][keep, run] = said
                if hasattr(rules, "probabilities"):
                    sure = rules.probabilities(of_run)[np.arange(len(said)), said]
                    percent[chunk][keep, run] = np.rint(100 * sure)
    return [
        Predictions(
            guess, percent, _confusion(guess, class_numbers(group, split), len(group.classes))
        )
        for group, guess, percent in zip(groups, guesses, percents, strict=True)
    ]


def class_numbers(group: Group, split: Split) -> np.ndarray:
    """The class number of each image, uint8 (n,); NO_GUESS where it is not of the task."""
    numbers = np.full(256, NO_GUESS, np.uint8)
    numbers[group.classes] = np.arange(len(group.classes))
    return numbers[split.labels]


def _confusion(guess: np.ndarray, targets: np.ndarray, k: int) -> np.ndarray:
    keep, seeds = targets != NO_GUESS, guess.shape[1]
    pairs = targets[keep, np.newaxis].astype(np.int64) * k + guess[keep]
    pairs += np.arange(seeds) * k * k
    counts = np.bincount(pairs.ravel(), minlength=seeds * k * k)
    return counts.reshape(seeds, k, k).astype(np.uint32)


def gallery(
    groups: Sequence[Group], said: Sequence[Predictions], split: Split, galleries: int = 1
) -> Gallery:
    """The images that any run gets wrong; of too many those that most runs get wrong.

    Args:
        groups: all that were trained on the data set.
        said: what they say of the split.
        split: of the data set.
        galleries: how many share the page.
    """
    mistakes = np.zeros(len(split.labels), np.int64)
    for group, predictions in zip(groups, said, strict=True):
        mistakes += (predictions.guess != class_numbers(group, split)[:, np.newaxis]).sum(axis=1)
    wrong = int(np.count_nonzero(mistakes))
    runs = sum(len(group.weights) for group in groups)
    shape = (*split.image_shape, 1)[:3]
    pixels = min(math.prod(shape), _PICTURE_SIDE**2 * shape[2])
    most = max(200, min(_PREDICTIONS // runs, _IMAGES // galleries // pixels))
    # A stable sort: equally hard ones stay in the order of the file.
    rows = np.sort(np.argsort(-mistakes, kind="stable")[: min(wrong, most)])
    pictures = shrunk(split.pixels[rows].reshape(-1, *shape) / split.brightest)
    shades = np.rint(pictures * (IMAGE_SHADES - 1)).astype(np.uint8)
    return Gallery(rows, wrong, shades)


# --- pictures -------------------------------------------------------------------------------------


def weight_pictures(group: Group) -> tuple[np.ndarray, np.ndarray]:
    """The weights of each run's outputs as pictures, without the bias.

    Returns:
        pictures: uint8 (seeds, outputs, rows, columns), 0 to 2 * WEIGHT_SHADES, which is `limits`.
        limits: float64 (seeds,), the largest absolute weight of each run, or 1 if all are 0.
    """
    pictures = np.stack([weights.pictures() for weights in group.weights])
    limits = np.abs(pictures).max(axis=(1, 2, 3))
    limits[limits == 0] = 1.0
    scaled = pictures / limits[:, np.newaxis, np.newaxis, np.newaxis]
    scaled = shrunk(scaled.reshape(-1, *pictures.shape[2:], 1))
    shades = np.rint((scaled + 1) * WEIGHT_SHADES).astype(np.uint8)
    return shades.reshape(*pictures.shape[:2], *shades.shape[1:3]), limits


def shrunk(pictures: np.ndarray) -> np.ndarray:
    """Pictures (n, rows, columns, channels), by means of squares no larger than _PICTURE_SIDE."""
    n, rows, columns, channels = pictures.shape
    factor = -(-max(rows, columns) // _PICTURE_SIDE)
    factor = min(factor, rows, columns)
    cut = pictures[:, : rows // factor * factor, : columns // factor * factor]
    squares = cut.reshape(n, rows // factor, factor, columns // factor, factor, channels)
    return squares.mean(axis=(2, 4)) if factor > 1 else pictures
