"""The config: what is wrong is said all at once, with the place and the cure."""

import copy
import re
from pathlib import Path

import pytest
import yaml

from pipeline.config import ConfigError, read_config
from runs.grid import blocks_of, select_blocks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def errors_of(config) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(config)
    return str(caught.value)


def test_the_shipped_config_is_valid(config):
    read_config(config)


def set_task(**values):
    return lambda config: config["tasks"]["softmax"].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            set_task(pacience=3),
            "tasks.softmax.pacience: unknown key 'pacience'.*did you mean 'patience'",
        ),
        (
            set_task(batch_size="128"),
            "batch_size: found '128'; must be a whole number; it is text: .* use --configfile",
        ),
        (set_task(patience=0), "tasks.softmax.patience: found 0; must be at least 1"),
        (
            set_task(l2_lambda=["-1"]),
            "l2_lambda.0: found '-1'; must be a number in quotes that is not neg",
        ),
        (set_task(l2_lambda=[0.1]), "l2_lambda.0: found 0.1; must be text; .*: put it in quotes"),
        (set_task(l2_lambda=["1", "1.0"]), "'1' and '1.0' are the same lambda twice"),
        (set_task(l2_lambda=["1", "1"]), "'1' and '1' are the same lambda twice"),
        (set_task(l2_lambda=[]), "tasks.softmax.l2_lambda: .* at least 1 item"),
        (set_task(classes=[1, 1]), "tasks.softmax.classes: found .*; 1 stands there twice"),
        (set_task(classes=[1, 300]), "tasks.softmax.classes.1: found 300; must be at most 255"),
        (set_task(model="logistic"), "logistic takes 2 classes"),
        (set_task(model="sofmax"), "found 'sofmax'; .* did you mean 'softmax'"),
        (set_task(dataset="mnits"), "tasks.softmax.dataset: .* did you mean 'mnist'"),
        (
            set_task(batch_size=20001),
            "batch_size: found 20001, but the train split of mnist has 20000",
        ),
        (set_task(learning_rate=0), "learning_rate: found 0; must be greater than 0"),
        # YAML takes a number without a dot for text.
        (set_task(learning_rate="1e-3"), "YAML reads it as text: write 0.001 or 1.0e-3$"),
        (set_task(max_epochs="1e3"), "YAML reads it as text: write 1000$"),
        (
            set_task(shuffle=["onec"]),
            "shuffle.0: found 'onec'; allowed: false, once, true; did you",
        ),
        (set_task(skip_batches=[-1]), "skip_batches.0: found -1; must be at least 0"),
        (set_task(checks_per_epoch=0), "checks_per_epoch: found 0; must be at least 1"),
        (lambda c: c.update(seeds_per_job=0), "seeds_per_job: found 0; must be at least 1"),
        (
            lambda c: c["figures"]["figure_01"].update(kind="los"),
            "figure_01.kind: found 'los'; all",
        ),
        (lambda c: c["figures"]["figure_01"].pop("window"), "figure_01: 'window' is missing"),
        (
            lambda c: c["tasks"].pop("softmax"),
            "figures.figure_05.runs.task: found 'softmax'; allowed:",
        ),
        (lambda c: c["tasks"]["softmax"].pop("seeds"), "tasks.softmax: 'seeds' is missing"),
        (lambda c: c.update(taks={}), r"taks: unknown key 'taks'.*did you mean 'tasks'"),
        (
            lambda c: c["figures"]["figure_07"]["runs"].pop("l2_lambda"),
            r"figures.figure_07.runs: matches \d+ runs; name l2_lambda",
        ),
        (
            lambda c: c["figures"]["figure_05"]["runs"].update(l2_lambda="1e-2"),
            "found '1e-2'; .*; did you mean '0.01'",
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
            lambda c: c["figures"]["figure_01"].update(x_limits=[0, 1e300]),
            r"figure_01.x_limits.1: found 1e\+300; must be at most 1000000000",
        ),
        *(
            (
                lambda c, key=key, value=value: c["figures"]["figure_07"].update({key: value}),
                f"figure_07.{key}: unknown key '{key}'",
            )
            for key, value in (("min_seeds", 2), ("x_limits", [0, 1]), ("y_limits", [0, 1]))
        ),
        (
            lambda c: c["figures"]["figure_02"].update(x="batch_size"),
            "figure_02.x: unknown key 'x'; allowed: .*splits",
        ),
        (
            lambda c: c["tasks"].update(
                rates=c["tasks"]["softmax"]
                | {"learning_rate": [0.1, 0.2], "l2_lambda": ["0", "0.0"]}
            ),
            r"has 1 error\(s\):\n  tasks.rates.l2_lambda: .*; '0' and '0.0' are the same",
        ),
        (
            lambda c: c["data"]["mnist"]["mirrors"].append("ftp://host/{file}"),
            "data.mnist.mirrors.4: found 'ftp://host/{file}'",
        ),
        (
            lambda c: c["tasks"].update({"a b; rm": copy.deepcopy(c["tasks"]["softmax"])}),
            "tasks.a b; rm: found 'a b; rm'; must be at most 100 letters",
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
        ({"image_shape": [28]}, "data.mine.image_shape: found .* at least 2 items"),
        ({"label": ""}, "data.mine.label: found ''"),
        (
            {"files": {"train": FILE | {"name": "a.csv"}, "test": FILE | {"name": "a.txt"}}},
            "data.mine.files.test.name: found 'a.txt'; .* end in .csv, .parquet or .npz",
        ),
        (
            {
                "files": {
                    "train": FILE | {"name": "a.csv"},
                    "test": OTHER | {"name": "a.csv"},
                }
            },
            "data.mine.files: test: 'a.csv' is named twice with different sha256",
        ),
        (
            {"files": {"train": FILE | {"name": "a.csv"}, "tset": FILE | {"name": "b.csv"}}},
            "data.mine.files.tset: unknown key 'tset'; allowed: train, test; did you mean 'test'",
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
    assert "data.mine: 'image_shape' is missing" in message
    assert "data.mnist.label: found 'label'; must be a whole number" in message


@pytest.mark.parametrize(
    ("files", "message"),
    [
        # Only the alternative that was meant is explained, not the other keys of the other one.
        (
            {"train": ["a.csv"], "test": FILE | {"name": "c.csv"}},
            "data.mine.files.train.0: found 'a.csv'; must be a mapping",
        ),
        (
            {"train": {"name": "a.csv", "sha256": 10**63}, "test": FILE | {"name": "c.csv"}},
            f"data.mine.files.train.sha256: found {10**63}; must be text; YAML reads it as int: "
            "put it in quotes",
        ),
        ("train.csv", "data.mine.files: found 'train.csv'; must be a mapping"),
        (
            {
                "train": FILE | {"name": "a.csv"},
                "test": FILE | {"name": "c.csv"},
                "test_images": FILE | {"name": "d"},
            },
            "data.mine.files.test_images: unknown key 'test_images'; allowed: train, test",
        ),
    ],
)
def test_the_alternative_that_was_meant_is_the_one_that_is_explained(config, files, message):
    mine = {"files": files, "label": "label", "image_shape": [28, 28]}
    config["data"]["mine"] = config["data"]["mnist"] | mine
    assert errors_of(config) == f"the config has 1 error(s):\n  {message}"


CLOTHES = ["shirt", "bag", "coat"]


def test_names_of_classes_become_their_labels(config):
    config["data"]["clothes"] = config["data"]["mnist"] | {"class_names": CLOTHES}
    task = config["tasks"]["softmax"] | {"dataset": "clothes"}
    config["tasks"]["a"] = task | {"classes": ["coat", 0, "bag"]}
    config["tasks"]["b"] = task | {"classes": [["coat", "bag"], ["shirt", 1]]}
    runs = {"task": "b", "classes": ["coat", "bag"]}
    config["figures"]["b"] = config["figures"]["figure_05"] | {"runs": runs}
    plain = read_config(config)
    assert plain["tasks"]["a"]["classes"] == [2, 0, 1]
    assert plain["tasks"]["b"]["classes"] == [[2, 1], [0, 1]]
    assert plain["figures"]["b"]["runs"]["classes"] == [2, 1]


def test_without_names_in_the_data_set_those_of_the_tasks_must_be_words_of_its_files(config):
    files = {"train": FILE | {"name": "a.csv"}, "test": FILE | {"name": "b.csv"}}
    config["data"]["mnist"] |= {"files": files, "label": "digit", "image_shape": [28, 28]}
    config["tasks"]["softmax"]["classes"] = ["dog", "cat"]
    config["tasks"]["logistic"]["classes"] = ["ant", "dog"]
    plain = read_config(config)
    assert plain["data"]["mnist"]["class_words"] == ["ant", "cat", "dog"]
    assert plain["tasks"]["softmax"]["classes"] == [2, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ["coat", "bags"]}, "tasks.a.classes: found 'bags'; allowed: .* mean 'bag'"),
        ({"dataset": ["mnist", "clothes"], "classes": ["coat", 1]}, "need one data set that has"),
        ({"classes": [CLOTHES[1], 1]}, "tasks.a.classes: .*of which two are one class: .1, 1."),
        # Files of IDX have numbers only, and tasks that write numbers are not to blame.
        (
            {"dataset": "mnist", "classes": ["3", "2"]},
            r"1 error.*\n  tasks.a.classes: found \['3', '2'\], but data.mnist has no class_names",
        ),
        (
            {"dataset": "cloths", "classes": ["coat", "bag"]},
            r"1 error.*\n  tasks.a.dataset: found 'cloths'.*did you mean 'clothes'",
        ),
    ],
)
def test_a_name_that_no_class_has_is_refused(config, changes, message):
    config["data"]["clothes"] = config["data"]["mnist"] | {"class_names": CLOTHES}
    task = config["tasks"]["softmax"] | {"dataset": "clothes"}
    config["tasks"]["a"] = task | changes
    assert re.search(message, errors_of(config))


def test_a_number_that_is_the_name_of_another_class_is_refused(config):
    config["data"]["mnist"]["class_names"] = [str(number) for number in range(10, 0, -1)]
    message = errors_of(config)
    assert "tasks.logistic.classes: found 3, and a class has the name '3'" in message
    for task in config["tasks"].values():
        task["classes"] = [str(number + 1) for number in task["classes"]]
    assert read_config(config)["tasks"]["logistic"]["classes"] == [6, 7]


def test_orders_are_texts_wherever_they_stand(config):
    config["tasks"]["logistic"]["shuffle"] = [False, "once", True]
    plain = read_config(config)
    assert plain["tasks"]["logistic"]["shuffle"] == ["false", "once", "true"]
    assert plain["figures"]["figure_01"]["runs"]["shuffle"] == "false"
    assert read_config(plain) == plain


def test_settings_that_are_left_out_are_there_and_selections_stay_as_they_are(config):
    for task in config["tasks"].values():
        for key in ("train_size", "checks_per_epoch", "skip_batches"):
            del task[key]
    del config["seeds_per_job"]
    plain = read_config(config)
    task = plain["tasks"]["softmax"]
    assert (task["train_size"], task["checks_per_epoch"], task["skip_batches"]) == (None, 5, [])
    assert plain["seeds_per_job"] == 50
    assert plain["figures"]["figure_09"]["runs"] == {"task": "softmax", "seed": 0}


def test_an_error_names_the_line_of_the_last_file_that_has_its_place(tmp_path, config):
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    files[0].write_text("tasks:\n  softmax:\n    patience: 0\n    batch_size: 0\n")
    files[1].write_text("tasks:\n  softmax: {patience: 0}\n")
    set_task(patience=0, batch_size=0)(config)
    with pytest.raises(ConfigError) as caught:
        read_config(config, files)
    assert f"tasks.softmax.batch_size ({files[0]}, line 4): found 0" in str(caught.value)
    assert f"tasks.softmax.patience ({files[1]}, line 2): found 0" in str(caught.value)


def test_a_message_does_not_list_a_thousand_seeds(config):
    config["tasks"]["logistic"]["seeds"] = list(range(1000))
    config["figures"]["figure_01"]["runs"]["seed"] = 1000
    message = errors_of(config)
    assert "figures.figure_01.runs.seed: found 1000; allowed: 0, 1, " in message
    assert ", 19, ... (1000 in all); did you mean '100'?" in message


def test_a_thousand_errors_are_told_by_the_first(config):
    config["tasks"]["softmax"]["seeds"] = ["x"] * 1000
    first, *lines, last = errors_of(config).splitlines()
    assert first == "the config has 1000 error(s):"
    assert (len(lines), last) == (50, "  ... and 950 more")


def test_all_errors_come_at_once(config):
    set_task(pacience=3, batch_size="128", patience=0)(config)
    config["figures"]["figure_01"]["knd"] = "loss"
    message = errors_of(config)
    assert "4 error(s)" in message
    for word in ("pacience", "'128'", "patience: found 0", "'knd'"):
        assert word in message


def test_a_seed_matters_only_with_shuffle(config):
    task = config["tasks"]["logistic"] | {"seeds": [0, 1, 2], "shuffle": [False, "once", True]}
    config["tasks"] = config["tasks"] | {"logistic": task}
    tasks = {"logistic": read_config(config)["tasks"]["logistic"]}
    blocks = blocks_of(tasks, 2)
    assert [(block.shuffle, block.seeds) for block in blocks] == [
        ("false", (0,)),
        ("once", (0, 1)),
        ("once", (2,)),
        ("true", (0, 1)),
        ("true", (2,)),
    ]


def test_folders_use_lambda_as_spelt_and_are_all_different(config):
    config["figures"], config["tables"] = {}, {}
    config["tasks"]["softmax"]["l2_lambda"] = ["1e-3", "0.10"]
    blocks = blocks_of(read_config(config)["tasks"], 4)
    folders = {block.folder for block in blocks}
    assert "softmax/lambda-1e-3/shuffle-true/seeds-4-7" in folders
    assert len(folders) == len(blocks)


def test_a_selection_restricts_only_what_it_names(config):
    tasks = read_config(config)["tasks"]
    blocks = blocks_of(tasks, 50)
    assert len(select_blocks(blocks, tasks, {"task": "softmax"})) == 5
    two = select_blocks(blocks, tasks, {"task": "softmax", "l2_lambda": ["0", "1"], "seed": 0})
    assert [block.l2_lambda for block in two] == ["0", "1"]
