"""Measurements without a training: what words about terms say, and what a table pins down."""

from typing import Literal

import numpy as np

from measuring.quantities import Count, Measured, Results


def terms_told_wrong(
    results: Results,
    *,
    classes: Count,
    features: Count,
    decides: Literal["feature", "class and feature"],
) -> Measured:
    """Of the terms y_k w_kj x_j, how many have another derivative by one weight than words say.

    The words: a term's derivative by w_cd is y_c x_d if it has the weight's own feature (and, with
    `class and feature`, its class), else 0. The derivative itself is a difference in integers,
    which is exact because a term is linear in the weight.
    """
    y, x = np.arange(2, classes + 2), np.arange(2, features + 2)
    c, d = classes // 2, features // 2
    one_more = np.zeros((classes, features), dtype=np.int64)
    one_more[c, d] = 1
    # Every term is linear in w, so that the difference for any w is that for w = 0.
    derivatives = y[:, np.newaxis] * one_more * x
    own = np.zeros(derivatives.shape, dtype=bool)
    own[:, d] = True
    if decides == "class and feature":
        own &= np.arange(classes)[:, np.newaxis] == c
    told = np.where(own, y[c] * x[d], 0)
    return Measured(
        np.array([float(np.count_nonzero(told != derivatives))]),
        "terms",
        ["results/equations.json: number=22"],
        f"Of {derivatives.size} terms.",
    )


def variations_surviving(
    results: Results, *, choice: str | None = None, without: list[str] | None = None
) -> Measured:
    """Under how many other choices of the protocol all numbers of the report's table come out.

    `choice` takes those of one kind alone, as in results/identifiability.csv; `without` names
    values that are no other choice.
    """
    rows = [
        row
        for row in results.variations()
        if row["choice"] == (choice or row["choice"])
        and row["choice"] != "none"
        and row["value"] not in (without or [])
    ]
    kept = [f"{row['choice']} {row['value']}" for row in rows if all(row["survives"].values())]
    return Measured(
        np.array([float(len(kept))]),
        "choices",
        ["results/identifiability.csv"],
        f"Of {len(rows)}: {'; '.join(kept) or 'none'}.",
    )
