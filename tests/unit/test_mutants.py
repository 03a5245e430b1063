"""What tools/mutants.py breaks is there to be broken."""

from pathlib import Path

import pytest

from mutants import MUTANTS, copy_project, page


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    copy_project(folder)
    return folder


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_text_that_a_mutant_changes_is_there_once(original, mutant):
    for file, edits in mutant.edits.items():
        text = (original / file).read_text(encoding="utf-8")
        assert [text.count(old) for old, _ in edits] == [1] * len(edits), file


def test_where_each_statement_notices_a_mutant_the_page_says_so():
    before = {"2d-33": {"epochs": "reproduced"}}
    name = MUTANTS[0].name
    assert page(before, {name: set()}, set()).endswith(
        "none of these mistakes touches what it rests on.\n"
    )
    assert page(before, {name: {"2d-33"}}, set()).endswith("changes\n\nNone.\n")
