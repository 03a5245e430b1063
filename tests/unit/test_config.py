"""The config: what is wrong is said all at once, with the place and the cure."""

import copy
import re
from pathlib import Path

import pytest
import yaml

from pipeline.config import ConfigError, validate_config
from runs.grid import blocks_of, expand_sweeps, select_blocks

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def errors_of(config) -> str:
    with pytest.raises(ConfigError) as caught:
        validate_config(config, SCHEMA)
    return str(caught.value)


def test_the_shipped_config_is_valid(config):
    validate_config(config, SCHEMA)


def set_task(**values):
    return lambda config: config["tasks"]["softmax"].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_task(pacience=3), "tasks.softmax: unknown key 'pacience'.*did you mean 'patience'"),
        (
            set_task(batch_size="128"),
            "tasks.softmax.batch_size: found '128'; must be of type integer",
        ),
        (set_task(patience=0), "tasks.softmax.patience: found 0; must be at least 1"),
        (set_task(l2_lambda=["-1"]), "tasks.softmax.l2_lambda.0: found '-1'; must match"),
        (set_task(l2_lambda=[0.1]), "tasks.softmax.l2_lambda.0: found 0.1; must be of type string"),
        (set_task(l2_lambda=["1", "1.0"]), "'1' and '1.0' are the same lambda twice"),
        (set_task(l2_lambda=["1", "1"]), "'1' and '1' are the same lambda twice"),
        (set_task(l2_lambda=[]), "tasks.softmax.l2_lambda: .* at least 1 entries"),
        (set_task(classes=[1, 1]), "tasks.softmax.classes: 1 stands there twice"),
        (set_task(classes=[1, 300]), "tasks.softmax.classes.1: found 300; must be at most 255"),
        (set_task(model="logistic"), "logistic regression takes two classes"),
        (set_task(model="sofmax"), "found 'sofmax'; .* did you mean 'softmax'"),
        (set_task(dataset="mnits"), "tasks.softmax.dataset: .* did you mean 'mnist'"),
        (
            set_task(batch_size=20001),
            "batch_size: found 20001, but the train split of mnist has 20000",
        ),
        (set_task(learning_rate=0), "learning_rate: found 0; must be greater than 0"),
        (
            lambda c: c["tasks"].pop("softmax"),
            "figures.figure_05.runs.task: found 'softmax'; allowed:",
        ),
        (lambda c: c["tasks"]["softmax"].pop("seeds"), "tasks.softmax: 'seeds' is missing"),
        (
            lambda c: c.update(claims="claim.yaml"),
            "claims: found 'claim.yaml', but there is no such",
        ),
        (lambda c: c.update(taks={}), r"\(top level\): unknown key 'taks'.*did you mean 'tasks'"),
        (
            lambda c: c["figures"]["figure_07"]["runs"].pop("l2_lambda"),
            r"figures.figure_07.runs: matches \d+ runs; name l2_lambda",
        ),
        (
            lambda c: c["figures"]["figure_05"]["runs"].update(l2_lambda="0.5"),
            "figures.figure_05.runs.l2_lambda: found '0.5'; allowed: 0, 0.001",
        ),
        (
            lambda c: c["figures"]["figure_01"].update(y_limits=[1, 0]),
            r"figure_01.y_limits: found \[1, 0\]; the lower end must come first",
        ),
        (
            lambda c: c["figures"]["figure_02"].update(x="batch_size"),
            r"figure_02.x: only for kind metric, and this is accuracy",
        ),
        (
            lambda c: c["tasks"].update(
                rates=c["tasks"]["softmax"]
                | {"learning_rate": [0.1, 0.2], "l2_lambda": ["0", "0.0"]}
            ),
            r"has 1 error\(s\):\n  tasks.rates.l2_lambda: '0' and '0.0' are the same lambda twice$",
        ),
        (
            lambda c: c["data"]["mnist"]["mirrors"].append("ftp://host/{file}"),
            "data.mnist.mirrors.4: found 'ftp://host/{file}'",
        ),
        (
            lambda c: c["tasks"].update({"a b; rm": copy.deepcopy(c["tasks"]["softmax"])}),
            "tasks: found 'a b; rm'; must match",
        ),
    ],
)
def test_an_error_names_its_place_and_its_cure(config, change, message):
    change(config)
    assert re.search(message, errors_of(config))


FILE, OTHER = {"sha256": "0" * 64}, {"sha256": "1" * 64}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": [28]}, "data.mine.image_shape: found .* at least 2 entries"),
        ({"label": ""}, "data.mine.label: found ''"),
        (
            {"files": {"train": FILE | {"name": "a.csv"}, "test": FILE | {"name": "a.txt"}}},
            "data.mine.files.test.name: found 'a.txt'; a table must end in .csv, .parquet, .npz",
        ),
        (
            {
                "files": {
                    "train": FILE | {"name": "a.csv"},
                    "test": OTHER | {"name": "a.csv"},
                }
            },
            "data.mine.files.test: 'a.csv' is named twice with different sha256",
        ),
        (
            {"files": {"train": FILE | {"name": "a.csv"}, "tset": FILE | {"name": "b.csv"}}},
            "data.mine.files: unknown key 'tset'; allowed: train, test; did you mean 'test'",
        ),
    ],
)
def test_an_error_in_a_data_set_of_tables_has_its_place(config, change, message):
    files = {source: FILE | {"name": f"{source}.csv"} for source in ("train", "test")}
    mnist = config["data"]["mnist"]
    mine = mnist | {"files": files, "label": "label", "image_shape": [28, 28]}
    config["data"]["mine"] = mine | change
    assert re.search(message, errors_of(config))


def test_tables_need_to_be_described_and_idx_files_not(config):
    mnist = config["data"]["mnist"]
    files = {source: FILE | {"name": f"{source}.csv"} for source in ("train", "test")}
    config["data"]["mine"] = mnist | {"files": files}
    config["data"]["mnist"] = mnist | {"label": "label"}
    message = errors_of(config)
    assert "data.mine: 'image_shape' is missing; a data set of tables needs it" in message
    assert "data.mnist.label: IDX files say this themselves" in message


def test_a_message_does_not_list_a_thousand_seeds(config):
    config["tasks"]["logistic"]["seeds"] = list(range(1000))
    config["figures"]["figure_01"]["runs"]["seed"] = 1000
    message = errors_of(config)
    assert "figures.figure_01.runs.seed: found 1000; allowed: 0, 1, " in message
    assert ", 19, ... (1000 in all); did you mean '100'?" in message


def test_all_errors_come_at_once(config):
    set_task(pacience=3, batch_size="128", patience=0)(config)
    config["figures"]["figure_01"]["knd"] = "loss"
    message = errors_of(config)
    assert "4 error(s)" in message
    for word in ("pacience", "'128'", "patience: found 0", "'knd'"):
        assert word in message


def test_a_seed_matters_only_with_shuffle(config):
    task = config["tasks"]["logistic"] | {"seeds": [0, 1, 2], "shuffle": ["false", "true"]}
    blocks = blocks_of({"logistic": task}, 50)
    assert [(block.shuffle, block.seeds) for block in blocks] == [
        ("false", (0,)),
        ("true", (0, 1, 2)),
    ]


def test_folders_use_lambda_as_spelt_and_are_all_different(config):
    config["tasks"]["softmax"] |= {"l2_lambda": ["1e-3", "0.10"], "shuffle": ["true"]}
    folders = [block.folder for block in blocks_of(config["tasks"], 50)]
    assert "softmax/lambda-1e-3/shuffle-true/seeds-0-9" in folders
    assert len(set(folders)) == len(folders)


def test_a_selection_restricts_only_what_it_names(config):
    tasks = expand_sweeps(config["tasks"])
    blocks = blocks_of(tasks, 50)
    everything = select_blocks(blocks, tasks, {"task": "softmax"})
    assert everything == blocks_of({"softmax": tasks["softmax"]}, 50)
    two = select_blocks(blocks, tasks, {"task": "softmax", "l2_lambda": ["0", "1"], "seed": 0})
    assert [block.l2_lambda for block in two] == ["0", "1"]
