"""Labels as bytes: numbers as they are, words by their place among the names of the classes."""

import re
from difflib import get_close_matches

import numpy as np

from common.errors import DataError
from images.layout import Layout

_LARGEST_LABEL = 255


def to_codes(
    sources: dict[str, np.ndarray], layout: Layout
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Number the labels of all files of a data set.

    Args:
        sources: by the name of their files, numbers or words (n,).
        layout: of the data set.

    Returns:
        By the same names uint8 (n,), and the names of the classes 0, 1, ...; none if the labels are
        numbers without names.

    Raises:
        DataError: a number is no whole one from 0 to 255, a label has no name, or words are mixed
            with numbers.
    """
    sources = {place: _as_numbers(labels) for place, labels in sources.items()}
    words = {place for place, labels in sources.items() if labels.dtype == object}
    if not words and layout.class_words:
        raise DataError(
            f"{', '.join(sources)}: the labels are numbers, but tasks name "
            f"{layout.class_words[0]!r} in `classes`. Set {layout.key('class_names')} to the names "
            "of 0, 1, 2, ..."
        )
    if not words:
        codes = {place: _numbered(place, labels, layout) for place, labels in sources.items()}
        return codes, layout.class_names
    for place in sources.keys() - words:
        raise DataError(
            f"{place}: its labels are numbers, but words in {', '.join(sorted(words))}, which "
            f"{layout.key('label')} names."
        )
    names = (
        layout.class_names
        or layout.class_words
        or tuple(sorted({w for ws in sources.values() for w in ws}))
    )
    if len(names) > _LARGEST_LABEL + 1:
        raise DataError(
            f"{', '.join(sources)}: found {len(names)} different labels, such as {names[0]!r} and "
            f"{names[1]!r}; at most {_LARGEST_LABEL + 1} are possible. Does {layout.key('label')} "
            "name the right column?"
        )
    code = {name: number for number, name in enumerate(names)}
    return {place: _coded(place, ws, code, layout) for place, ws in sources.items()}, names


def _as_numbers(labels: np.ndarray) -> np.ndarray:
    """Words without spaces around them; if all are whole numbers, these."""
    if labels.dtype != object:
        return labels
    # Of several files, one may have numbers, and an array may have true and false.
    labels = np.array([str(word).strip() for word in labels], dtype=object)
    words = set(labels)
    # A number too long for any label stays a word.
    if all(re.fullmatch("[0-9]{1,9}", word) for word in words):
        return labels.astype(np.int64)
    return labels


def _numbered(place: str, labels: np.ndarray, layout: Layout) -> np.ndarray:
    largest = len(layout.class_names) - 1 if layout.class_names else _LARGEST_LABEL
    good = (labels >= 0) & (labels <= largest)
    if labels.dtype.kind == "f":
        good &= labels == np.floor(labels)
    if not good.all():
        row = int(np.argmin(good))
        allowed = f"a whole number from 0 to {largest}"
        if layout.class_names:
            allowed += f", because {layout.key('class_names')} has {largest + 1} names"
        raise DataError(
            f"{place}: row {row + 1}: found the label {labels[row]}; must be {allowed}. Does "
            f"{layout.key('label')} name the right column?"
        )
    return labels.astype(np.uint8)


def _coded(place: str, words: np.ndarray, code: dict[str, int], layout: Layout) -> np.ndarray:
    for row, word in enumerate(words):
        if word not in code:
            close = get_close_matches(word, code, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise DataError(
                f"{place}: row {row + 1}: found the label {word!r}, which is not in "
                f"{layout.key('class_names')} (without it: in `classes` of a task){hint}"
            )
    return np.array([code[word] for word in words], dtype=np.uint8)
