"""The optimum of the convex objective J(W) = C(W) + lambda ||W||^2, by L-BFGS.

For lambda > 0, J is strongly convex (modulus 2 lambda): there is one minimiser W*, and at any W

    J(W) - J(W*) <= ||grad J(W)||^2 / (4 lambda).

For lambda = 0 there may be none: if some W puts every example on its right side, then c W with a
growing c makes C fall to 0 without ever getting there. n C(W) < ln 2 proves it, because then the
loss -ln y of each single example is below ln 2, its right class has a probability above 1/2.

The pixels are far from equally scaled and far from independent, so that L-BFGS on W itself takes
thousands of iterations. It works instead on V with W = T V, where T = U diag(h)^(-1/2) for the
eigenvectors U and eigenvalues s of X^T X / n, and h = s / K + 2 lambda: the Hessian of J at W = 0
becomes about the identity. Directions without curvature (s = 0, for example a constant pixel
against the bias) do not change C; for lambda = 0, where nothing else holds them, they are left out.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from regression.models import load_model

#: Directions with less curvature than this fraction of the greatest are taken for flat.
_FLAT = 1e-10

#: Corrections that L-BFGS keeps; more than the usual 10, because an evaluation costs much more.
_MEMORY = 30


class Optimum(NamedTuple):
    """Where the optimisation ended.

    Attributes:
        weights: float64 (p + 1, outputs).
        objective: J there, in nats.
        gradient_norm: ||grad J|| there, with respect to W.
        separated: lambda is 0 and all training examples are on their right side, so that C has no
            minimiser and 0 as its infimum.
    """

    weights: np.ndarray
    objective: float
    gradient_norm: float
    separated: bool


def find_optimum(
    model: str,
    features: np.ndarray,
    targets: np.ndarray,
    *,
    class_count: int,
    l2_lambda: float,
    gradient_tolerance: float,
    max_iterations: int,
    watch: Callable[[int, np.ndarray], None] = lambda iteration, weights: None,
) -> Optimum:
    """Minimise J from zero weights.

    Args:
        model: its name.
        features: float64 (n, p + 1).
        targets: int64 (n,), class numbers.
        class_count: K.
        l2_lambda: weight of the L2 term.
        gradient_tolerance: L-BFGS ends when no entry of dJ/dV is larger.
        max_iterations: or after so many; separation ends it, too.
        watch: called with the number of each iteration and its weights (p + 1, outputs).
    """
    rules = load_model(model)
    n = len(features)
    transform = _preconditioner(features, class_count, l2_lambda)
    scaled = features @ transform
    # ||T V||^2 = sum_i |column_i of T|^2 |row_i of V|^2, because the columns of T are orthogonal.
    penalty = l2_lambda * np.sum(transform**2, axis=0)[:, np.newaxis]
    shape = (transform.shape[1], rules.output_count(class_count))

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        V = flat.reshape(shape)
        loss = rules.loss(rules.logits(V, scaled), targets)
        gradient = rules.gradient(V, scaled, targets) + 2.0 * penalty * V
        return loss + float(np.sum(penalty * V**2)), gradient.ravel()

    iteration = 0
    separated = False

    def after_iteration(intermediate_result) -> None:
        nonlocal iteration, separated
        iteration += 1
        watch(iteration, transform @ intermediate_result.x.reshape(shape))
        separated = l2_lambda == 0.0 and n * intermediate_result.fun < math.log(2.0)
        if separated:
            raise StopIteration

    result = minimize(
        objective,
        np.zeros(math.prod(shape)),
        jac=True,
        method="L-BFGS-B",
        callback=after_iteration,
        options={
            "maxiter": max_iterations,
            "maxfun": 10 * max_iterations,
            "maxcor": _MEMORY,
            "gtol": gradient_tolerance,
            # Not the fall of J but the gradient decides: near the optimum J falls by rounding only.
            "ftol": 0.0,
        },
    )
    W = transform @ result.x.reshape(shape)
    gradient = rules.gradient(W, features, targets, l2_lambda)
    return Optimum(W, float(result.fun), float(np.linalg.norm(gradient)), separated)


def _preconditioner(features: np.ndarray, class_count: int, l2_lambda: float) -> np.ndarray:
    """T of the module's docstring, float64 (p + 1, directions), with orthogonal columns."""
    s, U = np.linalg.eigh(features.T @ features / len(features))
    h = s / class_count + 2.0 * l2_lambda
    curved = h > _FLAT * h.max()
    return U[:, curved] / np.sqrt(h[curved])
