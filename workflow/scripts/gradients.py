"""Hold the shipped gradients of a task's model against finite differences on real images."""

import argparse
from pathlib import Path

import numpy as np

from pipeline import cli
from regression.features import features
from regression.files import write_json
from regression.gradients import gradient_error, random_directions
from regression.models import MODELS, output_count
from regression.splits import read_split, select_classes

#: The first images of the training split; enough for every class and every kind of pixel.
IMAGES = 512
#: Single weights, and as many dense directions.
DIRECTIONS = 50
SEED = 0
#: Standard deviation of the random weights at which the gradients are taken; logits of about 3.
WEIGHT_SCALE = 0.1


def main() -> None:
    """Read the command line, check and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="split as Parquet")
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--classes", type=int, nargs="+", required=True)
    parser.add_argument("--l2-lambdas", type=float, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    rules = MODELS[arguments.model]
    examples = select_classes(read_split(arguments.train), arguments.classes)
    X, targets = features(examples.pixels[:IMAGES]), examples.targets[:IMAGES]
    shape = (X.shape[1], output_count(arguments.model, len(arguments.classes)))
    weights = WEIGHT_SCALE * np.random.RandomState(SEED).standard_normal(shape)
    directions = random_directions(shape, DIRECTIONS, SEED)

    def check(l2_lambda: float) -> dict:
        def objective(W: np.ndarray) -> float:
            return rules.loss(rules.logits(W, X), targets) + l2_lambda * float(np.sum(W**2))

        gradient = rules.gradient(weights, X, targets, l2_lambda)
        return {
            "task": arguments.task,
            "model": arguments.model,
            "implementation": f"regression.{arguments.model}",
            "l2_lambda": l2_lambda,
            "images": len(X),
            "directions": len(directions),
            "error": gradient_error(objective, gradient, weights, directions),
        }

    write_json(arguments.output, [check(l2_lambda) for l2_lambda in arguments.l2_lambdas])


if __name__ == "__main__":
    cli.run(main)
