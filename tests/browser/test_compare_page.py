"""The page of a comparison in a real browser, on a desk, a phone and paper."""

import io

import numpy as np
import pytest
from PIL import Image

from compare import Difference
from compare_page import page as comparison

pytestmark = pytest.mark.browser


def difference(verdict: str, low=0.023456789, high=0.123456789) -> Difference:
    group = "softmax, λ = 0.001, shuffled"
    seeds = "20 in common"
    return Difference(
        group, "validation_accuracy", 0.1, 0.2, 0.07, low, high, seeds, verdict, [0.1]
    )


@pytest.fixture
def path(tmp_path):
    """A comparison with something in every section."""
    png = io.BytesIO()
    Image.new("L", (1800, 900)).save(png, "png")
    curve = np.arange(100.0), np.linspace(0.1, 0.9, 100)
    found = [difference("differs"), difference("differs, no interval", None, None)]
    content = comparison(
        labels=("a/folder/whose/path/is/very/long" * 5, "results"),
        headline="1 setting edited.",
        edits=[("tasks.softmax.learning_rate, tasks.softmax-500.learning_rate", "0.01", "0.02")],
        only=(["softmax, λ = 1, shuffled: seed 2 to 19"], []),
        metrics=[*found, difference("identical")],
        claims=[("4b-digits", "With lambda 1 the weights resemble digits.", "yes", "no")],
        curves=[("softmax, λ = 0.001, shuffled", curve, (curve[0], curve[1] / 2))],
        figures=({"figure_01": png.getvalue()}, {}),
    )
    file = tmp_path / "compare.html"
    file.write_text(content, encoding="utf-8")
    return file


def test_nothing_is_cut_off_or_in_the_way(window, look, path, axe):
    window.driver.get(path.as_uri())
    assert window.cut_off() == []
    assert window.violations(axe) == []
    assert window.console_errors() == []


@pytest.mark.parametrize("look", ["phone"], indirect=True)
def test_a_phone_shows_a_number_in_a_line(window, look, path):
    window.driver.get(path.as_uri())
    cells = [cell for cell in window.all("td") if cell.text.endswith("+0.02346 to +0.1235")]
    assert cells and all(cell.size["height"] < 40 for cell in cells)
