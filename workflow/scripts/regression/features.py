"""From raw pixels to the feature vector of the report."""

import numpy as np


def features(pixels: np.ndarray, brightest: int) -> np.ndarray:
    """Scale pixels to [-1, 1] and append the constant feature 1, whose weight is the bias.

    Args:
        pixels: uint8 (n, p).
        brightest: the pixel that becomes 1, 255 in the report; 0 becomes -1.

    Returns:
        float64 (n, p + 1): x = 2 u / brightest - 1, then a column of ones.
    """
    n, p = pixels.shape
    scaled = np.ones((n, p + 1))
    # In place: the memory of each step in between would cost more time than the step.
    of_pixels = scaled[:, :p]
    np.multiply(pixels, 2.0, out=of_pixels)
    of_pixels /= brightest
    of_pixels -= 1.0
    return scaled
