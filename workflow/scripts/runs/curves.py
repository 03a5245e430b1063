"""Curves of runs, and their means over blocks of steps, as figures draw and judges measure them."""

from typing import NamedTuple

import numpy as np


class Curve(NamedTuple):
    """Values by step: `steps` int64 (n,) ascending, `values` float64 (n,)."""

    steps: np.ndarray
    values: np.ndarray


def block_statistics(curve: Curve, window: int) -> tuple[Curve, np.ndarray]:
    """Mean and standard deviation of consecutive blocks of `window` steps.

    An incomplete last block is dropped. A block stands at the mean of its steps.

    Returns:
        The means as a curve, and the population standard deviations, float64 (blocks,).
    """
    blocks = len(curve.values) // window
    steps, values = (column[: blocks * window].reshape(blocks, window) for column in curve)
    return Curve(steps.mean(axis=1), values.mean(axis=1)), values.std(axis=1)
