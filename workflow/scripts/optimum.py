"""Find the optimum of a task's convex objective: where its curves would end if training went on."""

import argparse
from pathlib import Path

import numpy as np

from pipeline import cli
from regression.evaluation import Score, evaluate
from regression.features import features
from regression.files import write_json
from regression.optimum import Optimum, find_optimum
from regression.splits import Examples, read_split, select_classes

SPLITS = ("train", "validation", "test")

#: L-BFGS goes on until no entry of its gradient is larger (or it can go no further) ...
GRADIENT_TOLERANCE = 1e-9
#: ... and the optimum counts as reached if then the gradient's norm is at most this.
REACHED_NORM = 1e-6
MAX_ITERATIONS = 1000
#: Iterations from one entry of the path to the next, after the first ten, which all have one.
PATH_INTERVAL = 10


def status(optimum: Optimum) -> str:
    """Say whether the optimum is reached, does not exist, or was too far away."""
    if optimum.separated:
        return "no finite optimum"
    return "reached" if optimum.gradient_norm <= REACHED_NORM else "not reached"


def excess_bound(optimum: Optimum, l2_lambda: float) -> float | None:
    """The most that J can be above its infimum, in nats; None if nothing is known."""
    if optimum.separated:
        return optimum.objective
    return optimum.gradient_norm**2 / (4.0 * l2_lambda) if l2_lambda else None


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
    parser.add_argument("--l2-lambda", type=float, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    examples = {
        name: select_classes(read_split(getattr(arguments, name)), arguments.classes)
        for name in SPLITS
    }
    path: list[dict] = []
    watched = {name: examples[name] for name in ("train", "validation")}

    def watch(iteration: int, weights: np.ndarray) -> None:
        if iteration < PATH_INTERVAL or iteration % PATH_INTERVAL == 0:
            path.append({"iteration": iteration} | scores_of(arguments.model, weights, watched))

    optimum = find_optimum(
        arguments.model,
        features(examples["train"].pixels),
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
            "iterations": optimum.iterations,
            "gradient_norm": optimum.gradient_norm,
            "gradient_norm_to_reach": REACHED_NORM,
            "objective": optimum.objective,
            "objective_excess_bound": excess_bound(optimum, arguments.l2_lambda),
        }
        | scores_of(arguments.model, optimum.weights, examples)
        | {"weight_norm": float(np.linalg.norm(optimum.weights)), "path": path},
    )


if __name__ == "__main__":
    cli.run(main)
