"""The verdict on results: each state of a product, and the order in which they are told."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from common.files import write_json, write_parquet
from provenance.comparison import State, changes_upstream, in_order_of_the_dag, judge_all, sha256
from provenance.manifest import parameters_of, record_path
from provenance.values import compare, values_of


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A table, and a picture that is drawn from it, as a run would leave them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    write_table(1.0)
    (tmp_path / "results" / "figure.png").write_bytes(b"picture")
    return tmp_path


def write_table(factor: float) -> None:
    values = np.linspace(1, 2, 1000) * factor
    write_parquet(pa.table({"step": range(1000), "value": values}), "results/table.parquet")


def manifest(color: object = "red") -> dict:
    """The manifest of the products as they are now."""
    table = {"sha256": sha256_of("table.parquet"), "rule": "train", "parameters": {}, "inputs": {}}
    picture = {"sha256": sha256_of("figure.png"), "rule": "figure", "parameters": {"color": color}}
    picture["inputs"] = {"results/table.parquet": table["sha256"]}
    products = {"results/figure.png": picture, "results/table.parquet": table}
    return {"products": products, "sources": {"train": {}, "figure": {}}}


def sha256_of(name: str) -> str:
    return sha256(Path("results", name))


def states(expected: dict, values: dict, found: dict) -> list[State]:
    return [judgement.state for judgement in judge_all(expected, values, found).values()]


def expectation() -> tuple[dict, dict]:
    name = "results/table.parquet"
    return manifest(), json.loads(json.dumps({name: values_of(Path(name))}))


def test_nothing_changed_is_identical(results):
    expected, values = expectation()
    assert states(expected, values, manifest()) == [State.IDENTICAL, State.IDENTICAL]


def test_a_picture_of_tolerated_data_is_accepted(results):
    expected, values = expectation()
    write_table(1 + 1e-10)
    (results / "results" / "figure.png").write_bytes(b"another picture")
    assert states(expected, values, manifest()) == [State.TOLERATED, State.DRAWN]


def test_another_picture_of_the_same_data_is_not(results):
    expected, values = expectation()
    (results / "results" / "figure.png").write_bytes(b"another picture")
    assert states(expected, values, manifest()) == [State.IDENTICAL, State.DIVERGED]


def test_a_picture_drawn_in_another_way_is_not(results):
    expected, values = expectation()
    write_table(1 + 1e-10)
    (results / "results" / "figure.png").write_bytes(b"another picture")
    found = manifest(color="blue")
    assert states(expected, values, found) == [State.TOLERATED, State.DIVERGED]
    changes = changes_upstream("results/figure.png", expected, found)
    assert "parameter color: 'red' expected, 'blue' found" in changes
    assert any(change.startswith("input results/table.parquet") for change in changes)


def test_of_a_large_parameter_only_what_differs_is_named(results):
    config = {"tasks": {"softmax": {"seeds": [0], "patience": 10}}}
    other = {"tasks": {"softmax": {"seeds": [0, 1], "patience": 10}}}
    changes = changes_upstream("results/figure.png", manifest(config), manifest(other))
    assert changes == ["parameter color.tasks.softmax.seeds: [0] expected, [0, 1] found"]


def test_too_large_a_difference_diverges_and_comes_before_what_is_made_of_it(results):
    expected, values = expectation()
    write_table(1.1)
    (results / "results" / "figure.png").write_bytes(b"another picture")
    judgements = judge_all(expected, values, manifest())
    assert list(judgements) == ["results/table.parquet", "results/figure.png"]
    first = judgements["results/table.parquet"]
    assert first.state is State.DIVERGED and "(1.0e-01 of it)" in first.difference.text


def test_the_order_is_that_of_the_dag_and_not_of_the_names():
    products = {"a": {"inputs": {"c": ""}}, "b": {"inputs": {}}, "c": {"inputs": {"raw": ""}}}
    assert in_order_of_the_dag(products) == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("before", "after", "within"),
    [
        ("| loss | 0.071 |", "| loss | 0.072 |", True),  # one unit of the last place printed
        ("| loss | 0.071 |", "| loss | 0.074 |", False),
        ("| steps | 1038 |", "| steps | 1039 |", False),
        ("| equal | yes |", "| equal | no |", False),
        ('{"norm": 1.2345678901234567}', '{"norm": 1.2345678901234999}', True),
        ('{"norm": 1e-17}', '{"norm": -3e-16}', True),
        ('{"gradient_norm": 3e-9}', '{"gradient_norm": 8e-9}', True),  # how far a solver came
        ("1, 2", "1, 2, 3", False),
    ],
)
def test_numbers_of_a_text_are_compared_and_its_words_must_be_equal(
    tmp_path, before, after, within
):
    values = []
    for text in (before, after):
        (tmp_path / "table.md").write_text(text)
        values.append(values_of(tmp_path / "table.md"))
    assert compare(*values).within is within


def test_other_steps_or_a_nan_are_never_within_tolerance(tmp_path):
    path = tmp_path / "table.parquet"
    values = []
    for step, value in ((1, 0.5), (2, 0.5), (1, float("nan"))):
        write_parquet(pa.table({"step": [step], "value": [value]}), path)
        values.append(values_of(path))
    assert not compare(values[0], values[1]).within
    assert not compare(values[0], values[2]).within


def test_the_parameters_of_a_command_are_named_and_its_files_left_out():
    record = {
        "shellcmd": "python a.py --rate 0.1 --in in.csv --classes 1 2 --grid '{\"a\": 1}' --dry"
        " --out results/x/out.csv > log.txt 2>&1",
        "input": ["in.csv", "a.py"],
        "log": ["log.txt"],
        "params": [],
    }
    assert parameters_of(record, "results/x/out.csv") == {
        "rate": "0.1",
        "classes": "1 2",
        "grid": {"a": 1},
        "dry": "",
    }


def test_a_long_name_has_its_record_where_snakemake_puts_it(tmp_path):
    from snakemake.persistence.file import FilePersistence

    name = "results/" + "ä" * 150 + "/" + "b" * 200
    theirs = FilePersistence._record_path(
        type("", (), {"_fetch_max_len": lambda *_: 255})(), "m", name
    )
    assert str(record_path(name, tmp_path)) == str(tmp_path / theirs.removeprefix("m/"))


def test_json_written_for_the_manifest_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "manifest.json", {"a": float("nan")})
