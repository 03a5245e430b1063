"""The feature matrix X of many images without its dense form: products that skip black pixels.

A pixel u in 0..s is the feature x = 2 u / s - 1, and the last feature is 1 (see
`regression.features`). Four fifths of the pixels of a written digit are black, u = 0. With the
sparse matrix U of all u, and the last row b of the weights W apart from the other rows W',

    X W   = 2/s U W' + 1 (b - sum of the rows of W')
    X^T R = 2/s U^T R - 1 (sum of the rows of R),  and the last row is the sum of the rows of R.
"""

import numpy as np
from scipy.sparse import csr_array

from regression.features import features

#: Images turned into dense features at a time: 4096 x 785 x 8 bytes = 26 MB.
_CHUNK = 4096


class SparseFeatures:
    """X, float64 (n, p + 1), by its products.

    Attributes:
        shape: (n, p + 1).
    """

    def __init__(self, pixels: np.ndarray, brightest: int):
        """Keep the pixels, uint8 (n, p) up to s = `brightest`, and which of them are not black."""
        n, p = pixels.shape
        self.shape = (n, p + 1)
        self._pixels, self._brightest = pixels, brightest
        self._scaled = csr_array(pixels, dtype=np.float64) * (2.0 / brightest)
        self._transposed = self._scaled.T

    def times(self, weights: np.ndarray) -> np.ndarray:
        """X W for W float64 (p + 1, k); float64 (n, k)."""
        of_pixels, bias = weights[:-1], weights[-1]
        return self._scaled @ of_pixels + (bias - of_pixels.sum(axis=0))

    def transposed_times(self, residual: np.ndarray) -> np.ndarray:
        """X^T R for R float64 (n, k); float64 (p + 1, k)."""
        total = residual.sum(axis=0)
        return np.vstack([self._transposed @ residual - total, total])

    def weighted_gram(self, weights: np.ndarray) -> np.ndarray:
        """X^T diag(weights) X for weights >= 0, float64 (n,); float64 (p + 1, p + 1)."""
        total = np.zeros((self.shape[1], self.shape[1]))
        for first in range(0, self.shape[0], _CHUNK):
            chunk = slice(first, first + _CHUNK)
            scaled = (
                features(self._pixels[chunk], self._brightest)
                * np.sqrt(weights[chunk])[:, np.newaxis]
            )
            total += scaled.T @ scaled
        return total
