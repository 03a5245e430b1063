"""Tools that are given broken or hostile folders say what is wrong, in one line."""

import json
import os
import sys

import pytest
from rocrate.rocrate import ROCrate

import compare
import crate
import verify
from common import cli
from common.files import write_json
from common.places import YamlError, read_yaml
from pipeline.rules import digests
from provenance.manifest import manifest_of

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
ENTRY = {"sha256": "0", "stage": "train", "rule": "train"}
RULE = {"stage": "train", "config": {}, "code": "", "software": {}}
MANIFESTS = {
    "no JSON": "{",
    "binary": b"\xff\xfe\x00",
    "deep": "[" * 100_000,
    "list": "[]",
    "null": "null",
    "without rules": {"products": {"metrics.parquet": ENTRY}},
    "flat rules": {
        "products": {"a": ENTRY},
        "environment": "",
        "version": "",
        "rules": {"train": 1},
    },
    "flat products": {
        "products": {"a": 1},
        "environment": "",
        "version": "",
        "rules": {"train": RULE},
    },
    "outside": {
        "products": {"../x": ENTRY},
        "environment": "",
        "version": "",
        "rules": {"train": RULE},
    },
    "absolute": {
        "products": {"/etc/passwd": ENTRY},
        "environment": "",
        "version": "",
        "rules": {"train": RULE},
    },
    "unknown rule": {
        "products": {"a": ENTRY | {"rule": "x"}},
        "environment": "",
        "version": "",
        "config": {},
        "rules": {"x": RULE},
    },
}


@pytest.fixture
def project(tmp_path):
    """A project with a config and results of one product."""
    (tmp_path / "config.yaml").write_text("claims: null\n")
    results = tmp_path / "results"
    results.mkdir()
    (results / "metrics.parquet").write_bytes(b"PAR1")
    write_json(results / "environment.json", {})
    write_json(
        results / "manifest.json",
        manifest_of(
            {"metrics.parquet": "x"},
            {"x": RULE},
            digests({"claims": None}, ["claims"]),
            results,
            "1",
        ),
    )
    return tmp_path


@pytest.fixture
def refused(project, monkeypatch):
    """Run a tool that must refuse what it is given; return its message."""
    monkeypatch.chdir(project)

    def run(tool, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [tool.__name__, *arguments])
        # Whatever is no error of ours or the system's would come through as it is.
        with pytest.raises(SystemExit) as refusal:
            cli.run(tool.main)
        assert str(refusal.value).startswith("error: ")
        return str(refusal.value)

    return run


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_that_is_none_is_named(project, refused, kind):
    content = MANIFESTS[kind]
    path = project / "results" / "manifest.json"
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    path.write_bytes(content)
    assert "results" in refused(verify)


@pytest.mark.parametrize("tool", [verify, crate, compare])
@pytest.mark.parametrize(
    "config", [BOMB, "a: &a [*a]", "[" * 5000, "a: [", "\x00", "- list"], ids=range(6)
)
def test_a_config_that_is_none_is_named(project, refused, tool, config):
    (project / "config.yaml").write_text(config)
    arguments = ["results", "results"] if tool is compare else []
    assert "config.yaml" in refused(tool, *arguments)


def test_files_that_are_no_files_are_missing(project, refused):
    (project / "results" / "metrics.parquet").unlink()
    os.mkfifo(project / "results" / "metrics.parquet")  # reading it would never end
    assert "metrics.parquet: missing" in refused(crate)


@pytest.mark.parametrize("sums", ["", "nonsense", "x  ../../etc/passwd"])
def test_expected_sums_that_are_none_are_named(project, refused, sums):
    expected = project / "tests" / "expected"
    expected.mkdir(parents=True)
    (expected / "SHA256SUMS").write_text(sums)
    refused(verify)


def test_a_key_of_the_config_that_no_rule_of_the_run_depends_on_is_held_too(refused, project):
    (project / "config.yaml").write_text("claims: mine.yaml\n")
    assert "the config changed after the run, claims" in refused(verify)


def test_a_config_file_of_another_folder_is_packed_inside_of_the_crate(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    (tmp_path / "mine.yaml").touch()
    monkeypatch.chdir(tmp_path / "project")
    for path in ("../mine.yaml", str(tmp_path / "mine.yaml")):
        assert crate.add_file(ROCrate(), path).id == "elsewhere/mine.yaml"
    assert crate.place_of("./tests/mine.yaml") == "tests/mine.yaml"


def test_results_that_are_no_tables_are_named_by_compare(refused):
    assert "not readable as results" in refused(compare, "results", "results")


def test_aliases_are_followed_as_far_as_anybody_needs_them(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text("a: &a {x: 1}\nb: {<<: *a, y: *a}\n")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 1, "y": {"x": 1}}}
    path.write_text(BOMB)
    with pytest.raises(YamlError, match="aliases stand for over 1,000,000 entries"):
        read_yaml(path)
