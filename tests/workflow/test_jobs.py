"""The jobs of the trainings: how many there are, and that nothing of a result depends on them."""

import json
import re
import shutil

import numpy as np
import pyarrow.parquet as pq

#: A model that is none of ours: one output a class, fitted to 1 for the right one and 0 elsewhere.
LEAST_SQUARES = '''"""Least squares: C(W) = 1/n sum_i ||x_i W - t_i||^2 with one-hot rows t_i."""

import numpy as np


def output_count(class_count):
    return class_count


def logits(W, X):
    return X @ W


def _errors(logits, targets):
    return logits - np.eye(logits.shape[1])[targets]


def loss(logits, targets):
    return float(np.mean(np.sum(_errors(logits, targets) ** 2, axis=1)))


def gradient(W, X, targets, l2_lambda=0.0):
    return 2.0 * X.T @ _errors(X @ W, targets) / len(X) + 2.0 * l2_lambda * W


def predict(logits):
    return logits.argmax(axis=1)
'''


def planned(checkout, *arguments: str) -> dict[str, int]:
    output = checkout.snakemake(*arguments, "--dry-run", "--quiet", "rules")
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}


def test_a_combination_is_a_job(fresh):
    # The config of the tests has two seeds of each shuffled combination; Figure 3 shows two.
    tasks = [f"results/figures/figure_{number:02}.png" for number in (3, 9)]
    assert planned(fresh, *tasks)["train"] == 2 + 5


def test_a_sweep_of_10000_trainings_is_200_jobs(fresh):
    overlay = {"tasks": {"softmax": {"seeds": list(range(2_000))}}}
    (fresh.folder / "tests" / "config.tiny.yaml").write_text(json.dumps(overlay))
    counts = planned(fresh, "results/metrics.parquet")
    of_softmax = 5 * 2_000 / 50
    assert of_softmax <= counts["train"] < of_softmax + 30


def test_where_cores_are_few_two_trainings_share_them_and_the_longest_starts_first(fresh):
    fresh.set_config("tasks.softmax.seeds", [0, 1, 2, 3, 4])
    folder = "results/runs/{}/lambda-0/shuffle-{}/{}/metrics.parquet"
    long = folder.format("softmax", "true", "seeds-0-4")
    short = folder.format("logistic-early-stopping", "false", "seeds-0-0")

    def threads(*options: str) -> int:
        output = fresh.snakemake(long, "--dry-run", "--printshellcmds", *options)
        (number,) = set(re.findall(r"train.py .* --threads (\d+)", output))
        return int(number)

    found = {cores: threads("--cores", str(cores)) for cores in (2, 4)}
    assert found == {2: 1, 4: 4}
    output = fresh.snakemake(short, long, "--cores", "1")
    assert re.findall(r"Training ([\w-]+),", output) == ["softmax", "logistic-early-stopping"]


def test_blocks_of_two_seeds_give_the_bits_of_one_block(checkout):
    def rows(name: str) -> list[dict]:
        found = pq.read_table(checkout.results / name).to_pylist()
        return [row for row in found if row["task"] == "logistic"]

    checkout.set_config("tasks.logistic.seeds", [0, 1, 2, 3, 4])
    tables = ["results/metrics.parquet", "results/history.parquet"]
    checkout.snakemake(*tables)
    metrics, history = rows("metrics.parquet"), rows("history.parquet")
    checkout.set_config("seeds_per_job", 2)
    shutil.rmtree(checkout.results / "runs/logistic")  # existing blocks would stay
    output = checkout.snakemake(*tables)
    folder = checkout.results / "runs/logistic/lambda-0/shuffle-true"
    assert {"seeds-0-1", "seeds-2-3", "seeds-4-4"} <= {path.name for path in folder.iterdir()}
    # What was one block of two before is one still.
    assert "Training softmax" not in output
    assert {row["shuffle"] for row in metrics} == {"false", "once", "true"}
    assert rows("metrics.parquet") == metrics and rows("history.parquet") == history


def test_a_new_model_is_a_file_and_trains_by_the_config_alone(fresh):
    models = fresh.folder / "workflow" / "scripts" / "regression" / "models"
    (models / "least_squares.py").write_text(LEAST_SQUARES)
    task = {"dataset": "mnist", "model": "least_squares", "classes": list(range(10))}
    task |= {"learning_rate": 0.0005, "batch_size": 100, "max_epochs": 2, "patience": None}
    task |= {"l2_lambda": ["0.01"], "shuffle": [False], "seeds": [0]}
    fresh.set_config("tasks.squares", task)
    folder = "results/runs/squares/lambda-0.01/shuffle-false/seeds-0-0"
    output = fresh.snakemake(f"{folder}/metrics.parquet", f"{folder}/weights.parquet")
    assert "Training squares" in output

    # The protocol by hand: 600 images, two epochs of six batches in the order of the file.
    split = pq.read_table(fresh.results / "data" / "mnist" / "train.parquet")
    pixels = np.array([np.frombuffer(p, np.uint8) for p in split.column("pixels").to_pylist()])
    X = np.hstack([2.0 * pixels / 255.0 - 1.0, np.ones((len(pixels), 1))])
    T = np.eye(10)[split.column("label").to_numpy()]
    W = np.zeros((785, 10))
    for step in range(12):
        batch = slice(step % 6 * 100, (step % 6 + 1) * 100)
        gradient = 2.0 * X[batch].T @ (X[batch] @ W - T[batch]) / 100 + 2.0 * 0.01 * W
        W -= 0.0005 * gradient
    found = pq.read_table(fresh.folder / folder / "weights.parquet").column("weight").to_numpy()
    np.testing.assert_allclose(found.reshape(785, 10), W, rtol=1e-9, atol=1e-12)
    (row,) = pq.read_table(fresh.folder / folder / "metrics.parquet").to_pylist()
    assert row["model"] == "least_squares"
    assert abs(row["train_loss"] - np.mean(np.sum((X @ W - T) ** 2, axis=1))) < 1e-9
