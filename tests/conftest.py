"""Data and helpers that several test files share."""

import signal
from pathlib import Path

import numpy as np
import pytest

from images.splits import Examples

REPOSITORY = Path(__file__).parent.parent

pytest_plugins = ["checkout"]


def pytest_configure():
    # A shell's jobs in the background ignore Ctrl-C, and what they start does, too; tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def make_examples():
    """Random images whose class shows in their brightness, so that there is something to learn."""

    def make(n: int, pixels: int, classes: int, seed: int = 0) -> Examples:
        generator = np.random.default_rng(seed)
        targets = generator.integers(0, classes, n)
        prototypes = generator.integers(0, 256, (classes, pixels))
        noise = generator.normal(0, 90, (n, pixels))
        images = np.clip(prototypes[targets] + noise, 0, 255)
        images[generator.random((n, pixels)) < 0.6] = 0
        return Examples(images.astype(np.uint8), targets)

    return make
