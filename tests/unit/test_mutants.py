"""What tools/mutants.py breaks is there to be broken."""

import pytest

from mutants import MUTANTS, ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_text_that_a_mutant_changes_is_there_once(mutant):
    for file, edits in mutant.edits.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        assert [text.count(old) for old, _ in edits] == [1] * len(edits), file
