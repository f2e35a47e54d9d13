"""The page as a person uses it: mostly by keyboard, and never by waiting a fixed time."""

from collections.abc import Callable
from typing import TypeVar

from selenium import webdriver
from selenium.common.exceptions import (
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.stage import Stage

T = TypeVar("T")
PATIENCE = 6.0
MANY_TABS = 40
_SHOWN = """
const [css, words] = arguments;
const isShown = (one) => one.checkVisibility({ visibilityProperty: true });
return [...document.querySelectorAll(css)].filter((one) => isShown(one) && one.innerText.includes(words));
"""
"""One question for all of them: the driver asks about each in several."""


class Window:
    """The demo page in a browser, whatever world is behind it."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Make the window as big as a screen."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def open(self, person: str = "", channel: str = "C0DB") -> None:
        """Open the page, as somebody if named."""
        if self.driver.current_url.startswith(self.url):
            self.driver.get("about:blank")  # another person's address alone would load nothing
        self.driver.get(self.url + (f"#{person}/{channel}" if person else ""))
        self.find("body[data-ready='yes']")

    def until(self, look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
        """What `look` answers once it answers anything."""
        drawn_again = (
            ElementNotInteractableException,
            NoSuchElementException,
            StaleElementReferenceException,
        )
        waiting = WebDriverWait(self.driver, patience, 0.05, ignored_exceptions=drawn_again)
        return waiting.until(lambda _driver: look() or False, f"never: {what}")

    def all(self, css: str, words: str = "") -> list[WebElement]:
        """Everything there now that is shown and says these words."""
        return list(self.driver.execute_script(_SHOWN, css, words))

    def find(self, css: str, words: str = "", patience: float = PATIENCE) -> WebElement:
        """The last of them, waited for."""
        return self.until(lambda: (self.all(css, words) or [None])[-1], f"{css} {words}", patience)

    def press(self, css: str, words: str = "", key: str = "") -> None:
        """Click it, or press a key on it; whatever is drawn again meanwhile is found again."""

        def pressed() -> bool:
            one = (self.all(css, words) or [None])[-1]
            if one is not None:
                one.send_keys(key) if key else one.click()
            return one is not None

        self.until(pressed, f"press {css} {words}")

    def gone(self, css: str, words: str = "") -> bool:
        """Wait until there is none."""
        return self.until(lambda: not self.all(css, words), f"no {css} {words}")

    def message(self, words: str, patience: float = PATIENCE) -> WebElement:
        """The newest message of the conversation that says these words."""
        return self.find("#list .message", words, patience)

    def card(self, words: str = "1 reply") -> WebElement:
        """The newest card, not a whisper; by default once its thread began and it is at rest."""
        return self.find("#list .message:not(.whisper)", words)

    def keys(self, *keys: str) -> None:
        """Type, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def chord(self, held: str, key: str) -> None:
        """Press a key while another is held."""
        ActionChains(self.driver).key_down(held).send_keys(key).key_up(held).perform()

    @property
    def focused(self) -> WebElement:
        """What has the focus."""
        return self.driver.switch_to.active_element

    def tab_to(self, is_it: Callable[[WebElement], bool], *, back: bool = False) -> WebElement:
        """Press Tab until the focus is there."""
        for _ in range(MANY_TABS):
            if is_it(self.focused):
                return self.focused
            if back:
                self.chord(Keys.SHIFT, Keys.TAB)
            else:
                self.keys(Keys.TAB)
        raise AssertionError("Tab never got there")

    def types(self, line: str) -> None:
        """Write a line into the box and press Enter."""
        box = self.find("#composer-text")
        box.click()
        box.clear()
        box.send_keys(line, Keys.ENTER)

    def become(self, name: str) -> None:
        """Choose somebody in the menu of people, by keyboard."""
        self.press("#who .person", key=Keys.ENTER)
        self.tab_arrow(name)
        self.find("#who .person", name)

    def tab_arrow(self, words: str) -> None:
        """Walk an open menu down to an entry, and choose it."""
        self.find("[role=menu]")
        for _ in range(MANY_TABS):
            if words in self.focused.text:
                self.keys(Keys.ENTER)
                return
            self.keys(Keys.ARROW_DOWN)
        raise AssertionError(f"no {words} in the menu")

    def done(self, step: str) -> WebElement:
        """Wait until a step of the tour is ticked."""
        return self.find("#steps .done", step)


class Page(Window):
    """The page over a stage."""

    def __init__(self, driver: webdriver.Chrome, scene: Stage) -> None:
        super().__init__(driver, scene.url)
        self.scene = scene

    def ask(self) -> str:
        """Send the line that waits; answers the request's name."""
        self.press("#composer-text", key=Keys.ENTER)
        self.card()
        return self.scene.world.held[-1].request
