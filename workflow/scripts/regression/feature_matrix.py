"""The matrix X of the features of many images by its products, without its dense form.

The features of a chunk of images are made when a product needs them. The products of
`regression.fast_feature_matrix` are several times as fast.
"""

from collections.abc import Iterator

import numpy as np

from images.splits import Examples
from regression.features import features

#: Images turned into dense features at a time: 1024 x 785 x 8 bytes = 6 MB stay in the cache.
_CHUNK = 1024


class FeatureMatrix:
    """X, float64 (n, p + 1).

    Attributes:
        examples: n of them, with p pixels.
        shape: (n, p + 1).
    """

    def __init__(self, examples: Examples):
        """Keep the examples."""
        n, p = examples.pixels.shape
        self.shape = (n, p + 1)
        self.examples = examples

    def times(self, weights: np.ndarray) -> np.ndarray:
        """X W for W float64 (p + 1, k); float64 (n, k)."""
        return np.vstack([X @ weights for _, X in self._chunks()])

    def transposed_times(self, factors: np.ndarray) -> np.ndarray:
        """X^T R for R float64 (n, k); float64 (p + 1, k)."""
        return sum(X.T @ factors[chunk] for chunk, X in self._chunks())

    def weighted_gram(self, weights: np.ndarray) -> np.ndarray:
        """X^T diag(weights) X for weights >= 0, float64 (n,); float64 (p + 1, p + 1)."""
        total = np.zeros((self.shape[1], self.shape[1]))
        for chunk, X in self._chunks():
            X *= np.sqrt(weights[chunk])[:, np.newaxis]
            total += X.T @ X
        return total

    def _chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Which images a chunk has, and their features."""
        for first in range(0, self.shape[0], _CHUNK):
            chunk = slice(first, first + _CHUNK)
            yield chunk, features(self.examples.pixels[chunk], self.examples.brightest)
