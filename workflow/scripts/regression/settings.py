"""The settings of a training: everything that decides it beside its data and its seed."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One combination of the config, as it is trained.

    Attributes:
        task: its name in the config, with what a sweep varies.
        dataset: name of the data set.
        model: name of a file in `regression/models/`.
        classes: labels that are kept; a class number is a position in this list.
        train_size: training examples; None takes all.
        learning_rate: of gradient descent.
        batch_size: examples in a mini-batch.
        max_epochs: passes over the training examples at most.
        patience: checks in a row without improvement until training stops; None: never.
        checks_per_epoch: checks in an epoch, as far as it has that many mini-batches.
        skip_batches: numbers, from 0, of an epoch's mini-batches whose update is left out.
        l2_lambda: weight of ||W||^2 in the objective.
        shuffle: "false", the order of the file; "once", one random order for all epochs; "true", a
            new one for each.
    """

    task: str
    dataset: str
    model: str
    classes: tuple[int, ...]
    train_size: int | None
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int | None
    checks_per_epoch: int
    skip_batches: tuple[int, ...]
    l2_lambda: float
    shuffle: str

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Read what a rule hands to its script."""
        fields = json.loads(text)
        tuples = {name: tuple(fields[name]) for name in ("classes", "skip_batches")}
        return cls(**fields | tuples | {"l2_lambda": float(fields["l2_lambda"])})
