"""Loops that make the report's longest training; `peers.py` runs them beside each other."""

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

#: Softmax regression on ten digits, lambda 0, shuffled.
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
    """Ten seeds as a job trains them, on some threads; the seconds are those of one."""

    def run(train, validation) -> dict:
        trainer = make_trainer(SETTINGS, train, validation)
        seconds, results = timed(lambda: list(train_seeds(trainer, range(10), threads)))
        of_one = {clock: of_ten / 10 for clock, of_ten in seconds.items()}
        return described(of_one, results[0][1])

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


#: What each is called, and what runs it on the training and the validation examples.
LOOPS = {
    "plain NumPy loop": run_reference,
    "PyTorch": run_torch,
    "scikit-learn, no checks": run_sklearn,
    "ours": run_fast,
    "ours, each of ten seeds, 1 thread": run_job(1),
    "ours, each of ten seeds, 2 threads": run_job(2),
}


def run(name: str, folder: Path) -> dict:
    """Run a loop in this process, on the splits in a folder."""
    splits = (read_split(folder / f"{split}.parquet") for split in ("train", "validation"))
    found = LOOPS[name](*(select_classes(split, SETTINGS.classes) for split in splits))
    # Not of getrusage, which would include the parent's before the start.
    status = Path("/proc/self/status").read_text().split()
    return found | {"megabytes": int(status[status.index("VmHWM:") + 1]) / 1024}
