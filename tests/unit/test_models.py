"""The models against finite differences, an independent optimum, and their own mathematics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from sklearn.linear_model import LogisticRegression

from regression.evaluation import evaluate, evaluate_all, scores_of_images
from regression.features import features
from regression.models import load_model, model_names

CLASSES = {"logistic": 2, "softmax": 4}
cross_entropies = pytest.mark.parametrize("model", CLASSES)


@pytest.fixture(params=model_names())
def model(request):
    return request.param


@pytest.fixture
def problem(model, make_examples):
    """Features (60, 13), targets (60,) and random weights of the model."""
    classes = CLASSES.get(model, 4)
    examples = make_examples(60, 12, classes)
    X = features(examples.pixels, 255)
    outputs = load_model(model).output_count(classes)
    W = np.random.default_rng(1).normal(0, 0.5, (X.shape[1], outputs))
    return X, examples.targets, W


def objective(model, X, targets, l2_lambda, shape):
    module = load_model(model)

    def value(flat):
        W = flat.reshape(shape)
        return module.loss(module.logits(W, X), targets) + l2_lambda * np.sum(W**2)

    return value


@pytest.mark.parametrize("l2_lambda", [0.0, 0.3])
def test_gradient_agrees_with_finite_differences(model, problem, l2_lambda):
    X, targets, W = problem
    gradient = load_model(model).gradient(W, X, targets, l2_lambda)
    value = objective(model, X, targets, l2_lambda, W.shape)
    step = 1e-5
    # Central differences: the mean of the two one-sided ones, exact to the square of the step.
    numeric = (approx_fprime(W.ravel(), value, step) + approx_fprime(W.ravel(), value, -step)) / 2
    error = np.linalg.norm(gradient.ravel() - numeric) / np.linalg.norm(numeric)
    assert error < 1e-6


@cross_entropies
def test_optimum_agrees_with_scikit_learn(model, problem):
    X, targets, W = problem
    l2_lambda = 0.05
    ours = minimize(
        objective(model, X, targets, l2_lambda, W.shape),
        np.zeros(W.size),
        jac=lambda flat: (
            load_model(model).gradient(flat.reshape(W.shape), X, targets, l2_lambda).ravel()
        ),
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
    ).x.reshape(W.shape)
    # scikit-learn minimises sum of losses + ||w||^2 / (2 C), hence C = 1 / (2 n lambda).
    C = 1 / (2 * len(X) * l2_lambda)
    theirs = LogisticRegression(C=C, fit_intercept=False, tol=1e-12, max_iter=10_000).fit(
        X, targets
    )
    assert np.allclose(ours, theirs.coef_.T, atol=1e-6)
    assert np.array_equal(load_model(model).predict(X @ ours), theirs.predict(X))


@given(scale=st.floats(1, 1e300), target=st.integers(0, 1))
def test_losses_stay_finite_for_extreme_logits(scale, target):
    z = np.array([[scale, -scale]])
    softmax = load_model("softmax").loss(z, np.array([target]))
    logistic = load_model("logistic").loss(z[:, :1], np.array([1 - target]))
    assert np.isfinite([softmax, logistic]).all()
    assert softmax >= 0 and logistic >= 0


@cross_entropies
def test_zero_weights_give_the_loss_of_a_guess(model, problem):
    X, targets, W = problem
    z = load_model(model).logits(np.zeros_like(W), X)
    assert load_model(model).loss(z, targets) == pytest.approx(np.log(CLASSES[model]))


@given(shift=st.floats(-50, 50))
def test_softmax_does_not_change_when_all_logits_shift(shift):
    z = np.random.default_rng(0).normal(size=(20, 5))
    targets = np.arange(20) % 5
    loss = load_model("softmax").loss
    assert loss(z + shift, targets) == pytest.approx(loss(z, targets), abs=1e-12)


def test_softmax_of_two_classes_is_logistic_regression(make_examples):
    examples = make_examples(50, 9, 2)
    X = features(examples.pixels, 255)
    w = np.random.default_rng(2).normal(size=(10, 1))
    W = np.hstack([np.zeros_like(w), w])
    logistic, softmax = load_model("logistic"), load_model("softmax")
    assert softmax.loss(X @ W, examples.targets) == pytest.approx(
        logistic.loss(X @ w, examples.targets), abs=1e-13
    )
    assert np.allclose(
        softmax.gradient(W, X, examples.targets)[:, 1:],
        logistic.gradient(w, X, examples.targets),
        atol=1e-13,
    )


def test_evaluation_in_chunks_is_the_evaluation_of_the_whole(make_examples):
    examples = make_examples(5000, 6, 3)
    W = np.random.default_rng(3).normal(size=(7, 3))
    z = features(examples.pixels, 255) @ W
    score = evaluate("softmax", W, examples)
    # To the last bit, whoever is scored beside it.
    assert evaluate_all("softmax", [W, 2 * W, W], examples, threads=2)[::2] == [score, score]
    assert score.loss == pytest.approx(load_model("softmax").loss(z, examples.targets), abs=1e-12)
    assert score.accuracy == np.mean(z.argmax(axis=1) == examples.targets)


@pytest.mark.parametrize(("model", "outputs"), [("logistic", 1), ("softmax", 10)])
def test_the_scores_of_a_run_do_not_depend_on_those_scored_beside_it(model, outputs, make_examples):
    examples = make_examples(5000, 784, 2)
    weights = np.random.default_rng(4).normal(size=(5, 785, outputs))
    together = scores_of_images(model, weights, examples)
    for run in range(5):
        alone = scores_of_images(model, weights[run : run + 1], examples)
        assert all(np.array_equal(a[run], b[0]) for a, b in zip(together, alone, strict=True))
