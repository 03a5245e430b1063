"""A real Chromium without a network, and the explorer of a finished run opened in it."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By

CHARTS = 10

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1200,900",
)


class Page:
    """A page in the browser, looked at as a reader would: by its charts and form controls."""

    def __init__(self, driver: Chrome):
        self.driver = driver

    def open(self, path: Path) -> float:
        """Load a file and wait for its charts; return the seconds that took."""
        start = time.monotonic()
        self.driver.get(path.as_uri())
        self.until(lambda: len(self.all("svg.marks")) == CHARTS)
        return time.monotonic() - start

    def until(self, condition) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "the page did not follow in 20 s"
            time.sleep(0.02)

    def one(self, selector: str):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def attributes(self, selector: str, name: str) -> list[str]:
        """An attribute of all elements, in one go."""
        script = """return Array.from(
            document.querySelectorAll(arguments[0]), e => e.getAttribute(arguments[1]))"""
        return self.driver.execute_script(script, selector, name)

    def texts(self, chart: str) -> list[str]:
        """All that is written in a chart."""
        script = "return Array.from(document.querySelectorAll(arguments[0]), e => e.textContent)"
        return self.driver.execute_script(script, f"#{chart} svg text")

    def lines(self, chart: str) -> list[str]:
        """The drawn lines of a chart, as SVG paths."""
        return self.attributes(f"#{chart} .mark-line path", "d")

    def console_errors(self) -> list[str]:
        """What the console said since the last call, except information and warnings."""
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]

    def requests(self) -> set[str]:
        """The kinds of address that the page asked for since the last call."""
        messages = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        return {
            message["message"]["params"]["request"]["url"].partition(":")[0]
            for message in messages
            if message["message"]["method"] == "Network.requestWillBeSent"
        }


@pytest.fixture(scope="session")
def driver(tmp_path_factory) -> Iterator[Chrome]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip("needs Chromium and its driver (Debian: chromium, chromium-driver)")
    options = ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in (*_ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    with Chrome(options, ChromeService(chromedriver)) as driver:
        driver.set_network_conditions(offline=True, latency=0, throughput=0)
        yield driver


@pytest.fixture
def page(driver, finished) -> Page:
    """The explorer of the finished run, just opened."""
    page = Page(driver)
    driver.set_window_size(1200, 900)
    page.open(finished.results / "explorer.html")
    return page
