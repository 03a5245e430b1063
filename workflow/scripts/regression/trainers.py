"""How a model is trained: by its own fast trainer, if it has one that works here, or the reference.

Trainings that differ in their seed run on threads of one process and share the data.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice

from images.splits import Examples
from regression.compiled import compiled
from regression.models import load_model
from regression.settings import Settings
from regression.training import Trainer, TrainingResult, reference_trainer


def make_trainer(settings: Settings, train: Examples, validation: Examples) -> Trainer:
    """Make ready to train.

    Raises:
        DataError: the settings do not fit the data.
    """
    model = load_model(settings.model)
    # Seldom needed beside a fast one, and large.
    reference = cache(lambda: reference_trainer(model, settings, train, validation))
    make_fast = _fast_trainer_of(model)
    if make_fast is None:
        return reference()
    fast = make_fast(settings, train, validation)

    def train_one(seed: int) -> TrainingResult:
        try:
            return fast(seed)
        except OverflowError:
            return reference()(seed)

    return train_one


def train_seeds(
    trainer: Trainer, seeds: Iterable[int], threads: int
) -> Iterator[tuple[int, TrainingResult]]:
    """Train with each seed, on some threads; yield seeds and results in the order of the seeds.

    Few results wait for an earlier one, so that memory does not grow with the number of seeds.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting = iter(seeds)
        ahead = deque((seed, pool.submit(trainer, seed)) for seed in islice(waiting, threads))
        while ahead:
            seed, training = ahead.popleft()
            result = training.result()
            ahead.extend((seed, pool.submit(trainer, seed)) for seed in islice(waiting, 1))
            yield seed, result


def _fast_trainer_of(model):
    """What makes the model's fast trainer; None if it has none, or its kernels do not compile."""
    if not hasattr(model, "load_fast_trainer"):
        return None
    return compiled(model.load_fast_trainer, f"training of {model.__name__}")
