"""A real Chromium without a network, and the explorer of a finished run opened in it."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By

#: Finds what keeps people from using a page; from the npm registry.
AXE = "axe-core-4.14.1.tgz"
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"

#: Ways to look at a page: what is emulated of the medium and of the screen.
STATES = {
    "light": ({}, None),
    "dark": ({"features": [{"name": "prefers-color-scheme", "value": "dark"}]}, None),
    "phone": ({}, {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}),
    "print": (
        {"media": "print"},
        {"width": 794, "height": 1123, "deviceScaleFactor": 1, "mobile": False},
    ),
}
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

    def open(self, path: Path, address: str = "") -> float:
        """Load a file and wait for its charts; return the seconds that took."""
        self.driver.get("about:blank")  # from the same file only the address would change
        start = time.monotonic()
        self.driver.get(f"{path.as_uri()}{address}")
        self.until(lambda: self.all("[data-ready]"))
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

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements, in one go."""
        script = "return Array.from(document.querySelectorAll(arguments[0]), e => e.textContent)"
        return self.driver.execute_script(script, selector)

    def lines(self, chart: str) -> list[str]:
        """The drawn lines of a chart, as SVG paths."""
        return self.attributes(f"#{chart} path.line", "d")

    def cut_off(self) -> list[str]:
        """What is wider than its place and neither scrolls by itself nor is shown beyond it."""
        return self.driver.execute_script("""
            const wide = document.documentElement;
            const found = [...document.querySelectorAll("body, body *")].filter((e) =>
                e.clientWidth && !e.closest("svg, [role=region], noscript")
                && getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1);
            for (const e of document.querySelectorAll("svg, canvas, table"))
                if (!e.closest("[role=region]")
                    && e.getBoundingClientRect().right > wide.clientWidth) found.push(e);
            if (wide.scrollWidth > wide.clientWidth) found.push(wide);
            return found.map((e) => `${e.tagName} #${e.id} .${e.className}`);""")

    def violations(self, axe: str) -> list[str]:
        """What axe-core calls serious or critical."""
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script("axe.run().then(arguments[0])")["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html']}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

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
        # What the browser shows before the first page asks for addresses of its own.
        driver.get("about:blank")
        driver.get_log("performance")
        yield driver


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, fetched once and kept among the user's caches."""
    cache = Path(platformdirs.user_cache_dir("reproduce-report"))
    package = cache / AXE
    if not package.is_file():
        if not shutil.which("npm"):
            pytest.skip("needs npm, which fetches axe-core")
        cache.mkdir(parents=True, exist_ok=True)
        name, version = AXE.removesuffix(".tgz").rsplit("-", 1)
        command = ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", cache]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert hashlib.sha256(package.read_bytes()).hexdigest() == AXE_SHA256
    with tarfile.open(package) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.fixture
def window(driver) -> Page:
    """A window of the usual size, whose console is read up to now."""
    driver.set_window_size(1200, 900)
    page = Page(driver)
    page.console_errors()
    return page


@pytest.fixture(params=STATES)
def look(window, request) -> Iterator[str]:
    """Each of STATES in turn."""
    media, size = STATES[request.param]
    try:
        window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        if size:
            window.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield request.param
    finally:
        window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
        window.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def page(window, finished) -> Page:
    """The explorer of the finished run, just opened."""
    window.open(finished.results / "explorer.html")
    return window
