"""Sweeps: a list in a task stands for one task for each value."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from common.errors import DataError
from images.splits import Examples, first_examples
from pipeline.config import ConfigError, read_config
from plots.figures import groups_of
from runs.grid import blocks_of, expand_sweeps, problems, select_blocks
from runs.results import Results

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


@pytest.fixture
def swept(config):
    """The shipped config with a sweep of learning rate and classes, and no figures of that task."""
    task = config["tasks"]["logistic"]
    task |= {"learning_rate": [0.01, 0.1], "classes": [[3, 2], [4, 9]], "seeds": [0, 1]}
    task["shuffle"] = [False, True]
    return read_config(config | {"figures": {}, "tables": {}})


@pytest.fixture
def tasks(swept):
    """Its tasks, as they are trained."""
    return expand_sweeps(swept["tasks"])


def test_a_combination_is_a_task_named_after_what_varies(tasks):
    names = [name for name in tasks if name.startswith("logistic/")]
    assert names == [
        "logistic/classes-3-2/learning_rate-0.01",
        "logistic/classes-3-2/learning_rate-0.1",
        "logistic/classes-4-9/learning_rate-0.01",
        "logistic/classes-4-9/learning_rate-0.1",
    ]
    assert tasks[names[2]]["classes"] == [4, 9]
    assert tasks[names[2]]["learning_rate"] == 0.01
    assert "softmax" in tasks and "logistic" not in tasks


def test_a_longer_list_leaves_the_folders_of_the_others(swept):
    before = {block.folder for block in blocks_of(expand_sweeps(swept["tasks"]), 50)}
    swept["tasks"]["logistic"]["learning_rate"].insert(0, 0.5)
    after = {block.folder for block in blocks_of(expand_sweeps(swept["tasks"]), 50)}
    assert before < after
    assert all("learning_rate-0.5" in folder for folder in after - before)


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        ({"task": "logistic"}, 12),
        ({"task": "logistic", "classes": [4, 9]}, 6),
        ({"task": "logistic", "classes": [[4, 9], [3, 2]], "learning_rate": 0.1}, 6),
        ({"task": "logistic", "learning_rate": [0.01], "shuffle": "true", "seed": 1}, 2),
        ({"task": "logistic/classes-4-9/learning_rate-0.1"}, 3),
    ],
)
def test_a_selection_narrows_a_sweep(swept, selection, count):
    tasks = expand_sweeps(swept["tasks"])
    assert len(select_blocks(blocks_of(tasks, 1), tasks, selection)) == count


def test_tasks_that_differ_in_how_they_are_trained_share_an_optimum(swept):
    tasks = expand_sweeps(swept["tasks"])
    of_logistic = [name for name in dict(problems(tasks).values()) if name.startswith("logistic")]
    # Named after a task without a sweep where there is one, whatever the order.
    assert of_logistic == ["logistic-early-stopping", "logistic/classes-4-9/learning_rate-0.01"]


def test_a_problem_has_each_lambda_of_its_tasks_once(swept):
    first = expand_sweeps(swept["tasks"])["logistic-early-stopping"]
    tasks = {"a": first | {"l2_lambda": ["0", "0.1"]}, "b": first | {"l2_lambda": ["1", "0.10"]}}
    tasks["a"]["optimum_l2_lambda"] = ["1e-5"]
    assert list(problems(tasks).values()) == [("a", ["0", "0.1", "1e-5", "1"])]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": [0.1, 0]}, "learning_rate.1: found 0; must be greater than 0"),
        (
            {"learning_rate": [0.1, 0.1]},
            "tasks.logistic.learning_rate: found .*; 0.1 stands there twice",
        ),
        ({"batch_size": [16, "32"]}, "batch_size.1: found '32'; must be a whole number"),
        ({"patience": []}, "tasks.logistic.patience: .* at least 1 item"),
        ({"classes": [[3, 2], [4]]}, "tasks.logistic.classes.1: .* at least 2 items"),
        (
            {"classes": [[3, 2], [4, 9, 1]]},
            "tasks.logistic.classes: found .4, 9, 1.; .*takes 2 classes",
        ),
        ({"dataset": ["mnist", "fashon-mnist"]}, "did you mean 'fashion-mnist'"),
        ({"train_size": [500, 30000]}, "train_size: found 30000, .* has 20000 images"),
        ({"train_size": 100}, "batch_size: found 128, but train_size is 100 images"),
    ],
)
def test_an_error_in_a_sweep_has_its_place(config, settings, message):
    config |= {"figures": {}, "tables": {}}
    config["tasks"]["logistic"] |= settings
    with pytest.raises(ConfigError) as caught:
        read_config(config)
    assert re.search(message, str(caught.value))


def test_a_figure_that_names_a_value_out_of_the_sweep_is_refused(config, swept):
    runs = {"task": "logistic", "learning_rate": 0.2}
    swept["figures"] = {"rates": {"kind": "norm", "title": "", "caption": "", "runs": runs}}
    with pytest.raises(
        ConfigError, match=r"figures.rates.runs.learning_rate: found 0.2; allowed: 0.01, 0.1;"
    ):
        read_config(swept)


def test_labels_name_what_varies_and_is_not_on_the_axis():
    common = dict.fromkeys(("train_size", "batch_size", "max_epochs", "patience")) | {
        **{"task": "t", "dataset": "mnist", "model": "logistic", "l2_lambda": 0.0, "spelling": "0"},
        **{"shuffle": "true", "seed": 0, "checks_per_epoch": 5, "skip_batches": []},
    }
    rows = [
        common | {"classes": classes, "learning_rate": rate}
        for classes in ([3, 2], [4, 9])
        for rate in (0.01, 0.1)
    ]
    results = Results("results", [])
    assert groups_of(results, rows)[0].label == "classes 3, 2, learning rate 0.01"
    labels = [group.label for group in groups_of(results, rows, "classes")]
    assert labels == ["learning rate 0.01", "learning rate 0.1"]


def test_only_as_many_examples_as_there_are():
    examples = Examples(np.zeros((5, 4), np.uint8), np.array([0, 1, 1, 0, 1]))
    assert len(first_examples(examples, 3).targets) == 3
    assert len(first_examples(examples, None).pixels) == 5
    with pytest.raises(DataError, match=r"`train_size` is 6, but .* has 5 images"):
        first_examples(examples, 6)
