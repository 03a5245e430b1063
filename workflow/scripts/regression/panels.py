"""Images and weights in the layout of the kernels (see `regression.kernels`)."""

import math
from typing import NamedTuple

import numpy as np

from images.splits import Examples
from regression import kernels
from regression.kernels import LANES


class BrightPixels(NamedTuple):
    """The pixels of images that are not black, and the images' classes.

    Attributes:
        starts: int64 (n + 1,), image i owns the entries starts[i]..starts[i + 1] - 1 of `bright`.
        bright: uint32, 256 j + u for the value u of pixel j.
        targets: int64 (n,), class numbers.
        pixel_count: pixels of an image, p.
        scale: difference of two features whose pixels differ by 1.
    """

    starts: np.ndarray
    bright: np.ndarray
    targets: np.ndarray
    pixel_count: int
    scale: float


def bright_pixels(examples: Examples) -> BrightPixels:
    """List the pixels that are not black; an image with an odd number of them gets a black one."""
    pixels = np.ascontiguousarray(examples.pixels)
    n, p = pixels.shape
    starts = np.empty(n + 1, dtype=np.int64)
    # As long as the list can get; memory is taken up only where it is written.
    bright = np.empty(n * (p + p % 2), dtype=np.uint32)
    kernels.list_bright_pixels(pixels, starts, bright)
    targets = np.ascontiguousarray(examples.targets, dtype=np.int64)
    return BrightPixels(starts, bright[: starts[n]], targets, p, 2.0 / examples.brightest)


def to_panels(matrix: np.ndarray) -> np.ndarray:
    """Lay out the columns of a (rows, columns) matrix as panels, float64 (panels, rows, LANES)."""
    rows, columns = matrix.shape
    panels = aligned_zeros(-(-columns // LANES), rows, LANES)
    for q, panel in enumerate(panels):
        part = matrix[:, q * LANES : (q + 1) * LANES]
        panel[:, : part.shape[1]] = part
    return panels


def aligned_zeros(*shape: int) -> np.ndarray:
    """float64 zeros that begin at a cache line, so that no row of a panel lies across three."""
    line = 64
    memory = np.zeros(math.prod(shape) * 8 + line, dtype=np.uint8)
    first = -memory.ctypes.data % line
    return memory[first : first + math.prod(shape) * 8].view(np.float64).reshape(shape)
