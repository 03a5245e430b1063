"""Slips of the report that its text shows: in equations, and in the words around them."""

from typing import NamedTuple


class Erratum(NamedTuple):
    """A slip of the report.

    Attributes:
        section: task of the report, as in the claims file (`1a`).
        place: where to look.
        kind: wrong (false as it stands), notation, repetition, ambiguity, wording, reference (to
            another figure) or spelling.
        says: what is wrong, and how it should be.
        equations: numbers of the equations that have it; none, if it is in the text.
    """

    section: str
    place: str
    kind: str
    says: str
    equations: tuple[int, ...] = ()


def of_equation(number: int) -> str | None:
    """What is wrong with an equation, all slips that it has one after the other."""
    return " ".join(slip.says for slip in ERRATA if number in slip.equations) or None


ERRATA = (
    Erratum(
        "1a",
        "text before (1)",
        "wording",
        "The loss Cⁿ is said to be that of a training set n; n is one example of it.",
    ),
    Erratum(
        "1a",
        "text before (10)",
        "wording",
        "Called the gradient, though it is one component of it, the derivative by one weight.",
        (10, 11),
    ),
    Erratum(
        "1a",
        "(11)",
        "notation",
        "Up to (9) the prediction is f(xⁿ), here it is ŷⁿ; both are the same.",
        (11,),
    ),
    Erratum(
        "1b",
        "text after (12), (14) to (18), (24) to (27) and (29) to (31)",
        "notation",
        "The sum over k' has an upper limit K but no start; it starts at k' = 1.",
        (14, 15, 16, 17, 18, 24, 25, 26, 27, 29, 30, 31),
    ),
    Erratum(
        "1b",
        "text after (12), and (25) to (30)",
        "notation",
        "The sum over the features i has no limits; it runs over all of them, the constant too.",
        (25, 26, 27, 28, 29, 30),
    ),
    Erratum(
        "1b",
        "text after (12)",
        "notation",
        "The logit has both a transposition and a dot for the same product.",
    ),
    Erratum("1b", "(13)", "repetition", "Repeats (12).", (13,)),
    Erratum("1b", "(18)", "repetition", "Repeats (17).", (18,)),
    Erratum(
        "1b",
        "(20) to (32)",
        "notation",
        "The superscript n of the example is lost from (20) to (32); it is back in (33).",
        tuple(range(20, 33)),
    ),
    Erratum(
        "1b",
        "(20) and (21)",
        "notation",
        "k is the class of the weight and also the index of the sum; the sum needs another, as k'.",
        (20, 21),
    ),
    Erratum(
        "1b",
        "(21)",
        "notation",
        "The number of features is 785 here, without limit elsewhere, and I from (43) on.",
        (21,),
    ),
    Erratum(
        "1b",
        "(22)",
        "wrong",
        "The features end at i and the classes at k, with no dots before the last class, where I "
        "and K must stand. To the letter classes are missing, and for k = 1 or 2 one counts twice.",
        (22,),
    ),
    Erratum(
        "1b",
        "text after (22)",
        "notation",
        "The weight is w_jk in the text and w_kj in the equations.",
        (23,),
    ),
    Erratum(
        "1b",
        "text after (22)",
        "wrong",
        "A term is said to count if its feature is that of the weight; its class must be, too, as "
        "the text after (28) has it.",
        (23,),
    ),
    Erratum(
        "1b",
        "remark on (25)",
        "notation",
        "The prime stands on z where it belongs to its index: z_k'.",
        (25,),
    ),
    Erratum(
        "1b",
        "text after (28)",
        "notation",
        "The weight is w_jk in the text and w_kj in the equations, and i is set equal to j "
        "although each term sums over i.",
        (29,),
    ),
    Erratum(
        "1b",
        "text before (33)",
        "wording",
        "Called the gradient, as in (10), though it is one component of it.",
        (33, 34, 35),
    ),
    Erratum(
        "2d",
        "text before Table 1",
        "ambiguity",
        "Ten checks without a fall of the loss stop the training; whether in a row is not said.",
    ),
    Erratum(
        "2e",
        "text and caption of Figure 4",
        "ambiguity",
        "Speaks of variances of the loss. A variance has the square of the loss's unit, and a "
        "band around a mean is the standard deviation.",
    ),
    Erratum(
        "2e",
        "text and caption of Figure 3",
        "ambiguity",
        "The text says validation accuracy, the caption leaves out of which set.",
    ),
    Erratum("4a", "text before (36)", "wording", "L2 regression; it is regularisation."),
    Erratum(
        "4a",
        "text before (36), before (39) and before (51)",
        "wording",
        "The gradient of the objective is called the update term; an update is minus the learning "
        "rate times it.",
        (36, 39, 51),
    ),
    Erratum(
        "4a",
        "(36)",
        "wrong",
        "λ is allowed to be any real number; it must be at least 0, since with a negative one the "
        "objective has no lower bound.",
        (36,),
    ),
    Erratum(
        "4a",
        "(38)",
        "notation",
        "Called the L2 norm of a matrix, which can also mean the largest singular value; this is "
        "the Frobenius norm.",
        (38, 46),
    ),
    Erratum(
        "4a",
        "(38)",
        "ambiguity",
        "Does not say whether the weights of the constant feature, the biases, are in the norm. "
        "(21) counts 785 features, the constant among them, and (49) has all columns, so they are.",
        (38,),
    ),
    Erratum(
        "4a",
        "(38), (47) and (48)",
        "notation",
        "The first index, the class, is i here, the feature in 1b; the sum has no limits.",
        (38, 47, 48),
    ),
    Erratum("4a", "(42)", "notation", "A number without an equation.", (42,)),
    Erratum(
        "4a",
        "text before (43)",
        "wording",
        "The result of 1b is announced for (43), but is used only in (44).",
        (43,),
    ),
    Erratum(
        "4a",
        "(45)",
        "repetition",
        "Repeats (41): after the matrix (44) the left side is named again.",
        (45,),
    ),
    Erratum(
        "4a",
        "text after (48)",
        "wording",
        "An entry of the matrix is said to be 0 unless indices agree that are summed over; it is "
        "the terms of its sum that are.",
        (48, 49),
    ),
    Erratum(
        "4b",
        "text before Figure 7",
        "reference",
        "Gives Figure 8 the λ 0 and Figure 7 the λ 1; by their captions it is the other way round.",
    ),
    Erratum(
        "1b",
        "text after (22)",
        "spelling",
        "derivatie, resutling; read derivative, resulting.",
    ),
    Erratum("4b", "text", "spelling", "to simple, to sparse; read too simple, too sparse."),
)
