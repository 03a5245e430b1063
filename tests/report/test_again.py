"""Verdicts on the report's statements once more: own loop, own readers, own statistics.

Nothing of `regression`, `runs` or `judging` is imported. Everything is computed anew from the
splits and the weights in results/, in plain NumPy, and held to what results/claims.json says. Needs
a finished run of the default config; `make test-report` runs it.
"""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import optimize, stats

RESULTS = Path(__file__).parents[2] / "results"

pytestmark = [
    pytest.mark.report,
    pytest.mark.skipif(not (RESULTS / "claims.json").is_file(), reason="results/ is not there"),
]

SEEDS = range(30)


@cache
def readings() -> dict[str, dict]:
    ledger = json.loads((RESULTS / "claims.json").read_text(encoding="utf-8"))
    entries = [*ledger["statements"], *ledger["questions"]]
    return {reading["id"]: reading for entry in entries for reading in entry["readings"]}


@cache
def images(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Features float64 (n, 785) and labels (n,) of all images of a split."""
    table = pq.read_table(RESULTS / "data" / "mnist" / f"{split}.parquet")
    pixels = np.array([np.frombuffer(image.as_py(), np.uint8) for image in table["pixels"]])
    features = np.concatenate([pixels / 127.5 - 1.0, np.ones((len(pixels), 1))], axis=1)
    return features, np.array(table["label"])


@cache
def twos_and_threes(split: str) -> tuple[np.ndarray, np.ndarray]:
    X, labels = images(split)
    chosen = (labels == 2) | (labels == 3)
    return X[chosen], (labels[chosen] == 2).astype(float)


def cross_entropy(z: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0.0) - t * z + np.log1p(np.exp(-np.abs(z)))


class Run:
    """Logistic regression by gradient descent, with everything that is measured below."""

    def __init__(self, orders, *, epochs=50, patience=None, left_out=None, every=6):
        X, t = twos_and_threes("train")
        V, u = twos_and_threes("validation")
        w = np.zeros(785)
        self.batch_losses, self.steps, self.validation_losses = [], [], []
        self.train_accuracies, self.validation_accuracies = [], []
        worse, best, step = 0, np.inf, 0
        while step < 31 * epochs and worse != patience:
            epoch, batch = divmod(step, 31)
            rows = orders(epoch)[128 * batch : 128 * batch + 128]
            z = X[rows] @ w
            self.batch_losses.append(cross_entropy(z, t[rows]).mean())
            if batch != left_out:
                w = w - 0.05 * (1.0 / (1.0 + np.exp(-z)) - t[rows]) @ X[rows] / 128
            if step % every == 0:
                score = V @ w
                loss = cross_entropy(score, u).mean()
                self.steps.append(step)
                self.validation_losses.append(loss)
                self.validation_accuracies.append(np.mean((score > 0) == (u == 1)))
                self.train_accuracies.append(np.mean((X @ w > 0) == (t == 1)))
                worse, best = (worse + 1, best) if loss > best else (0, loss)
            step += 1
        self.epochs, self.updates, self.weights = step // 31, step, w

    def loss(self, split: str) -> float:
        X, t = twos_and_threes(split)
        return cross_entropy(X @ self.weights, t).mean()

    def right(self, split: str) -> np.ndarray:
        X, t = twos_and_threes(split)
        return (X @ self.weights > 0) == (t == 1)


def as_filed(epoch: int) -> np.ndarray:
    return np.arange(4005)


def kept(seed: int):
    order = np.random.RandomState(seed).permutation(4005)
    return lambda epoch: order


def reshuffled(seed: int):
    generator, orders = np.random.RandomState(seed), []

    def order(epoch: int) -> np.ndarray:
        while len(orders) <= epoch:
            orders.append(generator.permutation(4005))
        return orders[epoch]

    return order


@cache
def filed() -> Run:
    return Run(as_filed)


@cache
def every_step(left_out: int | None = None) -> Run:
    return Run(as_filed, left_out=left_out, every=1)


@cache
def many(kind: str) -> list[Run]:
    order = {"once": kept, "true": reshuffled}[kind]
    return [Run(order(seed)) for seed in SEEDS]


def spikes(curve, height=0.02) -> list[int]:
    return [
        place
        for place in range(5, len(curve) - 5)
        if curve[place] - np.median([*curve[place - 5 : place], *curve[place + 1 : place + 6]])
        > height
    ]


def tens(losses) -> list[float]:
    return [float(np.mean(losses[first : first + 10])) for first in range(0, len(losses) - 9, 10)]


@cache
def softmax_weights(l2_lambda: str) -> np.ndarray:
    """float64 (seeds, 785, 10)."""
    folder = RESULTS / "runs" / "softmax" / f"lambda-{l2_lambda}" / "shuffle-true" / "seeds-0-19"
    weights = np.array(pq.read_table(folder / "weights.parquet")["weight"])
    return weights.reshape(20, 785, 10)


def right_answers(weights: np.ndarray, split: str) -> np.ndarray:
    """bool (seeds, n)."""
    X, labels = images(split)
    return np.array([np.argmax(X @ matrix, axis=1) == labels for matrix in weights])


def crossed(table: np.ndarray, bound: float = 0.0) -> tuple[float, float]:
    """Mean of (seeds, images), and the two-sided p-value of a bound, both drawn by chance."""
    parts = [table.mean(axis=axis) for axis in (1, 0)]

    def beyond(log_p: float) -> float:
        t = [stats.t.isf(np.exp(log_p) / 2, len(part) - 1) * stats.sem(part) for part in parts]
        return float(np.hypot(*t)) - abs(table.mean() - bound)

    return float(table.mean()), float(np.exp(optimize.brentq(beyond, -690.0, 0.0)))


def agrees(name: str, value: float, verdict: str, *, rel=1e-6, absolute=1e-9) -> None:
    reading = readings()[name]
    assert reading["measured"] == pytest.approx(value, rel=rel, abs=absolute), name
    assert reading["verdict"] == verdict, name


def test_table_1():
    run = Run(as_filed, patience=10)
    agrees("2d-33.epochs", run.epochs, "reproduced")
    agrees("2d-train-loss.digits", run.loss("train"), "reproduced")
    agrees("2d-validation-loss.digits", run.loss("validation"), "reproduced")
    agrees("2d-train-accuracy.digits", run.right("train").mean(), "reproduced")
    agrees("2d-validation-accuracy.digits", run.right("validation").mean(), "reproduced")


def test_which_loss_spikes_more_often_depends_on_where_it_is_looked_at():
    drawn = len(spikes(tens(filed().batch_losses)))
    seldom, often = (len(spikes(run.validation_losses)) for run in (filed(), every_step()))
    name = "2b-training-spikes-oftener"
    agrees(f"{name}.as-drawn", (drawn - seldom) / 1.55, "reproduced")
    agrees(f"{name}.checked-every-step", (drawn - often) / 1.55, "not reproduced")


def test_the_update_on_batch_18_makes_the_spikes_of_the_validation_loss():
    places = spikes(every_step().validation_losses)
    counts = np.bincount(np.array(places) % 31)
    agrees("q-spike-batch.batch", counts.argmax(), "measured")
    without = every_step(18)
    left = len(spikes(without.validation_losses)) / len(places)
    agrees("2e-one-batch.validation", left, "reproduced")
    drawn = [spikes(run.validation_losses[::6]) for run in (without, every_step())]
    agrees("2e-one-batch.validation-as-drawn", len(drawn[0]) / len(drawn[1]), "reproduced")
    training = [
        spikes(tens(np.delete(run.batch_losses, np.s_[18::31]))) for run in (without, every_step())
    ]
    agrees("2e-one-batch.training", len(training[0]) / len(training[1]), "not reproduced")
    stay = len(spikes(every_step(19).validation_losses)) / len(places)
    agrees("q-other-batches.without-19", stay, "yes")


def test_validation_accuracy_is_first():
    first = [
        next(step for step, value in zip(filed().steps, curve, strict=True) if value >= 0.975)
        for curve in (filed().train_accuracies, filed().validation_accuracies)
    ]
    agrees("2c-validation-first.level", first[0] - first[1], "reproduced")


def test_the_logistic_model_overfits_after_the_stop_but_not_by_epoch_50():
    stopped, long = Run(as_filed, patience=10), Run(as_filed, epochs=500)
    X, t = twos_and_threes("test")
    at_stop = cross_entropy(X @ stopped.weights, t)
    for name, run in (("50-epochs", filed()), ("500-epochs", long)):
        differences = cross_entropy(X @ run.weights, t) - at_stop
        p = stats.ttest_1samp(differences, 0.0).pvalue
        reading = readings()[f"2d-purpose.{name}"]
        assert reading["measured"] == pytest.approx(differences.mean(), rel=1e-6)
        assert reading["p_value"] == pytest.approx(p, rel=1e-3)
    agrees(
        "q-logistic-lowest.lowest",
        (long.steps[np.argmin(long.validation_losses)] + 1) / 31,
        "measured",
    )


def test_orders():
    rates = {
        kind: np.array([len(spikes(run.validation_losses)) / 1.55 for run in many(kind)])
        for kind in ("once", "true")
    }
    own = len(spikes(filed().validation_losses)) / 1.55
    agrees("2e-random-order.random-at-all", (rates["once"] - own).mean(), "reproduced")
    anew = rates["true"] - rates["once"]
    agrees("2e-random-order.anew-each-epoch", anew.mean(), "not decidable")
    assert readings()["2e-random-order.anew-each-epoch"]["p_value"] == pytest.approx(
        stats.ttest_1samp(anew, 0.0).pvalue, rel=1e-6
    )
    training = np.array([len(spikes(tens(run.batch_losses))) for run in many("once")])
    as_many = np.count_nonzero(training >= len(spikes(tens(filed().batch_losses))))
    agrees("q-unlucky-order.training", as_many, "measured")


def test_shuffling_does_not_lead_to_better_results():
    for name, split in (("2e-worse-validation", "validation"), ("2e-worse-test", "test")):
        shuffled = np.array([run.right(split) for run in many("true")], dtype=float)
        mean, p = crossed(shuffled - filed().right(split), bound=0.005)
        agrees(f"{name}.clearly", mean, "not reproduced")
        assert readings()[f"{name}.clearly"]["p_value"] == pytest.approx(p, rel=1e-3)


def test_accuracy_by_lambda():
    tables = [
        right_answers(softmax_weights(name), "validation")
        for name in ("0", "0.001", "0.01", "0.1", "1")
    ]
    steps = [crossed(after.astype(float) - before) for before, after in pairwise(tables)]
    against = max(mean for mean, _ in steps)
    reading = readings()["4d-validation-falls.stopped"]
    assert reading["measured"] == pytest.approx(against, rel=1e-6)
    assert reading["p_value"] == pytest.approx(max(p for _, p in steps), rel=1e-3)


def test_pictures_of_the_weights():
    X, labels = images("train")
    means = np.array([X[labels == digit, :-1].mean(axis=0) for digit in range(10)])
    contrasts = means - X[:, :-1].mean(axis=0)
    found = [
        np.mean([np.corrcoef(weights[:-1, d], contrasts[d])[0, 1] for d in range(10)])
        for weights in softmax_weights("1")
    ]
    agrees("4b-resemble.contrast", np.mean(found), "reproduced")
    small = {
        name: [
            np.mean(np.abs(weights[:-1]) < 0.05 * np.abs(weights[:-1]).max(axis=0))
            for weights in softmax_weights(name)
        ]
        for name in ("0", "1")
    }
    difference = np.subtract(small["1"], small["0"])
    agrees("4b-too-sparse.nearly-zero", difference.mean(), "reproduced")
    assert readings()["4b-too-sparse.nearly-zero"]["p_value"] == pytest.approx(
        stats.ttest_1samp(difference, 0.0).pvalue, rel=1e-4
    )


def test_longer_weights_classify_the_same():
    short, long = softmax_weights("1")[0], softmax_weights("0")[0]
    longer = short * np.linalg.norm(long) / np.linalg.norm(short)
    before, after = right_answers(np.array([short, longer]), "validation").mean(axis=1)
    agrees("4d-too-small.accuracy", after - before, "not reproduced")
