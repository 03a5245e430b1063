"""The optimum is that of an independent solver; where there is none, that is proven."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from images.splits import Examples
from regression.feature_matrix import FeatureMatrix
from regression.features import features
from regression.models import logistic, softmax
from regression.optimum import EXCESS_TO_REACH, feature_matrix, find_optimum, path_of_optima
from regression.separation import integer_weights, smallest_margins


def solve(model, pixels, targets, classes, l2_lambda, **options):
    X = feature_matrix(Examples(pixels, targets))
    return find_optimum(model, X, targets, class_count=classes, l2_lambda=l2_lambda, **options)


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
    return examples.pixels, flipped


@pytest.mark.parametrize("brightest", [255, 16])
@pytest.mark.parametrize("outputs", [1, 3, 20])
@pytest.mark.parametrize("make_matrix", [FeatureMatrix, feature_matrix])
def test_products_are_those_of_the_dense_features(make_matrix, outputs, brightest):
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, brightest + 1, (3000, 12), dtype=np.uint8)
    pixels[generator.random(pixels.shape) < 0.7] = 0
    X = make_matrix(Examples(pixels, np.zeros(3000, dtype=np.int64), brightest))
    dense = features(pixels, brightest)
    W, R = generator.normal(size=(13, outputs)), generator.normal(size=(3000, outputs))
    assert X.times(W) == pytest.approx(dense @ W, abs=1e-12)
    assert X.transposed_times(R) == pytest.approx(dense.T @ R, abs=1e-10)
    weights = generator.random(3000)
    expected = dense.T @ (weights[:, np.newaxis] * dense)
    assert X.weighted_gram(weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("l2_lambda", [0.01, 1.0])
def test_softmax_as_scikit_learn(overlapping, l2_lambda):
    pixels, targets = overlapping
    optimum = solve("softmax", pixels, targets, 3, l2_lambda)
    X = features(pixels, 255)
    expected = reference(X, targets, l2_lambda)
    gradient = softmax.gradient(optimum.weights, X, targets, l2_lambda)
    assert optimum.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-6)
    assert optimum.reached and not optimum.separated
    # What is said of the optimum's distance holds of another solver's, which is nearer to it.
    assert np.linalg.norm(optimum.weights - expected) <= optimum.distance_bound + 1e-7
    excess = optimum.objective - objective(X, targets, expected, l2_lambda)
    assert excess <= optimum.excess_bound <= EXCESS_TO_REACH


def objective(X, targets, W, l2_lambda):
    return softmax.loss(softmax.logits(W, X), targets) + l2_lambda * np.sum(W**2)


def test_logistic_as_scikit_learn(overlapping):
    pixels, targets = overlapping
    targets = (targets > 0).astype(np.int64)
    optimum = solve("logistic", pixels, targets, 2, 0.05)
    X = features(pixels, 255)
    assert optimum.weights == pytest.approx(reference(X, targets, 0.05), abs=1e-4)
    loss = logistic.loss(logistic.logits(optimum.weights, X), targets)
    assert optimum.objective == pytest.approx(loss + 0.05 * np.sum(optimum.weights**2))


def test_along_the_path_each_optimum_is_that_from_zero_weights(overlapping):
    lambdas = [0.01, 1.0, 0.0]
    found = list(path_of_optima("softmax", Examples(*overlapping), lambdas, class_count=3))
    assert [optimum.l2_lambda for optimum in found] == [1.0, 0.01, 0.0]
    for optimum in found[:2]:
        alone = solve("softmax", *overlapping, 3, optimum.l2_lambda)
        both = optimum.distance_bound + alone.distance_bound
        assert np.linalg.norm(optimum.weights - alone.weights) <= both
    # So near to the next one, a start there takes fewer steps.
    assert found[1].evaluations < alone.evaluations


def test_without_penalty_and_without_separation(overlapping):
    optimum = solve("softmax", *overlapping, 3, 0.0)
    assert optimum.reached and not optimum.separated
    assert optimum.gradient_norm < 1e-6


def test_a_constant_pixel_does_no_harm(overlapping):
    pixels, targets = overlapping
    pixels = np.column_stack([np.zeros(len(pixels), dtype=np.uint8), pixels])
    optimum = solve("softmax", pixels, targets, 3, 0.0)
    assert optimum.gradient_norm < 1e-6
    assert np.abs(optimum.weights).max() < 100.0


def test_separated_examples_are_proven_to_have_no_finite_optimum(make_examples):
    examples = make_examples(40, 30, 3)
    X = features(examples.pixels, 255)
    optimum = solve("softmax", examples.pixels, examples.targets, 3, 0.0)
    assert optimum.separated and not optimum.reached
    z = softmax.logits(optimum.weights, X)
    assert len(X) * softmax.loss(z, examples.targets) < math.log(2.0)
    assert (softmax.predict(z) == examples.targets).all()
    integers = integer_weights(optimum.weights, 255)
    assert in_whole_numbers(integers, examples) == list(smallest_margins(integers, examples))
    assert min(in_whole_numbers(integers, examples)) > 0
    # With a penalty the same examples do have an optimum.
    assert not solve("softmax", examples.pixels, examples.targets, 3, 0.01).separated


def in_whole_numbers(integers, examples):
    """The margins by Python's whole numbers, which know no overflow."""
    margins = []
    for image, target in zip(examples.pixels.tolist(), examples.targets.tolist(), strict=True):
        found = [
            sum(u * a for u, a in zip(image, column[:-1], strict=True)) + column[-1]
            for column in integers.T.tolist()
        ]
        found = [0, *found] if len(found) == 1 else found
        margins.append(found[target] - max(found[:target] + found[target + 1 :]))
    return margins


def test_whole_numbers_of_one_output_are_those_of_class_1(make_examples):
    examples = make_examples(50, 20, 2)
    weights = solve("logistic", examples.pixels, examples.targets, 2, 0.01).weights
    integers = integer_weights(weights, 255)
    margins = smallest_margins(integers, examples)
    assert in_whole_numbers(integers, examples) == list(margins)
    z = logistic.logits(weights, features(examples.pixels, 255))
    assert ((margins > 0) == (logistic.predict(z) == examples.targets)).all()


def test_whole_numbers_that_may_overflow_are_refused(make_examples):
    examples = make_examples(5, 20, 2)
    with pytest.raises(OverflowError):
        smallest_margins(np.full((21, 2), 2**52), examples)


def test_too_few_iterations_show_in_the_gradient(overlapping):
    optimum = solve("softmax", *overlapping, 3, 0.001, max_iterations=2)
    assert optimum.gradient_norm > 1e-3 and not optimum.reached


def test_the_same_twice(overlapping):
    first, second = (solve("softmax", *overlapping, 3, 0.01) for _ in range(2))
    assert first.weights.tobytes() == second.weights.tobytes()


class LeastSquares:
    """A model whose loss may well be 0: ||x W - t||^2 with one-hot rows t."""

    @staticmethod
    def output_count(class_count):
        return class_count

    @staticmethod
    def residual(logits, targets):
        return 2.0 * (logits - np.eye(logits.shape[1])[targets])

    @classmethod
    def loss(cls, logits, targets):
        return float(np.mean(np.sum(cls.residual(logits, targets) ** 2, axis=1))) / 4.0


@pytest.mark.parametrize(("count", "l2_lambda"), [(300, 0.1), (300, 0.0), (10, 0.0)])
def test_a_loss_that_is_no_cross_entropy_has_an_optimum(
    count, l2_lambda, make_examples, monkeypatch
):
    monkeypatch.setattr("regression.optimum.load_model", lambda name: LeastSquares)
    pixels, targets, _ = make_examples(count, 20, 3)
    optimum = solve("least squares", pixels, targets, 3, l2_lambda)
    assert optimum.reached and not optimum.separated
    X, T = features(pixels, 255), np.eye(3)[targets]
    gradient = 2.0 * X.T @ (X @ optimum.weights - T) / count + 2.0 * l2_lambda * optimum.weights
    assert np.linalg.norm(gradient) < 1e-5
