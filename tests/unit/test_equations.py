"""True equations are proved, broken ones refuted, and both agree with finite differences."""

import re

import numpy as np
import pytest
import sympy as sp

from measuring.gradients import gradient_error, random_directions
from proving.equations import equations, judge
from proving.errata import ERRATA
from proving.proofs import I, K, N, j, k, n, penalty, prove, w, x, y
from regression.features import features
from regression.models import logistic, softmax

EQUATIONS = {equation.number: equation for equation in equations()}
PROVABLE = [number for number, equation in EQUATIONS.items() if equation.sides and number != 22]


def test_there_is_a_verdict_on_each_of_the_51_equations():
    judged = [judge(equation) for equation in EQUATIONS.values()]
    assert [equation["number"] for equation in judged] == list(range(1, 52))
    others = {1: "definition", 12: "definition", 22: "refuted", 36: "definition"} | {
        37: "definition",
        38: "definition",
        42: "empty",
    }
    verdicts = {equation["number"]: equation["verdict"] for equation in judged}
    assert verdicts == {number: others.get(number, "proved") for number in range(1, 52)}


def test_a_misprint_is_refuted_by_numbers_and_what_it_means_is_proved():
    misprint = judge(EQUATIONS[22])
    # For k = 1 the term of class 1 is printed twice.
    point, left, right = re.fullmatch(
        r"(.*): left (.*), right (.*)", misprint["counterexample"]
    ).groups()
    assert point == "K = 4, I = 3, k = 1, j = 1"
    assert float(right) == pytest.approx(2 * float(left), abs=2e-6)
    assert misprint["corrected"]["verdict"] == "proved"
    assert "for k = 1 or 2 one counts twice" in misprint["erratum"]


@pytest.mark.parametrize("number", PROVABLE)
def test_an_equation_with_another_factor_is_refuted(number):
    left, right = EQUATIONS[number].sides
    proof = prove(left, 2 * right, written_out=EQUATIONS[number].written_out)
    assert proof.verdict == "refuted" and proof.counterexample


@pytest.mark.parametrize("number", [3, 6, 9, 11, 23, 29, 32, 35, 44, 49, 51])
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda side: -side, id="sign"),
        pytest.param(lambda side: side.subs(j, j + 1), id="feature"),
        pytest.param(lambda side: side.subs({k: k + 1, n: n + 1}), id="class or example"),
    ],
)
def test_a_result_with_another_sign_or_index_is_refuted(number, broken):
    left, right = EQUATIONS[number].sides
    changed = broken(right)
    if changed != right:  # (49) and (51) have no example, (3) to (11) no class
        assert prove(left, changed).verdict == "refuted"


def test_the_list_of_classes_without_its_last_is_refuted():
    left, right = EQUATIONS[27].sides
    fewer = right.subs(K, K - 1)
    assert prove(left, fewer, written_out=True).verdict == "refuted"


@pytest.mark.parametrize("change", [(1, -1), (2, 0)], ids=["last", "first"])
@pytest.mark.parametrize("last", [K, I, N])
@pytest.mark.parametrize("number", PROVABLE)
def test_an_equation_whose_sums_lack_a_term_is_refuted(number, last, change):
    left, right = EQUATIONS[number].sides

    def shortened(total):
        limits = [
            (b, change[0], e + change[1]) if e == last else (b, a, e) for b, a, e in total.limits
        ]
        return sp.Sum(total.function, *limits)

    for side in (left, right):
        fewer = side.replace(lambda part: isinstance(part, sp.Sum), shortened)
        if fewer != side:
            assert prove(side, fewer).verdict == "refuted"


def test_a_logarithm_is_taken_apart_only_where_its_parts_are_positive():
    with np.errstate(invalid="ignore"):
        assert prove(sp.log(w[k, j] ** 2), 2 * sp.log(w[k, j])).verdict != "proved"
    assert prove(sp.log(sp.exp(w[k, j]) ** 2), 2 * w[k, j]).verdict == "proved"


def test_what_does_not_simplify_is_not_refuted():
    proof = prove(sp.sin(w[k, j]) ** 2 + sp.cos(w[k, j]) ** 2, sp.Integer(1))
    assert proof.verdict == "undecided"


def test_errata_name_equations_that_exist_and_each_kind_is_described():
    assert {number for slip in ERRATA for number in slip.equations} <= set(EQUATIONS)
    assert {slip.kind for slip in ERRATA} <= {
        *("wrong", "notation", "repetition", "ambiguity", "wording", "reference", "spelling")
    }


# An independent check: finite differences of plain functions, at three classes, four features and
# two examples, against the right sides of the table.

GENERATOR = np.random.RandomState(0)
FEATURES, ONE, MANY = (GENERATOR.normal(size=shape) for shape in ((2, 4), 4, (3, 4)))
BINARY, ONE_HOT = np.array([1.0, 0.0]), np.eye(3)[[2, 0]]
L2_LAMBDA, STEP = 0.3, 1e-6


def sigmoid(weights):
    return 1 / (1 + np.exp(-FEATURES[0] @ weights))


def softmax_loss(weights, example):
    logits = weights @ FEATURES[example]
    return -ONE_HOT[example] @ (logits - np.log(np.sum(np.exp(logits))))


def mean_loss(weights):
    return (softmax_loss(weights, 0) + softmax_loss(weights, 1)) / 2


#: What each result is the derivative of, and at which weights.
PRIMITIVES = {
    3: (sigmoid, ONE),
    6: (lambda v: BINARY[0] * np.log(sigmoid(v)), ONE),
    9: (lambda v: (1 - BINARY[0]) * np.log(1 - sigmoid(v)), ONE),
    11: (lambda v: -BINARY[0] * np.log(sigmoid(v)) - (1 - BINARY[0]) * np.log(1 - sigmoid(v)), ONE),
    23: (lambda v: ONE_HOT[0] @ v @ FEATURES[0], MANY),
    29: (lambda v: np.sum(np.exp(v @ FEATURES[0])), MANY),
    32: (lambda v: np.log(np.sum(np.exp(v @ FEATURES[0]))), MANY),
    35: (lambda v: softmax_loss(v, 0), MANY),
    44: (mean_loss, MANY),
    49: (lambda v: np.sum(v**2), MANY),
    51: (lambda v: mean_loss(v) + L2_LAMBDA * np.sum(v**2), MANY),
}


def as_function(side):
    """A side as a function of weights, labels, class and feature, of the first example."""
    function = sp.lambdify([K, I, N, n, k, j, x, w, y, penalty], side, modules="numpy")

    def value(weights, labels, of_class, of_feature):
        # The equations count from 1.
        arrays = [np.pad(a, [(1, 0)] * a.ndim) for a in (FEATURES, weights, labels)]
        return function(3, 4, 2, 1, of_class + 1, of_feature + 1, *arrays, L2_LAMBDA)

    return value


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("number", PRIMITIVES)
def test_results_agree_with_finite_differences(number, label, monkeypatch):
    monkeypatch.setitem(globals(), "BINARY", np.array([float(label), 0.0]))
    monkeypatch.setitem(globals(), "ONE_HOT", np.eye(3)[[2 - label, 0]])
    primitive, weights = PRIMITIVES[number]
    labels = BINARY if weights is ONE else ONE_HOT
    result = as_function(EQUATIONS[number].sides[1])
    for index in np.ndindex(weights.shape):
        nudge = np.zeros(weights.shape)
        nudge[index] = STEP
        slope = (primitive(weights + nudge) - primitive(weights - nudge)) / (2 * STEP)
        of_class, of_feature = (0, *index) if len(index) == 1 else index
        assert result(weights, labels, of_class, of_feature) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("model", [logistic, softmax])
@pytest.mark.parametrize("l2_lambda", [0.0, 0.5])
def test_finite_differences_tell_right_from_wrong(make_examples, model, l2_lambda):
    examples = make_examples(60, 12, 2 if model is logistic else 4)
    X = features(examples.pixels, 255)
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
