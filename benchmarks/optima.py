"""Compare solvers for the optimum side by side: time, and how close to the minimum they come.

Softmax regression on the ten digits with lambda 0.001. Each solver runs in a process of its own
with one thread, several rounds; the least CPU time counts. See README.md beside this file.
"""

import argparse
import json
import os
import subprocess
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


def work(name: str, folder: Path) -> None:
    """Run one solver in this process and print what it took and found as JSON."""
    examples = select_classes(read_split(folder / "train.parquet"), CLASSES)
    warnings.simplefilter("ignore")  # of what is slow to converge, the table says how far it is
    try:
        SOLVERS[name](examples.rows(slice(200)))  # imports, and loads what is compiled
        start = time.process_time()
        W = SOLVERS[name](examples)
        seconds = time.process_time() - start
    except ModuleNotFoundError as error:
        print(json.dumps({"skipped": f"{error.name} is not installed"}))
        return
    X = features(examples.pixels, 255)
    J = softmax.loss(softmax.logits(W, X), examples.targets) + L2_LAMBDA * float(np.sum(W**2))
    norm = float(np.linalg.norm(softmax.gradient(W, X, examples.targets, L2_LAMBDA)))
    print(json.dumps({"cpu": seconds, "objective": J, "bound": norm**2 / (4.0 * L2_LAMBDA)}))


def measure(name: str, folder: Path) -> dict:
    """Run one solver in a new process with one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--solver", name, "--data-dir", str(folder)]
    environment = {"NUMBA_CACHE_DIR": str(Path(".cache", "numba").resolve())} | os.environ | one
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default="results/data/mnist", help="splits")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each solver")
    parser.add_argument("--solver", choices=SOLVERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.solver:
        work(arguments.solver, arguments.data_dir)
        return
    print("| solver | CPU s | J, nats | proven to be above the minimum by at most |")
    print("| --- | ---: | ---: | ---: |")
    for name in SOLVERS:
        rounds = [measure(name, arguments.data_dir) for _ in range(arguments.rounds)]
        if "skipped" in rounds[0]:
            print(f"| {name} | {rounds[0]['skipped']} | | |")
        else:
            best = min(rounds, key=lambda r: r["cpu"])
            print(
                f"| {name} | {best['cpu']:.2f} | {best['objective']:.12f} | {best['bound']:.1e} |"
            )


if __name__ == "__main__":
    main()
