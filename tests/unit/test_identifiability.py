"""The loop that varies choices is that of the protocol, and a variation changes what it says."""

import numpy as np
import pytest

from images.splits import Split, select_classes
from measuring.identifiability import Experiments, Protocol, surviving, variations
from regression.evaluation import evaluate
from regression.models import load_model
from regression.settings import Settings
from regression.training import reference_trainer


@pytest.fixture
def splits(make_examples):
    def split(n, seed):
        pixels, targets, _ = make_examples(n, 36, 2, seed)
        labels = np.where(targets == 1, 2, 3).astype(np.uint8)
        return Split(np.arange(n, dtype=np.uint32), labels, pixels, (6, 6))

    return split(700, 0), split(300, 1)


OWN = Protocol((3, 2), 0.05, 64, 30, 4, 5)


def of_labels(*labels: int) -> Split:
    """A split of such images, black ones."""
    n = len(labels)
    return Split(np.arange(n), np.array(labels, np.uint8), np.zeros((n, 36), np.uint8), (6, 6))


@pytest.mark.parametrize("order", ["file", "reshuffled"])
def test_our_own_choices_give_what_the_training_gives(splits, order):
    settings = Settings(
        task="any", dataset="any", model="logistic", classes=(3, 2), train_size=None,
        learning_rate=0.05, batch_size=64, max_epochs=30, patience=4, checks_per_epoch=5,
        skip_batches=(), l2_lambda=0.0, shuffle={"file": "false", "reshuffled": "true"}[order],
    )  # fmt: skip
    model = load_model("logistic")
    train, validation = (select_classes(split, [3, 2]) for split in splits)
    result = reference_trainer(model, settings, train, validation)(0)
    found = Experiments(*splits).outcome(OWN._replace(order=order))
    assert found["epochs"] == result.epochs
    for name, examples in (("train", train), ("validation", validation)):
        score = evaluate("logistic", result.weights, examples)
        assert found[f"{name}_loss"] == pytest.approx(score.loss, rel=1e-9)
        assert found[f"{name}_accuracy"] == score.accuracy


def test_what_protocols_share_changes_none_of_them(splits):
    experiments = Experiments(*splits)
    for variation in variations(OWN, *splits):
        alone = Experiments(*splits).outcome(variation.protocol)
        assert experiments.outcome(variation.protocol) == alone, variation


def test_each_variation_differs_from_ours_in_one_choice():
    split = of_labels(*[2, 3, 7] * 100)
    own, *others = variations(OWN, split, split)
    assert own.protocol == OWN
    for variation in others:
        assert sum(a != b for a, b in zip(variation.protocol, OWN, strict=True)) == 1, variation
    pairs = {frozenset(one.protocol.classes) for one in others if one.choice == "classes"}
    assert pairs == {frozenset(pair) for pair in ((2, 3), (2, 7), (3, 7))}


def test_what_is_our_own_choice_or_no_choice_at_all_is_no_variation(splits):
    own = OWN._replace(patience=2, checks_per_epoch=4)
    _, *others = variations(own, *splits)
    values = {}
    for one in others:
        values.setdefault(one.choice, []).append(one.value)
    assert values["patience"] == ["1", "3", "4"]
    assert values["checks an epoch"] == ["1", "2", "3", "6", "7", "10"]
    assert values["training images"] == ["first 696", "first 665", "first 630", "first 560"]


def test_what_leaves_no_image_is_no_variation():
    train, validation = of_labels(*[2] * 50, *[3] * 50, 6, 7), of_labels(*[5] * 60, *[2, 3] * 20)
    of_choice = {}
    for one in variations(OWN, train, validation):
        of_choice.setdefault(one.choice, []).append(one.protocol)
    # The first half is of another class, as in a file sorted by label.
    assert [one.validation_size for one in of_choice["validation images"]] == [99, 90]
    # And of the pair 6 and 7 there is none to validate with.
    pairs = {frozenset(one.classes) for one in of_choice["classes"]}
    assert pairs == {frozenset({a, b}) for a in (2, 3) for b in (2, 3, 6, 7) if a != b}


def test_digits_survive_as_they_are_printed():
    found = {"epochs": 33, "train_loss": 0.07149, "train_accuracy": 0.9755}
    reported = {"epochs": "33", "train_loss": "0.071", "train_accuracy": "0.976"}
    assert surviving(found, reported) == {
        "epochs": True,
        "train_loss": True,
        "train_accuracy": f"{0.9755:.3f}" == "0.976",
    }
    assert not surviving(found | {"train_loss": 0.0716}, reported)["train_loss"]
