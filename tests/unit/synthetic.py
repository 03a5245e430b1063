"""A made-up but complete set of results: as the real one in shape, small, and made in a second.

What it shows is chosen so that nearly every claim of the report can be decided.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from runs.sweeps import expand_sweeps

from common.files import write_json, write_parquet
from images.splits import Split, write_split
from runs.grid import Run, grid_of, runs_of_tasks
from runs.results import (
    METRICS_SCHEMA,
    history_table,
    weights_table,
    write_histories,
)

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
TASKS = expand_sweeps({name: {"train_size": None} | t for name, t in CONFIG["tasks"].items()})

#: Shape of the made-up images, and how many of each digit there are.
IMAGE = (6, 6)
PER_DIGIT = 450
STEPS = {"logistic": 620, "softmax": 6000}
INTERVAL = {"logistic": 6, "softmax": 31}


def history_of(run: Run, generator: np.random.Generator) -> pa.Table:
    """Losses that fall with noise; without shuffling, batch 3 of each epoch is a spike."""
    model = TASKS[run.task]["model"]
    steps = np.arange(STEPS[model])
    fall = np.exp(-steps / (20.0 if model == "logistic" else 600.0))
    train = 0.05 + 0.64 * fall + generator.normal(0.0, 0.01, len(steps))
    train[0] = np.log(2.0 if model == "logistic" else 10.0)
    checks = steps[:: INTERVAL[model]]
    noise = generator.normal(0.0, 1.0, len(checks))
    validation = 0.05 + 0.64 * fall[checks] + 0.0005 * noise
    accuracy = 0.98 - 0.4 * fall[checks] + 0.0005 * noise
    train_accuracy = accuracy - 0.001
    if model == "softmax":
        train_accuracy = accuracy + 0.004 * checks / 4000.0
    elif not run.shuffle:
        batch = steps % (2 * PER_DIGIT // 128)
        train += 0.3 * (batch == 3) + 0.03 * (batch == 1)
        validation[30::25] += 0.05
        accuracy[30::25] -= 0.02
    return history_table(train, checks, validation, accuracy, np.minimum(train_accuracy, 1.0))


def metrics_of(run: Run, history: pa.Table, generator: np.random.Generator) -> dict:
    """What a run's summary would say."""
    task = TASKS[run.task]
    value = float(run.l2_lambda)
    last = {
        (split, metric): number
        for split, metric, number in zip(
            *(history.column(name).to_pylist() for name in ("split", "metric", "value")),
            strict=True,
        )
    }
    change = 0.02 * (np.log10(value) + 4.0 if value else 0.0)
    change += generator.normal(0.0, 0.0005)
    stopped = task["patience"] is not None
    row = run.keys | {
        **{name: task[name] for name in ("model", "learning_rate", "batch_size", "max_epochs")},
        "patience": task["patience"],
        "epochs": 33 if stopped else task["max_epochs"],
        "steps": STEPS[task["model"]],
        "stopped_early": stopped,
        "train_loss": 0.071,
        "validation_loss": last["validation", "loss"],
        "test_loss": 0.08,
        "train_accuracy": last["train", "accuracy"],
        "validation_accuracy": last["validation", "accuracy"],
        "test_accuracy": 0.95 - change,
        "weight_norm": 5.0 / (1.0 + value) - change,
        "dataset": task["dataset"],
        "classes": task["classes"],
        "train_size": PER_DIGIT * len(task["classes"]),
    }
    if run.task == "softmax":
        row |= {"train_accuracy": 0.96 - 1.2 * change, "validation_accuracy": 0.95 - change}
    elif stopped:
        row |= {"validation_loss": 0.066, "train_accuracy": 0.976, "validation_accuracy": 0.979}
    return row


def images(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 (n, 36) and labels, sorted so that the batches of a pair of digits differ."""
    labels = np.tile(np.arange(10, dtype=np.uint8), PER_DIGIT)
    prototypes = generator.integers(0, 256, (10, IMAGE[0] * IMAGE[1]))
    pixels = prototypes[labels] + generator.normal(0.0, 30.0, (len(labels), prototypes.shape[1]))
    return np.clip(pixels, 0, 255).astype(np.uint8), labels


def write_results(root: Path) -> None:
    """Write everything that claims read into the folder `root`."""
    generator = np.random.default_rng(0)
    pixels, labels = images(generator)
    for name in ("train", "validation", "test"):
        split = Split(np.arange(len(labels), dtype=np.uint32), labels, pixels, IMAGE)
        path = root / "data" / "mnist" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_split(path, split)
    means = np.array([pixels[labels == digit].mean(axis=0) for digit in range(10)]) / 255.0
    rows, histories = [], []
    for run in runs_of_tasks(TASKS):
        # The two runs with early stopping are the same run.
        seed = [run.seed, round(1e6 * float(run.l2_lambda)), run.shuffle]
        history = history_of(run, np.random.default_rng(seed))
        rows.append(metrics_of(run, history, np.random.default_rng(seed)))
        histories.append((run.keys, history))
        write_weights(root, run, means, generator)
    write_parquet(pa.Table.from_pylist(rows, schema=METRICS_SCHEMA), root / "metrics.parquet")
    write_histories(histories, root / "history.parquet")
    write_other(root)


def write_weights(root: Path, run: Run, means: np.ndarray, generator: np.random.Generator) -> None:
    """Weights that resemble the mean images, the more so the greater lambda is."""
    noise = 0.05 if run.l2_lambda == "1" else 1.0
    classes = TASKS[run.task]["classes"]
    if TASKS[run.task]["model"] == "softmax":
        weights = means + noise * generator.normal(0.0, 1.0, means.shape)
    else:
        weights = (means[2] - means[3])[np.newaxis] * 0.1
    table = weights_table(
        np.vstack([weights.T, np.zeros(len(weights))]), classes[-len(weights) :], IMAGE
    )
    path = root / "runs" / run.folder / "weights.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(table, path)


def write_other(root: Path) -> None:
    """Proofs, gradient checks and optima."""
    proofs = [{"number": n, "verdict": "proved", "method": "symbolic"} for n in range(1, 52)]
    write_json(root / "equations.json", {"equations": proofs, "errata": []})
    for task in ("logistic", "softmax"):
        checks = [
            {"l2_lambda": float(v), "error": 1e-9, "implementation": task}
            | {"images": 512, "directions": 100}
            for v in TASKS[task]["l2_lambda"]
        ]
        write_json(root / "gradients" / f"{task}.json", checks)
        for spelling in TASKS[task]["l2_lambda"]:
            write_json(
                root / "optimum" / task / f"lambda-{spelling}.json", optimum_of(task, spelling)
            )


def optimum_of(task: str, spelling: str) -> dict:
    value = float(spelling)
    change = 0.02 * (np.log10(value) + 4.0 if value else 0.0)
    return {
        "task": task,
        "l2_lambda": value,
        "status": "reached" if value else "no finite optimum",
        "gradient_norm": 1e-8 if value else 0.0,
        "train_misclassified": 5 if value else 0,
        "train_loss": 0.2 if value else 0.0,
        "validation_loss": 0.04 if value else None,
        "train_accuracy": 0.98 - change if value else 1.0,
        "validation_accuracy": 0.95 - change if value else None,
        "test_accuracy": 0.95 - change if value else None,
        "path": [
            {"iteration": 1, "validation_loss": 0.03},
            {"iteration": 2, "validation_loss": 0.04},
        ],
    }


def as_argument(tasks: dict) -> str:
    """Tasks, as the rules hand them to the scripts."""
    return json.dumps({name: tasks[name] | grid for name, grid in grid_of(tasks).items()})
