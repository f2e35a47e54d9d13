"""`make demo` itself, in a real browser: the real processes, Slack and three clouds behind the page."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from sandbox.demo.run import run
from tests.browser.conftest import WIDE, nothing_wrong
from tests.browser.pages import Window

pytestmark = pytest.mark.browser
SLOW = 20.0
PARTS = {"aws": "role", "gcp": "binding", "azure": "assignment"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo is served."""
    home: Path = tmp_path_factory.mktemp("demo") / "home"
    addresses: list[str] = []
    up, stop = threading.Event(), threading.Event()

    def ready(address: str) -> None:
        addresses.append(address)
        up.set()

    demo = threading.Thread(target=run, args=(home,), kwargs={"port": 0, "ready": ready, "stop": stop})
    demo.start()
    try:
        assert up.wait(90), "the demo never came up"
        yield addresses[0]
    finally:
        stop.set()
        demo.join()


@pytest.fixture
def demo(driver: webdriver.Chrome, address: str) -> Iterator[Window]:
    """The demo, open as Ana."""
    one = Window(driver, address)
    one.resize(*WIDE)
    one.open()
    with nothing_wrong(driver):
        yield one


def test_the_five_steps_and_what_breaks_them(demo: Window):
    demo.find("#strip", "A pretend Slack and three pretend clouds on your machine.")
    taken_back_everywhere(demo)
    demo.press("#guide .button", "Start again")
    used_and_ended(demo)  # last: a jump of time makes Slack's client connect anew some seconds later
    all_at_once(demo)


def used_and_ended(demo: Window) -> None:
    """Asked, approved, tried in each cloud, ended, refused in each."""
    for step in ("Ask", "Approve", "Use it"):
        demo.press("#guide .button", "Show me")
        demo.find("#steps .done", step, SLOW)
    for cloud, kind in PARTS.items():
        demo.find(f"[data-key={cloud}] .object", kind)
        demo.find(f"[data-key={cloud}] .tried", "allowed")
    for cloud, end in {"aws": "ends ", "gcp": "ends ", "azure": "no end of its own"}.items():
        demo.find(f"[data-key={cloud}] .object", end)
    demo.find(".verdict", "Clouds agree with the ledger.")
    for step in ("Let it end", "Check"):
        demo.press("#guide .button", "Show me")
        demo.find("#steps .done", step, SLOW)
    for cloud in PARTS:
        demo.find(f"[data-key={cloud}] .tried", "refused, ")
        demo.gone(f"[data-key={cloud}] .object")
    demo.find("[data-key=gcp] .by-hand", "6 from before untouched.")
    demo.find("#replies .message", "Ended", SLOW)


def taken_back_everywhere(demo: Window) -> None:
    """Azure says no, so nobody gets anything."""
    demo.press("#faults", key=Keys.ENTER)
    demo.find('.switch[aria-label="Azure says no"]').send_keys(Keys.SPACE)
    demo.find("#faults", "Faults: 1")
    demo.keys(Keys.ESCAPE)
    ask_and_approve(demo)
    demo.find("#guide", "nothing is left in any cloud", SLOW)
    for cloud in PARTS:
        demo.gone(f"[data-key={cloud}] .object")
    demo.find(".verdict", "Clouds agree with the ledger.")
    demo.press("#faults", key=Keys.ENTER)
    demo.press(".panel .button", "All off")
    demo.find("#faults", "Faults: 0")
    demo.keys(Keys.ESCAPE)


def all_at_once(demo: Window) -> None:
    """Every fault goes on, and off."""
    demo.press("#faults", key=Keys.ENTER)
    switches = demo.all(".switch")
    for number, switch in enumerate(switches, 1):
        switch.send_keys(Keys.SPACE)
        demo.find("#faults", f"Faults: {number}")
    assert len(switches) == 6
    demo.press(".panel .button", "All off")
    demo.find("#faults", "Faults: 0")


def ask_and_approve(demo: Window) -> None:
    """The first two steps."""
    demo.find("#guide", "Step 1 of 5")
    demo.press("#guide .button", "Show me")
    demo.find("#steps .done", "Ask", SLOW)
    demo.press("#guide .button", "Show me")
