"""How the tables of a training job, and of all jobs together, are made.

A training job does not import pandas, which takes longer than all the rest of its start. pa.array,
pa.table and pa.scalar would.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.json

from images.splits import image_metadata
from regression.evaluation import Score
from regression.settings import Settings
from regression.training import TrainingResult
from runs.schemas import (
    COMBINATION_COLUMNS,
    COMBINATION_KEYS,
    HISTORIES_SCHEMA,
    HISTORY_SCHEMA,
    METRICS_SCHEMA,
    SETTINGS,
    WEIGHTS_SCHEMA,
)


def history_table(seed: int, result: TrainingResult) -> pa.Table:
    """The history of one run by step: the mini-batch's loss first, then the values of a check."""
    checks = result.check_steps
    curves = {
        ("train", "loss"): (np.arange(len(result.train_loss)), result.train_loss),
        ("validation", "loss"): (checks, result.validation_loss),
        ("validation", "accuracy"): (checks, result.validation_accuracy),
        ("train", "accuracy"): (checks, result.train_accuracy),
    }
    splits, metrics = (list(names) for names in zip(*curves, strict=True))
    steps = np.concatenate([steps for steps, _ in curves.values()])
    order = np.argsort(steps, kind="stable")
    number = np.repeat(np.arange(len(curves)), [len(v) for _, v in curves.values()])[order]
    return pa.Table.from_arrays(
        [
            column(np.full(len(order), seed)),
            column(steps[order]),
            text_column(splits, number),
            text_column(metrics, number),
            column(np.concatenate([values for _, values in curves.values()])[order]),
        ],
        schema=HISTORY_SCHEMA,
    )


def weights_schema(image_shape: tuple[int, ...], class_names: tuple[str, ...] = ()) -> pa.Schema:
    """The schema of weights; its metadata keeps what images and classes are like."""
    return WEIGHTS_SCHEMA.with_metadata(image_metadata(image_shape, class_names))


def weights_table(
    key: float, weights: np.ndarray, labels: list[int], schema: pa.Schema
) -> pa.Table:
    """Weights in long form: feature = pixel number, or the number of pixels for the bias.

    Args:
        key: the seed of a run, or the lambda of an optimum.
        weights: float64 or int64 (p + 1, outputs).
        labels: the label that each output speaks for (logistic regression: of class 1).
        schema: of `weights_schema`, or of an optimum.
    """
    features, outputs = weights.shape
    return pa.Table.from_arrays(
        [
            column(np.full(weights.size, key)),
            column(np.repeat(np.arange(features, dtype=np.uint32), outputs)),
            column(np.tile(np.array(labels, dtype=np.uint8), features)),
            column(weights.ravel()),
        ],
        schema=schema,
    )


def metrics_row(
    settings: Settings, seed: int, train_size: int, result: TrainingResult, scores: dict[str, Score]
) -> dict:
    """The row of a run, by the columns of METRICS_SCHEMA.

    Args:
        settings: of the training.
        seed: of the run.
        train_size: examples that it was trained on.
        result: of the training.
        scores: by split; empty if the training diverged.
    """
    told = {name: getattr(settings, name) for name in (*SETTINGS, *COMBINATION_KEYS)}
    row = told | {
        "seed": seed,
        "train_size": train_size,
        "epochs": result.epochs,
        "steps": len(result.train_loss),
        "stopped_early": result.ended == "early_stopping",
        "ended": result.ended,
    }
    if scores:
        row["weight_norm"] = float(np.linalg.norm(result.weights))
    for split, score in scores.items():
        row |= {f"{split}_{name}": value for name, value in score._asdict().items()}
    return row


def metrics_table(rows: list[dict]) -> pa.Table:
    """The table of the metrics of runs; what a row does not have is null."""
    lines = "\n".join(json.dumps(row, allow_nan=False) for row in rows).encode()
    options = pa.json.ParseOptions(explicit_schema=METRICS_SCHEMA)
    return pa.json.read_json(pa.BufferReader(lines), parse_options=options)


def with_combination(history: pa.Table, row: dict) -> pa.Table:
    """A block's history with the columns that tell it from those of other combinations."""
    keys = [
        pa.repeat(pa.scalar(row[name], kind), len(history)) for name, kind in COMBINATION_COLUMNS
    ]
    return pa.Table.from_arrays([*keys, *history.columns], schema=HISTORIES_SCHEMA)


def column(values: np.ndarray) -> pa.Array:
    """A NumPy array of numbers as an Arrow array; it shares the memory."""
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def text_column(words: list[str], codes: np.ndarray) -> pa.Array:
    """The words that the codes, int64 (n,), number."""
    encoded = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    vocabulary = pa.StringArray.from_buffers(
        len(words), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))
    )
    return vocabulary.take(column(codes))
