"""The explorer as a target: its bytes, and what makes it anew."""

import pytest

PAGE = "explorer.html"


def test_the_same_runs_give_the_same_page(checkout, finished):
    (checkout.results / PAGE).unlink()
    assert checkout.planned() == {"explorer": 1}
    checkout.snakemake(f"results/{PAGE}")
    assert checkout.contents()[PAGE] == finished.contents()[PAGE]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("workflow/report/explorer.html", "Explorer of the runs", "Look around"),
        ("workflow/scripts/regression/exploration_charts.py", '"#0072B2"', '"#0072B3"'),
    ],
)
def test_an_edit_of_the_page_makes_the_page_and_nothing_else(checkout, file, old, new):
    page = (checkout.folder / file).read_text()
    (checkout.folder / file).write_text(page.replace(old, new))
    assert checkout.planned() == {"explorer": 1}
