"""The report's equations (1) to (51), each as it is printed, and their verdicts.

Notation, the report's own: y is the label, y-hat the prediction, f the sigmoid, n an example, k a
class, x_i a feature; C^n is the loss of example n and C the mean over all N. A line of a chain of
equal signs is held against the first side of its chain. A matrix is held entry by entry: its entry
in row k and column j for any k and j.
"""

from typing import NamedTuple

import sympy as sp

from proving import errata
from proving.proofs import I, K, N, i, j, k, n, penalty, prove, w, x, y


class Equation(NamedTuple):
    """One numbered line of the report.

    Attributes:
        number: 1 to 51.
        kind: definition, identity, derivation step, conclusion or empty.
        says: what it says, in words.
        formula: what it says, as plain text.
        sides: left and right, None for a definition and an empty line.
        written_out: whether terms are listed, so that it is proved at chosen sizes.
        corrected: of a wrong one, the formula and the sides of what must be meant.
    """

    number: int
    kind: str
    says: str
    formula: str
    sides: tuple[sp.Expr, sp.Expr] | None = None
    written_out: bool = False
    corrected: tuple[str, tuple[sp.Expr, sp.Expr]] | None = None


def judge(equation: Equation) -> dict:
    """The JSON-ready verdict on one equation.

    Returns:
        number, kind, says, formula; verdict (proved, refuted, undecided, definition or empty);
        method, counterexample, corrected (formula, verdict and method) and erratum, each None where
        there is none.
    """
    verdict = {"verdict": equation.kind, "method": None, "counterexample": None}
    if equation.sides:
        verdict = prove(*equation.sides, written_out=equation.written_out)._asdict()
    corrected = None
    if equation.corrected:
        formula, sides = equation.corrected
        proof = prove(*sides, written_out=equation.written_out)
        corrected = {"formula": formula, "verdict": proof.verdict, "method": proof.method}
    return {
        "number": equation.number,
        "kind": equation.kind,
        "says": equation.says,
        "formula": equation.formula,
        **verdict,
        "corrected": corrected,
        "erratum": errata.of_equation(equation.number),
    }


def by_weight(expression: sp.Expr, *, weight: sp.Expr = w[k, j]) -> sp.Expr:
    """The derivative by a weight, that of class k and feature j if no other is named."""
    return sp.diff(expression, weight)


def logistic_equations() -> list[Equation]:
    """(1) to (11), with w_j where the report writes w_i, because i is summed over."""
    feature = sp.Symbol("i", integer=True, positive=True)
    f = 1 / (1 + sp.exp(-sp.Sum(w[feature] * x[n, feature], (feature, 1, I))))
    g, h = y[n] * sp.log(f), (1 - y[n]) * sp.log(1 - f)
    loss = -(y[n] * sp.log(f) + (1 - y[n]) * sp.log(1 - f))
    slope = x[n, j] * f * (1 - f)
    of_f, of_g, of_h, of_loss = (by_weight(part, weight=w[j]) for part in (f, g, h, loss))
    return [
        Equation(
            1,
            "definition",
            "The loss of one example is its cross-entropy.",
            "Cⁿ(w) = -(yⁿ ln ŷⁿ + (1 - yⁿ) ln(1 - ŷⁿ)), ŷⁿ = f(xⁿ) = 1 / (1 + exp(-wᵀxⁿ))",
        ),
        Equation(
            2,
            "identity",
            "The loss is minus the sum of two parts, g and h.",
            "Cⁿ = -(gⁿ + hⁿ), gⁿ = yⁿ ln ŷⁿ, hⁿ = (1 - yⁿ) ln(1 - ŷⁿ)",
            (loss, -(g + h)),
        ),
        Equation(
            3,
            "conclusion",
            "The derivative of the sigmoid's output by a weight.",
            "∂f(xⁿ)/∂w_i = x_iⁿ f(xⁿ) (1 - f(xⁿ))",
            (of_f, slope),
        ),
        Equation(
            4,
            "derivation step",
            "The derivative of g, its definition inserted.",
            "∂gⁿ/∂w_i = ∂/∂w_i yⁿ ln f(xⁿ)",
            (of_g, by_weight(y[n] * sp.log(f), weight=w[j])),
        ),
        Equation(
            5,
            "derivation step",
            "The chain rule with (3).",
            "∂gⁿ/∂w_i = yⁿ (1 / f(xⁿ)) x_iⁿ f(xⁿ) (1 - f(xⁿ))",
            (of_g, y[n] * (1 / f * slope)),
        ),
        Equation(
            6,
            "conclusion",
            "The derivative of g by a weight.",
            "∂gⁿ/∂w_i = yⁿ x_iⁿ (1 - f(xⁿ))",
            (of_g, y[n] * x[n, j] * (1 - f)),
        ),
        Equation(
            7,
            "derivation step",
            "The derivative of h, its definition inserted.",
            "∂hⁿ/∂w_i = ∂/∂w_i (1 - yⁿ) ln(1 - f(xⁿ))",
            (of_h, by_weight((1 - y[n]) * sp.log(1 - f), weight=w[j])),
        ),
        Equation(
            8,
            "derivation step",
            "The chain rule with (3).",
            "∂hⁿ/∂w_i = -(1 - yⁿ) (1 / (1 - f(xⁿ))) x_iⁿ f(xⁿ) (1 - f(xⁿ))",
            (of_h, -(1 - y[n]) / (1 - f) * slope),
        ),
        Equation(
            9,
            "conclusion",
            "The derivative of h by a weight.",
            "∂hⁿ/∂w_i = -(1 - yⁿ) x_iⁿ f(xⁿ)",
            (of_h, -(1 - y[n]) * x[n, j] * f),
        ),
        Equation(
            10,
            "derivation step",
            "The derivative of the loss is minus the sum of those of g and h.",
            "∂Cⁿ/∂w_i = -(∂gⁿ/∂w_i + ∂hⁿ/∂w_i)",
            (of_loss, -(of_g + of_h)),
        ),
        Equation(
            11,
            "conclusion",
            "The gradient of one example's logistic loss.",
            "∂Cⁿ/∂w_i = -x_iⁿ (yⁿ - ŷⁿ)",
            (of_loss, -x[n, j] * (y[n] - f)),
        ),
    ]


#: Indices to sum over: a class, another one (the report's k'), a feature, an example.
_a, _c, _b, _m = sp.symbols("a c b m", integer=True, positive=True)


def logit(of_class: sp.Expr, example: sp.Expr = n, features: sp.Expr = I) -> sp.Expr:
    """z_k = sum_i w_ki x_i of an example."""
    return sp.Sum(w[of_class, _b] * x[example, _b], (_b, 1, features))


def exponentials(example: sp.Expr = n) -> sp.Expr:
    """The sum of exp(z_k') over all classes, by which the softmax divides."""
    return sp.Sum(sp.exp(logit(_c, example)), (_c, 1, K))


def probability(of_class: sp.Expr, example: sp.Expr = n) -> sp.Expr:
    """y-hat_k = exp(z_k) / sum_k' exp(z_k')."""
    return sp.exp(logit(of_class, example)) / exponentials(example)


def over_classes(summand: sp.Expr) -> sp.Expr:
    """The sum over the classes a of a summand with that index."""
    return sp.Sum(summand, (_a, 1, K))


def cross_entropy(example: sp.Expr = n) -> sp.Expr:
    """(12): C^n = -sum_k y_k ln y-hat_k."""
    return -over_classes(y[example, _a] * sp.log(probability(_a, example)))


def softmax_equations() -> list[Equation]:
    """(12) to (35)."""
    loss, total = cross_entropy(), exponentials()
    g, h = over_classes(y[n, _a] * logit(_a)), sp.log(total)
    of_loss, of_g, of_h, of_total = (by_weight(part) for part in (loss, g, h, total))
    inner = sp.exp(logit(k)) * x[n, j]
    listed = (1, 2, k)
    meant = by_weight(
        sum(y[n, a] * logit(a) for a in (1, 2, K)) + sp.Sum(y[n, _a] * logit(_a), (_a, 3, K - 1))
    )
    terms = sp.Sum(sp.exp(logit(_a)), (_a, 3, K - 1))
    slopes = sp.Sum(by_weight(logit(_a)) * sp.exp(logit(_a)), (_a, 3, K - 1))
    return [
        Equation(
            12,
            "definition",
            "The loss of one example is its cross-entropy over K classes.",
            "Cⁿ(w) = -Σ_k y_kⁿ ln ŷ_kⁿ, ŷ_kⁿ = exp(z_kⁿ) / Σ_k' exp(z_k'ⁿ), z_kⁿ = Σ_i w_ki x_iⁿ",
        ),
        Equation(
            13,
            "identity",
            "The definition (12) again.",
            "Cⁿ = -Σ_k y_kⁿ ln ŷ_kⁿ",
            (loss, -over_classes(y[n, _a] * sp.log(probability(_a)))),
        ),
        Equation(
            14,
            "derivation step",
            "The softmax inserted.",
            "Cⁿ = -Σ_k y_kⁿ ln(exp(z_kⁿ) / Σ_k' exp(z_k'ⁿ))",
            (loss, -over_classes(y[n, _a] * sp.log(sp.exp(logit(_a)) / total))),
        ),
        Equation(
            15,
            "derivation step",
            "The logarithm of a quotient is a difference.",
            "Cⁿ = -Σ_k y_kⁿ (ln exp(z_kⁿ) - ln Σ_k' exp(z_k'ⁿ))",
            (loss, -over_classes(y[n, _a] * (sp.log(sp.exp(logit(_a))) - h))),
        ),
        Equation(
            16,
            "derivation step",
            "The logarithm undoes the exponential, and the sum is split.",
            "Cⁿ = -Σ_k y_kⁿ z_kⁿ + Σ_k y_kⁿ ln Σ_k' exp(z_k'ⁿ)",
            (loss, -g + over_classes(y[n, _a] * h)),
        ),
        Equation(
            17,
            "conclusion",
            "The labels of an example sum to 1, which leaves the log-sum-exp.",
            "Cⁿ = -Σ_k y_kⁿ z_kⁿ + ln Σ_k' exp(z_k'ⁿ)",
            (loss, -g + h),
        ),
        Equation(
            18,
            "identity",
            "The result (17) again.",
            "Cⁿ = -Σ_k y_kⁿ z_kⁿ + ln Σ_k' exp(z_k'ⁿ)",
            (loss, -over_classes(y[n, _a] * logit(_a)) + sp.log(total)),
        ),
        Equation(
            19,
            "identity",
            "The loss as a difference of two parts, g and h.",
            "Cⁿ = -gⁿ + hⁿ, gⁿ = Σ_k y_kⁿ z_kⁿ, hⁿ = ln Σ_k' exp(z_k'ⁿ)",
            (loss, -g + h),
        ),
        Equation(
            20,
            "derivation step",
            "The derivative of g, its definition inserted.",
            "∂g/∂w_kj = ∂/∂w_kj Σ_k y_k z_k",
            (of_g, by_weight(over_classes(y[n, _a] * logit(_a)))),
        ),
        Equation(
            21,
            "derivation step",
            "The logits inserted.",
            "∂g/∂w_kj = ∂/∂w_kj Σ_k y_k Σ_i w_ki x_i, i = 1 … 785",
            (of_g, by_weight(over_classes(y[n, _a] * sp.Sum(w[_a, _b] * x[n, _b], (_b, 1, I))))),
        ),
        Equation(
            22,
            "derivation step",
            "A few terms of the double sum written out.",
            "∂g/∂w_kj = ∂/∂w_kj Σ_a y_a Σ_b w_ab x_b, a one of 1, 2 and k, b = 1 … i",
            (of_g, by_weight(sum(y[n, a] * logit(a, features=i) for a in listed))),
            written_out=True,
            corrected=(
                "∂g/∂w_kj = ∂/∂w_kj Σ_a y_a Σ_b w_ab x_b, a = 1 … K, b = 1 … I",
                (of_g, meant),
            ),
        ),
        Equation(
            23,
            "conclusion",
            "The derivative of g by a weight.",
            "∂g/∂w_kj = y_k x_j",
            (of_g, y[n, k] * x[n, j]),
        ),
        Equation(
            24,
            "derivation step",
            "The derivative of h, its definition inserted.",
            "∂h/∂w_kj = ∂/∂w_kj ln Σ_k' exp(z_k')",
            (of_h, by_weight(sp.log(sp.Sum(sp.exp(logit(_c)), (_c, 1, K))))),
        ),
        Equation(
            25,
            "derivation step",
            "The logits inserted.",
            "∂h/∂w_kj = ∂/∂w_kj ln Σ_k' exp(Σ_i w_k'i x_i)",
            (
                of_h,
                by_weight(
                    sp.log(sp.Sum(sp.exp(sp.Sum(w[_c, _b] * x[n, _b], (_b, 1, I))), (_c, 1, K)))
                ),
            ),
        ),
        Equation(
            26,
            "derivation step",
            "The chain rule for the logarithm.",
            "∂h/∂w_kj = (1 / Σ_k' exp(z_k')) ∂/∂w_kj Σ_k' exp(z_k')",
            (of_h, 1 / total * of_total),
        ),
        Equation(
            27,
            "derivation step",
            "The sum over the classes written out.",
            "∂/∂w_kj Σ_k' exp(z_k') = ∂/∂w_kj (exp(z_1) + exp(z_2) + … + exp(z_K))",
            (of_total, by_weight(sum(sp.exp(logit(a)) for a in (1, 2, K)) + terms)),
            written_out=True,
        ),
        Equation(
            28,
            "derivation step",
            "The chain rule for each exponential.",
            "∂/∂w_kj Σ_k' exp(z_k') = (∂z_1/∂w_kj) exp(z_1) + (∂z_2/∂w_kj) exp(z_2) + …"
            " + (∂z_K/∂w_kj) exp(z_K)",
            (of_total, sum(by_weight(logit(a)) * sp.exp(logit(a)) for a in (1, 2, K)) + slopes),
            written_out=True,
        ),
        Equation(
            29,
            "conclusion",
            "Only the weight's own class and feature are left.",
            "∂/∂w_kj Σ_k' exp(z_k') = x_j exp(z_k)",
            (of_total, inner),
        ),
        Equation(
            30,
            "derivation step",
            "(29) inserted into (26).",
            "∂h/∂w_kj = (1 / Σ_k' exp(z_k')) x_j exp(z_k)",
            (of_h, 1 / total * inner),
        ),
        Equation(
            31,
            "derivation step",
            "The logits named again.",
            "∂h/∂w_kj = (exp(z_k) / Σ_k' exp(z_k')) x_j",
            (of_h, sp.exp(logit(k)) / total * x[n, j]),
        ),
        Equation(
            32,
            "conclusion",
            "The derivative of the log-sum-exp by a weight.",
            "∂h/∂w_kj = ŷ_k x_j",
            (of_h, probability(k) * x[n, j]),
        ),
        Equation(
            33,
            "derivation step",
            "The derivative of the loss is that of h less that of g.",
            "∂Cⁿ/∂w_kj = -∂gⁿ/∂w_kj + ∂hⁿ/∂w_kj",
            (of_loss, -of_g + of_h),
        ),
        Equation(
            34,
            "derivation step",
            "(23) and (32) inserted.",
            "∂Cⁿ/∂w_kj = -y_kⁿ x_jⁿ + ŷ_kⁿ x_jⁿ",
            (of_loss, -y[n, k] * x[n, j] + probability(k) * x[n, j]),
        ),
        Equation(
            35,
            "conclusion",
            "The gradient of one example's softmax loss.",
            "∂Cⁿ/∂w_kj = -x_jⁿ (y_kⁿ - ŷ_kⁿ)",
            (of_loss, -x[n, j] * (y[n, k] - probability(k))),
        ),
    ]


def regularised_equations() -> list[Equation]:
    """(36) to (51); of each matrix, the entry in row k and column j."""

    def mean(summand: sp.Expr) -> sp.Expr:
        return sp.Sum(summand, (_m, 1, N)) / N

    squares = sp.Sum(sp.Sum(w[_a, _b] ** 2, (_b, 1, I)), (_a, 1, K))
    loss = mean(cross_entropy(_m))
    of_loss, of_squares = by_weight(loss), by_weight(squares)
    mean_of_slopes = mean(by_weight(cross_entropy(_m)))
    of_objective = by_weight(loss + penalty * squares)
    return [
        Equation(
            36,
            "definition",
            "The objective is the loss plus lambda times a penalty.",
            "J(w) = C(w) + λ R(w), λ real",
        ),
        Equation(
            37,
            "definition",
            "The loss is the mean over the examples.",
            "C(w) = (1/N) Σ_n Cⁿ(w)",
        ),
        Equation(
            38,
            "definition",
            "The penalty is the sum of the squares of the weights.",
            "R(w) = ‖w‖² = Σ_ij w_ij²",
        ),
        Equation(
            39,
            "derivation step",
            "The derivative of a sum is the sum of the derivatives.",
            "∂J/∂w = ∂C/∂w + λ ∂R/∂w",
            (of_objective, of_loss + penalty * of_squares),
        ),
        Equation(
            40,
            "derivation step",
            "The mean inserted.",
            "∂C/∂w = ∂/∂w (1/N) Σ_n Cⁿ",
            (of_loss, by_weight(mean(cross_entropy(_m)))),
        ),
        Equation(
            41,
            "derivation step",
            "The derivative of a mean is the mean of the derivatives.",
            "∂C/∂w = (1/N) Σ_n ∂Cⁿ/∂w",
            (of_loss, mean_of_slopes),
        ),
        Equation(42, "empty", "A number without an equation.", ""),
        Equation(
            43,
            "derivation step",
            "The derivative by a matrix is the matrix of the derivatives.",
            "∂C/∂w = (1/N) Σ_n [∂Cⁿ/∂w_kj], a matrix of K rows and I columns",
            (of_loss, mean_of_slopes),
        ),
        Equation(
            44,
            "conclusion",
            "(35) inserted into each entry.",
            "∂C/∂w = (1/N) Σ_n [-x_jⁿ (y_kⁿ - ŷ_kⁿ)], a matrix of K rows and I columns",
            (of_loss, mean(-x[_m, j] * (y[_m, k] - probability(k, _m)))),
        ),
        Equation(
            45,
            "identity",
            "The matrix is the mean of the gradients, (41) again.",
            "∂C/∂w = (1/N) Σ_n ∂Cⁿ/∂w",
            (of_loss, mean_of_slopes),
        ),
        Equation(
            46,
            "derivation step",
            "The penalty inserted.",
            "∂R/∂w = ∂‖w‖²/∂w",
            (of_squares, by_weight(squares)),
        ),
        Equation(
            47,
            "derivation step",
            "The norm inserted.",
            "∂R/∂w = ∂/∂w Σ_ij w_ij²",
            (of_squares, by_weight(sp.Sum(sp.Sum(w[_a, _b] ** 2, (_b, 1, I)), (_a, 1, K)))),
        ),
        Equation(
            48,
            "derivation step",
            "The derivative by a matrix is the matrix of the derivatives.",
            "∂R/∂w = [∂/∂w_kj Σ_ij w_ij²], a matrix of K rows and I columns",
            (of_squares, by_weight(squares)),
        ),
        Equation(
            49,
            "conclusion",
            "Each entry is twice its weight.",
            "∂R/∂w = [2 w_kj], a matrix of K rows and I columns",
            (of_squares, 2 * w[k, j]),
        ),
        Equation(
            50,
            "conclusion",
            "The derivative of the penalty is twice the weights.",
            "∂R/∂w = 2 w",
            (of_squares, 2 * w[k, j]),
        ),
        Equation(
            51,
            "conclusion",
            "The gradient of the regularised objective.",
            "∂J/∂w = (1/N) Σ_n ∂Cⁿ/∂w + 2 λ w",
            (of_objective, mean_of_slopes + 2 * penalty * w[k, j]),
        ),
    ]


def equations() -> list[Equation]:
    """All 51 in order."""
    return [*logistic_equations(), *softmax_equations(), *regularised_equations()]
