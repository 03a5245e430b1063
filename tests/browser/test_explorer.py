"""The explorer in a real browser, by keys and clicks."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.select import Select

pytestmark = pytest.mark.browser
SOFTMAX = "softmax/lambda-0/shuffle-true"
CURVES = ("accuracy", "loss", "gap")


def choose(page, name: str, text: str) -> None:
    """Choose an option of a select by clicking on it."""
    Select(page.one(f"[name={name}]")).select_by_visible_text(text)


def address(page) -> str:
    return page.driver.execute_script("return location.hash")


def test_it_opens_fast_without_network_and_without_errors(page, finished):
    path = finished.results / "explorer.html"
    assert path.stat().st_size < 5_000_000
    page.console_errors(), page.requests()
    # Ten attempts, because the machine that runs the tests does other things too.
    assert any(page.open(path) < 1.0 for _ in range(10))
    assert page.console_errors() == []
    assert page.requests() <= {"file", "data", "about"}


# --- verdicts -------------------------------------------------------------------------------------


def test_a_tile_shows_only_the_statements_of_its_verdict(page, finished):
    ledger = json.loads((finished.results / "claims.json").read_text())
    tile = page.one("button.tile")
    verdict, count = tile.get_attribute("data-verdict"), int(tile.text.split()[0])
    assert ledger["counts"]["statements"][verdict] == count
    tile.send_keys(Keys.ENTER)
    shown = [row for row in page.all(".group .entry") if row.is_displayed()]
    assert [row.get_attribute("data-verdict") for row in shown] == [verdict] * count
    assert tile.get_attribute("aria-pressed") == "true" and "verdict=" in address(page)


def test_a_statement_opens_its_readings_whose_runs_are_shown(page):
    link = page.one(".entry a[href*='a=logistic/']")
    row = link.find_element("xpath", "ancestor::details")
    row.find_element("tag name", "summary").send_keys(Keys.ENTER)
    page.until(link.is_displayed)
    wanted = link.get_attribute("href").partition("#a=")[2].partition("&")[0]
    link.send_keys(Keys.ENTER)
    page.until(lambda: page.one("[name=a]").get_property("value") == wanted)
    assert "logistic" in page.one("#loss .chart").get_attribute("aria-label")


def test_evidence_can_be_followed_twice_and_left_by_going_back(page):
    value = lambda name: page.one(f"[name={name}]").get_property("value")  # noqa: E731
    first = value("a"), value("b")
    link = page.one(".entry a[href*='a=logistic/']:not([href*='b='])")
    verdict = page.driver.execute_script(
        "const entry = arguments[0].closest('details'); entry.open = true;"
        "document.querySelector(`button.tile[data-verdict='${entry.dataset.verdict}']`)?.click();"
        "return entry.dataset.verdict",
        link,
    )
    choose(page, "seed", "1")
    for _ in range(2):
        link.send_keys(Keys.ENTER)
        assert value("a") == value("b") and value("a").startswith("logistic/")
        assert page.driver.switch_to.active_element.get_attribute("id") == "runs"
        assert value("seed") == "1"
    assert verdict in page.one("button.tile[aria-pressed=true]").text
    page.driver.execute_script("history.go(-2)")
    page.until(lambda: (value("a"), value("b")) == first)


def test_an_address_without_sense_hides_nothing(page, finished):
    page.open(finished.results / "explorer.html", "#verdict=foo&seed=")
    assert page.one(".group .entry").is_displayed()
    assert page.one("[name=seed]").get_property("value") == "all"
    assert page.driver.execute_script("return scrollY") > 0


def test_an_equation_is_unfolded_and_the_view_kept(page):
    choose(page, "seed", "1")
    link = page.all(".entry a[href^='#equation']")[0]
    page.driver.execute_script("arguments[0].closest('details').open = true", link)
    link.send_keys(Keys.ENTER)
    row = page.one("#" + link.get_attribute("href").partition("#")[2])
    assert row.is_displayed() and "seed=1" in address(page)


def test_a_verdict_can_be_told_without_colour(page):
    marks = {}
    for mark in page.all(".entry summary .mark"):
        marks.setdefault(mark.text, set()).add(mark.get_attribute("data-verdict"))
    assert len(marks) > 1 and not any(
        {"reproduced", "not reproduced"} <= verdicts for verdicts in marks.values()
    )


# --- what is shown --------------------------------------------------------------------------------


def test_a_key_on_the_control_changes_the_curves(page):
    before = {chart: page.lines(chart) for chart in CURVES}
    assert [len(before[chart]) for chart in CURVES] == [4, 4, 2]
    page.one("[name=a]").send_keys(Keys.HOME)
    page.until(lambda: all(page.lines(chart) != lines for chart, lines in before.items()))


def test_all_controls_are_reached_with_the_tab_key(page):
    page.driver.execute_script("document.querySelector('[name=a]').focus()")
    reached = []
    for _ in range(7):
        reached.append(page.driver.switch_to.active_element.get_attribute("name"))
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
    assert reached == ["a", "b", "seed", "others", "from", "to", "height"]
    assert page.driver.switch_to.active_element.get_attribute("class") == "chart"


def test_a_choice_reaches_every_place_of_its_side(page):
    other = {place: page.one(f"#{place}-b").text for place in ("weights", "confusion")}
    choose(page, "a", "logistic, λ = 0, not shuffled")
    for place, text in other.items():
        assert "logistic, λ = 0, not shuffled" in page.one(f"#{place}-a h4").text
        assert page.one(f"#{place}-b").text == text
    # Two classes, of which logistic regression has the weights of the second one.
    assert page.texts("#weights-a figcaption") == ["2"]
    assert page.texts("#confusion-a thead th") == ["is", "3", "2"]
    accuracies = dict(
        zip(page.texts("#per-class tbody th"), page.texts("#per-class tbody tr"), strict=True)
    )
    assert "\N{EN DASH}" in accuracies["7"] and "\N{EN DASH}" not in accuracies["2"]


def test_the_other_runs_of_the_task_are_drawn_on_demand_with_their_names(page):
    before = len(page.lines("accuracy"))
    page.one("[name=others]").send_keys(Keys.ARROW_DOWN)
    page.until(lambda: len(page.lines("accuracy")) > before)
    labels = page.texts("#accuracy text.label.other")
    assert len(labels) == len(page.lines("accuracy")) - before
    assert len(set(labels)) == len(labels) and all("λ = " in label for label in labels)


def test_of_one_lambda_the_variants_stand_beside_each_other(page):
    choose(page, "a", "logistic, λ = 0, not shuffled")
    names = page.texts("#tradeoff text.tick")
    assert "not shuffled" in names and len(names) == len(set(names)) > 1
    assert len(set(page.attributes("#tradeoff circle", "cx"))) == len(names)


def test_of_many_lambdas_names_are_written_where_they_fit(page):
    page.driver.execute_script("""
        const like = groups[controls.a.value];
        for (let i = 0; i < 27; i++) facts.groups.push({ ...like, lambda: `0.00${100 + i}` });
        controls.others.value = "task";
        draw();""")
    for selector, side in (("#tradeoff text.tick", "x"), ("#accuracy text.label", "y")):
        script = f"return [...document.querySelectorAll(arguments[0])].map(e => e.getBBox().{side})"
        places = sorted(page.driver.execute_script(script, selector))
        assert len(places) > 1 and np.diff(places).min() >= 11 and places[0] >= 0


@pytest.mark.parametrize("loss", ["1e30", "Infinity"])
def test_a_loss_on_its_way_to_divergence_leaves_the_page_whole(page, loss):
    page.driver.execute_script(f"""
        const group = groups[controls.b.value];
        for (const split of ["training", "validation"])
            array(group.curves[`${{split}} loss`].values).fill({loss});
        group.limits.fill(1e84);
        controls.height.value = "all";
        draw();""")
    levels = page.driver.execute_script("""
        return [...document.querySelectorAll("#loss line.grid")].map(e => e.getAttribute("y1"))""")
    assert len(levels) > 1 and np.diff(sorted(map(float, levels))).min() >= 11
    assert all(page.lines("loss"))
    assert "e84 (blue)" in page.one("#weights-b p").text


def test_levels_close_to_each_other_are_told_apart(page):
    page.driver.execute_script("""
        for (const group of facts.groups) group.over_lambda.norm = [2.17588, 2.17594];
        draw();""")
    texts = page.texts("#norm text[text-anchor=end]")
    assert len(texts) == len(set(texts)) > 1


def test_crossed_sliders_still_show_curves(page):
    page.one("[name=to]").send_keys(Keys.HOME)
    page.one("[name=from]").send_keys(Keys.END)
    page.one("[name=to]").send_keys(Keys.ARROW_RIGHT)
    assert "from=100" in address(page) and "to=5" in address(page)
    assert all(line for chart in CURVES for line in page.lines(chart))
    page.one("[name=to]").send_keys(Keys.END)
    assert all("nan" not in line.lower() for chart in CURVES for line in page.lines(chart))


def test_the_height_of_an_axis_leaves_out_how_a_training_begins(page):
    def lowest() -> float:
        points = re.findall(r"[ML]-?[\d.]+,(-?[\d.]+)", "".join(page.lines("accuracy")))
        return max(map(float, points))

    height = float(page.one("#accuracy svg svg").get_attribute("height"))
    assert lowest() > height
    choose(page, "height", "all of the curves")
    assert lowest() < height


def test_a_seed_or_the_range_over_all(page):
    assert len(page.all("#accuracy path.band")) == 4
    everyone = page.lines("accuracy")
    choose(page, "seed", "1")
    assert not page.all("#accuracy path.band")
    assert page.lines("accuracy") != everyone and "seed=1" in address(page)
    assert "seed 1" in page.one("#weights-a h4").text


def test_a_mean_ends_with_the_first_seed(page):
    """Of the first group, whose second seed is made to end in the middle."""
    ends = page.driver.execute_script("""
        const group = groups[controls.a.value];
        const { steps, values } = group.curves["validation accuracy"];
        const x = array(steps), half = x.length >> 1;
        for (const kind of ["training accuracy", "validation accuracy"])
            array(group.curves[kind].values).fill(NaN, x.length + half + 1, 2 * x.length);
        return [curve(group, "validation accuracy").x.at(-1), gap(group).x.at(-1), x[half]];""")
    assert ends[0] == ends[1] == ends[2]


def test_the_address_brings_a_view_back(page, finished):
    choose(page, "a", "logistic, λ = 0, not shuffled")
    page.one("[name=others]").send_keys(Keys.ARROW_DOWN)
    choose(page, "gallery", "both are wrong")
    view, lines = address(page), page.lines("loss")
    page.open(finished.results / "explorer.html", view)
    assert page.lines("loss") == lines and address(page) == view
    assert page.one("[name=gallery]").get_property("value") == "both"
    page.open(finished.results / "explorer.html", "#a=nothing&seed=77&from=x")
    assert len(page.lines("loss")) == 4 and page.console_errors() == []


# --- single points --------------------------------------------------------------------------------


def test_the_crosshair_finds_a_point_wherever_the_pointer_is(page):
    chart = page.one("#accuracy .chart")
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    width, height = chart.size["width"], chart.size["height"]
    found = set()
    for part in np.linspace(-0.3, 0.3, 7):
        pointer = ActionChains(page.driver, duration=0)
        pointer.move_to_element_with_offset(chart, int(part * width), int(part * height / 2))
        pointer.perform()
        assert page.all("#accuracy .at circle")
        found.add(page.one("#accuracy .readout").text)
    assert len(found) == 7
    assert all("at step" in text and "history.parquet" in text for text in found)


def test_the_crosshair_goes_by_keys(page, finished):
    chart, said = page.one("#accuracy .chart"), lambda: page.one("#accuracy .readout").text
    chart.send_keys(Keys.END)
    last = said()
    assert last.startswith("B (softmax, λ = 1, shuffled), validation: ")
    chart.send_keys(Keys.ARROW_LEFT)
    before = said()
    assert before != last
    chart.send_keys(Keys.ARROW_RIGHT)
    assert said() == last
    chart.send_keys(Keys.ARROW_UP)
    assert said().startswith("B (softmax, λ = 1, shuffled), training: ")
    # It is the mean of the seeds and their range.
    rows = pq.read_table(finished.results / "metrics.parquet").to_pylist()
    values = [
        row["validation_accuracy"]
        for row in rows
        if (row["task"], row["l2_lambda"]) == ("softmax", 1.0)
    ]
    if len({row["steps"] for row in rows if row["task"] == "softmax"}) == 1:
        assert f"{min(values):.4g} to {max(values):.4g}" in last


def test_a_point_over_lambda_tells_its_run_and_file(page):
    chart = page.one("#norm .chart")
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    ActionChains(page.driver).move_to_element(page.all("#norm circle")[1]).perform()
    readout = page.one("#norm .readout").text
    assert "softmax, λ = 0" in readout and f"results/runs/{SOFTMAX}/seeds-0-1" in readout


# --- images ---------------------------------------------------------------------------------------


def validation(finished, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, labels, guesses and their probabilities by the weights of a seed of SOFTMAX."""
    weights = pq.ParquetFile(
        finished.results / "runs" / SOFTMAX / "seeds-0-1" / "weights.parquet"
    ).read_row_group(seed)
    split = pq.read_table(finished.results / "data" / "mnist" / "validation.parquet")
    W = weights.column("weight").to_numpy().reshape(-1, 10)
    pixels = np.array([list(image.as_py()) for image in split.column("pixels")], dtype=float)
    z = (2 * pixels / 255 - 1) @ W[:-1] + W[-1]
    probability = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    guess = probability.argmax(axis=1)
    return pixels, split.column("label").to_numpy(), guess, probability.max(axis=1)


def test_the_gallery_shows_what_one_seed_gets_wrong(page, finished):
    pixels, labels, guess, sure = validation(finished, 1)
    wrong = np.flatnonzero(guess != labels)
    choose(page, "seed", "1")
    choose(page, "gallery", "A is wrong")
    assert page.one("#gallery-count").text.startswith(f"{len(wrong)} of 400 validation images")
    first = page.one("#gallery figure")
    number = int(first.get_attribute("title").split()[-1])
    assert number in wrong
    assert round(100 * sure[number]) == max(np.rint(100 * sure[wrong]))
    caption = f"A: {guess[number]}, {round(100 * sure[number])}% sure"
    assert caption in first.text and f"is {labels[number]}" in first.text
    script = "return [...arguments[0].getContext('2d').getImageData(0, 0, 28, 28).data]"
    shown = np.array(page.driver.execute_script(script, page.one("#gallery canvas")))
    # In sixteen shades, dark on light.
    assert np.abs(shown[::4] - (255 - pixels[number])).max() <= 255 / 15 / 2 + 1


def test_the_mistakes_of_a_side_are_of_the_images_it_was_asked(page):
    choose(page, "a", "logistic, λ = 0, not shuffled")
    choose(page, "gallery", "B is wrong")
    assert " of 400 validation images" in page.one("#gallery-count").text


def test_what_one_side_gets_right_and_the_other_wrong(page, finished):
    choose(page, "seed", "0")
    choose(page, "gallery", "A is right, B wrong")
    _, labels, guess, _ = validation(finished, 0)
    titles = page.attributes("#gallery figure", "title")
    assert titles and all(
        guess[int(title.split()[-1])] == labels[int(title.split()[-1])] for title in titles
    )


def test_a_run_beside_itself_is_shown_once(page):
    choose(page, "a", "softmax, λ = 1, shuffled")
    assert (
        not page.one("#weights-b").is_displayed() and not page.one("[name=gallery]").is_displayed()
    )
    assert page.one("#gallery-count").text.startswith("Wrong: ")
    assert "B:" not in page.one("#gallery figcaption").text


def test_the_confusion_counts_the_images(page, finished):
    _, labels, guess, _ = validation(finished, 0)
    choose(page, "seed", "0")
    cells = np.array(page.texts("#confusion-a tbody td")).reshape(10, 10)
    expected = np.zeros((10, 10), int)
    np.add.at(expected, (labels, guess), 1)
    assert [[int(text or 0) for text in row] for row in cells] == expected.tolist()


def test_matrices_of_many_classes_stand_below_each_other_and_keep_the_names_of_rows(page):
    places = page.driver.execute_script("""
        const group = groups[controls.a.value], k = 26;
        const names = [...Array(k).keys()].map((i) => `letter_${i}`);
        groups.many = { ...group, names, confusion: { ...group.confusion, shape: [1, k, k] } };
        const before = array;
        array = (place) => (place.shape[1] === k
            ? new Uint32Array(k * k * 9).fill(1234) : before(place));
        controls.a.add(new Option("many", "many"));
        controls.a.value = "many";
        draw();
        const box = document.querySelector("#confusion-a .wide");
        box.scrollLeft = 300;
        return [box.getBoundingClientRect().left,
            box.querySelector("tbody th").getBoundingClientRect().left,
            document.getElementById("confusion-a").getBoundingClientRect().bottom,
            document.getElementById("confusion-b").getBoundingClientRect().top,
            box.scrollLeft];""")
    left, name, bottom, top, scrolled = places
    assert abs(name - left) <= 1 and top >= bottom and scrolled > 0


# --- every way to look at it ----------------------------------------------------------------------


def test_nothing_is_cut_off_or_in_the_way(window, look, finished, axe):
    window.open(finished.results / "explorer.html", "#others=task")
    window.driver.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert window.cut_off() == []
    assert window.violations(axe) == []
    assert window.console_errors() == []


def test_a_page_drawn_on_a_wide_screen_is_printed_whole(driver, page):
    """Whoever prints has the charts as wide as the window, and the paper is narrower."""
    try:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        script = "document.body.style.width = '680px'; return 0"
        driver.execute_script(script)
        assert all(chart.rect["width"] <= 680 for chart in page.all(".chart svg"))
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_names_for_those_who_do_not_see_it(page):
    assert page.one("html").get_attribute("lang") == "en"
    assert page.driver.title == "Explorer of the runs"
    assert len(page.all("h1")) == 1
    for control in page.all("select, input"):
        assert control.accessible_name
    descriptions = page.attributes(".chart", "aria-label")
    assert len(set(descriptions)) == 5 and all(len(text) > 40 for text in descriptions)
