"""What goes wrong is named, with the place and the cure, and nothing computed is lost."""

import os
import signal
import time


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


def test_a_damaged_run_file_is_noticed_and_named(checkout):
    before = checkout.contents()
    summary = next(checkout.results.glob("runs/softmax/*/*/*/summary.json"))
    summary.write_text(summary.read_text()[:40])
    output = checkout.snakemake("runs", check=False)
    assert "summary.json: not readable as JSON" in output and "Traceback" not in output
    summary.unlink()
    checkout.snakemake("runs")
    assert checkout.contents() == before


def test_a_divergent_training_is_named_and_the_others_go_on(checkout):
    checkout.set_config("tasks.softmax.learning_rate", 1e300)
    output = checkout.snakemake("runs", check=False)
    # Without L2 term the gradient is bounded: there it is the weights that grow beyond all limits.
    assert "task softmax, lambda 0, seed 0: the norm of the weights became inf at step" in output
    assert "task softmax, lambda 1, seed 0: the validation loss became nan at step" in output
    assert "Traceback" not in output and "Warning" not in output
    assert not list(checkout.results.glob("runs/softmax/**/summary.json"))
    assert list(checkout.results.glob("runs/logistic/**/summary.json"))


def test_a_class_without_images_is_named(checkout):
    checkout.set_config("tasks.logistic.classes", [3, 77])
    output = checkout.snakemake("runs", check=False)
    assert "task logistic, lambda 0, seed 0: no image has the label 77" in output


def test_a_wrong_config_is_refused_before_anything_runs(checkout):
    before = checkout.contents()
    checkout.set_config("tasks.softmax.pacience", 3)
    checkout.set_config("tasks.logistic.batch_size", 100_000)
    output = checkout.snakemake(check=False)
    assert "unknown key 'pacience'" in output and "did you mean 'patience'" in output
    assert "Traceback" not in output
    assert checkout.contents() == before


def test_no_source_for_the_data_is_one_message(fresh):
    fresh.set_config("data.mnist.mirrors", ["http://127.0.0.1:9/{file}.gz", "file:nowhere/{file}"])
    output = fresh.snakemake("results/data/mnist/train.parquet", check=False)
    assert "no mirror gave the file" in output and "nowhere/t10k-images-idx3-ubyte" in output
    assert "To go on by hand" in output and "Traceback" not in output


def test_a_kill_in_the_middle_loses_nothing(fresh, finished):
    process = fresh.start()
    deadline = time.monotonic() + 120
    while len(list(fresh.results.glob("runs/**/summary.json"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = {path: path.stat().st_ino for path in fresh.results.glob("runs/**/summary.json")}
    fresh.unlock()
    fresh.snakemake()
    assert fresh.contents() == finished.contents()
    kept = [path for path, inode in done.items() if path.stat().st_ino == inode]
    assert len(kept) >= len(done) - 2  # the two that ran may have been cut between their files
