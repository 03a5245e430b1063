"""The report's derivations, proven with SymPy for general x, y and w.

Each proof takes the derivative of the left-hand side by rule, independently of the claimed
right-hand side, and shows that their difference simplifies to 0. Notation: x_i is one of any number
of features, w_i its weight, z = sum_i w_i x_i; t is 1 or 0 (general t is proven); K classes.

What is general and how:

* Logistic: z = c + w x, where c stands for all other features, which do not depend on w. So the
  proof is for any number of features.
* Softmax: SymPy differentiates sums over an index of symbolic length K, but cannot simplify all
  that comes out. The sum of the exponentials is therefore written as the terms that depend on the
  weight in question plus a symbol R for all others; R is a constant there, so that the proof is for
  every K. (35) sums over the true class k of a one-hot target the cases k = j and k != j in the
  same way. As a cross-check (23), (32) and (35) are also proven with all terms written out, for
  each K in 2..10.
* L2: ||W||^2 = sum of w^2 = w_ij^2 + R likewise.
"""

from collections.abc import Callable
from typing import NamedTuple

import sympy as sp

#: Numbers of classes for which the proofs of softmax are done with all terms written out.
CLASS_COUNTS = range(2, 11)

GENERAL = "symbolic, for any number of features"
GENERAL_K = (
    "symbolic, for any number of classes and of features (all other classes as one symbol); "
    "cross-checked with all terms written out for each number of classes from 2 to 10"
)
GENERAL_W = "symbolic, for any number of weights"


class Proof(NamedTuple):
    """An equation with its sides and whether they are the same.

    Attributes:
        equation: the report's number of it.
        statement: what it says, in words.
        left, right: the sides as LaTeX, as the report writes them.
        derived, claimed: the derivative that SymPy found and the right-hand side, as text.
        method: for what it is proven, and how.
        proven: whether derived - claimed is 0 in all cases.
    """

    equation: str
    statement: str
    left: str
    right: str
    derived: str
    claimed: str
    method: str
    proven: bool


def is_zero(expression: sp.Expr) -> bool:
    """Whether an expression is identically 0: after cancelling, and if need be `simplify`."""
    return (
        expression == 0 or sp.cancel(sp.together(expression)) == 0 or sp.simplify(expression) == 0
    )


def prove(derived: sp.Expr, claimed: sp.Expr) -> bool:
    """Whether the derivative found is the one claimed."""
    return is_zero(derived - claimed)


w, x, c, z, t, n, R, lam = sp.symbols("w x c z t n R lambda", real=True)


def sigmoid(argument: sp.Expr) -> sp.Expr:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + sp.exp(-argument))


def eq_3() -> Proof:
    """The derivative of the sigmoid."""
    y = sigmoid(z)
    derived, claimed = sp.diff(y, z), y * (1 - y)
    return Proof(
        "3",
        "derivative of the sigmoid",
        r"\frac{d y}{d z}",
        r"y (1 - y)",
        str(derived),
        str(claimed),
        "symbolic, for every z",
        prove(derived, claimed),
    )


def eq_6() -> Proof:
    """The derivatives of ln y and ln(1 - y) with respect to a weight."""
    y = sigmoid(c + w * x)
    of_log, of_log_rest = sp.diff(sp.log(y), w), sp.diff(sp.log(1 - y), w)
    return Proof(
        "6",
        "derivatives of the two logarithms",
        r"\frac{\partial \ln y}{\partial w_i},\ \frac{\partial \ln (1 - y)}{\partial w_i}",
        r"(1 - y) x_i,\ -y x_i",
        f"{of_log}, {of_log_rest}",
        f"{(1 - y) * x}, {-y * x}",
        GENERAL,
        prove(of_log, (1 - y) * x) and prove(of_log_rest, -y * x),
    )


def eq_9() -> Proof:
    """The chain rule puts both together: the derivative of one example's loss."""
    y = sigmoid(c + w * x)
    loss = -(t * sp.log(y) + (1 - t) * sp.log(1 - y))
    derived = sp.diff(loss, w)
    claimed = -(t * (1 - y) * x - (1 - t) * y * x)
    return Proof(
        "9",
        "chain rule for the loss of one example",
        r"\frac{\partial C^{(n)}}{\partial w_i}",
        r"-\left( t (1 - y) x_i - (1 - t) y x_i \right)",
        str(derived),
        str(claimed),
        GENERAL,
        prove(derived, claimed),
    )


def eq_11() -> Proof:
    """The gradient of the logistic loss: of one example, and so of the mean over any number."""
    y = sigmoid(c + w * x)
    loss = -(t * sp.log(y) + (1 - t) * sp.log(1 - y))
    derived, claimed = sp.diff(loss, w), -(t - y) * x
    return Proof(
        "11",
        "gradient of the logistic loss; of the mean by linearity",
        r"\frac{\partial C}{\partial w_i}",
        r"-\frac{1}{N} \sum_n (t^{(n)} - y^{(n)}) x_i^{(n)}",
        str(derived),
        str(claimed),
        GENERAL,
        prove(derived, claimed) and _mean_keeps_sums(),
    )


def eq_23() -> Proof:
    """The derivative of the probability of a class with respect to its own weight."""
    derived, claimed, holds = _softmax_derivative(same=True)
    return Proof(
        "23",
        "derivative of a class's probability by its own weight",
        r"\frac{\partial y_k}{\partial w_{k i}}",
        r"x_i y_k (1 - y_k)",
        derived,
        claimed,
        GENERAL_K,
        holds and all(_softmax_written_out(K) for K in CLASS_COUNTS),
    )


def eq_32() -> Proof:
    """The derivative of the probability of a class with respect to another one's weight."""
    derived, claimed, holds = _softmax_derivative(same=False)
    return Proof(
        "32",
        "derivative of a class's probability by another class's weight",
        r"\frac{\partial y_k}{\partial w_{j i}},\ j \neq k",
        r"-x_i y_k y_j",
        derived,
        claimed,
        GENERAL_K,
        holds and all(_softmax_written_out(K) for K in CLASS_COUNTS),
    )


def eq_35() -> Proof:
    """The gradient of the softmax loss, for a one-hot target."""
    own, other = _exponentials()
    total = own + other + R
    # The loss -ln y_k by the weight of class k (target 1) and of class j != k (target 0).
    of_own = sp.diff(-sp.log(own / total), w)
    of_other = sp.diff(-sp.log(own.subs(w, 0) / (own.subs(w, 0) + _moving() + R)), w)
    y_own, y_other = own / total, _moving() / (own.subs(w, 0) + _moving() + R)
    return Proof(
        "35",
        "gradient of the softmax loss; of the mean by linearity",
        r"\frac{\partial C}{\partial w_{k i}}",
        r"\frac{1}{N} \sum_n x_i^{(n)} (y_k^{(n)} - t_k^{(n)})",
        f"{of_own}; {of_other}",
        f"{x * (y_own - 1)}; {x * y_other}",
        GENERAL_K,
        prove(of_own, x * (y_own - 1))
        and prove(of_other, x * y_other)
        and _mean_keeps_sums()
        and all(_softmax_loss_written_out(K) for K in CLASS_COUNTS),
    )


def eq_50() -> Proof:
    """The derivative of the squared norm."""
    derived, claimed = sp.diff(w**2 + R, w), 2 * w
    return Proof(
        "50",
        "derivative of the squared norm",
        r"\frac{\partial \lVert W \rVert^2}{\partial w_{i j}}",
        r"2 w_{i j}",
        str(derived),
        str(claimed),
        GENERAL_W,
        prove(derived, claimed),
    )


def eq_51() -> Proof:
    """The gradient of the regularised loss, for any differentiable loss C."""
    loss = sp.Function("C")(w)
    derived = sp.diff(loss + lam * (w**2 + R), w)
    claimed = sp.diff(loss, w) + 2 * lam * w
    return Proof(
        "51",
        "gradient of the regularised loss",
        r"\frac{\partial J}{\partial w_{i j}}",
        r"\frac{\partial C}{\partial w_{i j}} + 2 \lambda w_{i j}",
        str(derived),
        str(claimed),
        GENERAL_W,
        prove(derived, claimed),
    )


#: The proofs by the number of their equation.
PROOFS: dict[str, Callable[[], Proof]] = {
    "3": eq_3,
    "6": eq_6,
    "9": eq_9,
    "11": eq_11,
    "23": eq_23,
    "32": eq_32,
    "35": eq_35,
    "50": eq_50,
    "51": eq_51,
}


def _exponentials() -> tuple[sp.Expr, sp.Expr]:
    """The exponential that depends on w, and that of another class, which does not."""
    return sp.exp(c + w * x), sp.Symbol("E", positive=True)


def _moving() -> sp.Expr:
    """The exponential of a class j whose weight w is."""
    return sp.exp(sp.Symbol("d", real=True) + w * x)


def _softmax_derivative(*, same: bool) -> tuple[str, str, bool]:
    """Derivative of y_k by the weight of class k (same) or j; R is the sum of all other terms."""
    moving, fixed = _exponentials()
    total = moving + fixed + R
    y_k, y_j = (moving / total,) * 2 if same else (fixed / total, moving / total)
    derived = sp.diff(y_k, w)
    claimed = x * y_k * ((1 if same else 0) - y_j)
    return str(derived), str(claimed), prove(derived, claimed)


def _softmax_written_out(K: int) -> bool:
    """Prove x y_k (delta_kj - y_j) for all k and j, with e_k = exp(z_k) as symbols.

    By the chain rule d/dw_ji = x_i d/dz_j, and d e_j / dz_j = e_j.
    """
    e = sp.symbols(f"e0:{K}", positive=True)
    y = [term / sum(e) for term in e]
    return all(
        prove(x * e[j] * sp.diff(y[k], e[j]), x * y[k] * ((1 if k == j else 0) - y[j]))
        # Every pair is one of these two, up to renaming of the classes.
        for k, j in ((0, 0), (0, K - 1))
    )


def _softmax_loss_written_out(K: int) -> bool:
    """Prove x (y_j - t_j) for the loss of a target t that sums to 1, all K terms written out."""
    e = sp.symbols(f"e0:{K}", positive=True)
    free = sp.symbols(f"t1:{K}", real=True)
    targets = (1 - sum(free), *free)
    loss = -sum(t_k * (sp.log(e_k) - sp.log(sum(e))) for t_k, e_k in zip(targets, e, strict=True))
    return all(
        prove(x * e[j] * sp.diff(loss, e[j]), x * (e[j] / sum(e) - targets[j])) for j in (0, K - 1)
    )


def _mean_keeps_sums() -> bool:
    """The derivative of a mean of N terms is the mean of their derivatives, for symbolic N."""
    i = sp.Symbol("i", integer=True)
    N = sp.Symbol("N", integer=True, positive=True)
    term = sp.Function("C")(i, w)
    derived = sp.diff(sp.Sum(term, (i, 1, N)) / N, w)
    claimed = sp.Sum(sp.diff(term, w), (i, 1, N)) / N
    return derived == claimed
