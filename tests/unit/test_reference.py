"""The reference pages say what the code says."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pages import pages

import reference
from images.splits import Split, write_split
from judging.ledger import CLAIMS_SCHEMA
from runs.schemas import (
    HISTORIES_SCHEMA,
    HISTORY_SCHEMA,
    METRICS_SCHEMA,
    WEIGHTS_SCHEMA,
)
from runs.sweep import SWEEP_SCHEMA

FILES = Path("docs", "reference", "files.md")
RUN = "results/runs/<task>/lambda-<lambda>/shuffle-<shuffle>/seeds-<first>-<last>"


def columns(page: str, file: str) -> dict[str, str]:
    """The types of a file's columns by name, as a page has them below the file's heading."""
    section = page.split(f"## `{file}`\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))


def test_the_reference_of_the_config_is_that_of_its_model(repository):
    page = (repository / reference.PAGE).read_text()
    assert page == reference.page(), "run `python tools/reference.py`"


@pytest.mark.parametrize("page", pages())
def test_code_that_a_page_names_is_there(repository, page):
    text = (repository / page).read_text(encoding="utf-8")
    folders = [repository, repository / "workflow", repository / "workflow" / "scripts"]
    for names, file in re.findall(r"(?:`(\w+)` (?:in|of) )?`([\w/]+\.py)`", text):
        found = [folder / file for folder in folders if (folder / file).is_file()]
        assert found, f"there is no {file}"
        assert names in found[0].read_text(encoding="utf-8"), f"{names} is not in {file}"


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("results/metrics.parquet", METRICS_SCHEMA),
        ("results/sweep.{csv,md,parquet}", SWEEP_SCHEMA),
        ("results/history.parquet", HISTORIES_SCHEMA),
        ("results/claims.parquet", CLAIMS_SCHEMA),
        (f"{RUN}/history.parquet", HISTORY_SCHEMA),
        (f"{RUN}/weights.parquet", WEIGHTS_SCHEMA),
    ],
)
def test_every_column_of_a_table_is_described_with_its_type(repository, file, schema):
    described = columns((repository / FILES).read_text(), file)
    assert list(described.items()) == [(f.name, str(f.type)) for f in schema]


def test_the_columns_of_a_split_are_described(repository, tmp_path, make_examples):
    pixels, targets, _ = make_examples(n=3, pixels=784, classes=2)
    split = Split(targets.astype("uint32"), targets.astype("uint8"), pixels, (28, 28))
    write_split(tmp_path / "train.parquet", split)
    described = columns(
        (repository / FILES).read_text(), "results/data/<dataset>/{train,validation,test}.parquet"
    )
    schema = pq.read_schema(tmp_path / "train.parquet")
    assert list(described.items()) == [(f.name, str(f.type)) for f in schema]
