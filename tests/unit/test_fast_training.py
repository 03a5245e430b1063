"""The fast training gives what the reference gives: at every step, check, stop and failure."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from common.errors import DataError, DivergenceError
from images.splits import Examples
from regression import fast_training, machine_code, training
from regression.fast_training import mini_batches
from regression.minibatches import epoch_orders

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"

SETTINGS = {
    "class_count": 3,
    "learning_rate": 0.1,
    "l2_lambda": 0.0,
    "batch_size": 16,
    "max_epochs": 6,
    "patience": None,
    "shuffle": True,
    "seed": 0,
}


def images(seed: int, n: int, pixels: int = 30, classes: int = 3, bright: float = 0.3) -> Examples:
    """Noisy images of one pattern a class, the same patterns for every seed."""
    patterns = np.random.RandomState(classes).rand(classes, pixels)
    random = np.random.RandomState(seed)
    targets = random.randint(classes, size=n)
    values = 255 * (0.5 * patterns[targets] + 0.5 * random.rand(n, pixels))
    shown = random.rand(n, pixels) < bright
    return Examples((values * shown).astype(np.uint8), targets.astype(np.int64))


def assert_same(
    ours: training.TrainingResult, theirs: training.TrainingResult, first_step: int = 0
) -> None:
    """Equality; that of accuracies from a step on."""
    for field in ("weights", "train_loss", "validation_loss"):
        expected = getattr(theirs, field)
        assert getattr(ours, field).shape == expected.shape
        np.testing.assert_allclose(getattr(ours, field), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ours.check_steps, theirs.check_steps)
    later = theirs.check_steps >= first_step
    for field in ("validation_accuracy", "train_accuracy"):
        np.testing.assert_array_equal(getattr(ours, field)[later], getattr(theirs, field)[later])
    assert (ours.epochs, ours.stopped_early) == (theirs.epochs, theirs.stopped_early)
    for field in fields(training.TrainingResult)[:6]:
        assert getattr(ours, field.name).dtype == getattr(theirs, field.name).dtype


def assert_same_bits(a: training.TrainingResult, b: training.TrainingResult) -> None:
    for field in fields(training.TrainingResult):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), strict=True)


def near_tie(result: training.TrainingResult) -> bool:
    """Whether rounding could decide if some check is an improvement."""
    best = np.minimum.accumulate(result.validation_loss)[:-1]
    return bool(np.any(np.abs(result.validation_loss[1:] - best) < 1e-12))


def step_with_all_classes(targets: np.ndarray, options: dict) -> float:
    """The first step after which no two classes can still have the same weights.

    Before, they tie for the best class, and how BLAS happens to round decides in the reference.
    """
    orders = epoch_orders(len(targets), shuffle=options["shuffle"], seed=options["seed"])
    counts = [1] * (len(targets) // options["batch_size"] * options["max_epochs"])
    seen = set()
    for step, batch in enumerate(mini_batches(orders, options["batch_size"], counts)):
        seen |= set(targets[batch[0]])
        if len(seen) == options["class_count"]:
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
        "class_count": classes,
        # Larger steps amplify the last digits until they are the first.
        "learning_rate": draw(st.sampled_from([0.001, 0.01, 0.03])),
        "l2_lambda": draw(st.sampled_from([0.0, 0.001, 0.1, 1.0])),
        "batch_size": draw(st.integers(1, min(n, 64))),
        "max_epochs": draw(st.integers(1, 12)),
        "patience": draw(st.sampled_from([None, 1, 3, 10])),
        "shuffle": draw(st.booleans()),
        "seed": draw(st.integers(0, 5)),
    }
    return model, shape, n, draw(st.integers(1, 400)), options


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(trainings())
def test_equals_reference(configuration):
    model, shape, n, n_validation, options = configuration
    data = images(1, n, **shape), images(2, n_validation, **shape)
    theirs = training.train(model, *data, **options)
    assume(not near_tie(theirs))
    ours = fast_training.train(model, *data, **options)
    assert_same(ours, theirs, step_with_all_classes(data[0].targets, options))


@pytest.mark.parametrize("model", ["logistic", "softmax"])
@pytest.mark.parametrize("patience", [1, 3, 10, 25])
def test_stops_where_the_reference_stops(model, patience):
    classes = 2 if model == "logistic" else 3
    data = images(1, 60, classes=classes), images(2, 300, classes=classes)
    options = SETTINGS | {"class_count": classes, "patience": patience, "max_epochs": 400}
    theirs = training.train(model, *data, **options | {"learning_rate": 1.0})
    assert theirs.stopped_early
    assert_same(fast_training.train(model, *data, **options | {"learning_rate": 1.0}), theirs)


def test_stops_inside_a_window_of_checks():
    """Improvements make the windows end at all places, so that the stop falls within one."""
    data = images(1, 60), images(2, 300)
    options = SETTINGS | {"learning_rate": 0.5, "patience": 4, "max_epochs": 300}
    windows = []
    original = fast_training.judge_checks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fast_training,
            "judge_checks",
            lambda weights, *rest: windows.append(len(weights)) or original(weights, *rest),
        )
        ours = fast_training.train("softmax", *data, **options)
    assert ours.stopped_early
    assert len(set(windows)) > 1
    assert_same(ours, training.train("softmax", *data, **options))


@pytest.mark.parametrize(("pixels", "bright"), [(1, 1.0), (1, 0.1), (5, 0.0), (1000, 0.02)])
def test_unusual_images(pixels, bright):
    """A single pixel; black images; many pixels of which few are bright."""
    data = images(1, 60, pixels, bright=bright), images(2, 90, pixels, bright=bright)
    ours = fast_training.train("softmax", *data, **SETTINGS)
    theirs = training.train("softmax", *data, **SETTINGS)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.validation_loss, theirs.validation_loss, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_huge_logits(model):
    """The log-sum-exp neither overflows nor takes the logarithm of 0."""
    data = images(1, 60, classes=2), images(2, 60, classes=2)
    options = SETTINGS | {"class_count": 2, "learning_rate": 1e6}
    theirs = training.train(model, *data, **options)
    assert theirs.train_loss.max() > 1e4
    ours = fast_training.train(model, *data, **options)
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
    options = SETTINGS | {
        "class_count": classes,
        "learning_rate": learning_rate,
        "l2_lambda": l2_lambda,
        "patience": patience,
        "max_epochs": 500,
    }

    def outcome(train):
        try:
            result = train(model, *data, **options)
        except DivergenceError as error:
            return error.step, str(error)
        return len(result.train_loss), result.stopped_early

    assert outcome(fast_training.train) == outcome(training.train)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_some_of_these_diverge():
    with pytest.raises(DivergenceError, match=r"loss became (nan|inf) at step"):
        fast_training.train(
            "softmax",
            images(1, 60),
            images(2, 90),
            **SETTINGS | {"learning_rate": 30.0, "l2_lambda": 1.0, "max_epochs": 500},
        )


def test_batch_larger_than_the_data():
    with pytest.raises(DataError, match="batch_size 99"):
        fast_training.train("softmax", images(1, 60), images(2, 9), **SETTINGS | {"batch_size": 99})


def test_same_bits_twice():
    data = images(1, 100), images(2, 90)
    first = fast_training.train("softmax", *data, **SETTINGS)
    assert_same_bits(first, fast_training.train("softmax", *data, **SETTINGS))


@pytest.mark.parametrize("longest", [1, 3, 7])
def test_a_check_does_not_depend_on_its_window(monkeypatch, longest):
    data = images(1, 100, classes=10), images(2, 700, classes=10)
    options = SETTINGS | {"class_count": 10}
    expected = fast_training.train("softmax", *data, **options)
    monkeypatch.setattr(fast_training, "LONGEST_WINDOW", longest)
    assert_same_bits(fast_training.train("softmax", *data, **options), expected)


def test_runs_share_the_bits_of_their_common_steps():
    data = images(1, 100), images(2, 90)
    long = fast_training.train("softmax", *data, **SETTINGS | {"max_epochs": 9})
    short = fast_training.train("softmax", *data, **SETTINGS | {"max_epochs": 4, "patience": 3})
    steps, checks = len(short.train_loss), len(short.check_steps)
    np.testing.assert_array_equal(short.train_loss, long.train_loss[:steps])
    np.testing.assert_array_equal(short.validation_loss, long.validation_loss[:checks])
    np.testing.assert_array_equal(short.train_accuracy, long.train_accuracy[:checks])


@pytest.mark.parametrize("change", [0.0, float("inf")])
def test_safe_predictions_are_not_judged_again(monkeypatch, change):
    """Judging all images at every check gives the same; judging none of them does not."""
    data = images(1, 200), images(2, 90)
    expected = fast_training.train("softmax", *data, **SETTINGS)
    monkeypatch.setattr(fast_training, "largest_change_of_lead", lambda a, b: change)
    found = fast_training.train("softmax", *data, **SETTINGS)
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
    expected = fast_training.train("softmax", data, validation, **SETTINGS)
    data.pixels.flags.writeable = False
    wide = np.repeat(validation.pixels, 2, axis=1)[:, ::2]
    found = fast_training.train("softmax", data, Examples(wide, validation.targets), **SETTINGS)
    assert_same_bits(found, expected)


# --- the compiled kernels -------------------------------------------------------------------------


@pytest.fixture
def code():
    """The machine code of this machine."""
    machine_code.load_kernels()
    return machine_code.read(machine_code.cache_path())


def test_kernels_refuse_other_arrays():
    kernel = machine_code.load_kernels()["list_bright_pixels"]
    starts, bright = np.zeros(3, dtype=np.int64), np.zeros(8, dtype=np.uint32)
    with pytest.raises(TypeError, match=r"uint8\[2\] is needed, not float64\[2\]"):
        kernel(np.zeros((2, 4)), starts, bright)
    with pytest.raises(TypeError, match="contiguous"):
        kernel(np.zeros((4, 2), dtype=np.uint8).T, starts, bright)


def test_code_survives_its_file(tmp_path, code):
    path = tmp_path / "new" / "kernels.bin"
    machine_code.write(path, code)
    kernels = machine_code.read(path).kernels
    assert {name: tuple(kernel) for name, kernel in kernels.items()}.keys() == code.kernels.keys()
    assert machine_code.read(path).object_file == code.object_file
    assert [file.name for file in path.parent.iterdir()] == ["kernels.bin"]


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-1], lambda b: b[:99] + b"?" + b[100:]]
)
def test_damaged_code_is_not_used(tmp_path, code, damage):
    path = tmp_path / "kernels.bin"
    machine_code.write(path, code)
    path.write_bytes(damage(path.read_bytes()))
    assert machine_code.read(path) is None


def test_folder_that_cannot_be_used(tmp_path, code, caplog):
    (tmp_path / "file").write_text("not a folder")
    machine_code.write(tmp_path / "file" / "kernels.bin", code)
    assert "cannot be kept" in caplog.text
    assert machine_code.read(tmp_path / "file" / "kernels.bin") is None


def test_each_processor_has_its_own_code(monkeypatch, tmp_path):
    monkeypatch.setenv(machine_code.CACHE_VARIABLE, str(tmp_path))
    here = machine_code.cache_path()
    monkeypatch.setattr(machine_code, "processor", lambda: ("other", "+sse"))
    assert here.parent == machine_code.cache_path().parent == tmp_path
    assert here != machine_code.cache_path()


def test_start_without_numba():
    """A job that finds its kernels compiled does not import the compiler."""
    machine_code.load_kernels()
    program = "import sys, regression.fast_training as f; f.load_kernels(); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"numba", "pandas", "scipy", "matplotlib"} & set(modules)
