"""Labels as bytes: numbers as they are, words by their place among the names of the classes."""

import re
from difflib import get_close_matches
from unicodedata import normalize

import numpy as np

from common.errors import DataError
from images.layout import Layout

_LARGEST_LABEL = 255
_NUMBER = r"[+-]?[0-9]+(\.[0-9]*)?"
#: What programs write where there is no value.
_NOTHING = {"NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "?"}


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
        DataError: a label is missing, a number is no whole one from 0 to 255, a label has no name,
            or words are mixed with numbers and no names say that these are names, too.
    """
    sources = {place: _as_numbers(place, labels, layout) for place, labels in sources.items()}
    words = {place for place, labels in sources.items() if labels.dtype == object}
    if not words and layout.class_words:
        raise DataError(
            f"{', '.join(sources)}: the labels are numbers, but tasks name "
            f"{layout.class_words[0]!r} in `classes`. Write numbers there, without quotes, or set "
            f"{layout.key('class_names')} to the names of 0, 1, 2, ..."
        )
    if not words:
        for number, name in enumerate(layout.class_names):
            if re.fullmatch(_NUMBER, name) and float(name) != number:
                raise DataError(
                    f"{', '.join(sources)}: the labels are numbers, and "
                    f"{layout.key('class_names')} calls {number} {name!r}, another number. Correct "
                    "it: the first name is that of 0."
                )
        codes = {place: _numbered(place, labels, layout) for place, labels in sources.items()}
        return codes, layout.class_names
    for place in sorted(sources.keys() - words):
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


def _as_numbers(place: str, labels: np.ndarray, layout: Layout) -> np.ndarray:
    """Words with single spaces in them and none around; if all are numbers, these."""
    if labels.dtype != object:
        return labels
    # An array may have true and false, and an accent be a character of its own.
    words = (" ".join(normalize("NFC", str(word)).split()) for word in labels)
    labels = np.array([*words], dtype=object)
    is_number = {word: re.fullmatch(_NUMBER, word) is not None for word in set(labels)}
    if all(is_number.values()):
        return labels.astype(np.float64)
    if "" in is_number:
        raise DataError(f"{place}: row {labels.tolist().index('') + 1}: there is no label.")
    named = layout.class_names or layout.class_words
    for word in sorted(_NOTHING & is_number.keys() - {*named}):
        raise DataError(
            f"{place}: row {labels.tolist().index(word) + 1}: found {word!r}, as is written where "
            "there is no label. Leave such rows out; or if it is a class, list it with the others "
            f"in {layout.key('class_names')}."
        )
    for row, word in enumerate(labels):
        if re.search(r"[\x00-\x1f\x7f]", word):
            raise DataError(f"{place}: row {row + 1}: found the label {word!r}, which is no text.")
    if any(is_number.values()) and not named:
        numbers = np.array([is_number[word] for word in labels])
        few = numbers if numbers.mean() < 0.5 else ~numbers
        row = int(np.argmax(few))
        raise DataError(
            f"{place}: row {row + 1}: found the label {labels[row]!r}, a "
            f"{'number' if numbers[row] else 'word'} among {'words' if numbers[row] else 'numbers'}"
            f". Correct it; or if all are names, list them in {layout.key('class_names')}."
        )
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
            f"{place}: row {row + 1}: found the label {labels[row]:.15g}; must be {allowed}. "
            f"Does {layout.key('label')} name the right column? If so, number the classes 0, 1, "
            "... in the file, or put words in their place."
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
