"""Settings of a training, for tests that care about some of them only."""

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
