"""Pages followed on the real data: their numbers are those that come out.

`PICTURES=yes` puts what is drawn on the way into docs/.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import REPOSITORY, Checkout, copy_project
from pages import FASHION, Reader, blocks

RESULTS = REPOSITORY / "results"
PAGES = REPOSITORY / "docs"

pytestmark = [
    pytest.mark.report,
    pytest.mark.skipif(not (RESULTS / "claims.json").is_file(), reason="results/ is not there"),
]


class RealReader(Reader):
    """Somebody who follows a page after the whole report has been reproduced."""

    def __init__(self, folder: Path):
        # With Snakemake's records, by which it sees that a job is told something else.
        for name in ("results", ".snakemake"):
            no_locks = shutil.ignore_patterns("locks")
            shutil.copytree(REPOSITORY / name, folder / name, ignore=no_locks)
        super().__init__(Checkout(folder))
        self.checkout.environment = os.environ

    def _write_config(self) -> None:
        (self.checkout.folder / "config.yaml").write_text(self.text, encoding="utf-8")

    def follow_section(self, page: str, section: str) -> None:
        """All that a section says to do."""
        for block in blocks(page):
            if block.section == section:
                self.follow(block)

    def metrics(self, task: str, **settings: object) -> pd.DataFrame:
        """The runs of a task, all that is known of each."""
        files = self.checkout.results.glob(f"runs/{task}/**/metrics.parquet")
        rows = pd.concat(pd.read_parquet(file) for file in files)
        for key, value in settings.items():
            rows = rows[rows[key] == value]
        assert len(rows)
        return rows

    def keep(self, file: str, name: str) -> None:
        """Put a picture, or what a page looks like in a browser, into docs/."""
        made = self.checkout.results / file
        assert made.stat().st_size > 10_000
        if os.environ.get("PICTURES") != "yes":
            return
        kept = PAGES / "pictures" / name
        kept.parent.mkdir(exist_ok=True)
        if made.suffix == ".html":
            options = ("--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1100,800")
            command = ["chromium", *options, f"--screenshot={kept}", made.as_uri()]
            subprocess.run(command, check=True, capture_output=True)
        else:
            shutil.copy(made, kept)


@pytest.fixture
def reader(tmp_path) -> RealReader:
    return RealReader(copy_project(tmp_path / "copy").folder)


def said(page: str, section: str) -> set[str]:
    """The numbers with decimals or thousands in the sentences of a section."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    (part,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    prose = re.sub(r"`[^`]*`|\|.*|λ (=|of) [\d.]+", "", part)
    return set(re.findall(r"\d\.\d+|\d+,\d{3}", prose))


def test_the_tutorial(reader):
    page = "docs/tutorial.md"

    def accuracy(task: str, **settings: object) -> np.ndarray:
        return reader.metrics(task, **settings)["validation_accuracy"].to_numpy()

    reader.follow_section(page, "Another λ")
    means = {f"{accuracy('softmax', l2_lambda=x).mean():.3f}" for x in (0.01, 0.05, 0.1)}
    assert said(page, "Another λ") == means
    reader.keep("figures/figure_09.png", "another_lambda.png")

    reader.follow_section(page, "Another pair of digits")
    new, (old,) = accuracy("four-or-nine"), accuracy("logistic-early-stopping")
    assert said(page, "Another pair of digits") == {f"{x:.3f}" for x in (new.min(), new.max(), old)}
    reader.keep("figures/four_or_nine.png", "four_or_nine.png")

    if not FASHION.is_dir():
        pytest.skip("Fashion-MNIST is not here: install Debian's package dataset-fashion-mnist")
    reader.follow_section(page, "Another data set")
    (first,) = reader.metrics("softmax", l2_lambda=0, seed=0).to_dict("records")
    epochs = first["steps"] // (20_000 // 128)
    assert f"after {epochs} epochs" in " ".join((REPOSITORY / page).read_text().split())
    effect = (
        r"softmax, λ = 0, shuffled: validation_accuracy (.+) -> (.+) \(.*interval -(.+) to -(.+)\)"
    )
    before, after, most, least = map(float, re.search(effect, reader.printed).groups())
    found = {f"{x:.4f}" for x in (before, after, most, least, first["validation_accuracy"])}
    assert said(page, "Another data set") == found, reader.printed
    reader.keep("figures/figure_09.png", "clothes_lambda.png")
    reader.keep("compare.html", "compare.png")


def test_sweeps(reader):
    page = "docs/how-to/sweep.md"
    for section in ("Write a list", "Add a value"):
        reader.follow_section(page, section)
    rates = reader.metrics("rates").groupby("learning_rate")
    accuracies = rates["validation_accuracy"].agg(["min", "max"])
    good = accuracies.loc[[0.003, 0.01, 0.03]]
    steps = rates["steps"].mean()
    ends = {f"{good['min'].min():.3f}", f"{good['max'].max():.3f}"}
    needed = {f"{round(steps[rate], -2):,.0f}" for rate in (0.003, 0.03)}
    assert said(page, "Write a list") - {"0.003", "0.03"} == ends | needed
    too_much = accuracies.loc[0.1]
    assert said(page, "Add a value") - {"0.1"} == {f"{x:.2f}" for x in too_much}
    epochs = reader.metrics("rates", learning_rate=0.1)["steps"].max() // (20_000 // 128)
    assert epochs == 6, "as the page says"
    reader.keep("figures/rates.png", "rates.png")
    reader.follow_section(page, "Show a part of it")
    reader.keep("figures/fast_rates.png", "fast_rates.png")


def test_own_figures(reader):
    page = "docs/how-to/own-figure.md"
    for section in ("Say what it shows", "Choose a kind"):
        reader.follow_section(page, section)
    cost = reader.metrics("softmax").groupby("l2_lambda")["test_accuracy"].mean()
    assert said(page, "Choose a kind") == {f"{cost[x]:.4f}" for x in (0, 1)}
    reader.keep("figures/weights_between.png", "weights_between.png")
    reader.keep("figures/cost_of_regularisation.png", "cost_of_regularisation.png")


def test_own_claims(reader):
    page = "docs/how-to/own-claim.md"
    for section in ("Write it down", "Have it answered"):
        reader.follow_section(page, section)
    assert "not applicable" not in (reader.checkout.results / "claims.md").read_text()
    reader.run("snakemake --cores 2 results/scorecard/questions.png")
    reader.keep("scorecard/questions.png", "own_claims.png")


def columns(markdown: str) -> list[dict[str, str]]:
    """The rows of a table in Markdown, by the names of its columns."""
    cells = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in markdown.splitlines()
        if line.startswith("|")
    ]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def write_as_kaggle_does(file: Path) -> None:
    """The first 42,000 training images of MNIST as a CSV file."""
    from images.idx import read_idx

    raw = RESULTS / "data" / "mnist" / "raw"
    images = read_idx(raw / "train-images-idx3-ubyte")[:42_000].reshape(-1, 784)
    labels = read_idx(raw / "train-labels-idx1-ubyte")[:42_000]
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = np.column_stack([labels, images])
    np.savetxt(file, rows, "%d", ",", header=header, comments="")


@pytest.mark.parametrize(
    "title, config, pictures",
    [
        ("8 x 8 digits", "my-data.yaml", {"digits_weights": "digits_weights"}),
        (
            "Fashion-MNIST",
            "docs/how-to/configs/fashion.yaml",
            {"fashion_weights": "clothes_weights", "fashion_accuracy": "clothes_accuracy"},
        ),
        ("Kaggle's digits", "docs/how-to/configs/kaggle.yaml", {"kaggle_lambda": "kaggle_lambda"}),
    ],
)
def test_three_data_sets(reader, title, config, pictures):
    page = "docs/how-to/own-data.md"
    if "fashion" in config and not FASHION.is_dir():
        pytest.skip("Fashion-MNIST is not here: install Debian's package dataset-fashion-mnist")
    if "kaggle" in config:
        write_as_kaggle_does(reader.checkout.folder / "data" / "kaggle" / "train.csv")
    if config == "my-data.yaml":
        for section in ("Put the files into a folder", "Write a config"):
            reader.follow_section(page, section)
    reader.run(f"snakemake --cores 2 --replace-workflow-config --configfile {config}")
    text = (REPOSITORY / page).read_text(encoding="utf-8").partition(f"**{title}**")[2]
    told = columns(re.search(r"\n\n(\|.*?)\n\n", text, re.DOTALL)[1])
    found = columns((reader.checkout.results / "sweep.md").read_text(encoding="utf-8"))
    assert told == [{name: row[name] for name in told[0]} for row in found]
    for figure, name in pictures.items():
        reader.keep(f"figures/{figure}.png", f"{name}.png")
