"""Compare training loops side by side: time, memory, and the limits of the core.

Each loop runs in a process of its own with one thread, in turn, several rounds; the least CPU time
counts, which other processes disturb less than wall time. See README.md beside this file.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))


from images.splits import read_split, select_classes
from regression.features import features
from regression.models import load_model
from regression.settings import Settings
from regression.trainers import make_trainer, train_seeds
from regression.training import (
    EarlyStopping,
    batches_per_epoch,
    check_interval,
    epoch_orders,
    reference_trainer,
)

#: The report's longest training: softmax regression on ten digits, lambda 0, shuffled.
SETTINGS = Settings(
    task="softmax",
    dataset="mnist",
    model="softmax",
    classes=tuple(range(10)),
    train_size=None,
    learning_rate=0.01,
    batch_size=128,
    max_epochs=500,
    patience=10,
    checks_per_epoch=5,
    skip_batches=(),
    l2_lambda=0.0,
    shuffle="true",
)


def timed(function, *arguments) -> tuple[dict, object]:
    """Wall and CPU seconds of a call, and its result."""
    start = time.perf_counter(), time.process_time()
    result = function(*arguments)
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    return dict(zip(("wall", "cpu"), seconds, strict=True)), result


def described(seconds: dict, result) -> dict:
    """What two loops must agree on."""
    return seconds | {"steps": len(result.train_loss), "loss": float(result.validation_loss[-1])}


def run_fast(train, validation) -> dict:
    """The loop of the workflow."""
    make_trainer(SETTINGS, train, validation)  # compiles, or loads what was compiled
    return described(*timed(lambda: make_trainer(SETTINGS, train, validation)(0)))


def run_job(threads: int):
    """Ten seeds as a job trains them, on some threads."""

    def run(train, validation) -> dict:
        trainer = make_trainer(SETTINGS, train, validation)
        seconds, results = timed(lambda: list(train_seeds(trainer, range(10), threads)))
        return described(seconds, results[0][1])

    return run


def run_reference(train, validation) -> dict:
    """The plain NumPy loop."""
    model = load_model(SETTINGS.model)
    return described(*timed(lambda: reference_trainer(model, SETTINGS, train, validation)(0)))


def run_torch(train, validation) -> dict:
    """The same work as one writes it in PyTorch, float64."""
    import torch

    torch.set_num_threads(1)

    def work() -> tuple[int, float]:
        x, x_validation = (torch.from_numpy(features(s.pixels, 255)) for s in (train, validation))
        t, t_validation = (torch.from_numpy(s.targets) for s in (train, validation))
        model = torch.nn.Linear(x.shape[1], 10, bias=False, dtype=torch.float64)
        torch.nn.init.zeros_(model.weight)
        optimizer = torch.optim.SGD(model.parameters(), lr=SETTINGS.learning_rate)
        cross_entropy = torch.nn.CrossEntropyLoss()
        batches = batches_per_epoch(len(x), SETTINGS)
        interval = check_interval(batches, SETTINGS.checks_per_epoch)
        stopping = EarlyStopping(SETTINGS.patience)
        orders = epoch_orders(len(x), SETTINGS.shuffle, 0)
        for step in range(SETTINGS.max_epochs * batches):
            if step % batches == 0:
                order = torch.from_numpy(next(orders))
            first = step % batches * SETTINGS.batch_size
            batch = order[first : first + SETTINGS.batch_size]
            optimizer.zero_grad()
            cross_entropy(model(x[batch]), t[batch]).backward()
            optimizer.step()
            if step % interval == 0:
                with torch.no_grad():
                    z = model(x_validation)
                    loss = cross_entropy(z, t_validation).item()
                    (z.argmax(1) == t_validation).double().mean().item()
                    (model(x).argmax(1) == t).double().mean().item()
                if stopping.update(loss):
                    break
        return step + 1, loss

    seconds, (steps, loss) = timed(work)
    return seconds | {"steps": steps, "loss": loss}


def run_sklearn(train, validation) -> dict:
    """MLPClassifier without hidden layer: softmax regression by mini-batches, without checks."""
    import warnings

    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier((), solver="sgd", alpha=0.0, batch_size=128, learning_rate_init=0.01)
    model.set_params(momentum=0.0, max_iter=52, n_iter_no_change=52, random_state=0)
    warnings.simplefilter("ignore")  # that it has not converged
    seconds, _ = timed(model.fit, features(train.pixels, 255)[:, :-1], train.targets)
    probabilities = model.predict_proba(features(validation.pixels, 255)[:, :-1])
    loss = float(log_loss(validation.targets, probabilities))
    return seconds | {"steps": model.t_ // 128, "loss": loss}


def run_limits(train, validation) -> dict:
    """Multiply-adds of our loop, and how many this core can do: in registers, and in its cache."""
    from numba import njit

    from regression import kernels
    from regression.kernels import LANES, load, multiply_add, store
    from regression.panels import aligned_zeros

    @njit
    def triad(a, b, c, repeats):
        for _ in range(repeats):
            for row in range(len(a)):
                store(a, row, multiply_add(0.5, load(b, row), load(c, row)))

    done = {"read": 0, "written": 0}
    descend, evaluate = kernels.descend, kernels.evaluate

    def counting_descend(weights, classes, first, starts, bright, scale, batches, *rest):
        descend(weights, classes, first, starts, bright, scale, batches, *rest)
        count = int((starts[batches + 1] - starts[batches]).sum()) * len(weights) * LANES
        done["read"] += 2 * count
        done["written"] += count

    def counting_evaluate(weights, classes, starts, bright, scale, images, *rest):
        evaluate(weights, classes, starts, bright, scale, images, *rest)
        done["read"] += int((starts[images + 1] - starts[images]).sum()) * len(weights) * LANES

    kernels.descend, kernels.evaluate = counting_descend, counting_evaluate
    make_trainer(SETTINGS, train, validation)(0)
    rows, repeats = 2**12 // LANES, 20_000
    arrays = [aligned_zeros(rows, LANES) for _ in range(3)]
    triad(*arrays, 1)
    seconds = min(timed(triad, *arrays, repeats)[0]["cpu"] for _ in range(5))
    return {
        "gigabytes_moved": 8 * (done["read"] + done["written"]) / 1e9,
        "cache_gigabytes_per_second": 3 * arrays[0].nbytes * repeats / seconds / 1e9,
    }


LOOPS = {
    "plain NumPy loop (`regression.training`)": run_reference,
    "PyTorch loop": run_torch,
    "scikit-learn MLPClassifier, no hidden layer, 52 epochs, no checks": run_sklearn,
    "ours (`regression.fast_training`)": run_fast,
    "ours, ten seeds in a job, 1 thread": run_job(1),
    "ours, ten seeds in a job, 2 threads": run_job(2),
    "limits": run_limits,
}


def work(name: str, folder: Path) -> None:
    """Run one loop in this process and print what it took as JSON."""
    splits = (read_split(folder / f"{split}.parquet") for split in ("train", "validation"))
    try:
        result = LOOPS[name](*(select_classes(split, SETTINGS.classes) for split in splits))
    except ModuleNotFoundError as error:
        result = {"skipped": f"{error.name} is not installed"}
    # Not of getrusage, which would include the parent's before the start.
    status = Path("/proc/self/status").read_text().split()
    print(json.dumps(result | {"megabytes": int(status[status.index("VmHWM:") + 1]) / 1024}))


def measure(name: str, folder: Path) -> dict:
    """Run one loop in a new process with one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--loop", name, "--data-dir", str(folder)]
    environment = {"NUMBA_CACHE_DIR": str(Path(".cache", "numba").resolve())} | os.environ | one
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default="results/data/mnist", help="splits")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each loop")
    parser.add_argument("--loop", choices=LOOPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.loop:
        work(arguments.loop, arguments.data_dir)
        return
    print("| loop | CPU s | wall s | peak memory, MB | steps | validation loss |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in LOOPS:
        rounds = [measure(name, arguments.data_dir) for _ in range(arguments.rounds)]
        if "skipped" in rounds[0]:
            print(f"| {name} | {rounds[0]['skipped']} | | | | |")
        elif "cpu" in rounds[0]:
            best = min(rounds, key=lambda r: r["cpu"])
            seconds = f"{best['cpu']:.2f} | {min(r['wall'] for r in rounds):.2f}"
            memory = max(r["megabytes"] for r in rounds)
            print(
                f"| {name} | {seconds} | {memory:.0f} | {best['steps']:.0f} | {best['loss']:.12f} |"
            )
        else:
            print("\n" + json.dumps(rounds[0]))


if __name__ == "__main__":
    main()
