"""The order in which examples are visited."""

from collections.abc import Iterator

import numpy as np


def epoch_orders(n: int, *, shuffle: bool, seed: int) -> Iterator[np.ndarray]:
    """Yield, without end, the order of the n examples in each epoch.

    With shuffle, every epoch shuffles a fresh 0..n-1 with a Mersenne Twister whose state goes on
    from epoch to epoch (so the report's own runs are seed 0); without, the order of the file.

    Yields:
        int64 (n,), a permutation of 0..n-1.
    """
    generator = np.random.RandomState(seed)
    while True:
        order = np.arange(n)
        if shuffle:
            generator.shuffle(order)
        yield order
