"""Only what a change touches runs again."""

import re
import shutil

import pyarrow.compute as pc
import pyarrow.parquet as pq


def finished_jobs(output: str, rule: str) -> int:
    return len(re.findall(rf"Finished jobid: \d+ \(Rule: {rule}\)", output))


def test_adding_a_lambda_trains_that_lambda_only(checkout):
    before = checkout.contents()
    checkout.set_config("tasks.softmax.l2_lambda", ["0", "0.001", "0.01", "0.05", "0.1", "1"])
    assert checkout.planned()["figure"] == 4  # 9 and 10, and the spread of seeds in both
    output = checkout.snakemake("runs")
    assert finished_jobs(output, "train") == 1
    assert finished_jobs(output, "prepare") == 0
    after = checkout.contents()
    metrics = pq.read_table(checkout.results / "metrics.parquet")
    assert len(metrics.filter(pc.field("l2_lambda") == 0.05)) == 2
    new = "runs/softmax/lambda-0.05/shuffle-true/seeds-0-1/metrics.parquet"
    assert new in after and new not in before
    assert all(after[name] == before[name] for name in before if name.startswith("runs/"))


def test_an_edit_of_a_plot_draws_figures_and_trains_nothing(checkout):
    checkout.edit("workflow/scripts/plots/figures.py", "alpha=0.25", "alpha=0.3")
    planned = checkout.planned()
    assert planned["figure"] >= 10
    assert not {"train", "collect", "table", "prepare", "download"} & set(planned)


def test_an_edit_of_the_training_loop_trains_everything(checkout, finished):
    checkout.edit("workflow/scripts/regression/training.py", "while True:", "while 1:")
    planned = checkout.planned()
    assert planned["train"] == len(finished.trained())
    assert not {"prepare", "download"} & set(planned)


def test_an_edit_of_a_model_trains_that_model_only(checkout):
    checkout.edit("workflow/scripts/regression/models/logistic.py", "0.0, z)", "0, z)")
    assert checkout.planned()["train"] == len(checkout.trained("logistic*"))


def test_without_the_compiled_kernels_nothing_runs_again(checkout):
    for file in checkout.folder.glob("workflow/**/*.nb?"):
        file.unlink()
    assert checkout.planned() == {}


def test_a_caption_retrains_and_redraws_nothing(checkout):
    checkout.set_config("figures.figure_01.caption", "Another caption.")
    assert not {"train", "figure"} & set(checkout.planned())


def test_the_order_of_lambdas_and_another_mirror_compute_nothing(checkout):
    checkout.set_config("tasks.softmax.l2_lambda", ["1", "0.1", "0.01", "0.001", "0"])
    checkout.set_config("data.mnist.mirrors", ["file:elsewhere/{file}"])
    planned = checkout.planned()
    assert planned == {"manifest": 1}, "which has digests of the config as it is written"


def test_another_seed_trains_itself_and_leaves_what_shows_seed_0_as_it_is(checkout):
    before = checkout.contents()
    checkout.set_config("tasks.softmax.seeds", [0, 1, 2])
    output = checkout.snakemake("--dry-run")
    drawn = {*re.findall(r"Drawing (figure_\w+)", output)}
    assert drawn == {f"figure_{number}_seeds" for number in ("05", "06", "09", "10")}
    assert output.count("Training softmax, ") == 5 == output.count("seeds 2 to 2")
    checkout.snakemake()
    assert checkout.planned() == {}
    after = checkout.contents()
    assert all(after[name] == before[name] for name in before if name.startswith("runs/"))
    # From nothing, one block has all seeds; what is made of the runs does not know.
    shutil.rmtree(checkout.results / "runs")
    checkout.snakemake("runs")
    assert len(checkout.trained("softmax")) == 5
    for name in ("metrics.parquet", "history.parquet"):
        assert (checkout.results / name).read_bytes() == after[name]


def test_patience_of_one_task_trains_that_task_only(checkout):
    checkout.set_config("tasks.softmax.patience", 2)
    assert checkout.planned()["train"] == len(checkout.trained("softmax"))
