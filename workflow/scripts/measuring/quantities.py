"""What measurements are made of: the results they read, what they return, what arguments may be.

Each argument type below is a model of what the claims file may say (see `common.models`); the
measurement gets plain values and mappings of it.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, Protocol, get_args

import numpy as np
from pydantic import AfterValidator, BaseModel, Field, model_validator

from common.errors import ReproductionError
from common.models import Strict, wrong
from images.layout import SPLITS
from images.splits import Examples
from pipeline.model import Runs
from runs.curves import Curve as Values
from runs.curves import block_statistics
from runs.results import Weights
from runs.schemas import MEASURED

Row = dict


class Measured(NamedTuple):
    """What a measurement found.

    Attributes:
        values: float64 (seeds,), or (seeds, k) for a series; seeds = 1 where there is one run or
            none.
        unit: of the values.
        evidence: pointers to the rows that show it, "file: filter".
        detail: a sentence with further numbers, or nothing.
        images: where the values are means over images, what each image contributes, float64
            (seeds, n) or (seeds, k, n): 1 or 0 for a right or wrong answer, nats for a loss,
            differences of these for a pair of runs, which see the same images.
        are_answers: whether these are right and wrong answers of one model each. Differences can
            be 0 and 1 alone as well, and are no fraction all the same.
    """

    values: np.ndarray
    unit: str
    evidence: list[str]
    detail: str = ""
    images: np.ndarray | None = None
    are_answers: bool = False


class Results(Protocol):
    """Everything that measurements read."""

    def runs(self, selection: dict) -> list[Row]:
        """The metrics of the selected runs, in the order of the config.

        Raises:
            NotApplicableError: there are none.
            NotDecidableError: one of them diverged.
        """

    def curve(self, row: Row, split: str, metric: str) -> Values:
        """One curve of a run."""

    def weights(self, row: Row) -> Weights:
        """The weights of a run."""

    def examples(self, row: Row, split: str) -> Examples:
        """What the run's task trains on or is held to."""

    def scores(self, rows: list[Row], split: str) -> tuple[np.ndarray, np.ndarray]:
        """Loss in nats and whether it is right, of each image under the final weights of each run.

        All runs are of one task.

        Returns:
            float64 (runs, n), bool (runs, n).
        """

    def variations(self) -> list[dict]:
        """What became of the report's table under other choices of the protocol, a row each."""

    def optimum(self, task: str, l2_lambda: str) -> dict:
        """The optimum of a task's objective; as a row it has scores of images, if it exists."""

    def separating_weights(self, task: str, l2_lambda: str) -> np.ndarray | None:
        """Whole numbers said to separate the training images, int64 (p + 1, outputs)."""

    def optimum_file(self, task: str, l2_lambda: str) -> str:
        """The file of that optimum, to point at; tasks with one objective share it."""

    def equation(self, number: int) -> dict:
        """What became of an equation of the report."""

    def gradient_checks(self, task: str, l2_lambda: str) -> list[dict]:
        """Shipped gradients of a task's model held against finite differences."""

    def gradients_file(self, task: str, l2_lambda: str) -> str:
        """The file of these checks, to point at."""

    def where(self, selection: dict, what: str) -> str:
        """A pointer to the rows of a selection: a metrics column, `history`, or a file of runs."""


class MeasurementError(ReproductionError):
    """A reading cannot be measured: the results do not have what it asks for."""


class NotDecidableError(Exception):
    """The data do not say; the message is the reason, and the verdict follows.

    Attributes:
        would_decide: what would, or nothing.
    """

    def __init__(self, reason: str, would_decide: str = ""):
        """Keep both for the explanation of the verdict."""
        super().__init__(reason)
        self.would_decide = would_decide


class NotApplicableError(Exception):
    """There are no runs as the reading is about; the message is the reason."""


# The types of arguments


class _Curve(Strict):
    split: Literal["train", "validation"]
    metric: Literal["loss", "accuracy"]
    window: Annotated[int, Field(ge=1)] = 1
    every: Annotated[int, Field(ge=1)] = 1
    #: Of a training loss: leave out the steps of this mini-batch of each epoch, counted from 0.
    without_batch: Annotated[int, Field(ge=0)] | None = None


class _Spike(Strict):
    neighbours: Annotated[int, Field(ge=1)]
    height: Annotated[float, Field(ge=0)] | None = None
    deviations: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_yardstick(self) -> "_Spike":
        if (self.height is None) == (self.deviations is None):
            raise wrong("a spike takes either `height` or `deviations`")
        return self


def _as_mapping(model: BaseModel) -> dict:
    return model.model_dump(exclude_unset=True)


def _odd(count: int) -> int:
    if count % 2 == 0:
        raise wrong("must be odd")
    return count


#: Runs of one task and one lambda, which differ in their seeds, as a figure of the config selects
#: them.
Selection = Annotated[Runs, AfterValidator(_as_mapping)]
#: The same of many lambdas.
SelectionOfMany = Annotated[Selection, "many lambdas"]
#: A curve of a run: `split`, `metric`, and optionally `window`: the mean of so many values in a
#: row, or `every`: each so many-th value alone, as a figure with fewer checks would show it.
Curve = Annotated[_Curve, AfterValidator(_as_mapping)]
#: What counts as a spike: see `measuring.curves.spikes`.
Spike = Annotated[_Spike, AfterValidator(_as_mapping)]
Count = Annotated[int, Field(ge=1)]
OddCount = Annotated[int, Field(ge=1), AfterValidator(_odd)]
Step = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Split = Literal[SPLITS]
Metric = Literal["loss", "accuracy"]
#: A column of the metrics, or `<split>_gap`: training accuracy minus that of the split.
Column = Literal[(*MEASURED, "validation_gap", "test_gap")]
#: One that an optimum has as well.
ColumnOfOptimum = Literal[
    *(f"{split}_{metric}" for split in get_args(Split) for metric in get_args(Metric)),
    "weight_norm",
    "validation_gap",
    "test_gap",
]


# Helpers


def quantity(row: Row, column: str) -> float:
    """A column of the metrics, or `validation_gap` and `test_gap`: training accuracy minus that."""
    if column.endswith("_gap"):
        return row["train_accuracy"] - row[f"{column.removesuffix('_gap')}_accuracy"]
    return row[column]


def unit_of(column: str) -> str:
    """The unit of a metric, by its name."""
    units = {"loss": "nats", "accuracy": "fraction", "gap": "fraction", "norm": "norm"}
    return units.get(column.rpartition("_")[2], column)


def are_answers(column: str) -> bool:
    """Whether what images contribute to a column are right and wrong answers (see `Measured`)."""
    return column.endswith("_accuracy")


def at_the_end(
    results: Results, rows: list[Row], column: str, last: int | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """A quantity of finished runs, or the mean of the last so many checks of its curve.

    Returns:
        float64 (runs,), and what each image contributes (see `per_image`).
    """
    values = np.array([_at_the_end(results, row, column, last) for row in rows])
    images = per_image(results, rows, column)
    return values, images if last is None else around(values, images)


def at_both_ends(
    results: Results, both: list[tuple[Row, Row]], column: str, last: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The same of pairs of runs: of the first and of the second, and images of the difference."""
    first, second = (
        np.array([_at_the_end(results, row, column, last) for row in rows])
        for rows in zip(*both, strict=True)
    )
    images = paired_images(results, both, column)
    return first, second, images if last is None else around(first - second, images)


def stacked(entries: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """What several runs have for each entry of a series, (runs, ...), as (runs, k, ...)."""
    return None if entries[0] is None else np.stack(entries, axis=1)


def _at_the_end(results: Results, row: Row, column: str, last: int | None) -> float:
    if last is None:
        return quantity(row, column)
    split, _, metric = column.rpartition("_")
    if metric == "gap":
        curves = [results.curve(row, name, "accuracy")[1] for name in ("train", split)]
        return float(np.mean(long_enough(curves[0] - curves[1], last)[-last:]))
    if column not in ("train_accuracy", "validation_accuracy", "validation_loss"):
        raise MeasurementError(f"{column} is not evaluated at the checks; leave out `last`")
    return float(np.mean(long_enough(results.curve(row, split, metric)[1], last)[-last:]))


def per_image(results: Results, rows: list[Row], column: str) -> np.ndarray | None:
    """What each image contributes to a mean over images, float64 (runs, n).

    The images of a gap are those of the other split: the run was trained on the training set as it
    is, whose accuracy is a constant of the run. None for norms and numbers of steps, and where an
    optimum among the rows does not exist.
    """
    split, _, metric = column.rpartition("_")
    without_weights = any(row.get("status") == "no finite optimum" for row in rows)
    if metric not in ("loss", "accuracy", "gap") or without_weights:
        return None
    losses, right = results.scores(rows, split)
    if metric == "gap":
        return np.array([[row["train_accuracy"]] for row in rows]) - right
    return losses if metric == "loss" else right.astype(np.float64)


def paired_images(results: Results, pairs: list[tuple[Row, Row]], column: str) -> np.ndarray | None:
    """What each image contributes to the difference of two runs, float64 (pairs, n)."""
    first, second = (per_image(results, list(rows), column) for rows in zip(*pairs, strict=True))
    return None if first is None else first - second


def parts_of_difference(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """What each image contributes to the difference of the means of two groups of images.

    The mean over all n images is that difference, and their variance over n is the sum of both
    groups' variances of the mean: an image of a group of m stands for n/m times its deviation from
    the group's mean.

    Args:
        values: float64 (runs, n).
        inside: bool (n,), which images are in the first group; the second has all others.

    Returns:
        float64 (runs, n).
    """
    n = values.shape[1]
    parts = np.empty(values.shape)
    means = []
    for sign, group in ((1.0, inside), (-1.0, ~inside)):
        mean = values[:, group].mean(axis=1, keepdims=True)
        parts[:, group] = sign * (values[:, group] - mean) * (n / np.count_nonzero(group))
        means.append(mean)
    return parts + means[0] - means[1]


def around(values: np.ndarray, images: np.ndarray) -> np.ndarray:
    """What images contribute, float64 (runs, n), moved so that its means are the values (runs,).

    For means over checks in the course of training, of which no image's score is kept: their
    spread over the images is taken to be that under the final weights.
    """
    return images + (values - images.mean(axis=1))[:, np.newaxis]


def gap_by_image(results: Results, rows: list[Row], split: str, metric: str) -> np.ndarray:
    """What each image of both splits contributes to the gap between them, float64 (runs, n)."""
    parts = []
    for name in ("train", split):
        losses, right = results.scores(rows, name)
        parts.append(losses if metric == "loss" else right.astype(np.float64))
    of_training = np.arange(sum(part.shape[1] for part in parts)) < parts[0].shape[1]
    # A loss is greater on images that were not trained on, an accuracy is smaller.
    first = ~of_training if metric == "loss" else of_training
    return parts_of_difference(np.hstack(parts), first)


def pairs(results: Results, runs: dict, other: dict) -> list[tuple[Row, Row]]:
    """Runs of two selections in pairs (see `in_pairs`)."""
    return in_pairs(results.runs(runs), results.runs(other))


def in_pairs(first: list[Row], second: list[Row]) -> list[tuple[Row, Row]]:
    """Runs with the same seed; one that no seed changes goes with every run of the other.

    One of many seeds does not: its own luck would be in all of the differences alike.

    Raises:
        NotApplicableError: the seeds of the two are not the same.
    """
    for rows, others in ((first, second), (second, first)):
        if len(rows) == 1 and (len(others) == 1 or rows[0]["shuffle"] == "false"):
            n = len(others)
            return list(zip(first * (n // len(first)), second * (n // len(second)), strict=True))
    by_seed = {row["seed"]: row for row in second}
    if sorted(by_seed) != sorted(row["seed"] for row in first) or len(second) != len(first):
        raise NotApplicableError(
            f"the config's {first[0]['task']} and {second[0]['task']} do not have the same seeds"
        )
    return [(row, by_seed[row["seed"]]) for row in first]


def plotted(results: Results, row: Row, curve: dict, least: int = 2) -> Values:
    """A curve as the figures draw it: with a window, means of whole blocks.

    Raises:
        NotDecidableError: it has fewer values than the least that a measurement needs.
    """
    values = results.curve(row, curve["split"], curve["metric"])
    if (batch := curve.get("without_batch")) is not None:
        kept = values[0] % batches_of(results, row) != batch
        values = Values(values[0][kept], values[1][kept])
    means, _ = block_statistics(values, curve.get("window", 1))
    every = curve.get("every", 1)
    return Values(means.steps[::every], long_enough(means.values[::every], least))


def long_enough(values: np.ndarray, least: int) -> np.ndarray:
    """The values of a curve, if there are so many."""
    if len(values) < least:
        raise NotDecidableError(
            f"a curve has {len(values)} values, where {least} are needed",
            would_decide="a longer training, or more checks in an epoch.",
        )
    return values


def batches_of(results: Results, row: Row) -> int:
    """Mini-batches in an epoch of a run."""
    return len(results.examples(row, "train").targets) // row["batch_size"]


def at_optimum(optimum: dict, column: str) -> float:
    """A number at the optimum, or its limit on the way there.

    Raises:
        NotDecidableError: the optimum was not reached, or there is none and no limit is known.
    """
    objective = f"the objective with lambda {optimum['l2_lambda']:g}"
    if optimum["status"] == "not reached":
        norm = f"{optimum['gradient_norm']:.2g}"
        raise NotDecidableError(
            f"the optimum of {objective} was not reached (gradient norm {norm})"
        )
    needed = ("train_accuracy", f"{column.removesuffix('_gap')}_accuracy")
    if None in [optimum[name] for name in (needed if column.endswith("_gap") else (column,))]:
        raise NotDecidableError(f"{objective} has no finite optimum")
    return quantity(optimum, column)
