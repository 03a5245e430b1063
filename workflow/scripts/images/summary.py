"""What a data set is like, before anything is trained on it."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from common.errors import DataError
from images.splits import Split, first_examples, select_classes

#: So far, in parts of the variance of the training images, the mean images of two splits may be
#: apart. Negatives are farther, and digits or clothes that are transposed.
_UNLIKE = 0.2

#: So much of the variance of images is between the classes, or the labels are not theirs: a fifth
#: in digits and two fifths in clothes, a half hundredth at most with the labels moved by a row. Of
#: classes that are rare it is as much less as two images are more seldom of two classes.
_BETWEEN_CLASSES = 0.01

#: Of fewer images the mean says little.
_FEW = 5

#: So many images of each class, on average, tell whether labels are theirs in a part of a split.
_MANY = 20

#: A file has so many more columns of labels at most; more such pixels are what the images show.
_LABELS = 2

#: A larger part of a split that is in another one, too, is no chance.
_COPIES = 0.1


def summarise(name: str, splits: dict[str, Split], tasks: dict[str, dict]) -> dict:
    """Count what is in the splits of a data set, and what the tasks take of it.

    Args:
        name: of the data set.
        splits: train, validation and test.
        tasks: those that train on it, `classes` and `train_size` by name.

    Returns:
        What `results/data/<dataset>/summary.json` has.
    """
    train = splits["train"]
    labels = sorted({label for split in splits.values() for label in np.unique(split.labels)})
    duplicates = list(_duplicates(splits))
    doubts = list(_doubts(splits)) + [
        _in_two_splits(pair)
        for pair in duplicates
        if pair["images"] > _COPIES * len(splits[pair["in"]].labels)
    ]
    return {
        "dataset": name,
        "image_shape": list(train.image_shape),
        "pixel_range": list(train.pixel_range),
        "brightness_levels": train.brightest + 1,
        "splits": {role: _split_summary(split, labels) for role, split in splits.items()},
        "duplicates": duplicates,
        "tasks": {task: _task_summary(splits, **taken) for task, taken in tasks.items()},
    } | ({"doubts": doubts} if doubts else {})


def _doubts(splits: dict[str, Split]) -> Iterator[str]:
    """What is allowed, but most likely a slip."""
    train = splits["train"]
    mean, variance = train.pixels.mean(axis=0), _variance(train)
    for role, split in splits.items():
        apart = ((split.pixels.mean(axis=0) - mean) ** 2).sum()
        if apart > (_UNLIKE + 2 / len(split.pixels)) * variance:
            yield (
                f"The images of the split {role} are, on the whole, unlike those of the split "
                "train: are they inverted, transposed, moved or of another scale in one of them?"
            )
    means = {role: _means_of_labels(split) for role, split in splits.items()}
    found = {role: _rows_of_strangers(split, means[role]) for role, split in splits.items()}
    strangers = {role: rows for role, rows in found.items() if rows is not None}
    if strangers:
        places = ", ".join(role + rows for role, rows in strangers.items())
        yield (
            f"Labels have nothing to do with the images in {places}: class by class "
            "these look alike. Are the labels in another order, or moved by a row?"
        )
    for pixel in _labels_among_pixels(train):
        yield (
            f"Pixel {pixel} of the images of the split train has one value for each label: is it "
            "another column of labels? Then it belongs to `ignore`."
        )
    for role in [role for role in splits if role not in {"train", *strangers}]:
        if "train" in strangers:
            break
        if taken := list(_taken_for_others(splits[role], means[role], means["train"])):
            names = (f"{train.name_of(a)} like {train.name_of(b)}" for a, b in taken)
            yield (
                f"Classes of the split {role} look like other ones of the split train "
                f"({', '.join(names)}): do labels mean the same in both, and are the images turned?"
            )
    shares = np.bincount(train.labels) / len(train.labels)
    changes = np.count_nonzero(np.diff(train.labels.astype(int)))
    if changes < 0.1 * (len(train.labels) - 1) * (1 - shares @ shares):
        yield (
            "The split train is sorted by label: without shuffling a mini-batch has hardly more "
            "than one class."
        )


def _variance(split: Split) -> float:
    """The mean square of the distance of an image from the mean image."""
    squares = np.einsum("np,np->p", split.pixels, split.pixels, dtype=float) / len(split.pixels)
    return float((squares - split.pixels.mean(axis=0) ** 2).sum())


class _Mean(NamedTuple):
    """Of `count` images the mean one, float64 (p,)."""

    image: np.ndarray
    count: int


def _means_of_labels(split: Split) -> dict[int, _Mean]:
    """The mean image of each label."""
    chosen = {int(label): split.pixels[split.labels == label] for label in np.unique(split.labels)}
    return {label: _Mean(images.mean(axis=0), len(images)) for label, images in chosen.items()}


def _rows_of_strangers(split: Split, means: dict[int, _Mean]) -> str | None:
    """Where labels are not those of the images: "" for all, else the first part; None for none."""
    if _labels_are_strangers(split, means):
        return ""
    n = len(split.labels)
    ends = np.linspace(0, n, min(10, n // (_MANY * len(means))) + 1).astype(int)
    for first, end in pairwise(ends.tolist()):
        rows = slice(first, end)
        part = split._replace(labels=split.labels[rows], pixels=split.pixels[rows])
        of_part = _means_of_labels(part)
        # Of a sorted file a part has few classes.
        if len(of_part) < len(means) or min(mean.count for mean in of_part.values()) < _FEW:
            continue
        if _labels_are_strangers(part, of_part):
            return f" (from image {first + 1} to {end})"
    return None


def _labels_are_strangers(split: Split, means: dict[int, _Mean]) -> bool:
    """Whether the mean images of the classes differ as little as if labels were dealt at random."""
    n = len(split.labels)
    if len(means) < 2 or n < _FEW * len(means):
        return False
    whole = split.pixels.mean(axis=0)
    between = sum(mean.count * ((mean.image - whole) ** 2).sum() for mean in means.values()) / n
    at_random = (len(means) - 1) / (n - 1)
    of_two_classes = 1 - sum((mean.count / n) ** 2 for mean in means.values())
    return between < max(_BETWEEN_CLASSES * of_two_classes, 1.5 * at_random) * _variance(split)


def _labels_among_pixels(split: Split) -> list[int]:
    """Pixels, from 1, that have one value for each label, as no picture does."""
    of_class = [split.pixels[split.labels == label] for label in np.unique(split.labels)]
    if len(of_class) < 2 or len(split.labels) < _MANY * len(of_class):
        return []
    constant = np.all([(pixels == pixels[0]).all(axis=0) for pixels in of_class], axis=0)
    values = np.sort([pixels[0] for pixels in of_class], axis=0)
    found = np.flatnonzero(constant & (values[1:] > values[:-1]).all(axis=0)) + 1
    return found.tolist() if len(found) <= _LABELS else []


def _taken_for_others(
    split: Split, means: dict[int, _Mean], of_train: dict[int, _Mean]
) -> Iterator[tuple[int, int]]:
    """Labels whose images are more like those of another label in the training split: a, b."""
    known = {label: mean.image for label, mean in of_train.items() if mean.count >= _FEW}
    for label, (image, count) in means.items():
        if label not in known or count < _FEW:
            continue
        nearest = min(known, key=lambda other: ((image - known[other]) ** 2).sum())
        if nearest == label:
            continue
        # How far beyond the middle each image is on the way from its own label to the other one.
        way = known[nearest] - known[label]
        middle = (known[nearest] + known[label]) / 2
        beyond = (split.pixels[split.labels == label] - middle) @ way
        # Nearly the middle is what chance can do to a few images.
        if beyond.mean() > 5 * beyond.std() / np.sqrt(len(beyond)):
            yield label, nearest


def _split_summary(split: Split, labels: Sequence[int]) -> dict:
    counts = np.bincount(split.labels, minlength=256)
    low, high = split.pixel_range
    darkest, whitest = (
        low + (high - low) * int(byte) / split.brightest
        for byte in (split.pixels.min(), split.pixels.max())
    )
    return {
        "examples": len(split.labels),
        "smallest_pixel": darkest,
        "largest_pixel": whitest,
        "classes": [
            {"label": int(label), "name": split.name_of(label), "examples": int(counts[label])}
            for label in labels
        ],
        "missing_classes": [split.name_of(label) for label in labels if not counts[label]],
    }


def _duplicates(splits: dict[str, Split]) -> Iterator[dict]:
    """Images of one split that are in another one, too, pixel by pixel."""
    labels_of = {role: _labels_by_image(split) for role, split in splits.items()}
    for first, second in combinations(splits, 2):
        copies = [
            (image.tobytes(), label)
            for image, label in zip(splits[second].pixels, splits[second].labels, strict=True)
            if image.tobytes() in labels_of[first]
        ]
        yield {
            "in": second,
            "also_in": first,
            "images": len(copies),
            "with_another_label": sum(label not in labels_of[first][i] for i, label in copies),
        }


def _in_two_splits(pair: dict) -> str:
    other = pair["with_another_label"]
    labels = f", {other} of them with another label" if other else ""
    return (
        f"{pair['images']} images of the split {pair['in']} are, pixel by pixel, in the split "
        f"{pair['also_in']}, too{labels}: what a model has seen is no test of it."
    )


def _labels_by_image(split: Split) -> dict[bytes, set[int]]:
    found: dict[bytes, set[int]] = {}
    for image, label in zip(split.pixels, split.labels, strict=True):
        found.setdefault(image.tobytes(), set()).add(label)
    return found


def _task_summary(splits: dict[str, Split], classes: list[int], train_size: int | None) -> dict:
    """What a task takes of each split, or why it cannot."""
    counts = {}
    for role, split in splits.items():
        try:
            examples = select_classes(split, classes)
            if role == "train":
                examples = first_examples(examples, train_size)
        except DataError as error:
            return {"error": f"split {role}: {error}"}
        counts[role] = np.bincount(examples.targets, minlength=len(classes)).tolist()
    return counts


def require_meaning(summary: dict) -> None:
    """Stop where no result could mean anything.

    Raises:
        DataError: with every task that lacks one of its classes in a split.
    """
    reasons = [
        f"task {task}: {taken['error']}"
        for task, taken in summary["tasks"].items()
        if "error" in taken
    ]
    if reasons:
        raise DataError("\n".join([f"data set {summary['dataset']}:", *reasons]))


def as_markdown(summary: dict) -> str:
    """The summary for people."""
    header, *rows = class_counts(summary)
    rows = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    splits = header[1:]
    lines = [
        f"# Data set {summary['dataset']}",
        "",
        f"{in_words(summary)}.",
        "",
        f"| class | {' | '.join(splits)} |",
        f"| --- |{' ---: |' * len(splits)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *(f"- {remark}" for remark in remarks(summary)),
    ]
    return "\n".join(lines) + "\n"


def in_words(summary: dict) -> str:
    """What the images are like."""
    low, high = summary["pixel_range"]
    rows, columns, *channels = summary["image_shape"]
    colours = f" x {channels[0]} channels" if channels else ""
    return f"Images of {rows} x {columns}{colours} pixels, from {low:g} (black) to {high:g} (white)"


def class_counts(summary: dict) -> list[list[str]]:
    """A table, its header first: a row for each class, then all images and the range of pixels."""
    splits = summary["splits"]
    table = [["class", *splits]]
    for position, entry in enumerate(splits["train"]["classes"]):
        number = str(entry["label"])
        title = number if entry["name"] == number else f"{entry['name']} ({number})"
        counts = [str(split["classes"][position]["examples"]) for split in splits.values()]
        table.append([title, *counts])
    table.append(["all", *(str(split["examples"]) for split in splits.values())])
    ranges = [f"{s['smallest_pixel']:g} to {s['largest_pixel']:g}" for s in splits.values()]
    return [*table, ["pixels", *ranges]]


def remarks(summary: dict) -> Iterator[str]:
    """What one should know before one believes a result."""
    doubts = summary.get("doubts", [])
    yield from doubts
    for role, split in summary["splits"].items():
        if split["missing_classes"]:
            yield f"No image of the split {role} shows {', '.join(split['missing_classes'])}."
    in_two = [_in_two_splits(pair) for pair in summary["duplicates"] if pair["images"]]
    yield from (words for words in in_two if words not in doubts)
    if not in_two:
        yield "No image is in two splits."
