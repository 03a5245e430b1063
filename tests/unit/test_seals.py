"""What a job seals, and what of it the manifest holds results to."""

import json
import subprocess
import sys

import pytest

from common.errors import DataError
from common.files import sha256_of
from provenance.seals import broken, read_seals

JOB = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from common import cli
from common.errors import DataError
from common.files import read_json, write_json

def main():
    assert sys.argv[1:] == ["--seeds", "-1", "2"], sys.argv
    content = read_json("in.json")
    write_json("out.json", content)
    if not content:
        raise DataError("nothing there")

cli.run(main)
"""

TOLD = {"seals/job.json": "digest"}


@pytest.fixture
def run_job(repository, tmp_path, monkeypatch):
    """Run a job that copies in.json to out.json."""
    monkeypatch.chdir(tmp_path)

    def run(content: list) -> int:
        (tmp_path / "in.json").write_text(json.dumps(content))
        scripts = str(repository / "workflow" / "scripts")
        arguments = ["--seal", "seals/job.json", "digest", "--seeds", "-1", "2"]
        return subprocess.run([sys.executable, "-c", JOB, scripts, *arguments]).returncode

    return run


def test_a_job_seals_what_it_read_and_wrote_and_its_code(run_job, tmp_path):
    assert run_job([1]) == 0
    seals = read_seals(["seals/job.json"])
    seal = seals["seals/job.json"]
    assert seal["outputs"] == {"out.json": sha256_of("out.json")}
    assert seal["inputs"]["in.json"] == sha256_of("in.json")
    (code,) = [path for path in seal["inputs"] if path.endswith("common/seal.py")]
    assert seal["inputs"][code] == sha256_of(code)
    assert str(tmp_path) not in json.dumps(seal)
    assert list(broken(["out.json"], seals, TOLD)) == []


def test_a_job_that_fails_seals_nothing(run_job, tmp_path):
    assert run_job([]) == 1
    assert not (tmp_path / "seals").exists()


def test_whatever_is_not_as_a_job_left_it_is_named_once(run_job, tmp_path):
    assert run_job([1]) == 0
    seals = read_seals(["seals/job.json"])
    (tmp_path / "in.json").unlink()
    read = "seals/job.json: its job read another in.json than that of now"
    assert list(broken(["out.json"], seals, TOLD)) == [read]
    (tmp_path / "in.json").write_text("[2]")
    assert list(broken(["out.json"], seals, TOLD)) == [read]
    # What was changed by hand is deleted, and then made anew with all that is made of it.
    seals["first"] = {"inputs": {}, "outputs": {"in.json": sha256_of("out.json")}, "told": ""}
    (tmp_path / "other.json").touch()
    assert list(broken(["in.json", "out.json", "other.json"], seals, TOLD | {"first": ""})) == [
        "in.json: not what its job wrote; was it changed by hand?",
        "other.json: no job has sealed it",
    ]


def test_a_job_that_was_told_something_else_is_named(run_job):
    assert run_job([1]) == 0
    seals = read_seals(["seals/job.json"])
    assert list(broken(["out.json"], seals, {"seals/job.json": "other"})) == [
        "seals/job.json: its job had another config, or other packages, than those of now"
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"inputs": {}, "outputs": [], "machine": {}, "told": ""}',
        '{"inputs": {}, "outputs": {}, "machine": {}}',
    ],
)
def test_what_is_no_seal_is_named(tmp_path, content):
    (tmp_path / "seal.json").write_text(content)
    with pytest.raises(DataError, match=r"seal\.json: .*[Dd]elete it and run again"):
        read_seals([str(tmp_path / "seal.json")])
