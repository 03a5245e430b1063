"""Find the optima of a task's convex objective: where its curves would end if training went on."""

import argparse
import json
from pathlib import Path

import numpy as np

from common import cli
from common.files import parquet_writer, write_json
from images.layout import SPLITS
from images.splits import Examples, first_examples, read_split, select_classes
from regression.evaluation import Score, evaluate_all
from regression.optimum import Optimum, norm_to_reach, path_of_optima
from regression.separation import integer_weights, smallest_margins
from runs.schemas import OPTIMUM_SCHEMA, SEPARATION_SCHEMA
from runs.tables import weights_table


def separating_weights(optimum: Optimum, train: Examples) -> np.ndarray | None:
    """Whole numbers that prove the training images to be separable, if the weights do."""
    if not optimum.separated:
        return None
    integers = integer_weights(optimum.weights, train.brightest)
    return integers if smallest_margins(integers, train).min() > 0 else None


def results_of(
    optimum: Optimum, scores: dict[str, Score], train_size: int, *, separable: bool
) -> dict:
    """What is known of the optimum, or of the limit on the way there; None what is not.

    Where every training example is on its right side and lambda is 0, ever longer weights make the
    training loss fall to 0. Where the solver happened to stop on this way says nothing.
    """
    found = {
        "l2_lambda": optimum.l2_lambda,
        "status": "reached" if optimum.reached else "not reached",
        "gradient_norm_to_reach": norm_to_reach(optimum.l2_lambda),
        "train_misclassified": train_size - round(train_size * scores["train"].accuracy),
        "objective": optimum.objective,
        "gradient_norm": optimum.gradient_norm,
        "objective_excess_bound": optimum.excess_bound,
        "distance_bound": optimum.distance_bound,
        **{f"{name}_loss": score.loss for name, score in scores.items()},
        **{f"{name}_accuracy": score.accuracy for name, score in scores.items()},
        "weight_norm": float(np.linalg.norm(optimum.weights)),
    }
    if separable:
        unknown = [f"{name}_{of}" for name in scores for of in ("loss", "accuracy")]
        found |= dict.fromkeys([*unknown, "weight_norm"])
        found |= {"status": "no finite optimum", "train_loss": 0.0, "train_accuracy": 1.0}
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
    parser.add_argument("--optima", type=Path, required=True, help="output")
    parser.add_argument("--weights", type=Path, required=True, help="output")
    parser.add_argument("--separation", type=Path, required=True, help="output")
    arguments = parser.parse_args()
    splits = {
        name: select_classes(read_split(getattr(arguments, name)), arguments.classes)
        for name in SPLITS
    }
    splits["train"] = first_examples(splits["train"], arguments.train_size)
    labels = arguments.classes
    path = list(
        path_of_optima(
            arguments.model, splits["train"], arguments.l2_lambdas, class_count=len(labels)
        )
    )
    scores = {
        name: evaluate_all(arguments.model, [optimum.weights for optimum in path], split)
        for name, split in splits.items()
    }
    optima = []
    with (
        parquet_writer(arguments.weights, OPTIMUM_SCHEMA) as add_weights,
        parquet_writer(arguments.separation, SEPARATION_SCHEMA) as add_separation,
    ):
        for place, optimum in enumerate(path):
            integers = separating_weights(optimum, splits["train"])
            found = results_of(
                optimum,
                {name: of_split[place] for name, of_split in scores.items()},
                len(splits["train"].targets),
                separable=integers is not None,
            )
            optima.append({"task": arguments.task, "model": arguments.model, **found})
            add, weights, schema = (
                (add_weights, optimum.weights, OPTIMUM_SCHEMA)
                if integers is None
                else (add_separation, integers, SEPARATION_SCHEMA)
            )
            of_outputs = labels[-weights.shape[1] :]
            add(weights_table(optimum.l2_lambda, weights, of_outputs, schema))
    write_json(arguments.optima, optima)


if __name__ == "__main__":
    cli.run(main)
