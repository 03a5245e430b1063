"""What a run says of the software that it was computed with."""

import re
from importlib import metadata

import pytest
import yaml

from common.machine import machine
from pipeline.imports import software_of
from pipeline.rules import RULES, code_behind
from provenance.environment import environment, unlike_the_lock


@pytest.fixture
def lock(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:0\n"
        "numpy==2.5.5 ; python_full_version >= '3.12' \\\n    --hash=sha256:0\n"
        "Some_Package[extra]==1.0\n    # via numpy==9\n"
    )
    return path


def test_a_package_of_another_version_than_the_lock_pins_is_named(lock):
    assert unlike_the_lock({"numpy": "2.5.5", "some-package": "1.0"}, lock) == []
    assert unlike_the_lock({"numpy": "2.3", "some-package": "1.0", "new": "1"}, lock) == [
        "numpy 2.3 instead of 2.4.6 or 2.5.5",
        "new 1 instead of none",
    ]
    assert unlike_the_lock({"numpy": "2.3"}, lock.with_name("no such file")) == []


def test_what_a_package_needs_in_turn_is_held_to_the_lock(lock):
    lock.write_text("numpy==2.4.6\ncontourpy==0.0.1\nnot-installed-here==1\n")
    version = metadata.version("contourpy")
    assert unlike_the_lock({"numpy": "2.4.6"}, lock) == [f"contourpy {version} instead of 0.0.1"]


def job(**changes) -> dict:
    """What a job ran on."""
    usual = {"python": "CPython 3", "system": "Linux", "processor": "one", "llvm": {}}
    library = {"library": "openblas", "version": "1", "core_type": "Haswell"}
    return usual | {"blas": [library], "packages": {"numpy": "2.4.6"}} | changes


def test_what_a_job_runs_on_is_what_is_really_there():
    found = machine()
    assert found["packages"]["numpy"] == metadata.version("numpy")
    assert found["blas"] and found["python"]


def test_the_environment_has_one_value_where_all_jobs_agree(lock):
    llvm = {"version": "22", "processor": "znver5"}
    found = environment([job(), job(llvm=llvm), job(blas=[])], ["numpy", "pyarrow"], lock)
    # What no job has loaded is what this process finds.
    packages = {"numpy": "2.4.6", "pyarrow": metadata.version("pyarrow")}
    assert found == job(
        llvm=llvm,
        packages=packages,
        unlike_the_lock=[f"pyarrow {packages['pyarrow']} instead of none"],
    )


def test_the_environment_has_all_values_where_jobs_differ(lock):
    library = {"library": "openblas", "version": "1", "core_type": "Zen"}
    other = job(processor="two", blas=[library], packages={"numpy": "2.3"})
    found = environment([job(), other, job(packages={})], ["numpy"], lock)
    assert found["processor"] == ["one", "two"] and found["python"] == "CPython 3"
    assert [one["core_type"] for one in found["blas"]] == ["Haswell", "Zen"]
    assert found["packages"] == {"numpy": ["2.4.6", "2.3"]}
    assert found["unlike_the_lock"] == ["numpy 2.3 instead of 2.4.6 or 2.5.5"]


def pins(lock) -> set[tuple[str, ...]]:
    return {
        *re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)( ;.*?)? *\\?$", lock.read_text(), re.MULTILINE)
    }


def test_a_run_needs_no_test_tools_and_tests_need_no_other_versions(repository):
    run, tests = (pins(repository / f"requirements{name}.txt") for name in ("", "-dev"))
    tools = {"pytest", "ruff", "snakefmt", "hypothesis", "selenium", "scikit-learn"}
    assert tools <= {name for name, *_ in tests} and not tools & {name for name, *_ in run}
    assert "snakemake" not in {name for name, *_ in tests}
    versions = {name: {pin[1] for pin in run if pin[0] == name} for name, *_ in run}
    assert not [pin for pin in tests if pin[1] not in versions.get(pin[0], {pin[1]})]


def test_the_environment_for_conda_has_what_jobs_import_as_it_is_pinned(repository):
    content = yaml.safe_load((repository / "workflow" / "envs" / "jobs.yaml").read_text())
    (python,) = [name for name in content["dependencies"] if "python" in name]
    (packages,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    assert python == "python =3.11"
    pinned = {
        (name, version)
        for name, version, condition in pins(repository / "requirements.txt")
        if ">= '3.12'" not in condition
    }
    assert {tuple(line.split("==")) for line in packages} <= pinned
    scripts = repository / "workflow" / "scripts"
    needed = software_of(
        [
            p
            for name in (*RULES, "download", "manifest")
            for p in code_behind(f"{name}.py", scripts)
        ],
        scripts,
    )
    names = {line.partition("==")[0] for line in packages}
    assert {name.replace("_", "-") for name in needed} <= names


def test_all_packages_of_the_rules_are_in_the_lock_of_the_repository(repository):
    scripts = repository / "workflow" / "scripts"
    names = {
        name: metadata.version(name)
        for rule in RULES
        for name in software_of(code_behind(f"{rule}.py", scripts), scripts)
    }
    assert not [
        line for line in unlike_the_lock(names, repository / "requirements.txt") if "none" in line
    ]
