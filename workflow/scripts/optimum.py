"""Find the optima of a task's convex objective: where its curves would end if training went on."""

import argparse
import json
from pathlib import Path

import numpy as np

from common import cli
from common.files import write_json
from images.splits import Examples, first_examples, read_split, select_classes
from regression.evaluation import evaluate
from regression.optimum import Optimum, norm_to_reach, path_of_optima

SPLITS = ("train", "validation", "test")


def status(optimum: Optimum) -> str:
    """Say whether the optimum is reached, does not exist, or was too far away."""
    if optimum.separated:
        return "no finite optimum"
    return "reached" if optimum.reached else "not reached"


def results_of(optimum: Optimum, model: str, splits: dict[str, Examples]) -> dict:
    """What is known of the optimum, or of the limit on the way there; None what is not.

    Where every training example is on its right side and lambda is 0, ever longer weights make the
    training loss fall to 0. Where the solver happened to stop on this way says nothing.
    """
    scores = {name: evaluate(model, optimum.weights, split) for name, split in splits.items()}
    n = len(splits["train"].targets)
    found = {
        "l2_lambda": optimum.l2_lambda,
        "status": status(optimum),
        "gradient_norm_to_reach": norm_to_reach(optimum.l2_lambda),
        "train_misclassified": n - round(n * scores["train"].accuracy),
        "objective": optimum.objective,
        "gradient_norm": optimum.gradient_norm,
        "objective_excess_bound": optimum.excess_bound,
        "distance_bound": optimum.distance_bound,
        **{f"{name}_loss": score.loss for name, score in scores.items()},
        **{f"{name}_accuracy": score.accuracy for name, score in scores.items()},
        "weight_norm": float(np.linalg.norm(optimum.weights)),
    }
    if optimum.separated:
        unknown = [f"{name}_{of}" for name in splits for of in ("loss", "accuracy")]
        found |= dict.fromkeys([*unknown, "weight_norm"])
        found |= {"train_loss": 0.0, "train_accuracy": 1.0}
        found |= {"objective": 0.0, "gradient_norm": 0.0, "objective_excess_bound": 0.0}
    return found


def main() -> None:
    """Read the command line, optimise and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, required=True, help="split as Parquet")
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--classes", type=int, nargs="+", required=True)
    parser.add_argument("--train-size", type=json.loads, required=True, help="examples, or null")
    parser.add_argument("--l2-lambdas", type=float, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    splits = {
        name: select_classes(read_split(getattr(arguments, name)), arguments.classes)
        for name in SPLITS
    }
    splits["train"] = first_examples(splits["train"], arguments.train_size)
    optima = path_of_optima(
        arguments.model,
        splits["train"],
        arguments.l2_lambdas,
        class_count=len(arguments.classes),
    )
    named = {"task": arguments.task, "model": arguments.model}
    found = [named | results_of(optimum, arguments.model, splits) for optimum in optima]
    write_json(arguments.output, found)


if __name__ == "__main__":
    cli.run(main)
