"""The pages of docs/: commands run, edits fit, and readers get what they were promised."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from pages import FASHION, Reader, blocks, dead_links, pages

#: By page: the tasks that are trained by following it, and files that are made by it.
HOW_TO = {
    "own-figure": (
        set(),
        ["figures/weights_between.png", "figures/cost_of_regularisation.svg"],
    ),
    "sweep": ({"rates"}, ["figures/rates.png", "figures/fast_rates.png", "metrics.parquet"]),
}
FOLLOWED = {
    *("README.md", "docs/tutorial.md", "docs/how-to/own-claim.md", "docs/how-to/own-data.md"),
    *(f"docs/how-to/{name}.md" for name in HOW_TO),
}

#: Commands of the README that are not run here, and why.
NOT_HERE = {"make test": "it would run this test again"}


@pytest.fixture
def reader(checkout) -> Reader:
    return Reader(checkout)


def trained(reader: Reader, before: dict[str, int]) -> set[str]:
    """The runs whose files are newer than before."""
    return {name for name, time in times(reader).items() if before.get(name) != time}


def times(reader: Reader) -> dict[str, int]:
    runs = reader.checkout.results / "runs"
    return {
        path.parent.relative_to(runs).as_posix(): path.stat().st_mtime_ns
        for path in runs.rglob("metrics.parquet")
    }


def verdicts(reader: Reader) -> dict[str, str]:
    content = json.loads((reader.checkout.results / "claims.json").read_text())
    entries = [*content["statements"], *content["questions"]]
    return {entry["id"]: entry["verdict"] for entry in entries}


def figure(reader: Reader, name: str) -> Path:
    return reader.checkout.results / "figures" / f"{name}.png"


def test_the_tutorial(reader):
    page = blocks("docs/tutorial.md")

    def follow(section: str) -> set[str]:
        before = times(reader)
        for block in page:
            if block.section == section:
                reader.follow(block)
        return trained(reader, before)

    assert follow("Reproduce the report") == set(), "the finished run of the same config"
    before = verdicts(reader)

    new = follow("Another λ")
    assert new == {"softmax/lambda-0.05/shuffle-true/seeds-0-1"}
    assert verdicts(reader) == before

    new = follow("Another pair of digits")
    assert {run.split("/")[0] for run in new} == {"four-or-nine"}
    assert len(new) == 1, "one job for all its seeds"
    assert figure(reader, "four_or_nine").stat().st_size > 10_000

    if not FASHION.is_dir():
        pytest.skip("Fashion-MNIST is not here: install Debian's package dataset-fashion-mnist")
    old = {name: figure(reader, name).read_bytes() for name in ("figure_01", "figure_09")}
    new = follow("Another data set")
    assert Counter(run.split("/")[0] for run in new) == {"softmax": 6, "softmax-500": 1}
    assert figure(reader, "figure_01").read_bytes() == old["figure_01"]
    assert figure(reader, "figure_09").read_bytes() != old["figure_09"]
    after = verdicts(reader)
    about_softmax = {"4b-digits", "4d-worse", "q-end"}
    assert {after[name] for name in about_softmax} == {"not applicable"}, after
    assert {after[name] for name in after.keys() - about_softmax} <= {*before.values()}
    assert "fashion-mnist" in (reader.checkout.results / "explorer.html").read_text()
    assert "tasks.softmax.dataset" in (reader.checkout.results / "compare.html").read_text()

    assert follow("Leave the claims away") == set()
    products = (reader.checkout.results / "products.txt").read_text()
    assert "figure_09.png" in products and "claims" not in products


def test_own_data(reader):
    for block in blocks("docs/how-to/own-data.md"):
        reader.follow(block)
    assert figure(reader, "digits").stat().st_size > 10_000
    explorer = (reader.checkout.results / "explorer.html").read_text()
    assert "digits, validation image" in explorer


def test_own_claims(reader):
    before = times(reader)
    for block in blocks("docs/how-to/own-claim.md"):
        reader.follow(block)
    assert trained(reader, before) == set()
    assert verdicts(reader).keys() == {"shuffling-is-neutral", "little-regularisation-is-cheap"}
    assert "not applicable" not in verdicts(reader).values()
    reader.run("snakemake --cores 2 results/report.pdf")


@pytest.mark.parametrize("name", HOW_TO)
def test_sweeps_and_own_figures(reader, name):
    before = times(reader)
    for block in blocks(f"docs/how-to/{name}.md"):
        reader.follow(block)
    tasks, files = HOW_TO[name]
    assert {run.split("/")[0] for run in trained(reader, before)} == tasks
    for file in files:
        made = (reader.checkout.results / file).stat().st_mtime_ns
        assert made > max(before.values()), file


def test_the_commands_of_the_readme(reader):
    lines = [
        line for b in blocks("README.md") if b.language == "sh" for line in b.text.splitlines()
    ]
    commands = [line.partition("#")[0].strip() for line in lines]
    assert NOT_HERE.keys() < {*commands}
    for command in commands:
        if command not in NOT_HERE:
            reader.run(command)


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere_and_commands_are_run(repository, page):
    assert dead_links(page) == []
    fences = re.findall(r"^ *```(\w+)", (repository / page).read_text(), re.MULTILINE)
    to_follow = {*fences} - {"console", "math", "text", "yaml"}
    assert to_follow <= {"sh", "diff"}
    assert not to_follow or page in FOLLOWED


def test_every_file_of_the_results_is_described(finished, repository):
    page = (repository / "docs" / "reference" / "files.md").read_text()
    headings = re.findall(r"^## `(.*)`$", page, re.MULTILINE)
    patterns = [re.sub(r"<\w+>", ".+", re.escape(heading)) for heading in headings]
    patterns = [re.sub(r"\\{(.*?)\\}", r"(\1)", p).replace(",", "|") for p in patterns]
    for file in finished.results.rglob("*"):
        name = file.relative_to(finished.folder).as_posix()
        assert not file.is_file() or any(re.fullmatch(p, name) for p in patterns), name


def test_every_key_of_the_json_files_is_described(finished, repository):
    page = (repository / "docs" / "reference" / "files.md").read_text()
    sections = re.findall(r"^## `(\S+\.json)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    for heading, section in sections:
        file = heading.replace("<task>", "softmax").replace("<rule>", "collect")
        content = json.loads((finished.folder / file).read_text())
        keys = content[0] if isinstance(content, list) else content
        assert {*keys} <= {*re.findall(r"`(\w+)`", section)}, file
