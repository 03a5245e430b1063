"""The products of `regression.feature_matrix` by the kernels of the training."""

import numpy as np

from images.splits import Examples
from regression import kernels
from regression.feature_matrix import FeatureMatrix
from regression.kernels import LANES
from regression.panels import aligned_zeros, bright_pixels, to_panels


class FastFeatureMatrix(FeatureMatrix):
    """X by its bright pixels; the same as its base but for the last digits."""

    def __init__(self, examples: Examples):
        """List the bright pixels of n examples."""
        super().__init__(examples)
        images = bright_pixels(examples)
        self._pixels = images.starts, images.bright, images.scale, np.arange(self.shape[0])

    def times(self, weights: np.ndarray) -> np.ndarray:
        """X W for W float64 (p + 1, k); float64 (n, k)."""
        panels = to_panels(weights)
        z = np.empty((len(panels) * LANES, self.shape[0]))
        kernels.multiply(panels, *self._pixels, z, aligned_zeros(1, LANES))
        return z[: weights.shape[1]].T

    def transposed_times(self, factors: np.ndarray) -> np.ndarray:
        """X^T R for R float64 (n, k); float64 (p + 1, k)."""
        of_panels = to_panels(factors)
        products = aligned_zeros(len(of_panels), self.shape[1], LANES)
        kernels.multiply_transposed(products, *self._pixels, of_panels)
        return np.hstack(products)[:, : factors.shape[1]]
