"""A data set of tables, by an entry in the config: the same splits as from IDX files."""

import gzip
import hashlib

import numpy as np
import pytest
import yaml

from images.idx import read_idx

SPLITS = ("train", "validation", "test")


def arrays(checkout, source: str) -> tuple[np.ndarray, np.ndarray]:
    """The tests' IDX files of a source: images (n, 28, 28) and labels (n,)."""
    found = []
    for name, dimensions in (("images-idx3", 3), ("labels-idx1", 1)):
        packed = checkout.folder / "tests" / "data" / f"{source}-{name}-ubyte.gz"
        raw = checkout.folder / "raw"
        raw.write_bytes(gzip.decompress(packed.read_bytes()))
        found.append(read_idx(raw, dimensions))
    return found[0], found[1]


@pytest.fixture
def with_tables(fresh):
    """A checkout whose config has the same data a second time: a CSV file and a NumPy file."""
    folder = fresh.folder / "data" / "mine"
    folder.mkdir(parents=True)
    images, labels = arrays(fresh, "train")
    table = np.column_stack([labels, images.reshape(len(labels), -1)])
    header = ",".join(["what is it?", *map(str, range(784))])
    np.savetxt(folder / "train.csv", table, "%d", ",", header=header, comments="")
    images, labels = arrays(fresh, "t10k")
    np.savez(folder / "test.npz", images=images, **{"what is it?": labels})
    fresh.set_config("data.mine", dataset(folder, fresh))
    task = yaml.safe_load((fresh.folder / "config.yaml").read_text())["tasks"]["logistic"]
    fresh.set_config("tasks.mine", task | {"dataset": "mine", "batch_size": 16, "max_epochs": 2})
    return fresh


def dataset(folder, checkout) -> dict:
    tiny = yaml.safe_load((checkout.folder / "tests" / "config.tiny.yaml").read_text())
    splits = yaml.safe_load((checkout.folder / "config.yaml").read_text())["data"]["mnist"]
    files = {
        source: {"name": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
        for source, name in (("train", "train.csv"), ("test", "test.npz"))
    }
    return {
        "files": files,
        "label": "what is it?",
        "image_shape": [28, 28],
        "mirrors": ["file:data/mine/{file}"],
        "splits": {n: splits["splits"][n] | tiny["data"]["mnist"]["splits"][n] for n in SPLITS},
    }


def test_tables_and_idx_files_give_the_same_splits(with_tables):
    data = with_tables.results / "data"
    targets = [f"results/data/{name}/train.parquet" for name in ("mine", "mnist")]
    with_tables.snakemake(*targets)
    for split in SPLITS:
        mine, mnist = (data / name / f"{split}.parquet" for name in ("mine", "mnist"))
        assert mine.read_bytes() == mnist.read_bytes()

    with_tables.set_config("data.mine.label", "What is it")
    output = with_tables.snakemake(targets[0], check=False)
    assert "train.csv: no column 'What is it', which `label` in the config names" in output
    assert "did you mean 'what is it?'" in output
