"""Folders and mirrors with odd names: nothing of a name is ever run."""

import shutil

import pytest
import yaml
from generated import configs
from hypothesis import Phase, find, settings

from pipeline.config import ConfigError, read_config


def test_a_folder_and_a_mirror_with_odd_names_work(new_checkout):
    odd = 'it\'s; "ö" $(touch pwned) & `touch pwned`'
    checkout = new_checkout(odd)
    source = checkout.folder / "tests" / odd
    shutil.copytree(checkout.folder / "tests" / "data", source)
    checkout.set_config("data.mnist.mirrors", [f"file:tests/{odd}/{{file}}"])
    checkout.snakemake("results/data/mnist/train.parquet")
    assert (checkout.results / "data" / "mnist" / "train.parquet").is_file()
    assert not list(checkout.folder.parent.rglob("pwned"))


def test_a_folder_that_snakemake_cannot_take_is_named(new_checkout):
    output = new_checkout("a{x}b").snakemake("--dry-run", check=False)
    assert "a{x}b: Snakemake takes braces" in output and "Traceback" not in output


@pytest.mark.parametrize(
    "name", ["a b", "a;b", "a'b", "ä", "../a", "a\n", "-a", "a" * 101, "ab" * 20, ""]
)
def test_an_odd_task_name_is_refused(repository, name):
    config = yaml.safe_load((repository / "config.yaml").read_text())
    config["tasks"][name] = config["tasks"]["softmax"]
    with pytest.raises(ConfigError, match="tasks"):
        read_config(config)


@pytest.mark.chaos
def test_generated_configs_that_are_accepted_build_a_dag(new_checkout, repository):
    """Ten of them, because each start of Snakemake takes two seconds."""

    def accepted(config: dict) -> bool:
        try:
            read_config(config)
        except ConfigError:
            return False
        return str(config) not in seen

    seen: set[str] = set()
    checkout = new_checkout("run")
    for _ in range(10):
        quick = settings(max_examples=5000, database=None, deadline=None, phases=[Phase.generate])
        config = find(configs(), accepted, settings=quick)
        seen.add(str(config))
        (checkout.folder / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True))
        (checkout.folder / "tests" / "config.tiny.yaml").write_text("{}")
        assert checkout.planned()["prepare"] >= 1
