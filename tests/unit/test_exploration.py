"""The arrays and the page of the explorer, on runs made up here."""

import base64
import gzip
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from images.splits import Split
from images.summary import summarise
from plots.exploration import (
    IMAGE_SHADES,
    NO_GUESS,
    WEIGHT_SHADES,
    Group,
    gallery,
    most_seeds,
    predict,
    read_groups,
    shrunk,
    thinned,
    weight_pictures,
)
from plots.page import _METRICS, Pack, explorer_page, first_choice, mean_and_range
from plots.verdicts import groups_behind
from regression.models import load_model
from runs.results import Curve, Weights

SHAPE = (5, 7)
TEMPLATE = (
    "$tiles $verdicts $options $diverged $runs_table $data_sets "
    "<facts>$facts</facts> <b>$arrays</b> $script"
)


def make_history(steps: int) -> dict[str, Curve]:
    checks = Curve(np.arange(0, steps, 3), np.linspace(0.5, 0.9, len(range(0, steps, 3))))
    kinds = ("validation loss", "training accuracy", "validation accuracy")
    loss = Curve(np.arange(steps), np.linspace(2, 1, steps))
    return {"training loss": loss} | dict.fromkeys(kinds, checks)


def make_group(
    model="softmax",
    classes=(1, 4, 9),
    seeds=2,
    l2_lambda="0",
    steps=40,
    points=50,
    shown=None,
    shape=SHAPE,
) -> Group:
    outputs = 1 if model == "logistic" else len(classes)
    generator = np.random.default_rng(0)
    labels = list(classes[-outputs:])
    histories = [make_history(steps + 6 * seed) for seed in range(shown or seeds)]
    metrics = dict.fromkeys(_METRICS, 0.5) | {"shuffle": "true"}
    folder = f"t/lambda-{l2_lambda}/shuffle-true/seeds-0-9"
    return Group(
        task="t",
        l2_lambda=l2_lambda,
        variant="shuffled",
        dataset="mnist",
        model=model,
        classes=list(classes),
        names=list(map(str, classes)),
        runs=[metrics | {"seed": seed, "folder": folder} for seed in range(seeds)],
        curves={
            kind: thinned([one[kind] for one in histories], points, kind == "training loss")
            for kind in histories[0]
        },
        weights=[
            Weights(
                generator.normal(size=(shape[0] * shape[1] + 1, outputs)),
                labels,
                list(map(str, labels)),
                shape,
            )
            for _ in range(shown or seeds)
        ],
    )


def make_split(n=60, labels=(1, 4, 9, 5), shape=SHAPE) -> Split:
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 256, (n, shape[0] * shape[1]), dtype=np.uint8)
    chosen = generator.choice(np.array(labels, dtype=np.uint8), n)
    return Split(np.arange(100, 100 + n, dtype=np.uint32), chosen, pixels, shape)


def test_blocks_are_means_and_leave_the_incomplete_one_out():
    curves = thinned([Curve(np.arange(7), np.arange(7.0))], points=3, averaged=True)
    assert curves.steps.tolist() == [1, 3, 5]
    assert curves.values.tolist() == [[0.5, 2.5, 4.5]]


def test_a_run_shorter_than_a_block_is_one():
    series = [Curve(np.arange(100), np.ones(100)), Curve(np.arange(4), np.arange(4.0))]
    curves = thinned(series, points=2, averaged=True)
    assert np.isfinite(curves.values).sum(axis=1).tolist() == [2, 1]
    assert np.nanmax(curves.values[1]) == 1.5


def test_sampled_curves_keep_the_end_of_each_run():
    series = [
        Curve(np.arange(0, 50, 5), np.arange(10.0)),
        Curve(np.arange(0, 100, 5), np.arange(20.0)),
    ]
    curves = thinned(series, points=5, averaged=False)
    assert curves.steps.tolist() == [0, 20, 40, 45, 60, 80, 95]
    assert curves.values[1].tolist() == [0, 4, 8, 9, 12, 16, 19]
    assert np.isnan(curves.values[0]).tolist() == [False] * 4 + [True] * 3


def test_curves_are_as_thin_as_asked_for():
    group = make_group(steps=5000, points=50)
    for curves in group.curves.values():
        assert 50 <= len(curves.steps) <= 104


@pytest.mark.parametrize(
    ("seeds", "sizes", "expected"),
    [([20, 30], [7840, 784], 30), ([1000, 1], [7840, 784], 255), ([5, 5], [10**7, 1], 1)],
)
def test_of_very_many_runs_each_group_shows_its_first(seeds, sizes, expected):
    assert most_seeds(seeds, sizes) == expected


@pytest.mark.parametrize(("model", "classes"), [("logistic", (9, 4)), ("softmax", (1, 4, 9))])
def test_predictions_of_all_seeds_are_those_of_the_model(model, classes):
    group, split = make_group(model, classes), make_split()
    (said,) = predict([group], split)
    keep = np.isin(split.labels, classes)
    assert (said.guess[~keep] == NO_GUESS).all()
    X = np.hstack([split.pixels[keep] / 127.5 - 1, np.ones((keep.sum(), 1))])
    for seed, weights in enumerate(group.weights):
        expected = load_model(model).predict(X @ weights.matrix)
        np.testing.assert_array_equal(said.guess[keep, seed], expected)
        right = np.count_nonzero(np.array(classes)[expected] == split.labels[keep])
        assert said.confusion[seed].trace() == right
        assert said.confusion[seed].sum() == keep.sum()
    assert (said.percent[keep] >= 100 // len(classes)).all() and said.percent.max() <= 255
    assert said.percent[keep].max() <= 100


def test_a_chunk_of_a_sorted_file_may_have_no_image_of_the_classes(monkeypatch):
    group, split = make_group(), make_split()
    split = split._replace(labels=np.sort(split.labels)[::-1].copy())
    whole = predict([group], split)[0]
    monkeypatch.setattr("plots.exploration._CHUNK", 5)
    split = split._replace(labels=np.where(np.arange(60) < 5, 5, split.labels).astype(np.uint8))
    (said,) = predict([group], split)
    assert (said.guess[:5] == NO_GUESS).all()
    np.testing.assert_array_equal(
        said.guess[5:], np.where(split.labels[5:, None] == 5, NO_GUESS, whole.guess[5:])
    )


def test_a_guess_is_what_the_model_predicts_whatever_is_most_probable(monkeypatch):
    group, split = make_group("logistic", (9, 4)), make_split(labels=(9, 4))
    usual = predict([group], split)[0].guess
    rules = load_model("logistic")
    turned = SimpleNamespace(logits=rules.logits, predict=lambda z: 1 - rules.predict(z))
    monkeypatch.setattr("plots.exploration.load_model", lambda name: turned)
    (said,) = predict([group], split)
    np.testing.assert_array_equal(said.guess, 1 - usual)
    assert (said.percent == NO_GUESS).all()  # it offers no probabilities


def test_a_class_without_images_is_in_the_confusion_all_the_same():
    group, split = make_group(seeds=1), make_split()
    split = split._replace(labels=np.full(60, 1, np.uint8))
    (said,) = predict([group], split)
    assert said.confusion.shape == (1, 3, 3) and said.confusion[0, 0].sum() == 60


def test_the_gallery_has_the_images_that_any_run_gets_wrong():
    groups, split = [make_group(), make_group("logistic", (9, 4))], make_split()
    said = predict(groups, split)
    shown = gallery(groups, said, split)
    wrong = np.zeros(60, bool)
    for group, one in zip(groups, said, strict=True):
        for seed in range(2):
            of_task = one.guess[:, seed] != NO_GUESS
            guess = np.array([*group.classes])[one.guess[of_task, seed]]
            wrong[of_task] |= guess != split.labels[of_task]
    assert shown.rows.tolist() == np.flatnonzero(wrong).tolist()
    assert shown.wrong == wrong.sum()
    expected = split.pixels[shown.rows] / 255 * (IMAGE_SHADES - 1)
    assert np.abs(shown.pictures.reshape(len(expected), -1) - expected).max() <= 0.5


def test_of_too_many_wrong_images_the_hardest_are_kept(monkeypatch):
    monkeypatch.setattr("plots.exploration._PREDICTIONS", 0)
    groups, split = [make_group()], make_split(1000)
    said = predict(groups, split)
    shown = gallery(groups, said, split)
    assert len(shown.rows) == 200 < shown.wrong
    names = np.array([0, 0, 0, 0, 1, NO_GUESS, 0, 0, 0, 2])
    mistakes = (said[0].guess != names[split.labels][:, np.newaxis]).sum(axis=1)
    assert mistakes[shown.rows].min() >= np.delete(mistakes, shown.rows).max()


def test_weights_are_shades_about_zero():
    group = make_group(seeds=2)
    pictures, limits = weight_pictures(group)
    assert pictures.shape == (2, 3, *SHAPE)
    exact = group.weights[1].pictures()
    assert limits[1] == np.abs(exact).max()
    shown = (pictures[1] / WEIGHT_SHADES - 1) * limits[1]
    assert np.abs(shown - exact).max() <= limits[1] / WEIGHT_SHADES / 2 + 1e-12


@pytest.mark.parametrize(
    ("shape", "expected"), [((28, 28), (28, 28)), ((300, 150), (50, 25)), ((1, 500), (1, 500))]
)
def test_large_pictures_are_shrunk_by_means(shape, expected):
    pictures = np.ones((3, *shape, 1))
    assert shrunk(pictures).shape == (3, *expected, 1) and (shrunk(pictures) == 1).all()


def test_packed_arrays_come_back():
    pack = Pack()
    arrays = [np.arange(3, dtype=np.uint8), np.array([[1.5, np.nan]], np.float32)]
    places = [pack.add(array) for array in arrays]
    content = gzip.decompress(base64.b64decode(pack.text()))
    for place, array in zip(places, arrays, strict=True):
        dtype = np.dtype(place["type"])
        assert place["at"] % dtype.itemsize == 0
        found = np.frombuffer(content, dtype, array.size, place["at"]).reshape(place["shape"])
        np.testing.assert_array_equal(found, array)


def make_page(groups, ledger=None, split=None, diverged=()) -> str:
    split = split or make_split()
    said = predict(groups, split)
    data = {"mnist": (split, gallery(groups, said, split))}
    splits = dict.fromkeys(("train", "validation", "test"), split)
    summaries = [summarise("mine & yours", splits, {})]
    return explorer_page(TEMPLATE, "", groups, data, said, summaries, ledger, diverged)


def test_without_any_weights_there_is_a_page_of_the_data():
    splits = dict.fromkeys(("train", "validation", "test"), make_split())
    groups = read_groups(SimpleNamespace(rows=[{"ended": "diverged"}]))
    page = explorer_page(TEMPLATE, "", groups, {}, [], [summarise("mine", splits, {})], None)
    assert "All trainings diverged" in page and "<h4>mine</h4>" in page


def test_the_page_says_what_is_in_the_data():
    page = make_page([make_group()])
    assert "<h4>mine &amp; yours</h4>" in page
    assert "60 images of the split validation are, pixel by pixel, in the split train" in page


def test_coloured_images_make_a_page():
    shape = (4, 3, 3)
    group = make_group(seeds=1, shape=(12, 3))
    group = group._replace(weights=[group.weights[0]._replace(image_shape=shape)])
    split = make_split(shape=(12, 3))._replace(image_shape=shape)
    facts = json.loads(re.search("<facts>(.*)</facts>", make_page([group], None, split))[1])
    assert facts["data"]["mnist"]["pictures"]["shape"][1:] == [4, 3, 3]
    assert facts["groups"][0]["weights"]["shape"] == [1, 3, 4, 9]  # channels side by side


def test_any_classes_and_image_shapes_make_a_page():
    page = make_page([make_group("logistic", (9, 4), seeds=1), make_group(classes=(1, 4, 9, 5))])
    facts = json.loads(re.search("<facts>(.*)</facts>", page)[1])
    assert set(facts["shades"].values()) == {NO_GUESS, WEIGHT_SHADES, IMAGE_SHADES}
    assert [group["outputs"] for group in facts["groups"]] == [["4"], ["1", "4", "9", "5"]]
    assert "NaN" not in page


def test_weights_of_zero_make_a_page():
    group = make_group(seeds=1)
    zero = group.weights[0]._replace(matrix=np.zeros_like(group.weights[0].matrix))
    assert make_page([group._replace(weights=[zero])])


def test_of_more_runs_than_can_be_chosen_the_table_has_all():
    page = make_page([make_group(seeds=7, shown=2)])
    facts = json.loads(re.search("<facts>(.*)</facts>", page)[1])
    assert facts["groups"][0]["seeds"] == [0, 1] and facts["groups"][0]["runs"] == 7
    assert "<td>7</td>" in page


def test_runs_that_diverged_are_named():
    run = {"task": "t", "spelling": "3", "shuffle": "true", "seed": 5, "steps": 17, "folder": "f"}
    page = make_page([make_group()], diverged=[run])
    assert "t, λ = 3, seed 5." in page and "<td>diverged at step 17</td>" in page
    assert "iverged" not in make_page([make_group()])


def test_as_many_weights_as_are_shown_make_a_light_page():
    """Of noise, which hardly compresses."""
    seeds = most_seeds([1000] * 30, [7840] * 30)
    group = make_group(classes=tuple(range(10)), seeds=seeds, shape=(28, 28))
    page = make_page([group] * 30, split=make_split(100, range(10), (28, 28)))
    assert seeds == 8 and len(page.encode()) < 2_500_000


def test_a_huge_loss_is_written_short():
    assert mean_and_range([1.8e71, 0.25], 4) == "9e+70 (0.2500 to 1.8e+71)"


def test_no_name_ends_the_script_that_it_stands_in():
    assert "</script>" not in make_page([make_group()._replace(task="</script>")])


def test_a_page_of_two_tasks_opens_with_the_ends_of_the_larger_one():
    groups = [make_group()._replace(task="small")]
    groups += [make_group(l2_lambda=value) for value in ("0", "0.1", "1")]
    assert first_choice(groups) == (1, 3)


# --- verdicts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("results/metrics.parquet: task=t; test_accuracy", ["0", "0.1", "1"]),
        ("results/history.parquet: task=t, l2_lambda=0.1|1", ["0.1", "1"]),
        ("results/history.parquet: task=t, shuffle=false", []),
        ("results/runs/t/lambda-1/shuffle-true/seeds-0-9/weights.parquet and 2 more", ["1"]),
        ("results/optimum/t/optima.json: l2_lambda=0.1; train_loss", ["0.1"]),
        ("results/optimum/t/separation.parquet: l2_lambda=0", ["0"]),
        ("results/gradients/t.json: l2_lambda=1", ["1"]),
        ("results/equations.json: number=3", []),
    ],
)
def test_evidence_leads_to_its_runs(line, expected):
    groups = [make_group(l2_lambda=value) for value in ("0", "0.1", "1")]
    assert [group.l2_lambda for group in groups_behind(line, groups)] == expected


def make_ledger(verdict="not reproduced") -> dict:
    reading = {
        "reading": "As drawn <b>.",
        "verdict": verdict,
        "explanation": "Measured: -1.",
        "evidence": ["results/metrics.parquet: task=t, l2_lambda=0"],
    }
    statement = {"id": "2b-it", "section": "2b", "says": "It falls.", "verdict": verdict, "why": ""}
    definition = statement | {"id": "2b-name", "verdict": "definition", "readings": []}
    return {
        "sections": {"2b": "Loss"},
        "counts": {"statements": {verdict: 1, "definition": 1}, "equations": {"proved": 44}},
        "statements": [statement | {"readings": [reading]}, definition],
        "questions": [],
        "equations": [],
    }


def test_a_statement_opens_its_readings_and_links_to_their_runs():
    page = make_page([make_group()], make_ledger())
    assert page.count('class="entry"') == 1 and "It falls." in page and "As drawn &lt;b&gt;" in page
    assert '<a href="#a=t/lambda-0/shuffle-true">' in page
    assert '<b>1</b> <span class="mark" aria-hidden="true" data-verdict="not reproduced">✕' in page
    assert '<details class="entry" id="claim-2b-it"' in page
    assert "1 definitions are not judged" in page
    assert "Measured: \N{MINUS SIGN}1." in page


def test_with_questions_alone_nothing_is_said_of_a_report():
    ledger = make_ledger("yes")
    question = ledger["statements"][0]
    counts = {"statements": {}, "equations": {}}
    page = make_page(
        [make_group()], ledger | {"statements": [], "questions": [question], "counts": counts}
    )
    assert "of the report" not in page and page.count("Questions of our own") == 1


def test_without_claims_the_page_judges_nothing():
    assert "entry" not in make_page([make_group()])
