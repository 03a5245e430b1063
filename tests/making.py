"""Settings of a training, and files, for tests that care about some of them only."""

import struct
from pathlib import Path

import numpy as np

from regression.models import load_model
from regression.settings import Settings
from regression.trainers import make_trainer
from regression.training import TrainingResult, reference_trainer


def make_settings(**changes) -> Settings:
    """The usual settings, apart from some changes."""
    usual = {
        "task": "some-task",
        "dataset": "made-up",
        "model": "softmax",
        "classes": (0, 1, 2),
        "train_size": None,
        "learning_rate": 0.1,
        "batch_size": 16,
        "max_epochs": 6,
        "patience": None,
        "checks_per_epoch": 5,
        "skip_batches": (),
        "l2_lambda": 0.0,
        "shuffle": "true",
    }
    return Settings(**usual | changes)


def train(settings: Settings, train, validation, seed: int = 0) -> TrainingResult:
    """Train as a job does."""
    return make_trainer(settings, train, validation)(seed)


def train_by_reference(settings: Settings, train, validation, seed: int = 0) -> TrainingResult:
    """Train by the readable loop."""
    return reference_trainer(load_model(settings.model), settings, train, validation)(seed)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array of any shape as an IDX file."""
    header = bytes([0, 0, 0x08, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + np.ascontiguousarray(array, dtype=np.uint8).tobytes())
