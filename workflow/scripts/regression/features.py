"""From raw pixels to the feature vector of the report."""

import numpy as np


def features(pixels: np.ndarray) -> np.ndarray:
    """Scale pixels to [-1, 1] and append the constant feature 1, whose weight is the bias.

    Args:
        pixels: uint8 (n, p).

    Returns:
        float64 (n, p + 1): x = 2 u / 255 - 1, then a column of ones.
    """
    n, p = pixels.shape
    scaled = np.ones((n, p + 1))
    scaled[:, :p] = 2.0 * pixels / 255.0 - 1.0
    return scaled
