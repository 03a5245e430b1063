"""What goes wrong is named, with the place and the cure, and nothing computed is lost."""

import subprocess
import sys

import pyarrow.parquet as pq
import pytest


@pytest.mark.chaos
def test_a_damaged_split_is_noticed_and_named(checkout):
    before = checkout.contents()
    split = checkout.results / "data" / "mnist" / "train.parquet"
    content = bytearray(split.read_bytes())
    content[len(content) // 2] ^= 0xFF
    split.write_bytes(content)
    # Only as far as the trainings, to spare the test the drawing of figures.
    output = checkout.snakemake("runs", check=False)
    assert "error: " in output and "data/mnist/train.parquet: not readable as Parquet" in output
    assert "Traceback" not in output
    split.unlink()
    checkout.snakemake("runs")
    assert checkout.contents() == before


@pytest.mark.chaos
def test_a_damaged_run_file_is_noticed_and_named(checkout):
    before = checkout.contents()
    metrics = checkout.trained("softmax")[0] / "metrics.parquet"
    metrics.write_bytes(metrics.read_bytes()[:40])
    output = checkout.snakemake("runs", check=False)
    assert "metrics.parquet: not readable as Parquet" in output and "Traceback" not in output
    metrics.unlink()
    checkout.snakemake("runs")
    assert checkout.contents() == before


def test_a_divergent_training_is_a_result_among_the_others(checkout):
    """The steepest descent leaves all numbers; whoever looks at the others is told."""
    checkout.set_config("tasks.softmax.learning_rate", [0.01, 1e300])
    checkout.set_config("figures.figure_07.runs.learning_rate", 0.01)
    checkout.set_config("figures.figure_08.runs.learning_rate", 0.01)
    output = checkout.snakemake()
    assert "Traceback" not in output and "Warning" not in output
    rows = pq.read_table(checkout.results / "metrics.parquet").to_pandas()
    diverged = rows[rows.ended == "diverged"]
    assert set(diverged.task) == {"softmax/learning_rate-1e+300"} and len(diverged) == 10
    assert (
        diverged.test_accuracy.isna().all() and rows.test_accuracy.notna().sum() == len(rows) - 10
    )
    assert (diverged.steps < 20).all()
    # Beside them, the sweep's other half is drawn, told from them in the legend, and explorable.
    legend = (checkout.results / "figures" / "figure_10.svg").read_text()
    assert "learning rate 1e+300" in legend
    accuracies = (checkout.results / "figures" / "figure_05_seeds.svg").read_text()
    assert "2 of 2 diverged" in accuracies
    assert "softmax/learning_rate-0.01" in (checkout.results / "explorer.html").read_text()
    summary = subprocess.run(
        [sys.executable, "tools/summarise.py"],
        cwd=checkout.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        f"10 of {len(rows)} trainings diverged: softmax/learning_rate-1e+300 (10)" in summary.stdout
    )


def test_a_class_without_images_is_named(checkout):
    checkout.set_config("tasks.logistic.classes", [3, 77])
    output = checkout.snakemake("runs", check=False)
    assert "task logistic, lambda 0: no image has the label 77" in output


def test_a_wrong_config_is_refused_before_anything_runs(checkout):
    before = checkout.contents()
    checkout.set_config("tasks.softmax.pacience", 3)
    checkout.set_config("tasks.logistic.batch_size", 100_000)
    output = checkout.snakemake(check=False)
    assert "unknown key 'pacience'" in output and "did you mean 'patience'" in output
    assert "Traceback" not in output
    assert checkout.contents() == before


def test_a_claims_file_that_is_not_there_is_named(checkout):
    checkout.set_config("claims", "claim.yaml")
    output = checkout.snakemake("--dry-run", check=False)
    assert "claims: there is no file 'claim.yaml'; null judges none" in output


def test_claims_are_asked_for_but_none_are_named(fresh):
    fresh.set_config("claims", None)
    output = fresh.snakemake("claims", "--dry-run", check=False)
    assert "`claims` in the config is null, so nothing is judged" in output


def test_no_cores_are_refused(fresh):
    output = fresh.snakemake("--cores", "0", "--dry-run", check=False)
    assert "error: found --cores 0; it takes 1 at least" in output


def test_no_source_for_the_data_is_one_message(fresh):
    fresh.set_config("data.mnist.mirrors", ["http://127.0.0.1:9/{file}.gz", "file:nowhere/{file}"])
    output = fresh.snakemake("results/data/mnist/train.parquet", check=False)
    assert "no mirror gave the file" in output and "nowhere/t10k-images-idx3-ubyte" in output
    assert "To go on by hand" in output and "Traceback" not in output
    for file in fresh.results.glob("logs/download/mnist/*.log"):
        assert output.count(f"{file.stem}: no mirror gave the file") == 1, output
    log = fresh.results / "logs/download/mnist/t10k-images-idx3-ubyte.log"
    assert "no mirror gave the file" in log.read_text()
