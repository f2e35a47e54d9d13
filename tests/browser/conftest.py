"""A real Chromium in front of the page; required under CI, elsewhere a skip says what is missing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.browser.pages import Page
from tests.browser.stage import Stage, stage

WIDE = (1280, 800)


def _installed() -> tuple[str, str]:
    found = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        reason = f"no {' and no '.join(missing)} here: apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return str(found["chromium"]), str(found["chromedriver"])


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    """One browser for all tests; each opens its own page."""
    chromium, chromedriver = _installed()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    one = webdriver.Chrome(options=options, service=Service(chromedriver))
    yield one
    one.quit()


@pytest.fixture(scope="session")
def scene() -> Iterator[Stage]:
    """Slack, app, world and server."""
    with stage() as one:
        yield one


@pytest.fixture
def page(driver: webdriver.Chrome, scene: Stage) -> Iterator[Page]:
    """The page, open as Ana; whatever a test does, nothing may go wrong in the browser's console."""
    scene.clear()
    one = Page(driver, scene)
    one.resize(*WIDE)
    one.open()
    with nothing_wrong(driver):
        yield one


@contextmanager
def nothing_wrong(driver: webdriver.Chrome) -> Iterator[None]:
    """Whatever happens in the block, nothing goes wrong in the browser's console; then the page is left."""
    yield
    errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    driver.execute_script("sessionStorage.clear()")
    driver.get("about:blank")
    assert errors == []
