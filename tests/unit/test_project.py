"""Who may use the project and how to cite it; and that its version is said in one place."""

import re

import pytest
import yaml

from codecheck import OPEN, draft
from pipeline.project import project


def test_the_citation_and_the_changes_name_the_version(repository):
    citation = yaml.safe_load((repository / "CITATION.cff").read_text())
    versions = re.findall(r"^## (\S+) \((\S+)\)", (repository / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == (citation["version"], str(citation["date-released"]))
    assert citation["version"] == project()["version"]
    assert citation["license"] == project()["license"] == "MIT"
    assert (repository / "LICENSE").read_text().startswith("MIT License")
    assert [author["family-names"] for author in citation["references"][0]["authors"]] == [
        "Vahlin",
        "Stensgård",
    ]


def test_a_draft_for_codecheck_has_what_is_known_and_leaves_the_rest_to_people():
    manifest = {
        "version": "1",
        "products": {
            name: {"sha256": "0" * 64}
            for name in ("metrics.parquet", "figures/f.png", "figures/f.svg", "tables/t.csv")
        },
    }
    config = {"figures": {"f": {"caption": "Shown."}}, "tables": {"t": {"caption": "Listed."}}}
    content = draft(manifest, config)
    assert {entry["file"]: entry["comment"].split(" (")[0] for entry in content["manifest"]} == {
        "results/figures/f.png": "Shown.",
        "results/tables/t.csv": "Listed.",
    }
    assert [author["name"] for author in content["paper"]["authors"]] == [
        "Jakob Vahlin",
        "Kristian Stensgård",
    ]
    of_people = ("codechecker", "report", "summary", "certificate")
    assert all(OPEN in str(content[key]) for key in of_people)


def test_every_package_has_a_lowest_version_and_snakemake_the_same_as_in_the_workflow(repository):
    lowest = dict(
        re.fullmatch(r"([\w-]+)>=([\d.]+)(?:,.*)?", d).groups() for d in project()["dependencies"]
    )
    (needed,) = re.findall(r'min_version\("(.*)"\)', (repository / "Snakefile").read_text())
    assert lowest["snakemake"] == needed


@pytest.mark.parametrize("name", ["ci", "weekly"])
def test_hosted_ci_calls_what_is_there(repository, name):
    workflow = yaml.safe_load((repository / f".github/workflows/{name}.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step["run"] for step in steps if "run" in step)
    targets = re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.M)
    called = re.findall(r"\bmake ([a-z-]+)", commands.replace("make npm", ""))
    assert {*called} <= {*targets}
    assert ".ci/run" in commands if name == "ci" else called == ["reproduce", "verify"]
