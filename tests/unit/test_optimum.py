"""The optimum is that of an independent solver; where there is none, that is proven."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from regression.features import features
from regression.models import logistic, softmax
from regression.optimum import find_optimum


def solve(model, X, targets, classes, l2_lambda, max_iterations=500):
    return find_optimum(
        model,
        X,
        targets,
        class_count=classes,
        l2_lambda=l2_lambda,
        gradient_tolerance=1e-10,
        max_iterations=max_iterations,
    )


def reference(X, targets, l2_lambda):
    # scikit-learn minimises |w|^2 / 2 + c * (sum of losses), so that c = 1 / (2 lambda n).
    c = 1.0 / (2.0 * l2_lambda * len(X))
    solver = LogisticRegression(C=c, fit_intercept=False, tol=1e-12, max_iter=10_000)
    return solver.fit(X, targets).coef_.T


@pytest.fixture
def overlapping(make_examples):
    """Images whose labels are partly wrong, so that no weights are right for all of them."""
    examples = make_examples(300, 20, 3)
    flipped = np.where(np.random.default_rng(0).random(300) < 0.3, 0, examples.targets)
    return features(examples.pixels, 255), flipped


@pytest.mark.parametrize("l2_lambda", [0.01, 1.0])
def test_softmax_as_scikit_learn(overlapping, l2_lambda):
    X, targets = overlapping
    optimum = solve("softmax", X, targets, 3, l2_lambda)
    assert optimum.weights == pytest.approx(reference(X, targets, l2_lambda), abs=1e-5)
    assert optimum.gradient_norm < 1e-8
    assert not optimum.separated
    assert np.linalg.norm(softmax.gradient(optimum.weights, X, targets, l2_lambda)) < 1e-8


def test_logistic_as_scikit_learn(overlapping):
    X, targets = overlapping
    targets = (targets > 0).astype(np.int64)
    optimum = solve("logistic", X, targets, 2, 0.05)
    assert optimum.weights == pytest.approx(reference(X, targets, 0.05), abs=1e-5)
    loss = logistic.loss(logistic.logits(optimum.weights, X), targets)
    assert optimum.objective == pytest.approx(loss + 0.05 * np.sum(optimum.weights**2))


def test_without_penalty_and_without_separation(overlapping):
    X, targets = overlapping
    optimum = solve("softmax", X, targets, 3, 0.0)
    assert not optimum.separated
    assert optimum.gradient_norm < 1e-6


def test_a_constant_pixel_does_no_harm(overlapping):
    X, targets = overlapping
    X = np.column_stack([np.full(len(X), -1.0), X])
    optimum = solve("softmax", X, targets, 3, 0.0)
    assert optimum.gradient_norm < 1e-6
    assert np.abs(optimum.weights).max() < 100.0


def test_separated_examples_are_proven_to_have_no_finite_optimum(make_examples):
    examples = make_examples(40, 30, 3)
    X = features(examples.pixels, 255)
    optimum = solve("softmax", X, examples.targets, 3, 0.0)
    assert optimum.separated
    z = softmax.logits(optimum.weights, X)
    assert len(X) * softmax.loss(z, examples.targets) < math.log(2.0)
    assert (softmax.predict(z) == examples.targets).all()
    # With a penalty the same examples do have an optimum.
    assert not solve("softmax", X, examples.targets, 3, 0.01).separated


def test_too_few_iterations_show_in_the_gradient(overlapping):
    X, targets = overlapping
    assert solve("softmax", X, targets, 3, 0.001, max_iterations=2).gradient_norm > 1e-3


def test_the_same_twice(overlapping):
    X, targets = overlapping
    first, second = (solve("softmax", X, targets, 3, 0.01) for _ in range(2))
    assert first.weights.tobytes() == second.weights.tobytes()
