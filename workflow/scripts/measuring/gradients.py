"""Gradients held against finite differences of the loss."""

from collections.abc import Callable

import numpy as np

#: Step of the central differences: their error by truncation and by rounding is about 1e-10 each.
STEP = 1e-5


def gradient_error(
    objective: Callable[[np.ndarray], float],
    gradient: np.ndarray,
    weights: np.ndarray,
    directions: np.ndarray,
) -> float:
    """The greatest relative error of a gradient along some directions.

        error = max_d |<G, d> - (J(W + h d) - J(W - h d)) / 2h| / max_d |<G, d>|

    Args:
        objective: J of float64 weights (p, k).
        gradient: float64 (p, k), dJ/dW at the weights.
        weights: float64 (p, k).
        directions: float64 (m, p, k), each of norm 1.
    """
    slopes = np.array([np.sum(gradient * d) for d in directions])
    differences = [
        (objective(weights + STEP * d) - objective(weights - STEP * d)) / (2.0 * STEP)
        for d in directions
    ]
    return float(np.max(np.abs(slopes - differences)) / np.max(np.abs(slopes)))


def random_directions(shape: tuple[int, int], count: int, seed: int) -> np.ndarray:
    """`count` single weights and as many dense random directions, float64 (2 count, *shape)."""
    generator = np.random.RandomState(seed)
    single = np.zeros((count, *shape))
    single.reshape(count, -1)[np.arange(count), generator.randint(0, np.prod(shape), count)] = 1.0
    dense = generator.standard_normal((count, *shape))
    dense /= np.linalg.norm(dense, axis=(1, 2), keepdims=True)
    return np.concatenate([single, dense])
