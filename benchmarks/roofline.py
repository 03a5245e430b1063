"""How near our training comes to what the core can move between its registers and its caches.

    python benchmarks/roofline.py

counts the weights that the report's longest training reads and writes, and sets the bytes a second
beside those of two loops that do nothing else: a triad in the cache, and the loop of the logits on
images of which all have the same few pixels. See README.md beside this file.
"""

import argparse
from pathlib import Path

import numpy as np
from numba import njit
from trainings import SETTINGS, run_fast, timed  # which also tells where our modules are

from images.splits import read_split, select_classes
from regression import kernels
from regression.kernels import LANES, load, multiply_add, store
from regression.panels import aligned_zeros

ROW = 8 * LANES


@njit
def triad(a, b, c, repeats):
    """Each row of a becomes b + c / 2, again and again."""
    for _ in range(repeats):
        for row in range(len(a)):
            store(a, row, multiply_add(0.5, load(b, row), load(c, row)))


def of_triad() -> float:
    """Bytes a second of a triad on 96 KB."""
    repeats = 20_000
    arrays = [aligned_zeros(2**12 // LANES, LANES) for _ in range(3)]
    triad(*arrays, 1)
    seconds = min(timed(triad, *arrays, repeats)[0]["cpu"] for _ in range(5))
    return 3 * arrays[0].nbytes * repeats / seconds


def of_few_pixels() -> float:
    """Bytes a second of the logits of images that have the same 40 pixels, four times each."""
    images, bright = 2_000, 160
    pixels = np.sort(np.resize(np.linspace(0, 783, 40).astype(np.uint32), bright))
    entries = np.tile(256 * pixels + 100, images).astype(np.uint32)
    starts, chosen = np.arange(images + 1) * bright, np.arange(images)
    weights, z = aligned_zeros(10, 785, LANES), aligned_zeros(10 * LANES, images)
    arguments = (weights, starts, entries, 0.01, chosen, z, aligned_zeros(1, LANES))
    seconds = min(timed(kernels.multiply, *arguments)[0]["cpu"] for _ in range(5))
    return ROW * len(entries) * len(weights) / seconds


def of_training(folder: Path) -> float:
    """Bytes a second of the training, of which the kernels tell what they are given."""
    moved = 0
    descend, evaluate = kernels.descend, kernels.evaluate

    def counting_descend(weights, classes, first, starts, bright, scale, batches, *rest):
        nonlocal moved
        descend(weights, classes, first, starts, bright, scale, batches, *rest)
        # The logits read a row for each bright pixel, the update reads and writes it.
        moved += 3 * ROW * len(weights) * int((starts[batches + 1] - starts[batches]).sum())

    def counting_evaluate(weights, classes, starts, bright, scale, images, *rest):
        nonlocal moved
        evaluate(weights, classes, starts, bright, scale, images, *rest)
        moved += ROW * len(weights) * int((starts[images + 1] - starts[images]).sum())

    splits = (read_split(folder / f"{split}.parquet") for split in ("train", "validation"))
    train, validation = (select_classes(split, SETTINGS.classes) for split in splits)
    seconds = min(run_fast(train, validation)["cpu"] for _ in range(3))
    kernels.descend, kernels.evaluate = counting_descend, counting_evaluate
    run_fast(train, validation)
    return moved / seconds


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, default="results/data/mnist", help="splits")
    training = of_training(parser.parse_args().data_dir)
    print("| loop | GB/s | of the training's |\n| --- | ---: | ---: |")
    rows = {"training": training, "triad": of_triad(), "logits, few pixels": of_few_pixels()}
    for name, speed in rows.items():
        print(f"| {name} | {speed / 1e9:.0f} | {speed / training:.2f} |")


if __name__ == "__main__":
    main()
