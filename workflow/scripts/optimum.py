"""Find the optimum of a task's convex objective: where its curves would end if training went on."""

import argparse
import json
from pathlib import Path

import numpy as np

from common import cli
from common.files import write_json
from images.splits import Examples, first_examples, read_split, select_classes
from regression.evaluation import Score, evaluate
from regression.features import features
from regression.optimum import Optimum, find_optimum

SPLITS = ("train", "validation", "test")

#: L-BFGS goes on until no entry of its gradient is larger (or it can go no further) ...
GRADIENT_TOLERANCE = 1e-9
#: ... and the optimum counts as reached if then the gradient's norm is at most this.
REACHED_NORM = 1e-6
MAX_ITERATIONS = 1000
#: Iterations that the path shows. Without a finite optimum, later ones enlarge the rounding errors
#: of the processor at hand until nothing of them can be reproduced on another one.
PATH_LENGTH = 10


def status(optimum: Optimum) -> str:
    """Say whether the optimum is reached, does not exist, or was too far away."""
    if optimum.separated:
        return "no finite optimum"
    return "reached" if optimum.gradient_norm <= REACHED_NORM else "not reached"


def results_of(optimum: Optimum, model: str, splits: dict[str, Examples], l2_lambda: float) -> dict:
    """What is known of the optimum, or of the limit on the way there; None what is not.

    Where every training example is on its right side and lambda is 0, ever longer weights make the
    training loss fall to 0. Where the solver happened to stop on this way says nothing.
    """
    if optimum.separated:
        names = scores_of(model, optimum.weights, splits).keys()
        scores = dict.fromkeys(names) | {"train_loss": 0.0, "train_accuracy": 1.0}
        known = {"objective": 0.0, "gradient_norm": 0.0, "objective_excess_bound": 0.0}
        return known | scores | {"weight_norm": None}
    # See the docstring of regression.optimum.
    bound = optimum.gradient_norm**2 / (4.0 * l2_lambda) if l2_lambda else None
    return {
        "objective": optimum.objective,
        "gradient_norm": optimum.gradient_norm,
        "objective_excess_bound": bound,
        **scores_of(model, optimum.weights, splits),
        "weight_norm": float(np.linalg.norm(optimum.weights)),
    }


def misclassified(model: str, weights: np.ndarray, examples: Examples) -> int:
    """How many examples the weights put into a wrong class."""
    n = len(examples.targets)
    return n - round(n * evaluate(model, weights, examples).accuracy)


def scores_of(model: str, weights: np.ndarray, splits: dict[str, Examples]) -> dict[str, float]:
    """Loss and accuracy on each split, under the names that the metrics have for them."""
    scores: dict[str, Score] = {
        name: evaluate(model, weights, split) for name, split in splits.items()
    }
    return {f"{name}_loss": score.loss for name, score in scores.items()} | {
        f"{name}_accuracy": score.accuracy for name, score in scores.items()
    }


def main() -> None:
    """Read the command line, optimise and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, required=True, help="split as Parquet")
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--classes", type=int, nargs="+", required=True)
    parser.add_argument("--train-size", type=json.loads, required=True, help="examples, or null")
    parser.add_argument("--l2-lambda", type=float, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    examples = {
        name: select_classes(read_split(getattr(arguments, name)), arguments.classes)
        for name in SPLITS
    }
    examples["train"] = first_examples(examples["train"], arguments.train_size)
    path: list[dict] = []
    watched = {name: examples[name] for name in ("train", "validation")}

    def watch(iteration: int, weights: np.ndarray) -> None:
        if iteration <= PATH_LENGTH:
            path.append({"iteration": iteration} | scores_of(arguments.model, weights, watched))

    optimum = find_optimum(
        arguments.model,
        features(examples["train"].pixels, examples["train"].brightest),
        examples["train"].targets,
        class_count=len(arguments.classes),
        l2_lambda=arguments.l2_lambda,
        gradient_tolerance=GRADIENT_TOLERANCE,
        max_iterations=MAX_ITERATIONS,
        watch=watch,
    )
    write_json(
        arguments.output,
        {
            "task": arguments.task,
            "model": arguments.model,
            "l2_lambda": arguments.l2_lambda,
            "status": status(optimum),
            "gradient_norm_to_reach": REACHED_NORM,
            "train_misclassified": misclassified(
                arguments.model, optimum.weights, examples["train"]
            ),
        }
        | results_of(optimum, arguments.model, examples, arguments.l2_lambda)
        | {"path": path},
    )


if __name__ == "__main__":
    cli.run(main)
