"""A sweep by a list in the config: what is new is trained, what was there stays."""

import pyarrow.parquet as pq

TASK = {
    "dataset": "mnist",
    "model": "logistic",
    "classes": [[3, 2], [4, 9]],
    "train_size": [50, None],
    "learning_rate": 0.05,
    "batch_size": 16,
    "max_epochs": 2,
    "patience": None,
    "l2_lambda": ["0"],
    "shuffle": [True],
    "seeds": [0, 1],
}
FIGURE = {
    "kind": "metric",
    "title": "4 against 9, 3 against 2",
    "caption": "",
    "runs": {"task": "pairs"},
    "x": "train_size",
    "y": "validation_accuracy",
}


def trained(output: str) -> int:
    return output.count(": Training pairs/")


def test_a_sweep_trains_every_combination_and_a_new_value_alone(checkout):
    checkout.set_config("tasks.pairs", TASK)
    checkout.set_config("figures.pairs", FIGURE)
    output = checkout.snakemake("results/figures/pairs.png", "results/metrics.parquet")
    assert trained(output) == 4
    rows = pq.read_table(checkout.results / "metrics.parquet").to_pylist()
    sizes = {
        row["task"]: (row["classes"], row["train_size"])
        for row in rows
        if row["task"].startswith("pairs/")
    }
    assert sizes["pairs/classes-4-9/train_size-50"] == ([4, 9], 50)
    assert sizes["pairs/classes-3-2/train_size-null"][1] > 100
    assert (checkout.results / "figures" / "pairs.svg").stat().st_size > 10_000

    checkout.set_config("tasks.pairs", TASK | {"train_size": [50, 80, None]})
    output = checkout.snakemake("results/figures/pairs.png")
    assert trained(output) == 2
    assert "train_size-80" in output and "train_size-50," not in output


def test_no_command_line_grows_with_the_number_of_trainings(checkout):
    # Linux allows an argument of 128 KiB, and to fail after thousands of trainings is late.
    checkout.set_config("tasks.logistic.seeds", [0, *range(10_000, 20_000)])
    output = checkout.snakemake("--dry-run", "--printshellcmds", "--forceall")
    commands = [line for line in output.splitlines() if line.startswith("Shell command: ")]
    assert len(commands) > 400
    assert max(map(len, commands)) < 2**17 / 4
