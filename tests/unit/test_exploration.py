"""The tables and the page of the explorer, on runs made up here."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from images.splits import Split
from images.summary import summarise
from plots import page as exploration_page
from plots.exploration import (
    Group,
    Predictions,
    block_means,
    confusion_rows,
    curve_points,
    curve_rows,
    every_kth,
    mistake_rows,
    picture,
    predict,
    weight_picture,
    with_range,
)
from regression.models import load_model
from runs.results import Curve, Weights

SHAPE = (5, 7)
TEMPLATE = " ".join(
    f"${name}"
    for name in (
        *("options_a", "options_b", "curves_note", "runs_table", "data_sets"),
        *("bundle", "tables", "charts", "embed_options"),
    )
)


def make_history(steps: int) -> dict[tuple[str, str], Curve]:
    loss = Curve(np.arange(steps), np.linspace(2, 1, steps))
    checks = Curve(np.arange(0, steps, 3), np.linspace(0.5, 0.9, len(range(0, steps, 3))))
    return {
        ("train", "loss"): loss,
        ("validation", "loss"): checks,
        ("train", "accuracy"): checks,
        ("validation", "accuracy"): checks,
    }


def make_run(seed: int, steps: int) -> dict:
    metrics = {name: 0.5 + seed / 100 for name in exploration_page._METRICS}
    return metrics | {"steps": steps, "seed": seed, "folder": "t/seeds-0-9"}


def make_group(
    model="softmax", classes=(1, 4, 9), seeds=2, l2_lambda="0", steps=40, points=50
) -> Group:
    outputs = 1 if model == "logistic" else len(classes)
    weights = np.random.default_rng(0).normal(size=(SHAPE[0] * SHAPE[1] + 1, outputs))
    labels = list(classes[-outputs:])
    lengths = [steps + 5 * seed for seed in range(seeds)]
    return Group(
        task="t",
        l2_lambda=l2_lambda,
        variant="shuffled",
        dataset="mnist",
        model=model,
        classes=list(classes),
        names=list(map(str, classes)),
        runs=[make_run(seed, length) for seed, length in enumerate(lengths)],
        curves=list(curve_rows([make_history(length) for length in lengths], points)),
        weights=Weights(weights, labels, list(map(str, labels)), SHAPE),
    )


def make_split(n=60, labels=(1, 4, 9, 5)) -> Split:
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 256, (n, SHAPE[0] * SHAPE[1]), dtype=np.uint8)
    chosen = generator.choice(np.array(labels, dtype=np.uint8), n)
    return Split(np.arange(100, 100 + n, dtype=np.uint32), chosen, pixels, SHAPE)


def test_blocks_are_means_and_leave_the_incomplete_one_out():
    (thinned,) = block_means([Curve(np.arange(7), np.arange(7.0))], points=3)
    assert thinned.steps.tolist() == [1, 3, 5]
    assert thinned.values.tolist() == [0.5, 2.5, 4.5]


def test_a_run_shorter_than_a_block_is_one():
    long, short = block_means(
        [Curve(np.arange(100), np.ones(100)), Curve(np.arange(4), np.arange(4.0))], points=2
    )
    assert len(long.values) == 2 and short.values.tolist() == [1.5]


def test_thinned_checks_keep_the_first_and_the_end_of_the_first_run():
    first, longer = every_kth(
        [Curve(np.arange(0, 50, 5), np.arange(10)), Curve(np.arange(0, 100, 5), np.arange(20))],
        points=5,
    )
    assert first.steps.tolist() == [0, 20, 40, 45]
    assert longer.steps.tolist() == [0, 20, 40, 45, 60, 80]


def test_a_range_goes_on_where_the_first_run_has_ended():
    first = Curve(np.array([0, 5]), np.array([1.0, 3.0]))
    other = Curve(np.array([0, 5, 10]), np.array([2.0, 1.0, 0.0]))
    assert list(with_range([first, other])) == [
        (0, 1.0, 1.0, 2.0, 2),
        (5, 3.0, 1.0, 3.0, 2),
        (10, None, 0.0, 0.0, 1),
    ]


def test_curves_are_as_thin_as_asked_for():
    rows = list(curve_rows([make_history(5000), make_history(5005)], points=50))
    for split, metric in (("training", "loss"), ("validation", "accuracy")):
        count = sum((row["split"], row["metric"]) == (split, metric) for row in rows)
        assert 50 <= count <= 102


@pytest.mark.parametrize(("model", "classes"), [("logistic", (9, 4)), ("softmax", (1, 4, 9))])
def test_predictions_are_those_of_the_model(model, classes):
    group = make_group(model, classes)
    split = make_split()
    said = predict(group, split)
    keep = np.isin(split.labels, classes)
    np.testing.assert_array_equal(said.index, split.index[keep])
    np.testing.assert_array_equal(np.array(classes)[said.targets], split.labels[keep])
    X = np.hstack([split.pixels[keep] / 127.5 - 1, np.ones((keep.sum(), 1))])
    expected = load_model(model).predict(X @ group.weights.matrix)
    np.testing.assert_array_equal(said.predicted, expected)
    assert (said.confidence >= 1 / len(classes)).all() and (said.confidence <= 1).all()


def made_up_predictions() -> Predictions:
    pixels = np.arange(5 * 35, dtype=np.uint8).reshape(5, 35)
    targets, predicted = np.array([0, 0, 1, 2, 1]), np.array([0, 1, 2, 2, 0])
    confidence = np.array([0.9, 0.6, 0.8, 0.7, 0.8])
    return Predictions(np.arange(20, 25), pixels, targets, predicted, confidence, 255)


def test_confusion_counts_and_names_every_label():
    rows = list(confusion_rows(made_up_predictions(), ["ant", "bee", "cat"]))
    counts = {(row["label"], row["prediction"]): (row["count"], row["share"]) for row in rows}
    assert counts == {
        ("ant", "ant"): (1, 0.5),
        ("ant", "bee"): (1, 0.5),
        ("bee", "ant"): (1, 0.5),
        ("bee", "bee"): (0, 0.0),
        ("bee", "cat"): (1, 0.5),
        ("cat", "cat"): (1, 1.0),
    }


def test_mistakes_come_surest_first_and_equals_in_the_order_of_the_file():
    rows = list(mistake_rows(made_up_predictions(), make_group(), 2, "validation"))
    assert [row["image"] for row in rows] == ["validation image 22", "validation image 24"]
    assert [(row["label"], row["prediction"]) for row in rows] == [("4", "9"), ("4", "1")]


def opened(url: str) -> Image.Image:
    assert url.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def test_a_picture_is_the_image_as_ink_on_paper():
    pixels = np.arange(35, dtype=np.uint8).reshape(SHAPE)
    np.testing.assert_array_equal(np.array(opened(picture(pixels, 255))), 255 - pixels)
    np.testing.assert_array_equal(np.array(opened(picture(pixels % 2, 1))), 255 - pixels % 2 * 255)


def test_a_picture_in_colours_has_its_colours():
    pixels = np.arange(105, dtype=np.uint8).reshape(*SHAPE, 3)
    np.testing.assert_array_equal(np.array(opened(picture(pixels, 255))), pixels)


def test_weights_of_colours_stand_side_by_side():
    matrix = np.vstack([np.arange(24.0).reshape(12, 2), np.zeros((1, 2))])
    (first, _) = Weights(matrix, [0, 1], ["a", "b"], (2, 2, 3)).pictures()
    assert first.tolist() == [[0, 6, 2, 8, 4, 10], [12, 18, 14, 20, 16, 22]]


def test_a_large_picture_is_shrunk():
    assert opened(picture(np.zeros((300, 150), dtype=np.uint8), 255)).size == (28, 56)


def test_weights_are_blue_below_zero_and_red_above():
    image = opened(weight_picture(np.array([[-1.0, 0.0, 1.0]]), 1.0)).convert("RGB")
    negative, zero, positive = (image.getpixel((column, 0)) for column in range(3))
    assert negative[2] > negative[0] and positive[0] > positive[2] and len(set(zero)) == 1


@pytest.fixture
def bare_page(monkeypatch):
    """The page without the libraries, which take long to put together."""
    monkeypatch.setattr(exploration_page.vl_convert, "javascript_bundle", lambda: "")

    def make(groups) -> str:
        split = make_split()
        said = [predict(group, split) for group in groups]
        splits = {role: split for role in ("train", "validation", "test")}
        summaries = [summarise("mine & yours", splits, {})]
        return exploration_page.explorer_page(TEMPLATE, groups, said, summaries)

    return make


def test_any_classes_and_image_shapes_make_a_page(bare_page):
    page = bare_page([make_group("logistic", (9, 4), seeds=1), make_group(classes=(1, 4, 9, 5))])
    assert page.count("data:image/png") >= 1 + 4
    assert "NaN" not in page
    assert "<h3>mine &amp; yours</h3>" in page
    assert "60 images of the split validation are, pixel by pixel, in the split train" in page


def test_weights_of_zero_make_a_page(bare_page):
    group = make_group()
    zeros = group.weights._replace(matrix=np.zeros_like(group.weights.matrix))
    assert bare_page([group._replace(weights=zeros)])


def test_many_groups_stay_below_five_megabytes(bare_page):
    points = curve_points(100)
    groups = [make_group(l2_lambda=f"0.{n:03}", steps=3000, points=points) for n in range(100)]
    assert len(bare_page(groups).encode()) < 4_000_000  # the libraries take another million


def test_no_name_ends_the_script_that_it_stands_in(bare_page):
    assert "</script>" not in bare_page([make_group()._replace(task="</script>")])


def test_a_page_of_two_tasks_opens_with_the_ends_of_the_larger_one():
    groups = [make_group()._replace(task="small")]
    groups += [make_group(l2_lambda=value) for value in ("0", "0.1", "1")]
    assert exploration_page.first_choice(groups) == (1, 3)
    assert re.findall(r'value="(\d)" selected', exploration_page.options(groups, 3)) == ["3"]


def test_charts_know_nothing_but_their_table_and_the_groups():
    """All rows stand in the tables, once for all charts."""
    from plots.charts import all_charts

    for name, chart in all_charts([{"name": "x"}], classes=3).items():
        assert len(json.dumps(chart.to_dict())) < 12_000, name
