"""A data set of tables, by an entry in the config: the same splits as from IDX files."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest
import yaml
from pages import FASHION, Reader

from images.idx import read_idx

SPLITS = ("train", "validation", "test")


def arrays(checkout, source: str) -> tuple[np.ndarray, np.ndarray]:
    """The tests' IDX files of a source: images (n, 28, 28) and labels (n,)."""
    found = []
    for name in ("images-idx3", "labels-idx1"):
        packed = checkout.folder / "tests" / "data" / f"{source}-{name}-ubyte.gz"
        raw = checkout.folder / "raw"
        raw.write_bytes(gzip.decompress(packed.read_bytes()))
        found.append(read_idx(raw))
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


RUNS = {"task": "mine", "shuffle": False}
WEIGHTS = {"kind": "weights", "title": "", "caption": "", "runs": RUNS}


def dataset(folder, checkout, test="test.npz") -> dict:
    tiny = yaml.safe_load((checkout.folder / "tests" / "config.tiny.yaml").read_text())
    splits = yaml.safe_load((checkout.folder / "config.yaml").read_text())["data"]["mnist"]
    files = {
        source: {"name": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
        for source, name in (("train", "train.csv"), ("test", test))
    }
    return {
        "files": files,
        "label": "what is it?",
        "image_shape": [28, 28],
        "mirrors": ["file:data/mine/{file}"],
        "splits": {n: splits["splits"][n] | tiny["data"]["mnist"]["splits"][n] for n in SPLITS},
    }


def test_a_data_set_can_be_looked_at_before_a_task_trains_on_it(fresh):
    plan = fresh.snakemake("results/data/fashion-mnist/summary.md", "--dry-run")
    assert "Summarising the splits of fashion-mnist" in plan


def test_tables_and_idx_files_give_the_same_splits(with_tables):
    data = with_tables.results / "data"
    targets = [f"results/data/{name}/train.parquet" for name in ("mine", "mnist")]
    with_tables.snakemake(*targets)
    for split in SPLITS:
        mine, mnist = (data / name / f"{split}.parquet" for name in ("mine", "mnist"))
        assert mine.read_bytes() == mnist.read_bytes()

    path = with_tables.folder / "data" / "mine" / "train.csv"
    assert "has changed" not in with_tables.snakemake(targets[0])
    path.write_bytes(path.read_bytes() + b"\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    # Nothing is to be done, but this is to be said.
    output = with_tables.snakemake(targets[0])
    assert "train.csv has changed since it was fetched" in output and digest in output
    with_tables.set_config("data.mine.files.train.sha256", digest)
    assert "has changed" not in with_tables.snakemake(targets[0])

    with_tables.set_config("data.mine.label", "What is it")
    output = with_tables.snakemake(targets[0], check=False)
    assert "train.csv: no column 'What is it', which `data.mine.label` names" in output
    assert "did you mean 'what is it?'" in output


def test_words_and_another_range_go_through_to_figures_and_explorer(with_tables):
    """The same images with 16 shades and words for labels: CSV with semicolons, no header."""
    folder = with_tables.folder / "data" / "mine"
    words = np.array([f"digit {label}" for label in range(10)])
    for role, source in (("train", "train"), ("test", "t10k")):
        images, labels = arrays(with_tables, source)
        shades = (images // 17).reshape(len(labels), -1).astype(str)
        lines = np.column_stack([words[labels], shades]).tolist()
        text = "".join(";".join(line) + "\n" for line in lines)
        (folder / f"{role}.csv").write_text(text)
    entry = dataset(folder, with_tables, "test.csv") | {"label": 0}
    with_tables.set_config("data.mine", entry)
    target = "results/data/mine/train.parquet"
    assert "Set `data.mine.separator`" in with_tables.snakemake(target, check=False)
    with_tables.set_config("data.mine.separator", ";")
    assert "set `data.mine.header` to false" in with_tables.snakemake(target, check=False)
    with_tables.set_config("data.mine.header", False)
    assert "such as [0, 15]" in with_tables.snakemake(target, check=False)
    with_tables.set_config("data.mine.pixel_range", [0, 15])
    with_tables.set_config("tasks.mine.classes", ["digit 3", "digit 2"])
    output = with_tables.snakemake(target, check=False)
    assert "which is not in `data.mine.class_names`" in output
    with_tables.set_config("data.mine.class_names", words.tolist())
    with_tables.set_config("figures.mine", WEIGHTS)
    figure = with_tables.results / "figures" / "mine.svg"
    output = with_tables.snakemake("results/figures/mine.svg", "results/data/mine/summary.md")
    assert "| digit 3 (3) |" in output
    assert figure.stat().st_size > 1000


def reduced(checkout, name: str, **of_task) -> dict:
    """A config that docs/how-to/own-data.md shows, with little data and few epochs."""
    path = checkout.folder / "docs" / "how-to" / "configs" / f"{name}.yaml"
    config = yaml.safe_load(path.read_text())
    (data,), (task,) = config["data"].values(), config["tasks"].values()
    task |= {"batch_size": 16, "max_epochs": 5, "seeds": [0, 1]} | of_task
    for first, split in zip((0, 400, 500), data["splits"].values(), strict=True):
        split |= {"from": "train", "first": first, "count": 100 if first else 400}
    return config


def run_alone(checkout, config: dict) -> pd.DataFrame:
    """Run a config that replaces that of the report; the sweep table."""
    (checkout.folder / "alone.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    Reader(checkout).run("snakemake --cores 2 --replace-workflow-config --configfile alone.yaml")
    return pd.read_csv(checkout.results / "sweep.csv")


def test_clothes_by_config_alone(fresh):
    if not FASHION.is_dir():
        pytest.skip("Fashion-MNIST is not here: install Debian's package dataset-fashion-mnist")
    config = reduced(fresh, "fashion")
    table = run_alone(fresh, config)
    assert table["validation_accuracy"].is_monotonic_decreasing
    assert (table["validation_accuracy"] > 0.6).all()
    assert table["classes"][0].startswith("T-shirt, trousers, pullover")
    for file in ("explorer.html", "figures/fashion_weights.svg", "data/fashion/summary.md"):
        assert "ankle boot" in (fresh.results / file).read_text(encoding="utf-8"), file


def test_kaggles_csv_by_config_alone(fresh):
    images, labels = arrays(fresh, "train")
    table = np.column_stack([labels, images.reshape(len(labels), -1)])
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    path = fresh.folder / "data" / "kaggle" / "train.csv"
    path.parent.mkdir(parents=True)
    np.savetxt(path, table, "%d", ",", header=header, comments="")
    config = reduced(fresh, "kaggle")
    for file in config["data"]["kaggle"]["files"].values():
        file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    table = run_alone(fresh, config)
    assert len(table) == 4 and (table["seeds"] == 2).all()
    assert (table["validation_accuracy"] > 0.7).all()
    assert (fresh.results / "figures" / "kaggle_lambda.png").stat().st_size > 10_000
