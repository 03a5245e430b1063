"""Hold the shipped gradients of a task's model against finite differences on real images.

A training has no gradient that one could call; it is what one more step changes in the
weights, divided by the learning rate.
"""

import argparse
from pathlib import Path

import numpy as np

from common import cli
from common.files import write_json
from images.splits import Examples, read_split, select_classes
from measuring.gradients import gradient_error, random_directions
from regression.features import features
from regression.models import load_model
from regression.settings import Settings
from regression.trainers import make_trainer

#: The first images of the training split; enough for every class and every kind of pixel.
IMAGES = 512
#: Single weights, and as many dense directions.
DIRECTIONS = 50
SEED = 0
#: Standard deviation of the random weights at which the gradients are taken; logits of about 3.
WEIGHT_SCALE = 0.1
#: Steps of the training before the one whose change is measured, and their length.
STEPS_BEFORE = 3
STEP_LENGTH = 0.05


def trained_gradient(
    model: str, examples: Examples, classes: list[int], l2_lambda: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights after some steps on all examples at once, and the gradient in the next step."""

    def weights_after(steps: int) -> np.ndarray:
        settings = Settings(
            task="gradients",
            dataset="",
            model=model,
            classes=tuple(classes),
            train_size=None,
            learning_rate=STEP_LENGTH,
            batch_size=len(examples.targets),
            max_epochs=steps,
            patience=None,
            checks_per_epoch=1,
            skip_batches=(),
            l2_lambda=l2_lambda,
            shuffle="false",
        )
        return make_trainer(settings, examples, examples)(SEED).weights

    before, after = weights_after(STEPS_BEFORE), weights_after(STEPS_BEFORE + 1)
    return before, (before - after) / STEP_LENGTH


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
    rules = load_model(arguments.model)
    examples = select_classes(read_split(arguments.train), arguments.classes)
    examples = examples.rows(slice(IMAGES))
    X, targets = features(examples.pixels, examples.brightest), examples.targets
    shape = (X.shape[1], rules.output_count(len(arguments.classes)))
    directions = random_directions(shape, DIRECTIONS, SEED)

    def check(implementation: str, l2_lambda: float, W: np.ndarray, gradient: np.ndarray) -> dict:
        def objective(W: np.ndarray) -> float:
            return rules.loss(rules.logits(W, X), targets) + l2_lambda * float(np.sum(W**2))

        return {
            "task": arguments.task,
            "model": arguments.model,
            "implementation": f"regression.{implementation}",
            "l2_lambda": l2_lambda,
            "images": len(X),
            "directions": len(directions),
            "error": gradient_error(objective, gradient, W, directions),
        }

    checks = []
    W = WEIGHT_SCALE * np.random.RandomState(SEED).standard_normal(shape)
    for l2_lambda in arguments.l2_lambdas:
        gradient = rules.gradient(W, X, targets, l2_lambda)
        checks.append(check(f"models.{arguments.model}", l2_lambda, W, gradient))
        trained = trained_gradient(arguments.model, examples, arguments.classes, l2_lambda)
        # The compiled training of the model, if it has one that works here.
        checks.append(check("trainers", l2_lambda, *trained))
    write_json(arguments.output, checks)


if __name__ == "__main__":
    cli.run(main)
