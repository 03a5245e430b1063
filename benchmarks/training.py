"""Compare training loops side by side: time, memory, and the limits of the machine.

Each loop runs in a process of its own with one thread, in turn, several rounds; the least time of
the rounds counts. Ratios are of CPU time, which other processes disturb less than wall time. See
README.md beside this file for what is compared.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

ONE_THREAD = dict.fromkeys(
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"], "1"
)

#: The report's longest training: softmax regression on ten digits, lambda 0, shuffled.
SETTINGS = {
    "class_count": 10,
    "learning_rate": 0.01,
    "l2_lambda": 0.0,
    "batch_size": 128,
    "max_epochs": 500,
    "patience": 10,
    "shuffle": True,
    "seed": 0,
}
SKLEARN_EPOCHS = 52  # as many as the others make before early stopping


# --- the loops, each in a process of its own ------------------------------------------------------


class Clock:
    """Wall time and CPU time since its creation."""

    def __init__(self):
        """Start."""
        self.start = time.perf_counter(), time.process_time()

    def times(self) -> dict:
        """Seconds so far."""
        return {
            "wall_seconds": time.perf_counter() - self.start[0],
            "cpu_seconds": time.process_time() - self.start[1],
        }


def read_examples(folder: Path):
    """Training and validation examples with all ten classes."""
    from images.splits import read_split, select_classes

    splits = (read_split(folder / f"{name}.parquet") for name in ("train", "validation"))
    return [select_classes(split, list(range(10))) for split in splits]


def summary(result) -> dict:
    """What two loops must agree on."""
    return {
        "steps": len(result.train_loss),
        "checks": len(result.check_steps),
        "validation_loss": float(result.validation_loss[-1]),
        "validation_accuracy": float(result.validation_accuracy[-1]),
    }


def run_fast(folder: Path) -> dict:
    """The loop of the workflow."""
    from regression import fast_training, machine_code

    machine_code.load_kernels()
    data = read_examples(folder)
    clock = Clock()
    result = fast_training.train("softmax", *data, **SETTINGS)
    return clock.times() | summary(result)


def run_reference(folder: Path) -> dict:
    """The plain NumPy loop."""
    from regression import training

    data = read_examples(folder)
    clock = Clock()
    result = training.train("softmax", *data, **SETTINGS)
    return clock.times() | summary(result)


def run_torch(folder: Path) -> dict:
    """The same work as one writes it in PyTorch, float64."""
    import torch
    from regression.minibatches import epoch_orders

    from regression.features import features
    from regression.training import EarlyStopping, batches_per_epoch, check_interval

    torch.set_num_threads(1)
    train, validation = read_examples(folder)
    clock = Clock()
    x, t = torch.from_numpy(features(train.pixels, 255)), torch.from_numpy(train.targets)
    x_validation = torch.from_numpy(features(validation.pixels, 255))
    t_validation = torch.from_numpy(validation.targets)
    model = torch.nn.Linear(x.shape[1], SETTINGS["class_count"], bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=SETTINGS["learning_rate"], weight_decay=2 * SETTINGS["l2_lambda"]
    )
    cross_entropy = torch.nn.CrossEntropyLoss()
    batches = batches_per_epoch(len(x), SETTINGS["batch_size"])
    orders = epoch_orders(len(x), shuffle=SETTINGS["shuffle"], seed=SETTINGS["seed"])
    stopping = EarlyStopping(SETTINGS["patience"])
    train_loss, checks = [], 0
    for step in range(SETTINGS["max_epochs"] * batches):
        first = step % batches * SETTINGS["batch_size"]
        if first == 0:
            order = torch.from_numpy(next(orders))
        batch = order[first : first + SETTINGS["batch_size"]]
        optimizer.zero_grad()
        loss = cross_entropy(model(x[batch]), t[batch])
        loss.backward()
        optimizer.step()
        train_loss.append(loss.item())
        if step % check_interval(batches) == 0:
            with torch.no_grad():
                z = model(x_validation)
                validation_loss = cross_entropy(z, t_validation).item()
                validation_accuracy = (z.argmax(1) == t_validation).double().mean().item()
                (model(x).argmax(1) == t).double().mean().item()
            checks += 1
            if stopping.update(validation_loss):
                break
    return clock.times() | {
        "steps": len(train_loss),
        "checks": checks,
        "validation_loss": validation_loss,
        "validation_accuracy": validation_accuracy,
    }


def sklearn_result(model, times: dict, validation, steps: int | None) -> dict:
    """Result of a fitted scikit-learn classifier."""
    from sklearn.metrics import log_loss

    from regression.features import features

    probabilities = model.predict_proba(features(validation.pixels, 255)[:, :-1])
    return times | {
        "steps": steps,
        "checks": 0,
        "validation_loss": float(log_loss(validation.targets, probabilities)),
        "validation_accuracy": float((probabilities.argmax(1) == validation.targets).mean()),
    }


def run_sklearn_sgd(folder: Path) -> dict:
    """MLPClassifier without hidden layer: softmax regression by mini-batches, without checks."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    from regression.features import features

    train, validation = read_examples(folder)
    model = MLPClassifier(
        hidden_layer_sizes=(),
        solver="sgd",
        alpha=SETTINGS["l2_lambda"],
        batch_size=SETTINGS["batch_size"],
        learning_rate_init=SETTINGS["learning_rate"],
        momentum=0.0,
        max_iter=SKLEARN_EPOCHS,
        n_iter_no_change=SKLEARN_EPOCHS,
        random_state=SETTINGS["seed"],
    )
    clock = Clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        model.fit(features(train.pixels, 255)[:, :-1], train.targets)
    return sklearn_result(model, clock.times(), validation, model.t_ // 128)


def run_sklearn_lbfgs(folder: Path) -> dict:
    """LogisticRegression: the same objective, another algorithm, 100 iterations, no checks."""
    import warnings

    from sklearn.linear_model import LogisticRegression

    from regression.features import features

    train, validation = read_examples(folder)
    model = LogisticRegression(C=float("inf"), max_iter=100)
    clock = Clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(features(train.pixels, 255)[:, :-1], train.targets)
    return sklearn_result(model, clock.times(), validation, None)


# --- the machine ----------------------------------------------------------------------------------


def run_machine(folder: Path) -> dict:
    """Speed of this core: memory, cache, arithmetic; and the work that a training does."""
    import numpy as np
    from numba import njit

    from regression.fast_training import aligned_zeros
    from regression.kernels import LANES, add, load, multiply_add, store, zeros

    @njit
    def triad(a, b, c, repeats):
        for _ in range(repeats):
            for row in range(len(a)):
                store(a, row, multiply_add(0.5, load(b, row), load(c, row)))

    @njit
    def multiply_adds(a, repeats):
        x = load(a, 0)
        s0, s1, s2, s3 = zeros(), zeros(), zeros(), zeros()
        s4, s5, s6, s7 = zeros(), zeros(), zeros(), zeros()
        for _ in range(repeats):
            s0, s1 = multiply_add(0.5, s0, x), multiply_add(0.5, s1, x)
            s2, s3 = multiply_add(0.5, s2, x), multiply_add(0.5, s3, x)
            s4, s5 = multiply_add(0.5, s4, x), multiply_add(0.5, s5, x)
            s6, s7 = multiply_add(0.5, s6, x), multiply_add(0.5, s7, x)
        store(a, 0, add(add(add(s0, s1), add(s2, s3)), add(add(s4, s5), add(s6, s7))))

    def least_seconds(function, *arguments):
        function(*arguments)
        times = []
        for _ in range(9):
            clock = Clock()
            function(*arguments)
            times.append(clock.times()["cpu_seconds"])
        return min(times)

    large = [aligned_zeros(2**23 // LANES, LANES) for _ in range(3)]
    small = [aligned_zeros(2**12 // LANES, LANES) for _ in range(3)]
    seconds = least_seconds(triad, *large, 1), least_seconds(triad, *small, 2000)
    rounds = 2_000_000
    flop_seconds = least_seconds(multiply_adds, np.ones((1, LANES)), rounds)
    return {
        "memory_gb_per_second": 3 * large[0].nbytes / seconds[0] / 1e9,
        "cache_gb_per_second": 2000 * 3 * small[0].nbytes / seconds[1] / 1e9,
        "gflop_per_second": rounds * 8 * LANES * 2 / flop_seconds / 1e9,
    } | count_work(folder)


def count_work(folder: Path) -> dict:
    """Multiply-adds of one training: what it does, and what dense matrix products would do."""
    from regression import fast_training, machine_code

    train, validation = read_examples(folder)
    kernels = machine_code.load_kernels()
    descend, evaluate = kernels["descend"], kernels["evaluate"]
    work = {"logits": 0, "update": 0}

    def bright(starts, images):
        return int((starts[images + 1] - starts[images]).sum())

    def counting_descend(weights, classes, first, starts, pixels, batches, *rest):
        descend(weights, classes, first, starts, pixels, batches, *rest)
        work["logits"] += bright(starts, batches) * len(weights) * machine_code.LANES
        work["update"] += bright(starts, batches) * len(weights) * machine_code.LANES

    def counting_evaluate(weights, classes, starts, pixels, images, *rest):
        evaluate(weights, classes, starts, pixels, images, *rest)
        work["logits"] += bright(starts, images) * len(weights) * machine_code.LANES

    kernels.update(descend=counting_descend, evaluate=counting_evaluate)
    result = fast_training.train("softmax", train, validation, **SETTINGS)
    images = 2 * SETTINGS["batch_size"] * len(result.train_loss)
    images += len(result.check_steps) * (len(train.targets) + len(validation.targets))
    return work | {"dense": images * result.weights.size}


WORKERS = {
    "reference": run_reference,
    "torch": run_torch,
    "sklearn-sgd": run_sklearn_sgd,
    "sklearn-lbfgs": run_sklearn_lbfgs,
    "fast": run_fast,
    "machine": run_machine,
}

NAMES = {
    "reference": "plain NumPy loop (`regression.training`)",
    "torch": "PyTorch loop",
    "sklearn-sgd": "scikit-learn MLPClassifier, no hidden layer, 52 epochs, no checks (1)",
    "sklearn-lbfgs": "scikit-learn LogisticRegression, 100 L-BFGS iterations, no checks (2)",
    "fast": "ours (`regression.fast_training`)",
}


def work(name: str, folder: Path) -> None:
    """Run one worker in this process and print its result as JSON."""
    try:
        result = WORKERS[name](folder)
    except ModuleNotFoundError as error:
        result = {"skipped": f"{error.name} is not installed"}
    print(
        json.dumps(result | {"process_seconds": time.process_time(), "peak_mb": peak_megabytes()})
    )


def peak_megabytes() -> float:
    """Peak memory of this process.

    The number of getrusage would include that of the parent from before the start.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM")


# --- the comparison -------------------------------------------------------------------------------


def measure(name: str, folder: Path) -> dict:
    """Run one worker in a new process; return its result."""
    command = [sys.executable, __file__, "--worker", name, "--data-dir", str(folder)]
    run = subprocess.run(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def best(rounds: list[dict]) -> dict:
    """The round with the least time, with the largest memory of any."""
    fastest = min(rounds, key=lambda result: result["cpu_seconds"])
    return fastest | {
        "wall_seconds": min(result["wall_seconds"] for result in rounds),
        "peak_mb": max(result["peak_mb"] for result in rounds),
    }


def compare(folder: Path, rounds: int) -> dict[str, dict]:
    """Run all loops in turn, several rounds."""
    results: dict[str, list[dict]] = {}
    for _ in range(rounds):
        for name in NAMES:
            if "skipped" in results.get(name, [{}])[0]:
                continue
            result = measure(name, folder)
            results.setdefault(name, []).append(result)
            print(f"{name}: {result.get('skipped') or round(result['cpu_seconds'], 2)}", flush=True)
    return {name: r[0] if "skipped" in r[0] else best(r) for name, r in results.items()}


def table(results: dict[str, dict]) -> str:
    """The loops as a Markdown table."""
    ours = results["fast"]["cpu_seconds"]
    lines = [
        "| loop | training, CPU s | wall s | ours is faster by | before it, CPU s "
        "| peak memory, MB | steps | validation loss | accuracy |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, result in results.items():
        if "skipped" in result:
            lines.append(f"| {NAMES[name]} | skipped: {result['skipped']} | | | | | | | |")
            continue
        lines.append(
            f"| {NAMES[name]} | {result['cpu_seconds']:.2f} | {result['wall_seconds']:.2f} "
            f"| {result['cpu_seconds'] / ours:.1f} "
            f"| {result['process_seconds'] - result['cpu_seconds']:.2f} "
            f"| {result['peak_mb']:.0f} "
            f"| {'-' if result['steps'] is None else int(result['steps'])} "
            f"| {result['validation_loss']:.12f} | {result['validation_accuracy']:.4f} |"
        )
    return "\n".join(lines)


def limits(machine: dict, seconds: float) -> str:
    """How near our loop comes to the limits of this core, in words."""
    done = machine["logits"] + machine["update"]
    # A multiply-add reads a weight; in the update it also writes it back.
    moved = 8 * machine["logits"] + 16 * machine["update"]
    dense_seconds = 2 * machine["dense"] / machine["gflop_per_second"] / 1e9
    return "\n".join(
        [
            f"- arithmetic: {2 * done / seconds / 1e9:.1f} of {machine['gflop_per_second']:.1f} "
            f"Gflop/s ({2 * done / seconds / 1e7 / machine['gflop_per_second']:.0f} %)",
            f"- weights read and written: {moved / seconds / 1e9:.0f} GB/s; triad on 96 KB, in the "
            f"cache: {machine['cache_gb_per_second']:.0f} GB/s "
            f"({moved / seconds / 1e7 / machine['cache_gb_per_second']:.0f} %)",
            f"- triad on 192 MB, in memory: {machine['memory_gb_per_second']:.1f} GB/s",
            f"- dense matrix products of the same training: {2 * machine['dense'] / 1e9:.0f} Gflop,"
            f" {dense_seconds:.2f} s at the peak; ours takes {seconds:.2f} s",
        ]
    )


def processor() -> str:
    """Name of the processor and number of its cores."""
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":")[1].strip()
    return f"{name}, {os.cpu_count()} cores"


def draw(results: dict[str, dict], path: Path) -> None:
    """Bars of the training times."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = {name: r for name, r in results.items() if "skipped" not in r}
    figure, axes = pyplot.subplots(figsize=(7, 0.5 * len(shown) + 1), layout="constrained")
    bars = axes.barh(
        list(shown),
        [result["cpu_seconds"] for result in shown.values()],
        color=["tab:orange" if name == "fast" else "tab:blue" for name in shown],
    )
    axes.bar_label(bars, fmt="%.2f s", padding=3)
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.set_xlabel("training, CPU seconds, one thread")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data-dir", type=Path, default="results/data/mnist", help="Parquet splits"
    )
    parser.add_argument("--output", type=Path, default="benchmarks/results", help="folder to write")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each loop")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker, arguments.data_dir)
        return

    measure("fast", arguments.data_dir)  # compiles, where need be
    results = compare(arguments.data_dir, arguments.rounds)
    machine = measure("machine", arguments.data_dir)
    text = "\n\n".join(
        [
            f"{processor()}; one thread; least of {arguments.rounds} rounds",
            table(results),
            "Limits of this core, and our loop:",
            limits(machine, results["fast"]["cpu_seconds"]),
        ]
    )
    print(text)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "training.md").write_text(text + "\n")
    (arguments.output / "training.json").write_text(
        json.dumps({"results": results, "machine": machine}, indent=2) + "\n"
    )
    draw(results, arguments.output / "training.png")


if __name__ == "__main__":
    main()
