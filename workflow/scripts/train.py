"""Train one combination with all its seeds; write their histories, weights and metrics."""

import argparse
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from common import cli
from common.errors import DataError
from common.files import parquet_writer, write_parquet
from images.layout import SPLITS
from images.splits import Examples, first_examples, read_split, select_classes
from regression.evaluation import evaluate_all
from regression.settings import Settings
from regression.trainers import make_trainer, train_seeds
from regression.training import TrainingResult
from runs.schemas import HISTORY_SCHEMA
from runs.tables import (
    history_table,
    metrics_row,
    metrics_table,
    weights_schema,
    weights_table,
)

#: Runs that are scored in one pass over the images, and whose histories are in memory until then.
SCORED_TOGETHER = 10


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, required=True, help="split as Parquet")
    parser.add_argument("--settings", type=Settings.from_json, required=True, help="JSON")
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    parser.add_argument("--threads", type=int, required=True, help="seeds trained at a time")
    for output in ("history", "weights", "metrics"):
        parser.add_argument(f"--{output}", type=Path, required=True, help="output")
    return parser.parse_args()


def tell(settings: Settings, seed: int, result: TrainingResult) -> None:
    """Say on the terminal how a run ended."""
    name = f"task {settings.task}, lambda {settings.l2_lambda:g}, seed {seed}"
    steps = len(result.train_loss)
    if result.ended == "diverged":
        print(f"{name}: diverged at step {steps}; a smaller learning_rate usually cures it")
    else:
        accuracy = f"validation accuracy {result.validation_accuracy[-1]:.4f} at the last check"
        print(f"{name}: {result.ended} after {steps} steps, {accuracy}")


def metrics_rows(
    settings: Settings,
    results: dict[int, TrainingResult],
    examples: dict[str, Examples],
    threads: int,
) -> list[dict]:
    """The metrics of the runs by their seeds; one that diverged has no scores."""
    scores: dict[int, dict] = {seed: {} for seed in results}
    finished = {seed: run.weights for seed, run in results.items() if run.ended != "diverged"}
    for split in SPLITS:
        found = evaluate_all(settings.model, [*finished.values()], examples[split], threads)
        for seed, score in zip(finished, found, strict=True):
            scores[seed][split] = score
    size = len(examples["train"].targets)
    return [metrics_row(settings, seed, size, run, scores[seed]) for seed, run in results.items()]


def train(arguments: argparse.Namespace) -> None:
    """Train with each seed; its rows are written before the next but few is finished."""
    settings: Settings = arguments.settings
    splits = {name: read_split(getattr(arguments, name)) for name in SPLITS}
    examples = {name: select_classes(split, settings.classes) for name, split in splits.items()}
    examples["train"] = first_examples(examples["train"], settings.train_size)
    trainer = make_trainer(settings, examples["train"], examples["validation"])
    schema = weights_schema(splits["train"].image_shape, splits["train"].class_names)
    rows: list[dict] = []
    unscored: dict[int, TrainingResult] = {}
    with (
        # The seeds share the threads; an overflow is told by its step, not by NumPy's warnings.
        threadpool_limits(1),
        np.errstate(over="ignore", invalid="ignore"),
        parquet_writer(arguments.history, HISTORY_SCHEMA) as add_history,
        parquet_writer(arguments.weights, schema) as add_weights,
    ):
        for seed, result in train_seeds(trainer, arguments.seeds, arguments.threads):
            tell(settings, seed, result)
            add_history(history_table(seed, result))
            if result.ended != "diverged":
                # Logistic regression has one output, the probability of the second class.
                labels = list(settings.classes[-result.weights.shape[1] :])
                add_weights(weights_table(seed, result.weights, labels, schema))
            unscored[seed] = result
            if len(unscored) == SCORED_TOGETHER:
                rows += metrics_rows(settings, unscored, examples, arguments.threads)
                unscored.clear()
        rows += metrics_rows(settings, unscored, examples, arguments.threads)
    write_parquet(metrics_table(rows), arguments.metrics)


def main() -> None:
    """Read the command line and train; an error names what was to be trained."""
    arguments = read_arguments()
    try:
        train(arguments)
    except DataError as error:
        settings = arguments.settings
        raise DataError(f"task {settings.task}, lambda {settings.l2_lambda:g}: {error}") from error


if __name__ == "__main__":
    cli.run(main)
