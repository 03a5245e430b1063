"""Proofs hold, wrong equations do not, and shipped gradients agree with finite differences."""

import numpy as np
import pytest
import sympy as sp

from judging import derivations
from judging.derivations import PROOFS, prove, sigmoid, w, x, z
from judging.gradients import gradient_error, random_directions
from regression import logistic, softmax
from regression.features import features


@pytest.mark.parametrize("equation", PROOFS)
def test_the_proof_holds(equation):
    proof = PROOFS[equation]()
    assert proof.equation == equation
    assert proof.proven
    assert proof.derived and proof.claimed


@pytest.mark.parametrize(
    ("derived", "wrong"),
    [
        (sp.diff(sigmoid(z), z), sigmoid(z) * (1 + sigmoid(z))),
        (sp.diff(sp.log(sigmoid(w * x)), w), -(1 - sigmoid(w * x)) * x),
        (sp.diff(w**2, w), w),
    ],
)
def test_a_wrong_equation_is_not_proven(derived, wrong):
    assert not prove(derived, wrong)


def test_a_wrong_sign_in_the_code_of_a_proof_shows(monkeypatch):
    monkeypatch.setattr(derivations, "sigmoid", lambda argument: 1 / (1 + sp.exp(argument)))
    assert not derivations.eq_3().proven
    assert not derivations.eq_11().proven


@pytest.mark.parametrize("model", [logistic, softmax])
@pytest.mark.parametrize("l2_lambda", [0.0, 0.5])
def test_finite_differences_tell_right_from_wrong(make_examples, model, l2_lambda):
    examples = make_examples(60, 12, 2 if model is logistic else 4)
    X = features(examples.pixels)
    shape = (13, 1 if model is logistic else 4)
    weights = np.random.default_rng(0).normal(0.0, 0.1, shape)
    directions = random_directions(shape, 10, 0)

    def objective(W):
        loss = model.loss(model.logits(W, X), examples.targets)
        return loss + l2_lambda * float(np.sum(W**2))

    gradient = model.gradient(weights, X, examples.targets, l2_lambda)
    assert gradient_error(objective, gradient, weights, directions) < 1e-7
    assert gradient_error(objective, 1.01 * gradient, weights, directions) > 1e-3
    wrong = gradient + 0.01 * np.abs(gradient).max()
    assert gradient_error(objective, wrong, weights, directions) > 1e-3
