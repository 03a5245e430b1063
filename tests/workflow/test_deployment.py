"""The workflow in use from elsewhere: as a module, by its Snakefile's path, in another folder."""

import subprocess
import sys

import pytest
import yaml
from snakemake.utils import update_config

TARGET = "results/metrics.parquet"


def snakemake(folder, *arguments, check=True):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *map(str, arguments)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert not check or run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.fixture
def config(repository, tmp_path):
    """A config of one's own, with a claims file beside it, in another folder than the workflow."""
    content: dict = {}
    for name in ("config.yaml", "tests/config.tiny.yaml"):
        update_config(content, yaml.safe_load((repository / name).read_text()))
    content["data"]["mnist"]["mirrors"] = [f"file:{repository}/tests/data/{{file}}"]
    folder = tmp_path / "own place"
    folder.mkdir()
    claims = (repository / "tests" / "claims.tiny.yaml").read_text()
    (folder / "my-claims.yaml").write_text(claims)
    content["claims"] = "my-claims.yaml"
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    return folder / "config.yaml"


@pytest.mark.chaos
def test_as_a_module_with_a_prefix_and_a_config(repository, config):
    (config.parent / "Snakefile").write_text(
        f"""
configfile: "config.yaml"

module report:
    snakefile: "{repository}/Snakefile"
    prefix: "reproduction"
    config: config

use rule * from report as report_*

rule first:
    default_target: True
    input: rules.report_all.input
"""
    )
    products = [
        f"reproduction/results/{name}"
        for name in (
            "figures/figure_09.png",
            "tables/table_1.csv",
            "explorer.html",
            "manifest.json",
        )
    ]
    assert "report_scorecard" in snakemake(config.parent, *products)
    assert all((config.parent / product).is_file() for product in products)
    assert not (config.parent / "results").exists()
    assert "Nothing to be done" in snakemake(config.parent, *products)
    assert "Nothing to be done" in snakemake(config.parent, "--dry-run")


def test_by_the_path_of_its_snakefile_from_another_folder(repository, config):
    snakemake(config.parent, "-s", repository / "Snakefile", TARGET)
    assert (config.parent / TARGET).is_file()
    # Without a config in the folder it is that of the report.
    (config.parent / "empty").mkdir()
    plan = snakemake(config.parent / "empty", "-s", repository / "Snakefile", "--dry-run")
    assert "train " in plan


def test_a_config_without_keys_is_named(repository, tmp_path):
    (tmp_path / "config.yaml").write_text("# tasks:\n")
    output = snakemake(tmp_path, "-s", repository / "Snakefile", "--dry-run", check=False)
    assert "error: config.yaml: found no keys" in output


def test_in_another_directory(repository, config, tmp_path):
    place = ["--directory", tmp_path / "elsewhere", "--configfile", config]
    snakemake(repository, *place, "--", TARGET)
    assert (tmp_path / "elsewhere" / TARGET).is_file()
    assert "claims " in snakemake(repository, *place, "--dry-run")


def test_a_way_of_deployment_without_an_image_computes_nothing_again(checkout):
    output = checkout.snakemake("--software-deployment-method", "apptainer", "--dry-run")
    assert "Nothing to be done" in output


def test_unit_tests_are_generated(checkout):
    checkout.snakemake("--generate-unit-tests", "unit-tests")
    assert list((checkout.folder / "unit-tests").rglob("test_*.py"))
