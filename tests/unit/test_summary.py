"""What is said of a data set before anything trains, and what stops."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from common.errors import DataError
from images.splits import Split, first_examples, select_classes
from images.summary import as_markdown, require_meaning, summarise


def make_split(labels, images=None, names=()) -> Split:
    labels = np.array(labels, np.uint8)
    n = len(labels)
    images = np.arange(n * 4, dtype=np.uint8).reshape(n, 4) if images is None else images
    return Split(np.arange(n, dtype=np.uint32), labels, images, (2, 2), (0, 16), 16, names)


@pytest.fixture
def splits():
    train = make_split([0, 0, 1, 1, 2, 2], names=("ant", "bee", "cat"))
    other = np.random.default_rng(0).integers(100, 200, (5, 4), dtype=np.uint8)
    other[0], other[3] = train.pixels[0], train.pixels[1]
    validation = make_split([0, 1, 1, 1, 0], other, train.class_names)
    return {"train": train, "validation": validation, "test": make_split([2, 1], other[1:3])}


def test_duplicates_are_counted_and_so_are_their_other_labels(splits):
    pairs = summarise("mine", splits, {})["duplicates"]
    assert [(p["in"], p["also_in"], p["images"], p["with_another_label"]) for p in pairs] == [
        ("validation", "train", 2, 1),
        ("test", "train", 0, 0),
        ("test", "validation", 2, 1),
    ]


def test_classes_are_counted_and_missing_ones_named(splits):
    summary = summarise("mine", splits, {"t": {"classes": [1, 0], "train_size": 3}})
    assert summary["pixel_range"] == [0, 16] and summary["brightness_levels"] == 17
    assert summary["splits"]["train"]["classes"][1] == {"label": 1, "name": "bee", "examples": 2}
    assert summary["splits"]["validation"]["missing_classes"] == ["cat"]
    page = as_markdown(summary)
    assert "| cat (2) | 2 | 0 | 1 |" in page
    assert "- No image of the split validation shows cat." in page
    assert "2 images of the split validation are, pixel by pixel, in the split train" in page


def test_a_bar_in_a_name_begins_no_cell(splits):
    names = ("ant", "bee", "c|t")
    splits = {role: split._replace(class_names=names) for role, split in splits.items()}
    assert r"| c\|t (2) | 2 | 0 | 1 |" in as_markdown(summarise("mine", splits, {}))


def digits_split(rows: slice) -> Split:
    data = load_digits()
    labels, pixels = data.target[rows].astype(np.uint8), data.data[rows].astype(np.uint8)
    return Split(np.arange(len(labels), dtype=np.uint32), labels, pixels, (8, 8), (0, 16), 16)


@pytest.mark.parametrize(
    "other",
    [
        lambda pixels: 16 - pixels,
        lambda pixels: pixels // 2,
        lambda pixels: pixels.reshape(-1, 8, 8).swapaxes(1, 2).reshape(-1, 64),
    ],
    ids=["negatives", "half as bright", "transposed"],
)
def test_other_images_and_sorted_labels_are_remarked(other):
    train, test = digits_split(slice(1000)), digits_split(slice(1000, 1200))
    splits = {"train": train, "validation": test, "test": digits_split(slice(1200, 1400))}
    summary = summarise("mine", splits, {})
    assert "doubts" not in summary and "No image is in two splits" in as_markdown(summary)
    splits["validation"] = test._replace(pixels=other(test.pixels))
    order = np.argsort(train.labels, kind="stable")
    splits["train"] = train._replace(labels=train.labels[order], pixels=train.pixels[order])
    page = as_markdown(summarise("mine", splits, {}))
    assert "- The images of the split validation are, on the whole, unlike those of" in page
    assert "the split test are" not in page
    assert "- The split train is sorted by label" in page


def moved(split: Split) -> Split:
    # The rows of this data set often run from 0 to 9, so that a row further is another name.
    order = np.random.default_rng(0).permutation(len(split.labels))
    labels, pixels = split.labels[order], split.pixels[order]
    return split._replace(labels=np.roll(labels, 1), pixels=pixels)


def moved_at_the_end(split: Split) -> Split:
    """As where a row is lost in the middle of one of the two files."""
    other = moved(split)
    labels = np.concatenate([np.roll(other.labels, -1)[:600], other.labels[600:]])
    return other._replace(labels=labels)


def with_two_swapped(split: Split) -> Split:
    return split._replace(labels=np.array([0, 1, 2, 8, 4, 5, 6, 7, 3, 9])[split.labels])


def upside_down(split: Split) -> Split:
    return split._replace(pixels=split.pixels.reshape(-1, 8, 8)[:, ::-1].reshape(-1, 64))


STRANGERS = "Labels have nothing to do with the images in {}: class by class"
TAKEN = "Classes of the split {} look like other ones of the split train ({}"


@pytest.mark.parametrize(
    ("role", "change", "said"),
    [
        ("train", moved, STRANGERS.format("train")),
        ("validation", moved, STRANGERS.format("validation")),
        ("validation", with_two_swapped, TAKEN.format("validation", "3 like 8, 8 like 3)")),
        ("test", upside_down, TAKEN.format("test", "")),
        ("train", moved_at_the_end, STRANGERS.format("train (from image 601 to 800)")),
    ],
)
def test_labels_that_are_not_those_of_the_images_are_remarked(role, change, said):
    splits = {
        "train": digits_split(slice(1000)),
        "validation": digits_split(slice(1000, 1400)),
        "test": digits_split(slice(1400, 1797)),
    }
    splits[role] = change(splits[role])
    (doubt,) = summarise("mine", splits, {})["doubts"]
    assert doubt.startswith(said)


def test_what_tells_a_model_the_answers_is_remarked():
    train, test = digits_split(slice(1000)), digits_split(slice(1400, 1797))
    with_labels = train._replace(pixels=np.column_stack([train.labels, train.pixels[:, 1:]]))
    summary = summarise("mine", {"train": with_labels, "validation": test, "test": test}, {})
    in_two = "397 images of the split test are, pixel by pixel, in the split validation, too"
    assert [doubt.split(":")[0] for doubt in summary["doubts"]] == [
        "Pixel 1 of the images of the split train has one value for each label",
        in_two,
    ]
    assert as_markdown(summary).count(in_two) == 1


@pytest.mark.parametrize("size", [30, 50, 100, 597])
def test_few_images_give_no_false_alarm(size):
    starts = {"train": 0, "validation": 600, "test": 1200}
    splits = {role: digits_split(slice(i, i + size)) for role, i in starts.items()}
    assert "doubts" not in summarise("mine", splits, {})


def test_labels_of_few_images_are_counted_too():
    """Seven tenths of the images have labels of four images each, all of one digit."""
    train = digits_split(slice(500))
    labels = train.labels.copy()
    for digit in range(10):
        places = np.flatnonzero(labels == digit)[:36]
        labels[places] = 100 + 9 * digit + np.arange(36) // 4
    other = {"validation": digits_split(slice(1000, 1400)), "test": digits_split(slice(1400, 1797))}
    assert "doubts" not in summarise("mine", {"train": train._replace(labels=labels)} | other, {})


def test_rare_classes_give_no_false_alarm():
    """A dozen of threes among thousands of eights."""
    digits, generator = digits_split(slice(1797)), np.random.default_rng(0)
    many, few = (digits.pixels[digits.labels == label] for label in (8, 3))
    splits = {}
    for role in ("train", "validation", "test"):
        pixels = generator.permutation(np.concatenate([*[many] * 20, few[:12]]))
        labels = 8 - 5 * (pixels[:, None] == few[:12]).all(axis=2).any(axis=1)
        noise = generator.integers(0, 2, pixels.shape)
        splits[role] = digits._replace(labels=labels.astype(np.uint8), pixels=pixels + noise)
    assert "doubts" not in summarise("mine", splits, {})


def test_what_a_task_lacks_stops_and_is_named(splits):
    splits["test"] = splits["train"]
    tasks = {
        "good": {"classes": [1, 0], "train_size": None},
        "small": {"classes": [0, 1], "train_size": 2},
        "absent": {"classes": [0, 2], "train_size": None},
    }
    summary = summarise("mine", splits, tasks)
    assert summary["tasks"]["good"]["train"] == [2, 2]
    with pytest.raises(DataError) as caught:
        require_meaning(summary)
    message = str(caught.value)
    assert "task good" not in message
    assert (
        "task small: split train: `train_size` is 2, and among the first 2 training images"
        in message
    )
    assert (
        "task absent: split validation: no image has the label cat; the labels of this split are"
        in message
    )


def test_a_training_that_would_lack_a_class_stops_by_itself(splits):
    examples = select_classes(splits["train"], [2, 0])
    assert len(first_examples(examples, 3).targets) == 3
    with pytest.raises(DataError, match=r"none of 1 of these classes; .* position 0 in `classes`"):
        first_examples(examples, 2)
