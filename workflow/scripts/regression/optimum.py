"""The optimum of the convex objective J(W) = C(W) + lambda ||W||^2, by L-BFGS.

For lambda > 0, J is strongly convex (modulus 2 lambda): there is one minimiser W*, and at any W

    J(W) - J(W*) <= ||grad J(W)||^2 / (4 lambda)  and  ||W - W*|| <= ||grad J(W)|| / (2 lambda).

For lambda = 0 and a cross-entropy there may be none: if some W puts every example on its right
side, then c W with a growing c makes C fall to 0 without ever getting there. n C(W) < ln 2 proves
it, because then the loss -ln y of each single example is below ln 2, its right class has a
probability above 1/2.

The pixels are far from equally scaled and far from independent, so that L-BFGS on W itself takes
thousands of iterations. It works instead on V with W = T V, T = U diag(h)^(-1/2) for the
eigenvectors U and eigenvalues h of the matrix

    H = X^T diag(c) X / n + 2 lambda,   c_i = mean over the outputs of |r| (1 - |r|)

with the residuals r = y - t at the start. |r| (1 - |r|) = y (1 - y) is the curvature of the loss
by a logit, so H is the mean of the diagonal blocks of the Hessian there; for a loss that is no
cross-entropy, c_i = 1. Directions without curvature (for example a constant pixel against the bias)
do not change C; for lambda = 0, where nothing else holds them, they are left out.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from images.splits import Examples
from regression.compiled import compiled
from regression.feature_matrix import FeatureMatrix
from regression.models import Model, load_model

#: An optimum counts as reached if J is proven to be so close to its minimum, in nats ...
EXCESS_TO_REACH = 1e-10
#: ... or without a penalty, where there is no such proof, if the gradient's norm is at most this.
NORM_TO_REACH = 1e-6

#: The search goes on until it is so much below, because the certificate sums in another order.
_SURELY = 0.999

#: Directions with less curvature than this fraction of the greatest are taken for flat.
_FLAT = 1e-10

#: Corrections that L-BFGS keeps; more than the usual 10, because an evaluation costs much more.
_MEMORY = 30


class Optimum(NamedTuple):
    """Where the optimisation ended.

    Attributes:
        l2_lambda: weight of the L2 term.
        weights: float64 (p + 1, outputs).
        objective: J there, in nats.
        gradient_norm: ||grad J|| there, with respect to W.
        separated: lambda is 0 and all training examples are on their right side, so that C has no
            minimiser and 0 as its infimum.
        evaluations: of J and its gradient.
    """

    l2_lambda: float
    weights: np.ndarray
    objective: float
    gradient_norm: float
    separated: bool
    evaluations: int

    @property
    def reached(self) -> bool:
        """Whether this is the minimum, as closely as `EXCESS_TO_REACH` and `NORM_TO_REACH` ask."""
        return not self.separated and self.gradient_norm <= norm_to_reach(self.l2_lambda)

    @property
    def excess_bound(self) -> float | None:
        """Upper bound of J - min J in nats; None without a penalty."""
        return self.gradient_norm**2 / (4.0 * self.l2_lambda) if self.l2_lambda else None

    @property
    def distance_bound(self) -> float | None:
        """Upper bound of the distance ||W - W*||; None without a penalty."""
        return self.gradient_norm / (2.0 * self.l2_lambda) if self.l2_lambda else None


def norm_to_reach(l2_lambda: float) -> float:
    """The gradient's norm at which the optimum counts as reached."""
    return 2.0 * math.sqrt(l2_lambda * EXCESS_TO_REACH) if l2_lambda else NORM_TO_REACH


def path_of_optima(
    model: str, examples: Examples, l2_lambdas: list[float], *, class_count: int
) -> Iterator[Optimum]:
    """The optima of several lambdas, the largest first; each starts where the last one ended.

    But without a penalty the search starts at zero weights: from far out it takes longer.
    """
    X = feature_matrix(examples)
    weights = None
    for l2_lambda in sorted(l2_lambdas, reverse=True):
        optimum = find_optimum(
            model,
            X,
            examples.targets,
            class_count=class_count,
            l2_lambda=l2_lambda,
            start=weights if l2_lambda else None,
        )
        weights = optimum.weights
        yield optimum


def feature_matrix(examples: Examples) -> FeatureMatrix:
    """The features of examples, with the fastest products that work here."""
    fast = compiled(_load_fast_feature_matrix, "multiplication by features")
    return (fast or FeatureMatrix)(examples)


def _load_fast_feature_matrix() -> type[FeatureMatrix]:
    from regression.fast_feature_matrix import FastFeatureMatrix

    return FastFeatureMatrix


def find_optimum(
    model: str,
    X: FeatureMatrix,
    targets: np.ndarray,
    *,
    class_count: int,
    l2_lambda: float,
    start: np.ndarray | None = None,
    max_iterations: int = 2000,
) -> Optimum:
    """Minimise J until the optimum is reached or the examples are separated.

    Args:
        model: the name of a model.
        X: features of n examples.
        targets: int64 (n,), class numbers.
        class_count: K.
        l2_lambda: weight of the L2 term.
        start: weights to start from, float64 (p + 1, outputs); None for zeros.
        max_iterations: the end at the latest.
    """
    rules = load_model(model)
    is_cross_entropy = getattr(rules, "CROSS_ENTROPY", False)
    n, p = X.shape
    W = np.zeros((p, rules.output_count(class_count))) if start is None else start
    root, inverse_root = _preconditioner(rules, X, targets, W, l2_lambda)
    evaluations, norm = 0, math.inf

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal evaluations, norm
        W = root @ flat.reshape(root.shape[1], -1)
        J, gradient = _value_and_gradient(rules, X, targets, W, l2_lambda)
        evaluations, norm = evaluations + 1, float(np.linalg.norm(gradient))
        return J, (root.T @ gradient).ravel()

    def separates(loss: float) -> bool:
        return is_cross_entropy and l2_lambda == 0.0 and n * loss < math.log(2.0)

    def after_iteration(intermediate_result) -> None:
        # L-BFGS ends an iteration at the point where it evaluated last.
        if norm <= _SURELY * norm_to_reach(l2_lambda) or separates(intermediate_result.fun):
            raise StopIteration

    result = minimize(
        objective,
        (inverse_root @ W).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=after_iteration,
        options={
            "maxiter": max_iterations,
            "maxfun": 10 * max_iterations,
            "maxcor": _MEMORY,
            # Not the fall of J, but the callback decides.
            "ftol": 0.0,
            "gtol": 0.0,
        },
    )
    weights = root @ result.x.reshape(root.shape[1], -1)
    # What certifies the optimum is plain NumPy's, whatever multiplied on the way.
    plain = FeatureMatrix(X.examples)
    J, gradient = _value_and_gradient(rules, plain, targets, weights, l2_lambda)
    norm = float(np.linalg.norm(gradient))
    return Optimum(l2_lambda, weights, J, norm, separates(J), evaluations)


def _value_and_gradient(
    rules: Model, X: FeatureMatrix, targets: np.ndarray, W: np.ndarray, l2_lambda: float
) -> tuple[float, np.ndarray]:
    """J(W) in nats, and its gradient, float64 (p + 1, outputs)."""
    z = X.times(W)
    gradient = X.transposed_times(rules.residual(z, targets)) / X.shape[0] + 2.0 * l2_lambda * W
    return rules.loss(z, targets) + l2_lambda * float(np.sum(W**2)), gradient


def _preconditioner(
    rules: Model, X: FeatureMatrix, targets: np.ndarray, W: np.ndarray, l2_lambda: float
) -> tuple[np.ndarray, np.ndarray]:
    """T of the module's docstring, float64 (p + 1, directions), and its pseudo-inverse."""
    curvature = np.ones(X.shape[0])
    if getattr(rules, "CROSS_ENTROPY", False):
        residual = np.abs(rules.residual(X.times(W), targets))
        curvature = np.mean(residual * (1.0 - residual), axis=1)
    h, U = np.linalg.eigh(X.weighted_gram(curvature / X.shape[0]))
    h = np.maximum(h, 0.0) + 2.0 * l2_lambda
    curved = h > _FLAT * h.max()
    U, root = U[:, curved], np.sqrt(h[curved])
    return U / root, (U * root).T
