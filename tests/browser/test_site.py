"""The documentation as a site: whole, without a network, and without a dead link."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from checkout import REPOSITORY

pytestmark = pytest.mark.browser

PAGES = [path.relative_to(REPOSITORY / "docs") for path in (REPOSITORY / "docs").rglob("*.md")]


def build(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    environment = os.environ | {"PYTHONPATH": str(folder / "tools"), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(REPOSITORY / "docs", folder / "docs")
    shutil.copytree(REPOSITORY / "tools", folder / "tools")
    shutil.copy(REPOSITORY / "mkdocs.yml", folder)
    return folder


@pytest.fixture(scope="module")
def site(sources) -> Path:
    built = build(sources)
    assert built.returncode == 0, built.stdout + built.stderr
    return sources / "site"


def luminance(rgb: np.ndarray) -> float:
    """That of a colour in sRGB, relative to white, after WCAG 2."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def place(site: Path, page: Path) -> Path:
    name = page.with_name("index.md") if page.name == "README.md" else page
    return site / name.with_suffix(".html")


def test_every_page_is_in_the_menu(site):
    menu = (site / "index.html").read_text(encoding="utf-8")
    for page in PAGES:
        link = place(site, page).relative_to(site).as_posix()
        assert f'href="{link}"' in menu or link == "index.html", link


def test_no_fence_of_a_block_of_code_is_left_in_a_page(site):
    for page in PAGES:
        assert "```" not in place(site, page).read_text(encoding="utf-8"), page


def test_a_dead_link_stops_the_build(sources, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(sources, folder, ignore=shutil.ignore_patterns("site"))
    page = folder / "docs" / "questions.md"
    page.write_text(page.read_text() + "\n[there](tutorial.md#no-such-heading)\n")
    built = build(folder)
    assert built.returncode != 0
    assert "questions.md" in built.stdout + built.stderr


@pytest.mark.parametrize("look", ["phone"], indirect=True)
def test_pages_are_whole_and_ask_for_nothing_from_elsewhere(window, look, site):
    for page in PAGES:
        window.driver.get(place(site, page).as_uri())
        size = "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
        assert window.driver.execute_script(size) <= 0, page
        broken = "return [...document.images].filter(image => !image.naturalWidth).length"
        window.driver.execute_script("for (const i of document.images) i.loading = 'eager'")
        assert window.driver.execute_script(broken) == 0, page
        assert "arithmatex" not in window.driver.page_source, "a formula is left as LaTeX"
    assert window.requests() <= {"file", "data", "chrome"}


def test_the_face_is_the_scorecard(window, site):
    window.driver.get((site / "index.html").as_uri())
    assert window.one("article img").get_attribute("src").endswith("scorecard.png")


# In both schemes of colours, and wide and narrow.
@pytest.mark.parametrize("look", ["dark", "phone"], indirect=True)
def test_every_page_can_be_used_by_everyone(window, look, site, axe):
    for page in PAGES:
        address = place(site, page).as_uri()
        window.driver.get(address)
        # The theme keeps the colours of the first visit.
        window.driver.execute_script("localStorage.clear()")
        window.driver.get(address)
        scheme = window.one("body").get_attribute("data-md-color-scheme")
        assert scheme == ("slate" if look == "dark" else "default")
        assert window.violations(axe) == [], page


@pytest.mark.parametrize("look", ["light", "dark"], indirect=True)
def test_the_active_entry_of_the_menu_can_be_read(window, look, site):
    """The theme tints it, and axe-core does not judge what other elements lie behind."""
    window.driver.get((site / "tutorial.html").as_uri())
    window.driver.execute_script("localStorage.clear()")
    window.driver.refresh()

    def color(selector: str, name: str) -> np.ndarray:
        parts = re.findall(r"[\d.]+", window.one(selector).value_of_css_property(name))
        return np.array(parts, dtype=float)

    active = "a.md-nav__link--active"
    *tint, share = color(active, "background-color")
    page = color("body", "background-color")[:3]
    behind = share * np.array(tint) + (1 - share) * page
    text = color(active, "color")[:3]
    darker, lighter = sorted(luminance(one / 255) for one in (text, behind))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.fixture
def address(site) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_search_finds_a_page(window, address):
    window.driver.delete_network_conditions()
    try:
        window.driver.get(f"{address}/index.html")
        window.console_errors()
        window.one("button.md-search__button").click()
        shown = """for (const e of document.querySelectorAll("body *"))
            if (e.shadowRoot?.querySelector("dialog")) return e.shadowRoot.textContent;"""
        window.until(lambda: window.driver.execute_script(shown))
        window.driver.switch_to.active_element.send_keys("patience")
        window.until(lambda: "The protocol" in window.driver.execute_script(shown))
        assert window.console_errors() == []
    finally:
        window.driver.set_network_conditions(offline=True, latency=0, throughput=0)
