"""The fast training gives what the reference gives: at every step, check, stop and failure."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from making import make_settings, train, train_by_reference

from common.errors import DataError
from images.splits import Examples
from regression import fast_training, trainers
from regression.fast_training import mini_batches
from regression.settings import Settings
from regression.training import TrainingResult, epoch_orders


def images(seed: int, n: int, pixels: int = 30, classes: int = 3, bright: float = 0.3) -> Examples:
    """Noisy images of one pattern a class, the same patterns for every seed."""
    patterns = np.random.RandomState(classes).rand(classes, pixels)
    random = np.random.RandomState(seed)
    targets = random.randint(classes, size=n)
    values = 255 * (0.5 * patterns[targets] + 0.5 * random.rand(n, pixels))
    shown = random.rand(n, pixels) < bright
    return Examples((values * shown).astype(np.uint8), targets.astype(np.int64))


def assert_same(ours: TrainingResult, theirs: TrainingResult, first_step: int = 0) -> None:
    """Equality; that of accuracies from a step on."""
    for field in ("weights", "train_loss", "validation_loss"):
        expected = getattr(theirs, field)
        assert getattr(ours, field).shape == expected.shape
        np.testing.assert_allclose(getattr(ours, field), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ours.check_steps, theirs.check_steps)
    later = theirs.check_steps >= first_step
    for field in ("validation_accuracy", "train_accuracy"):
        np.testing.assert_array_equal(getattr(ours, field)[later], getattr(theirs, field)[later])
    assert (ours.epochs, ours.ended) == (theirs.epochs, theirs.ended)
    for field in fields(TrainingResult)[:6]:
        assert getattr(ours, field.name).dtype == getattr(theirs, field.name).dtype


def assert_same_bits(a: TrainingResult, b: TrainingResult) -> None:
    for field in fields(TrainingResult):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), strict=True)


def near_tie(result: TrainingResult) -> bool:
    """Whether rounding could decide if some check is an improvement."""
    best = np.minimum.accumulate(result.validation_loss)[:-1]
    return bool(np.any(np.abs(result.validation_loss[1:] - best) < 1e-12))


def step_with_all_classes(targets: np.ndarray, options: Settings, seed: int) -> float:
    """The first step after which no two classes can still have the same weights.

    Before, they tie for the best class, and how BLAS happens to round decides in the reference.
    """
    orders = epoch_orders(len(targets), options.shuffle, seed)
    counts = [1] * (len(targets) // options.batch_size * options.max_epochs)
    seen = set()
    for step, batch in enumerate(mini_batches(orders, options.batch_size, counts)):
        seen |= set(targets[batch[0]])
        if len(seen) == len(options.classes):
            return step
    return np.inf


@st.composite
def trainings(draw):
    """A model, the shape of its data and its settings."""
    model = draw(st.sampled_from(["logistic", "softmax"]))
    classes = 2 if model == "logistic" else draw(st.sampled_from([2, 3, 10, 16, 17, 40]))
    n = draw(st.integers(10, 150))
    shape = {"pixels": draw(st.integers(8, 60)), "classes": classes}
    shape["bright"] = draw(st.sampled_from([0.2, 0.5, 1.0]))
    options = {
        "model": model,
        "classes": tuple(range(classes)),
        # Larger steps amplify the last digits until they are the first.
        "learning_rate": draw(st.sampled_from([0.001, 0.01, 0.03])),
        "l2_lambda": draw(st.sampled_from([0.0, 0.001, 0.1, 1.0])),
        "batch_size": draw(st.integers(1, min(n, 64))),
        "max_epochs": draw(st.integers(1, 12)),
        "patience": draw(st.sampled_from([None, 1, 3, 10])),
        "shuffle": draw(st.sampled_from(["false", "once", "true"])),
        "checks_per_epoch": draw(st.sampled_from([1, 5, 1000])),
        "skip_batches": draw(st.sampled_from([(), (), (0,)])),
    }
    seed, n_validation = draw(st.integers(0, 5)), draw(st.integers(1, 400))
    return make_settings(**options), shape, n, n_validation, seed


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(trainings())
def test_equals_reference(configuration):
    options, shape, n, n_validation, seed = configuration
    data = images(1, n, **shape), images(2, n_validation, **shape)
    theirs = train_by_reference(options, *data, seed)
    assume(not near_tie(theirs))
    ours = train(options, *data, seed)
    assert_same(ours, theirs, step_with_all_classes(data[0].targets, options, seed))


@pytest.mark.parametrize("model", ["logistic", "softmax"])
@pytest.mark.parametrize("patience", [1, 3, 10, 25])
def test_stops_where_the_reference_stops(model, patience):
    classes = 2 if model == "logistic" else 3
    data = images(1, 60, classes=classes), images(2, 300, classes=classes)
    options = make_settings(
        model=model,
        classes=tuple(range(classes)),
        patience=patience,
        max_epochs=400,
        learning_rate=1.0,
    )
    theirs = train_by_reference(options, *data)
    assert theirs.ended == "early_stopping"
    assert_same(train(options, *data), theirs)


def test_stops_inside_a_window_of_checks():
    """Improvements make the windows end at all places, so that the stop falls within one."""
    data = images(1, 60), images(2, 300)
    options = make_settings(learning_rate=0.5, patience=4, max_epochs=300)
    windows = []
    original = fast_training.judge_checks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fast_training,
            "judge_checks",
            lambda weights, *rest: windows.append(len(weights)) or original(weights, *rest),
        )
        ours = train(options, *data)
    assert ours.ended == "early_stopping"
    assert len(set(windows)) > 1
    assert_same(ours, train_by_reference(options, *data))


@pytest.mark.parametrize(("pixels", "bright"), [(1, 1.0), (1, 0.1), (5, 0.0), (1000, 0.02)])
def test_unusual_images(pixels, bright):
    """A single pixel; black images; many pixels of which few are bright."""
    data = images(1, 60, pixels, bright=bright), images(2, 90, pixels, bright=bright)
    ours = train(make_settings(), *data)
    theirs = train_by_reference(make_settings(), *data)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.validation_loss, theirs.validation_loss, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_huge_logits(model):
    """The log-sum-exp neither overflows nor takes the logarithm of 0."""
    data = images(1, 60, classes=2), images(2, 60, classes=2)
    options = make_settings(model=model, classes=(0, 1), learning_rate=1e6)
    theirs = train_by_reference(options, *data)
    assert theirs.train_loss.max() > 1e4
    ours = train(options, *data)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.validation_loss, theirs.validation_loss, rtol=1e-9, atol=1e-9)


DIVERGENT = [(30.0, 1.0), (7.3, 0.4), (1e3, 1.0), (1e200, 0.0), (1e305, 0.0), (1e308, 1e-3)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("model", ["logistic", "softmax"])
@pytest.mark.parametrize("patience", [None, 3])
@pytest.mark.parametrize(("learning_rate", "l2_lambda"), DIVERGENT)
def test_diverges_as_the_reference_does(model, patience, learning_rate, l2_lambda):
    classes = 2 if model == "logistic" else 3
    data = images(1, 60, classes=classes), images(2, 90, classes=classes)
    options = make_settings(
        model=model,
        classes=tuple(range(classes)),
        learning_rate=learning_rate,
        l2_lambda=l2_lambda,
        patience=patience,
        max_epochs=500,
    )
    ours, theirs = train(options, *data), train_by_reference(options, *data)
    assert ours.ended == theirs.ended
    assert len(ours.train_loss) == len(theirs.train_loss)
    assert np.isfinite(ours.train_loss).all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_some_of_these_diverge():
    options = make_settings(learning_rate=30.0, l2_lambda=1.0, max_epochs=500)
    assert train(options, images(1, 60), images(2, 90)).ended == "diverged"


def test_batch_larger_than_the_data():
    with pytest.raises(DataError, match="batch_size 99"):
        train(make_settings(batch_size=99), images(1, 60), images(2, 9))


def test_same_bits_twice():
    data = images(1, 100), images(2, 90)
    first = train(make_settings(), *data)
    assert_same_bits(first, train(make_settings(), *data))


@pytest.mark.parametrize("longest", [1, 3, 7])
def test_a_check_does_not_depend_on_its_window(monkeypatch, longest):
    data = images(1, 100, classes=10), images(2, 700, classes=10)
    options = make_settings(classes=tuple(range(10)))
    expected = train(options, *data)
    monkeypatch.setattr(fast_training, "LONGEST_WINDOW", longest)
    assert_same_bits(train(options, *data), expected)


def test_runs_share_the_bits_of_their_common_steps():
    data = images(1, 100), images(2, 90)
    long = train(make_settings(max_epochs=9), *data)
    short = train(make_settings(max_epochs=4, patience=3), *data)
    steps, checks = len(short.train_loss), len(short.check_steps)
    np.testing.assert_array_equal(short.train_loss, long.train_loss[:steps])
    np.testing.assert_array_equal(short.validation_loss, long.validation_loss[:checks])
    np.testing.assert_array_equal(short.train_accuracy, long.train_accuracy[:checks])


@pytest.mark.parametrize("change", [0.0, float("inf")])
def test_safe_predictions_are_not_judged_again(monkeypatch, change):
    """Judging all images at every check gives the same; judging none of them does not."""
    data = images(1, 200), images(2, 90)
    expected = train(make_settings(), *data)
    monkeypatch.setattr(fast_training, "largest_change_of_lead", lambda a, b: change)
    found = train(make_settings(), *data)
    same = np.array_equal(found.train_accuracy, expected.train_accuracy)
    assert same == (change > 0)


@given(st.integers(0, 1000), st.sampled_from([1e-9, 1.0, 1e9]))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_bound_of_the_change_of_a_lead(seed, size):
    random = np.random.RandomState(seed)
    a = random.randn(31, 4)
    b = a + size * random.randn(31, 4)
    x = np.append(random.randint(-1, 2, size=30), 1)
    change = x @ (b - a)
    assert np.ptp(change) <= fast_training.largest_change_of_lead(a, b)


def test_read_only_and_strided_data():
    data, validation = images(1, 100), images(2, 90)
    expected = train(make_settings(), data, validation)
    data.pixels.flags.writeable = False
    wide = np.repeat(validation.pixels, 2, axis=1)[:, ::2]
    found = train(make_settings(), data, Examples(wide, validation.targets))
    assert_same_bits(found, expected)


# --- seeds on threads, and where nothing compiles -------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_bits_and_order_do_not_depend_on_threads(threads):
    data = images(1, 100), images(2, 90)
    trainer = trainers.make_trainer(make_settings(), *data)
    seeds = [3, 0, 7, 1]
    found = list(trainers.train_seeds(trainer, seeds, threads))
    assert [seed for seed, _ in found] == seeds
    for seed, result in found:
        assert_same_bits(result, train(make_settings(), *data, seed))


def test_few_results_wait_for_an_earlier_one():
    begun = []
    results = trainers.train_seeds(lambda seed: begun.append(seed), range(1000), 2)
    next(results)
    assert len(begun) <= 4
    results.close()


def test_the_reference_trains_where_the_kernels_do_not_compile(monkeypatch, caplog):
    def fail():
        raise RuntimeError("no such processor")

    monkeypatch.setattr("regression.models.softmax.load_fast_trainer", fail)
    data = images(1, 60), images(2, 90)
    assert_same_bits(train(make_settings(), *data), train_by_reference(make_settings(), *data))
    assert "NumPy does it instead" in caplog.text and "no such processor" in caplog.text
