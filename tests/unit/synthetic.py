"""A made-up but complete set of results: as the real one in shape, small, and made in a second.

What it shows is chosen so that nearly every claim of the report can be decided.
"""

import json
from pathlib import Path

import numpy as np
import yaml

from common.files import parquet_writer, write_json, write_parquet
from images.splits import Split, write_split
from regression.separation import integer_weights
from regression.training import TrainingResult
from runs.grid import Block, blocks_of, expand_sweeps
from runs.schemas import (
    HISTORIES_SCHEMA,
    HISTORY_SCHEMA,
    OPTIMUM_SCHEMA,
    OUTCOMES,
    SEPARATION_SCHEMA,
)
from runs.tables import (
    history_table,
    metrics_table,
    weights_schema,
    weights_table,
    with_combination,
)

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
TASKS = expand_sweeps(
    {
        name: {"train_size": None, "checks_per_epoch": 5, "skip_batches": []}
        | {"optimum_l2_lambda": []}
        | task
        | {"shuffle": [str(value).lower() for value in task["shuffle"]]}
        for name, task in CONFIG["tasks"].items()
    }
)
BLOCKS = blocks_of(TASKS, 50)
FOLDERS = [block.folder for block in BLOCKS]

#: Shape of the made-up images, and how many of each digit there are.
IMAGE = (6, 6)
PER_DIGIT = 450
STEPS = {"logistic": 620, "softmax": 6000}
INTERVAL = {"logistic": 6, "softmax": 31}


def result_of(block: Block, generator: np.random.Generator) -> TrainingResult:
    """Losses that fall with noise; without shuffling, batch 3 of each epoch is a spike."""
    task = TASKS[block.task]
    model = task["model"]
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
    elif block.shuffle == "false":
        batch = steps % (2 * PER_DIGIT // 128)
        train += 0.3 * (batch == 3) + 0.03 * (batch == 1)
        validation[30::25] += 0.05
        accuracy[30::25] -= 0.02
    stopped = task["patience"] is not None
    return TrainingResult(
        np.zeros(0),
        train,
        checks,
        validation,
        accuracy,
        np.minimum(train_accuracy, 1.0),
        epochs=33 if stopped else task["max_epochs"],
        ended="early_stopping" if stopped else "max_epochs",
    )


def metrics_of(
    block: Block, seed: int, result: TrainingResult, generator: np.random.Generator
) -> dict:
    """The row of a run."""
    task = TASKS[block.task]
    value = float(block.l2_lambda)
    change = 0.02 * (np.log10(value) + 4.0 if value else 0.0)
    change += generator.normal(0.0, 0.0005)
    stopped = result.ended == "early_stopping"
    settings = task.keys() - {"l2_lambda", "optimum_l2_lambda", "shuffle", "seeds", "varies"}
    # What is not made up below is a number nevertheless.
    row = dict.fromkeys(OUTCOMES, 0.5) | {name: task[name] for name in settings}
    row |= {
        "task": block.task,
        "l2_lambda": value,
        "shuffle": block.shuffle,
        "seed": seed,
        "epochs": result.epochs,
        "steps": len(result.train_loss),
        "stopped_early": stopped,
        "ended": result.ended,
        "train_loss": 0.071,
        "validation_loss": result.validation_loss[-1],
        "test_loss": 0.08,
        "train_accuracy": result.train_accuracy[-1],
        "validation_accuracy": result.validation_accuracy[-1],
        "test_accuracy": 0.95 - change,
        "weight_norm": 5.0 / (1.0 + value) - change,
        "train_size": PER_DIGIT * len(task["classes"]),
    }
    if block.task == "softmax":
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
    rows = []
    with parquet_writer(root / "history.parquet", HISTORIES_SCHEMA) as add:
        for block in BLOCKS:
            of_block, histories = write_block(root / "runs" / block.folder, block, means, generator)
            for row, history in zip(of_block, histories, strict=True):
                add(with_combination(history, row))
            rows += of_block
    write_parquet(metrics_table(rows), root / "metrics.parquet")
    write_other(root, means)


def write_block(folder: Path, block: Block, means: np.ndarray, generator: np.random.Generator):
    """Write what a training job writes; return its rows and histories."""
    rows, histories = [], []
    schema = weights_schema(IMAGE)
    with (
        parquet_writer(folder / "history.parquet", HISTORY_SCHEMA) as add_history,
        parquet_writer(folder / "weights.parquet", schema) as add_weights,
    ):
        for seed in block.seeds:
            # The two runs with early stopping are the same run.
            of_run = [seed, round(1e6 * float(block.l2_lambda)), block.shuffle == "true"]
            result = result_of(block, np.random.default_rng(of_run))
            rows.append(metrics_of(block, seed, result, np.random.default_rng(of_run)))
            histories.append(history_table(seed, result))
            add_history(histories[-1])
            weights = weights_of(block, means, generator)
            labels = TASKS[block.task]["classes"][-weights.shape[1] :]
            add_weights(weights_table(seed, weights, labels, schema))
    write_parquet(metrics_table(rows), folder / "metrics.parquet")
    return rows, histories


def weights_of(block: Block, means: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Weights that resemble the mean images, the more so the greater lambda is."""
    noise = 0.05 if block.l2_lambda == "1" else 1.0
    if TASKS[block.task]["model"] == "softmax":
        weights = means + noise * generator.normal(0.0, 1.0, means.shape)
    else:
        weights = (means[2] - means[3])[np.newaxis] * 0.1
    return np.vstack([weights.T, np.zeros(len(weights))])


def write_other(root: Path, means: np.ndarray) -> None:
    """Proofs, gradient checks and optima."""
    proofs = [{"number": n, "verdict": "proved", "erratum": None} for n in range(1, 52)]
    write_json(root / "equations.json", {"equations": proofs, "errata": []})
    for task in ("logistic", "softmax"):
        checks = [
            {"l2_lambda": float(v), "error": 1e-9, "implementation": task}
            | {"images": 512, "directions": 100}
            for v in TASKS[task]["l2_lambda"]
        ]
        write_json(root / "gradients" / f"{task}.json", checks)
        write_optima(root / "optimum" / task, task, means)


def write_optima(folder: Path, task: str, means: np.ndarray) -> None:
    """Optima for each lambda above 0, and whole numbers for lambda 0, which has none."""
    spellings = [*TASKS[task]["l2_lambda"], *TASKS[task]["optimum_l2_lambda"]]
    write_json(folder / "optima.json", [optimum_of(task, spelling) for spelling in spellings])
    with (
        parquet_writer(folder / "weights.parquet", OPTIMUM_SCHEMA) as add_weights,
        parquet_writer(folder / "separation.parquet", SEPARATION_SCHEMA) as add_separation,
    ):
        for spelling in spellings:
            block = Block(task, spelling, "true", (0,))
            weights = weights_of(block, means, np.random.default_rng(0))
            labels = TASKS[task]["classes"][-weights.shape[1] :]
            if float(spelling):
                add_weights(weights_table(float(spelling), weights, labels, OPTIMUM_SCHEMA))
            else:
                integers = integer_weights(weights, 255)
                add_separation(weights_table(0.0, integers, labels, SEPARATION_SCHEMA))


def optimum_of(task: str, spelling: str) -> dict:
    value = float(spelling)
    change = 0.02 * abs(np.log10(value) + 4.0 if value else 0.0)
    return {
        "task": task,
        "model": TASKS[task]["model"],
        "l2_lambda": value,
        "status": "reached" if value else "no finite optimum",
        "gradient_norm": 1e-8 if value else 0.0,
        "train_misclassified": 5 if value else 0,
        "train_loss": 0.2 if value else 0.0,
        "validation_loss": 0.04 if value else None,
        "train_accuracy": 0.98 - change if value else 1.0,
        "validation_accuracy": 0.95 - change if value else None,
        "test_accuracy": 0.95 - change if value else None,
    }


def as_argument(tasks: dict) -> str:
    """Tasks, as the rules hand them to the scripts."""
    return json.dumps(tasks)
