"""Solvers for the minimum of a softmax regression; `peers.py` runs them beside each other."""

import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from images.splits import Examples, read_split, select_classes
from regression.features import features
from regression.models import softmax
from regression.optimum import path_of_optima

CLASSES = list(range(10))
L2_LAMBDA = 0.001


def ours(examples: Examples) -> np.ndarray:
    """`regression.optimum`, from zero weights."""
    (optimum,) = path_of_optima("softmax", examples, [L2_LAMBDA], class_count=len(CLASSES))
    return optimum.weights


def of_scikit_learn(solver: str, tol: float):
    """`LogisticRegression`, whose objective is n C / (2 lambda n) + ||W||^2 / 2."""

    def solve(examples: Examples) -> np.ndarray:
        from sklearn.linear_model import LogisticRegression

        c = 1.0 / (2.0 * L2_LAMBDA * len(examples.targets))
        options = {"C": c, "fit_intercept": False, "tol": tol, "max_iter": 20_000}
        model = LogisticRegression(solver=solver, **options)
        return model.fit(features(examples.pixels, 255), examples.targets).coef_.T

    return solve


def of_cyanure(tol: float):
    """Cyanure's `Classifier`, with the solver that it chooses."""

    def solve(examples: Examples) -> np.ndarray:
        from cyanure.estimators import Classifier

        options = {"loss": "multiclass-logistic", "penalty": "l2", "lambda_1": 2.0 * L2_LAMBDA}
        options |= {"fit_intercept": False, "tol": tol, "max_iter": 5000, "n_threads": 1}
        model = Classifier(**options, verbose=False)
        # It takes classes as numbers, and examples as rows.
        model.fit(features(examples.pixels, 255), examples.targets)
        return np.asarray(model.get_weights()).reshape(-1, len(CLASSES))

    return solve


SOLVERS = {
    "ours": ours,
    "scikit-learn, lbfgs": of_scikit_learn("lbfgs", 1e-6),
    "scikit-learn, newton-cg": of_scikit_learn("newton-cg", 1e-8),
    "Cyanure, its own choice": of_cyanure(1e-6),
}


def run(name: str, folder: Path) -> dict:
    """Run a solver in this process, on the splits in a folder."""
    examples = select_classes(read_split(folder / "train.parquet"), CLASSES)
    warnings.simplefilter("ignore")  # of what is slow to converge, the table says how far it is
    SOLVERS[name](examples.rows(slice(200)))  # imports, and loads what is compiled
    start = time.process_time()
    W = SOLVERS[name](examples)
    seconds = time.process_time() - start
    X = features(examples.pixels, 255)
    J = softmax.loss(softmax.logits(W, X), examples.targets) + L2_LAMBDA * float(np.sum(W**2))
    norm = float(np.linalg.norm(softmax.gradient(W, X, examples.targets, L2_LAMBDA)))
    return {"cpu": seconds, "objective": J, "bound": norm**2 / (4.0 * L2_LAMBDA)}
