"""Proof or refutation of an equation by SymPy, for any number of classes, features and examples.

Sums keep their symbolic length. SymPy differentiates them under the sum, where the derivative of
one weight by another is a Kronecker delta: d w_ai / d w_kj = delta_ak delta_ij. What SymPy does not
do by itself is done by `take_apart`: a sum over an index with a delta is its one term, since
1 <= k <= K and 1 <= j <= I; a sum of terms is the sum of their sums; factors without the index
stand before the sum. The rest is a quotient of exponentials, which `cancel` brings to 0 or not.

That a difference does not simplify to 0 refutes nothing. An equation is refuted by numbers: a
point at which its two sides differ.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import sympy as sp

#: Numbers of classes, features, examples, and indices into them.
K, I, N = sp.symbols("K I N", integer=True, positive=True)  # noqa: E741
k, j, n = sp.symbols("k j n", integer=True, positive=True)
#: The last index that is written in (22).
i = sp.Symbol("i", integer=True, positive=True)
#: The last class and the last feature; a sum from 1 to there has the term of any.
LAST = {k: K, j: I}
#: Features x[n, i], weights w[i] or w[k, i], labels y[n] or y[n, k].
x, w, y = (sp.IndexedBase(name, real=True) for name in "xwy")
penalty = sp.Symbol("lambda", real=True)

#: Sizes at which sums are written out, and at which points are tried.
SIZES = {K: 4, I: 3, N: 2}
#: By how much the values of two sides, about 1 in size, must differ; rounding is below 1e-13.
DIFFERENCE = 1e-9


def _numbers() -> dict[tuple[sp.IndexedBase, int], np.ndarray]:
    """Random features, weights and labels by how many indices they have; index 0 is unused."""
    generator = np.random.RandomState(0)
    classes, features, examples = (SIZES[size] + 2 for size in (K, I, N))
    labels = generator.uniform(size=(examples, classes))
    return {
        (x, 2): generator.normal(size=(examples, features)),
        (w, 1): generator.normal(size=features),
        (w, 2): generator.normal(size=(classes, features)),
        (y, 1): generator.uniform(size=examples),
        (y, 2): labels / labels[:, 1 : SIZES[K] + 1].sum(axis=1, keepdims=True),
    }


#: The numbers at the points that are tried.
NUMBERS = _numbers()

INSERTED = (
    "both sides are one expression once definitions are inserted and sums are differentiated "
    "term by term"
)
SYMBOLIC = "symbolic, for any number of classes, features and examples"
WRITTEN_OUT = f"symbolic, every term written out for {SIZES[K]} classes and {SIZES[I]} features"
BY_NUMBERS = "by numbers: a point at which the sides differ"
OPEN = "neither simplified to 0 nor refuted at the points tried"


class Proof(NamedTuple):
    """What became of an equation.

    Attributes:
        verdict: proved, refuted or undecided.
        method: how, and for which sizes.
        counterexample: the point and the values of both sides there, of a refuted one.
    """

    verdict: str
    method: str
    counterexample: str | None = None


def prove(left: sp.Expr, right: sp.Expr, *, written_out: bool = False) -> Proof:
    """Prove that two sides are the same for all weights, features and labels, or refute it.

    Args:
        left: expression in the symbols of this module; k, j and n stand for any class, feature and
            example, and labels y[n, k] sum to 1 over the classes.
        right: another.
        written_out: prove it at `SIZES` for each k and j, because the terms of a side are listed.
    """
    if left == right:
        return Proof("proved", INSERTED)
    if written_out:
        if all(_is_zero((left - right).subs(point).doit()) for point in _points()):
            return Proof("proved", WRITTEN_OUT)
    elif _is_zero(take_apart(left - right)):
        return Proof("proved", SYMBOLIC)
    found = next(_differences(left, right), None)
    return Proof("refuted", BY_NUMBERS, found) if found else Proof("undecided", OPEN)


def take_apart(expression: sp.Expr) -> sp.Expr:
    """Split sums into their terms, take out what is constant, and let deltas pick theirs."""
    logs_split = expression.replace(_is_log_of_positive, lambda log: sp.expand_log(log, force=True))
    parts = logs_split.replace(lambda part: isinstance(part, sp.Sum), _split_sum)
    return parts.replace(_is_sum_of_labels, lambda _: sp.Integer(1))


def _split_sum(total: sp.Sum) -> sp.Expr:
    """A sum over one or more indices, the innermost first, as a sum of sums."""
    parts = total.function
    for limit in total.limits:
        terms = sp.Add.make_args(sp.expand_mul(parts))
        parts = sp.Add(*(_sum_term(term, limit) for term in terms))
    return parts


def _sum_term(term: sp.Expr, limit: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Expr:
    """The sum of a product over an index: one term if a delta picks it and the sum has it."""
    index, first, last = limit
    constant, summand = term.as_independent(index, as_Add=False)
    for factor in sp.Mul.make_args(summand):
        if isinstance(factor, sp.KroneckerDelta):
            (picked,) = set(factor.args) - {index}
            if (first, last) == (1, LAST.get(picked)):
                return constant * (summand / factor).subs(index, picked)
    return constant * sp.Sum(summand, limit)


def _is_log_of_positive(part: sp.Basic) -> bool:
    return isinstance(part, sp.log) and _is_positive(part.args[0])


def _is_positive(part: sp.Expr) -> bool:
    """Whether it is made of exponentials and positive numbers, by sums, products and powers."""
    if isinstance(part, (sp.Add, sp.Mul)):
        return all(map(_is_positive, part.args))
    if isinstance(part, (sp.Pow, sp.Sum)):
        return _is_positive(part.args[0])
    return isinstance(part, sp.exp) or bool(part.is_positive and part.is_number)


def _is_sum_of_labels(part: sp.Basic) -> bool:
    if not isinstance(part, sp.Sum) or not isinstance(part.function, sp.Indexed):
        return False
    return part.function.base == y and part.limits[0] == (part.function.indices[-1], 1, K)


def _is_zero(expression: sp.Expr) -> bool:
    return expression == 0 or sp.cancel(sp.together(expression)) == 0


def _points() -> Iterator[dict[sp.Symbol, int]]:
    """Each weight (k, j) of the first example at `SIZES`; the index i is the last feature's."""
    for of_class, of_feature in product(range(1, SIZES[K] + 1), range(1, SIZES[I] + 1)):
        yield SIZES | {k: of_class, j: of_feature, n: 1, i: SIZES[I]}


def _differences(left: sp.Expr, right: sp.Expr) -> Iterator[str]:
    """The points at which two sides differ, with their values."""
    sides = [_as_function(side) for side in (left, right)]
    for point in _points():
        here, there = (side(point) for side in sides)
        if abs(here - there) > DIFFERENCE:
            where = f"K = {point[K]}, I = {point[I]}, k = {point[k]}, j = {point[j]}"
            yield f"{where}: left {here:.6f}, right {there:.6f}"


def _as_function(side: sp.Expr) -> Callable[[dict[sp.Symbol, int]], float]:
    """A side as a function of the point, with the numbers of `NUMBERS` and lambda 0.5."""
    indexed = {entry.base: entry.rank for entry in side.atoms(sp.Indexed)}
    numbers = {base: NUMBERS[base, rank] for base, rank in indexed.items()} | {penalty: 0.5}
    names = [K, I, N, k, j, n, i]
    function = sp.lambdify([*names, *numbers], side, modules="numpy")
    return lambda point: function(*(point[name] for name in names), *numbers.values())
