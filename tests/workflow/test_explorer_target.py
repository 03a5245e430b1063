"""The explorer as a target: its bytes, and what makes it anew."""

import pytest

PAGE = "explorer.html"


def planned(checkout) -> set[str]:
    """What a run would do now, apart from the manifest, which follows any change."""
    return set(checkout.planned()) - {"list_products", "manifest"}


def test_the_same_runs_give_the_same_page(checkout, finished):
    (checkout.results / PAGE).unlink()
    assert planned(checkout) == {"explorer"}
    checkout.snakemake(f"results/{PAGE}")
    assert checkout.contents()[PAGE] == finished.contents()[PAGE]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("workflow/report/explorer.html", "Pick two runs", "Choose two runs"),
        ("workflow/report/explorer.js", "TILES = 24", "TILES = 25"),
    ],
)
def test_an_edit_of_the_page_makes_the_page_and_nothing_else(checkout, file, old, new):
    checkout.edit(file, old, new)
    assert planned(checkout) == {"explorer"}
