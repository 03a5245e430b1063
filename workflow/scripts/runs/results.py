"""The files of a training run and the tables over all runs: their columns, writing and reading."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import DataError
from common.files import PARQUET_OPTIONS, read_parquet, replace_atomically

HISTORY_SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("split", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
    ]
)

RUN_COLUMNS = [
    ("task", pa.string()),
    ("l2_lambda", pa.float64()),
    ("shuffle", pa.bool_()),
    ("seed", pa.int64()),
]

HISTORIES_SCHEMA = pa.schema([*RUN_COLUMNS, *HISTORY_SCHEMA])

METRICS_SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("model", pa.string()),
        *RUN_COLUMNS[1:],
        ("learning_rate", pa.float64()),
        ("batch_size", pa.int64()),
        ("max_epochs", pa.int64()),
        ("patience", pa.int64()),
        ("epochs", pa.int64()),
        ("steps", pa.int64()),
        ("stopped_early", pa.bool_()),
        ("train_loss", pa.float64()),
        ("validation_loss", pa.float64()),
        ("test_loss", pa.float64()),
        ("train_accuracy", pa.float64()),
        ("validation_accuracy", pa.float64()),
        ("test_accuracy", pa.float64()),
        ("weight_norm", pa.float64()),
        ("dataset", pa.string()),
        ("classes", pa.list_(pa.int64())),
        ("train_size", pa.int64()),
    ]
)

WEIGHTS_SCHEMA = pa.schema(
    [("feature", pa.uint32()), ("label", pa.uint8()), ("weight", pa.float64())]
)


def column(values: np.ndarray) -> pa.Array:
    """A NumPy array of numbers as an Arrow array; it shares the memory.

    pa.array and pa.table would import pandas where it is installed: 0.3 s for each training.
    """
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def numbers(table: pa.Table, name: str) -> np.ndarray:
    """A column of numbers without gaps as a NumPy array, without pandas (see `column`)."""
    values = table.column(name).combine_chunks()
    every = np.frombuffer(values.buffers()[1], values.type.to_pandas_dtype())
    return every[values.offset : values.offset + len(values)]


def text_column(words: list[str], codes: np.ndarray) -> pa.Array:
    """The words that the codes, int64 (n,), number."""
    encoded = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    vocabulary = pa.StringArray.from_buffers(
        len(words), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))
    )
    return vocabulary.take(column(codes))


def history_table(
    train_loss: np.ndarray,
    check_steps: np.ndarray,
    validation_loss: np.ndarray,
    validation_accuracy: np.ndarray,
    train_accuracy: np.ndarray,
) -> pa.Table:
    """The history of one run, by step: batch loss first, then the three values of a check.

    Args:
        train_loss: float64 (steps,), of each step's batch before its update.
        check_steps: int64 (checks,), the steps with a check.
        validation_loss: float64 (checks,).
        validation_accuracy: float64 (checks,).
        train_accuracy: float64 (checks,).
    """
    curves = [
        (np.arange(len(train_loss)), train_loss),
        (check_steps, validation_loss),
        (check_steps, validation_accuracy),
        (check_steps, train_accuracy),
    ]
    is_validation, is_accuracy = np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1])
    steps = np.concatenate([steps for steps, _ in curves])
    order = np.argsort(steps, kind="stable")
    curve = np.repeat(np.arange(len(curves)), [len(values) for _, values in curves])[order]
    return pa.Table.from_arrays(
        [
            column(steps[order]),
            text_column(["train", "validation"], is_validation[curve]),
            text_column(["loss", "accuracy"], is_accuracy[curve]),
            column(np.concatenate([values for _, values in curves])[order]),
        ],
        schema=HISTORY_SCHEMA,
    )


def weights_table(weights: np.ndarray, labels: list[int], image_shape: tuple[int, int]) -> pa.Table:
    """Weights in long form: feature = pixel number, or the number of pixels for the bias.

    Args:
        weights: float64 (p + 1, outputs).
        labels: the label that each output speaks for (logistic regression: of class 1).
        image_shape: (rows, columns) with rows * columns = p; kept in the schema metadata.
    """
    features, outputs = weights.shape
    rows, columns = image_shape
    return pa.Table.from_arrays(
        [
            column(np.repeat(np.arange(features, dtype=np.uint32), outputs)),
            column(np.tile(np.array(labels, dtype=np.uint8), features)),
            column(weights.ravel()),
        ],
        schema=WEIGHTS_SCHEMA.with_metadata({"rows": str(rows), "columns": str(columns)}),
    )


def weights_matrix(table: pa.Table) -> tuple[np.ndarray, list[int], tuple[int, int]]:
    """Undo `weights_table`: weights float64 (p + 1, outputs), labels, (rows, columns)."""
    metadata = table.schema.metadata
    rows, columns = int(metadata[b"rows"]), int(metadata[b"columns"])
    weights = numbers(table, "weight").reshape(rows * columns + 1, -1)
    labels = table.column("label").to_pylist()[: weights.shape[1]]
    return weights, labels, (rows, columns)


def read_table(path: str | Path, schema: pa.Schema) -> pa.Table:
    """Read a Parquet file and hold it to its contract.

    Raises:
        DataError: the file is damaged, or its columns are not those of the schema.
    """
    table = read_parquet(path)
    if not table.schema.equals(schema):
        raise DataError(
            f"{path}: its columns are {table.schema.names}, expected {schema.names} with types "
            f"{[str(kind) for kind in schema.types]}. Delete it and run again."
        )
    return table


def write_histories(runs: Iterable[tuple[dict, pa.Table]], path: str | Path) -> None:
    """Write the histories of many runs to one file, holding one at a time.

    Args:
        runs: pairs of the run's task, l2_lambda, shuffle and seed, and its history.
        path: the Parquet file; each run is a row group of its own.
    """
    with (
        replace_atomically(path) as temporary,
        pq.ParquetWriter(temporary, HISTORIES_SCHEMA, **PARQUET_OPTIONS) as writer,
    ):
        for run, history in runs:
            keys = [
                pa.repeat(pa.scalar(run[name], kind), len(history)) for name, kind in RUN_COLUMNS
            ]
            writer.write_table(
                pa.Table.from_arrays([*keys, *history.columns], schema=HISTORIES_SCHEMA)
            )
