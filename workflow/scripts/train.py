"""Train one model on one data set; write its history, its weights and a summary."""

import argparse
import json
from pathlib import Path

import numpy as np

from common import cli
from common.errors import ReproductionError
from common.files import write_json, write_parquet
from images.splits import first_examples, read_split, select_classes
from regression.evaluation import evaluate
from regression.fast_training import train
from regression.training import require_finite
from runs.results import history_table, weights_table

SETTINGS = (
    "l2_lambda",
    "shuffle",
    "seed",
    "learning_rate",
    "batch_size",
    "max_epochs",
    "patience",
)
SPLITS = ("train", "validation", "test")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, required=True, help="split as Parquet")
    parser.add_argument("--task", required=True)
    parser.add_argument("--dataset", required=True, help="name, for the summary")
    parser.add_argument("--model", required=True)
    parser.add_argument("--classes", type=int, nargs="+", required=True)
    parser.add_argument("--train-size", type=json.loads, required=True, help="examples, or null")
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--l2-lambda", type=float, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--max-epochs", type=int, required=True)
    parser.add_argument("--patience", type=json.loads, required=True, help="checks, or null")
    parser.add_argument("--shuffle", type=json.loads, required=True, help="true or false")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--history", type=Path, required=True, help="output")
    parser.add_argument("--weights", type=Path, required=True, help="output")
    parser.add_argument("--summary", type=Path, required=True, help="output")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> None:
    """Train, evaluate on every split and write the three files."""
    splits = {name: read_split(getattr(arguments, name)) for name in SPLITS}
    examples = {name: select_classes(split, arguments.classes) for name, split in splits.items()}
    examples["train"] = first_examples(examples["train"], arguments.train_size)
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    result = train(
        arguments.model,
        examples["train"],
        examples["validation"],
        class_count=len(arguments.classes),
        **settings,
    )
    weight_norm = float(np.linalg.norm(result.weights))
    require_finite(weight_norm, "norm of the weights", len(result.train_loss) - 1)
    scores = {name: evaluate(arguments.model, result.weights, examples[name]) for name in SPLITS}
    history = history_table(
        result.train_loss,
        result.check_steps,
        result.validation_loss,
        result.validation_accuracy,
        result.train_accuracy,
    )
    # Logistic regression has one output, the probability of the second class.
    labels = arguments.classes[-result.weights.shape[1] :]
    write_parquet(history, arguments.history)
    write_parquet(
        weights_table(result.weights, labels, splits["train"].image_shape), arguments.weights
    )
    write_json(
        arguments.summary,
        {"task": arguments.task, "model": arguments.model}
        | settings
        | {
            "epochs": result.epochs,
            "steps": len(result.train_loss),
            "stopped_early": result.stopped_early,
        }
        | {f"{name}_loss": score.loss for name, score in scores.items()}
        | {f"{name}_accuracy": score.accuracy for name, score in scores.items()}
        | {
            "weight_norm": weight_norm,
            "dataset": arguments.dataset,
            "classes": arguments.classes,
            "train_size": len(examples["train"].targets),
        },
    )


def main() -> None:
    """Train; an error names the run."""
    arguments = read_arguments()
    try:
        # An overflow is reported by its step and not by NumPy's warnings.
        with np.errstate(over="ignore", invalid="ignore"):
            run(arguments)
    except ReproductionError as error:
        name = f"task {arguments.task}, lambda {arguments.l2_lambda:g}, seed {arguments.seed}"
        raise ReproductionError(f"{name}: {error}") from error


if __name__ == "__main__":
    cli.run(main)
