"""THE reader of results: the runs of some blocks, their metrics, histories and weights.

Rows are dictionaries by the columns of the metrics.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from common.errors import DataError
from common.files import read_parquet
from images.splits import (
    Examples,
    Split,
    first_examples,
    read_split,
    select_classes,
    shape_and_names,
)
from runs.curves import Curve
from runs.grid import as_list, base_name
from runs.schemas import CURVES, HISTORY_SCHEMA, METRICS_SCHEMA, WEIGHTS_SCHEMA


class Weights(NamedTuple):
    """The weights of a run.

    Attributes:
        matrix: float64 (p + 1, outputs); the last row is the bias.
        labels: the label of each output.
        names: what people call these labels.
        image_shape: (rows, columns) of an image, or (rows, columns, channels); p is its product.
    """

    matrix: np.ndarray
    labels: list[int]
    names: list[str]
    image_shape: tuple[int, ...]

    def pictures(self) -> np.ndarray:
        """The weights of each output as an image, float64 (outputs, rows, columns), without bias.

        The channels of a coloured image stand side by side.
        """
        images = self.matrix[:-1].T.reshape(-1, *self.image_shape)
        if images.ndim == 3:
            return images
        outputs, rows, columns, channels = images.shape
        return images.swapaxes(2, 3).reshape(outputs, rows, channels * columns)


class Results:
    """The runs of some blocks.

    Args:
        root: the folder `results/`.
        folders: of the blocks, below `root/runs/`, in the order of the config.
    """

    def __init__(self, root: str | Path, folders: Iterable[str]):
        """Read the metrics of all runs; all else when it is asked for."""
        self.root = Path(root)
        self.rows: list[dict] = []
        for folder in folders:
            path = self.root / "runs" / folder / "metrics.parquet"
            spelling = Path(folder).parts[-3].removeprefix("lambda-")
            with_weights = 0
            for place, row in enumerate(read_table(path, METRICS_SCHEMA).to_pylist()):
                # Each run is a row group; one that diverged has no weights.
                places = {"history.parquet": place, "weights.parquet": with_weights}
                with_weights += row["ended"] != "diverged"
                self.rows.append(row | {"folder": folder, "spelling": spelling, "_places": places})
        # Caches of this object alone, not of the class, so that two folders never mix.
        self._split = lru_cache(maxsize=None)(self._read_split)
        # A row is no key; the judges ask for the curves of a run again and again.
        self._histories = lru_cache(maxsize=512)(self._read_curves)
        self._weights = lru_cache(maxsize=512)(self._read_weights)

    def select(self, selection: dict) -> list[dict]:
        """The rows of the selected runs.

        Args:
            selection: `task`, and any of l2_lambda (as spelt in the config), shuffle, seed and the
                settings, each a value or a list of values; what is not named is not restricted.
        """
        named = {("spelling" if key == "l2_lambda" else key): key for key in selection}
        return [
            row
            for row in self.rows
            if selection.get("task", row["task"]) in (row["task"], base_name(row["task"]))
            and all(
                row[column] in as_list(key, selection[key])
                for column, key in named.items()
                if key != "task"
            )
        ]

    def curve(self, row: dict, split: str, metric: str) -> Curve:
        """One curve of a run.

        Raises:
            KeyError: a history has no such curve.
        """
        return self._histories(row["folder"], row["_places"]["history.parquet"])[split, metric]

    def weights(self, row: dict) -> Weights:
        """The weights of a run.

        Raises:
            DataError: it diverged, so that it has none.
        """
        if row["ended"] == "diverged":
            raise DataError(
                f"task {row['task']}, lambda {row['spelling']}, seed {row['seed']}: its training "
                "diverged, so that it has no weights; a smaller learning_rate usually cures it."
            )
        return self._weights(row["folder"], row["_places"]["weights.parquet"])

    def examples(self, row: dict, split: str) -> Examples:
        """What a run was trained on or held to."""
        examples = select_classes(self.split(row, split), row["classes"])
        return first_examples(examples, row["train_size"]) if split == "train" else examples

    def split(self, row: dict, split: str) -> Split:
        """A split of the data set that a run was trained on."""
        return self._split(row["dataset"], split)

    def _read_weights(self, folder: str, place: int) -> Weights:
        table = self._row_group(folder, "weights.parquet", place, WEIGHTS_SCHEMA)
        image_shape, class_names = shape_and_names(table.schema)
        matrix = numbers(table, "weight").reshape(math.prod(image_shape) + 1, -1)
        labels = table.column("label").to_pylist()[: matrix.shape[1]]
        names = [class_names[label] if class_names else str(label) for label in labels]
        return Weights(matrix, labels, names, image_shape)

    def _read_curves(self, folder: str, place: int) -> dict[tuple[str, str], Curve]:
        table = self._row_group(folder, "history.parquet", place, HISTORY_SCHEMA)
        steps, values = (numbers(table, name) for name in ("step", "value"))
        split, metric = (np.array(table.column(name).to_pylist()) for name in ("split", "metric"))
        chosen = {name: (split == name[0]) & (metric == name[1]) for name in CURVES}
        return {name: Curve(steps[rows], values[rows]) for name, rows in chosen.items()}

    def _row_group(self, folder: str, file: str, place: int, schema: pa.Schema) -> pa.Table:
        """The part of a block's file that is of one run."""
        path = self.root / "runs" / folder / file
        table = read_parquet(path, row_group=place)
        require_schema(path, table.schema, schema)
        return table

    def _read_split(self, dataset: str, split: str) -> Split:
        return read_split(self.root / "data" / dataset / f"{split}.parquet")


def read_table(path: str | Path, schema: pa.Schema) -> pa.Table:
    """Read a Parquet file and hold it to its contract.

    Raises:
        DataError: the file is damaged, or its columns are not those of the schema.
    """
    table = read_parquet(path)
    require_schema(path, table.schema, schema)
    return table


def require_schema(path: str | Path, found: pa.Schema, expected: pa.Schema) -> None:
    """Hold the columns of a file to its contract.

    Raises:
        DataError: they are others.
    """
    if not found.equals(expected):
        raise DataError(
            f"{path}: its columns are {found.names}, expected {expected.names} with types "
            f"{[str(kind) for kind in expected.types]}. Delete it and run again."
        )


def numbers(table: pa.Table, name: str) -> np.ndarray:
    """A column of numbers without gaps as a NumPy array."""
    values = table.column(name).combine_chunks()
    every = np.frombuffer(values.buffers()[1], values.type.to_pandas_dtype())
    return every[values.offset : values.offset + len(values)]
