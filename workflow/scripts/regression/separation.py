"""Weights that put every image on its right side, proven in whole numbers.

A pixel u in 0..s is the feature x = 2 u / s - 1 and the last feature is 1. For the weights w of the
pixels and the bias b, s/2 times a logit is therefore u a + d with a = w and d = s/2 (b - sum of w).
Whole numbers near c a and c d, for some large c, give each image a whole number for each class,
without any rounding. If that of its own class is the greatest for all images, they are separable.
"""

import numpy as np

from images.splits import Examples

#: The greatest whole number has so many bits. Then 255 x 784 of them have less than 58.
_BITS = 40
#: Images turned into whole numbers at a time: 4096 x 784 x 8 bytes = 26 MB.
_CHUNK = 4096


def integer_weights(weights: np.ndarray, brightest: int) -> np.ndarray:
    """Whole numbers in the ratio of a and d, int64 (p + 1, outputs), of weights with that shape."""
    of_pixels, bias = weights[:-1], weights[-1]
    exact = np.vstack([of_pixels, brightest / 2.0 * (bias - of_pixels.sum(axis=0))])
    return np.rint(exact * (2.0**_BITS / np.abs(exact).max())).astype(np.int64)


def smallest_margins(integers: np.ndarray, examples: Examples) -> np.ndarray:
    """By how much the number of each image's own class exceeds the greatest of the others.

    Args:
        integers: int64 (p + 1, outputs), the last row is d. A single output is the number of class
            1, and that of class 0 is 0.
        examples: n of them, with p pixels.

    Returns:
        int64 (n,); above 0 for an image on its right side.

    Raises:
        OverflowError: sums of such numbers do not fit into int64.
    """
    if integers.shape[1] == 1:
        integers = np.hstack([np.zeros_like(integers), integers])
    greatest = max(sum(255 * abs(int(a)) for a in column) for column in integers.T)
    if greatest >= 2**62:
        raise OverflowError(f"sums up to {greatest} do not fit into 64 bits")
    margins = np.empty(len(examples.targets), dtype=np.int64)
    for first in range(0, len(margins), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        numbers = examples.pixels[chunk].astype(np.int64) @ integers[:-1] + integers[-1]
        own_class = np.arange(len(numbers)), examples.targets[chunk]
        own = numbers[own_class]
        numbers[own_class] = np.iinfo(np.int64).min
        margins[chunk] = own - numbers.max(axis=1)
    return margins
