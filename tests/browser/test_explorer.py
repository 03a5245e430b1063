"""The explorer in a real browser, by keys and clicks."""

import base64
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.select import Select

pytestmark = pytest.mark.browser

SOFTMAX = "softmax/lambda-0/shuffle-true/seeds-0-1"


def click_option(page, control: str, text: str) -> None:
    """Choose an option of a select by clicking on it."""
    Select(page.one(control)).select_by_visible_text(text)


def test_it_opens_fast_without_network_and_without_errors(page, finished):
    path = finished.results / "explorer.html"
    assert path.stat().st_size < 5_000_000
    page.console_errors(), page.requests()
    # Five attempts, because the machine that runs the tests does other things too.
    assert any(page.open(path) < 2.0 for _ in range(5))
    assert page.console_errors() == []
    assert page.requests() <= {"file", "data"}


def test_a_key_on_the_control_changes_the_curves(page):
    before = {chart: page.lines(chart) for chart in ("loss", "accuracy")}
    assert all(len(lines) == 4 for lines in before.values())  # A and B, training and validation
    page.one("#run-a").send_keys(Keys.HOME)
    page.until(lambda: all(page.lines(chart) != lines for chart, lines in before.items()))
    logistic = page.lines("loss")
    page.one("#run-a").send_keys("softmax")
    page.until(lambda: page.lines("loss") != logistic)


def test_all_controls_are_reached_with_the_tab_key(page):
    reached = []
    for _ in range(5):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        reached.append(page.driver.switch_to.active_element.get_attribute("id"))
    assert reached == ["run-a", "run-b", "others", "from-percent", "to-percent"]


def test_a_choice_reaches_every_chart_of_its_side(page):
    charts = ("weights-a", "confusion-a", "mistakes-a")
    other = {chart: page.texts(chart.replace("-a", "-b")) for chart in charts}
    click_option(page, "#run-a", "logistic, λ = 0, not shuffled")
    for chart in charts:
        page.until(lambda c=chart: "A: logistic, λ = 0, not shuffled" in "".join(page.texts(c)))
        assert page.texts(chart.replace("-a", "-b")) == other[chart]
    # Two classes, of which logistic regression has the weights of the second one.
    assert len(page.all("#weights-a image")) == 1
    assert page.attributes("#confusion-a .mark-rect path[aria-label*='label: 2;']", "d")
    assert not page.attributes("#confusion-a .mark-rect path[aria-label*='label: 7;']", "d")


def test_the_other_runs_of_the_task_are_drawn_on_demand(page):
    before = len(page.lines("accuracy"))
    page.one("#others").send_keys(Keys.ARROW_DOWN)
    page.until(lambda: len(page.lines("accuracy")) > before)


def test_the_sliders_cut_the_steps(page):
    before = page.lines("loss")
    page.one("#to-percent").send_keys(Keys.HOME)
    page.until(lambda: page.lines("loss") != before)
    assert page.one("#to-percent").get_attribute("value") == "5"


def test_seeds_are_a_band(page):
    assert len(page.all("#loss .mark-area path")) == 4


def test_a_point_tells_its_run_and_file(page):
    point = page.all("#norm .mark-symbol[role='graphics-object'] path")[0]
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", point)
    ActionChains(page.driver).move_to_element(point).perform()
    page.until(lambda: page.all("#vg-tooltip-element.visible"))
    tooltip = page.one("#vg-tooltip-element").text
    assert "softmax, λ = 0" in tooltip and "seed" in tooltip
    assert "results/runs/softmax/lambda-0/shuffle-true/seeds-0-1/metrics.parquet" in tooltip


def test_the_surest_mistake_is_shown_with_label_and_prediction(page, finished):
    weights = pq.ParquetFile(finished.results / "runs" / SOFTMAX / "weights.parquet")
    weights = weights.read_row_group(0)  # of the first seed
    split = pq.read_table(finished.results / "data" / "mnist" / "validation.parquet")
    W = weights.column("weight").to_numpy().reshape(-1, 10)
    pixels = np.array([list(image.as_py()) for image in split.column("pixels")], dtype=float)
    labels = split.column("label").to_numpy()
    z = (2 * pixels / 255 - 1) @ W[:-1] + W[-1]
    probability = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    guess = probability.argmax(axis=1)
    wrong = np.flatnonzero(guess != labels)
    surest = wrong[probability[wrong, guess[wrong]].argmax()]

    url = page.one("#mistakes-a image").get_attribute("href")
    shown = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    np.testing.assert_array_equal(np.array(shown).ravel(), 255 - pixels[surest])
    assert f"is {labels[surest]}, taken for {guess[surest]}" in page.texts("mistakes-a")
    title = next(text for text in page.texts("mistakes-a") if "wrong" in text)
    assert f"{len(wrong)} of 400" in title


def test_a_phone_needs_no_scrolling_sideways(page, finished):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.open(finished.results / "explorer.html")
        widths = "return [document.documentElement.scrollWidth, innerWidth]"
        assert page.driver.execute_script(widths) == [360, 360]
        for chart in page.all("svg.marks"):
            assert chart.rect["x"] + chart.rect["width"] <= 360
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_names_for_those_who_do_not_see_it(page):
    assert page.one("html").get_attribute("lang") == "en"
    assert page.driver.title == "Explorer of the runs"
    assert len(page.all("h1")) == 1
    for control in page.all("#controls select, #controls input"):
        assert control.accessible_name
    descriptions = page.attributes("[role='graphics-document']", "aria-label")
    assert len(set(descriptions)) == 10 and all(len(text) > 40 for text in descriptions)
