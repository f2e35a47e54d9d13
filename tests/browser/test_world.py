"""The tour, the clock, faults and the cloud view, in a real browser; small screens; who cannot see."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.pages import Page

pytestmark = pytest.mark.browser
REFUSALS = {"aws": "AccessDenied", "gcp": "notAuthorized", "azure": "AuthorizationFailed"}
INSIDE = """
const box = arguments[0].getBoundingClientRect();
const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth
  && (arguments[0].contains(at) || at.contains(arguments[0]));
"""
BESIDE = """
const right = arguments[0].getBoundingClientRect().right;
return [...arguments[0].querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > right)
  .map((one) => one.outerHTML);
"""
NAMELESS = """
const named = (node) => node.textContent.trim() || node.getAttribute("aria-label")
  || node.labels?.length || node.getAttribute("aria-labelledby");
return [...document.querySelectorAll("button, input, textarea, a, dialog, nav, aside, main")]
  .filter((node) => !named(node)).map((node) => node.outerHTML);
"""


def test_new_messages_are_announced_politely(page: Page):
    region = page.driver.find_element("css selector", "#announcer")
    assert region.get_attribute("aria-live") == "polite"
    page.scene.app.post("U0ANA", "prod-logs", "reading errors")
    page.until(
        lambda: (
            "Prod Access: Waiting: Ana Ruiz asks for prod-logs" in str(region.get_property("textContent"))
        ),
        "the announcement",
    )


def test_everything_has_a_name(page: Page):
    page.ask()
    page.press("#list .replies")
    page.find("#replies .message")
    assert page.driver.execute_script(NAMELESS) == []
    page.types("/prod-access")
    page.find("dialog.modal")
    assert page.driver.execute_script(NAMELESS) == []


def test_an_approver_on_a_phone_sees_what_to_decide(page: Page):
    page.ask()
    page.resize(375, 667, phone=True)
    page.open("U0BEN")
    card = page.card()
    parts = (".section .words", ".quote", "[data-label=Approve]", "[data-label=Deny]")
    for part in parts:
        assert page.driver.execute_script(INSIDE, card.find_element("css selector", part)), part
    page.press("[data-label=Approve]")
    page.card("Live until")
    assert page.driver.execute_script("return document.documentElement.scrollWidth") == 375


def test_a_phone_shows_one_column_at_a_time(page: Page):
    page.scene.world.give(page.ask())
    page.resize(390, 844, phone=True)
    page.open("U0BEN")
    page.press("[data-focus=cloud]")
    page.find("#cloud", "Clouds agree with the ledger.")
    assert page.driver.execute_script("return document.documentElement.scrollWidth") == 390
    assert page.driver.execute_script(BESIDE, page.find("#cloud-parts")) == []
    page.press("[data-focus=menu]")
    page.press("#sidebar .channel", "general")
    page.find("#talk-head h1", "general")
    page.gone("#sidebar")


def test_a_dot_says_for_whom_something_waits(page: Page):
    page.ask()
    page.find("#who .person .dot")
    page.press("#who .person", key=Keys.ENTER)
    assert page.find("[role=menuitemradio]", "Ben Okafor").find_elements("css selector", ".dot")
    assert "approves database requests" in page.find("[role=menuitemradio]", "Ben Okafor").text
    page.keys(Keys.ESCAPE)
    page.gone("[role=menu]")
    assert "person" in page.focused.get_attribute("class")


def test_try_makes_a_call_and_prints_each_clouds_own_words(page: Page):
    page.press("#cloud .button", "Try all")
    for cloud, code in REFUSALS.items():
        page.find(f"[data-key={cloud}] .tried", f"refused, {code}")
    request = page.ask()
    page.scene.world.give(request)
    page.find("[data-key=gcp] .object", request)
    page.press("[data-key=gcp] [data-try]", key=Keys.ENTER)
    page.find("[data-key=gcp] .tried", "allowed")
    page.find("[data-key=aws] .tried", "Ana has not tried yet.")
    assert page.focused.get_attribute("data-try") == "gcp"


def test_each_cloud_shows_what_it_holds_and_when_that_ends(page: Page):
    request = page.ask()
    page.scene.world.give(request)
    for cloud, kind in (("aws", "role"), ("gcp", "binding"), ("azure", "assignment")):
        words = page.find(f"[data-key={cloud}] .object", request).text
        assert words.startswith(f"{kind} prod-db-readonly")
        assert ("no end of its own" in words) is (cloud == "azure")
        assert "lets this person in" in words
    assert page.driver.execute_script(BESIDE, page.find("#cloud-parts")) == []
    assert page.driver.execute_script(INSIDE, page.find(".verdict", "Clouds agree with the ledger."))
    assert page.driver.execute_script("return document.documentElement.scrollWidth") == 1280


def test_something_taken_away_or_given_by_hand(page: Page):
    world = page.scene.world
    world.give(page.ask())
    page.press("[data-key=gcp] .quiet", "Remove by hand", Keys.ENTER)
    page.gone("[data-key=gcp] .object")
    page.press("[data-key=azure] .quiet", "Add Ana by hand")
    page.until(lambda: len(world.by_hand) == 2, "both")
    assert [deed for deed, _cloud, _what in world.by_hand] == ["remove", "add"]
    world.problem = "Google Cloud does not hold it; the ledger says live."
    page.press("#cloud .verdict .button", "Let prod-access compare now")
    page.until(lambda: world.compared, "the comparison")


def test_a_cloud_that_differs_is_told_in_a_sentence(page: Page):
    page.find("#cloud .verdict", "Clouds agree with the ledger.")
    page.scene.world.problem = "Azure still holds pa-7k3m; the ledger says ending."
    page.find("#cloud .verdict.bad", "Azure still holds pa-7k3m")


def test_the_printed_lines_run_where_they_are_printed(page: Page):
    page.ask()
    page.become("Ben Okafor")
    page.press("[data-label=Approve]")
    page.card("Live until")
    page.become("Ana Ruiz")
    page.press("#sidebar .channel", "Prod Access")
    for place in range(3):
        page.until(lambda: len(page.all(".usable .button", "Use it")) == 3, "a block for each cloud")
        page.all(".usable .button", "Use it")[place].click()
        page.until(lambda: len(page.all(".usable .output", "orders")) == place + 1, "its output")  # noqa: B023
    programs = [lines[-1].split()[0] for _person, lines in page.scene.world.used]
    assert programs == ["aws", "gcloud", "az"]
    page.done("Use it")


def test_moving_the_clock_leaves_a_grey_line(page: Page):
    page.ask()
    page.press("#hands [data-focus=clock]", key=Keys.ENTER)
    page.tab_arrow("+10 min")
    page.find("#list .moved", "Time moved 10 min.")
    assert page.focused.get_attribute("data-focus") == "clock"


def test_faults_are_switches_with_a_count(page: Page):
    page.press("#faults", "Faults: 0", Keys.ENTER)
    switch = page.find(".switch")
    assert switch.get_attribute("aria-label") == "Slack drops our calls"
    switch.send_keys(Keys.SPACE)
    page.find("#faults", "Faults: 1")
    page.press(".panel .button", "Do it")
    page.find("#toasts", "Empty Redis: done.")
    page.press(".panel .button", "All off")
    page.find("#faults", "Faults: 0")
    assert page.scene.world.happened == ["empty_redis"]


def test_under_the_hood_is_the_audit(page: Page):
    request = page.ask()
    page.press(".hood-button", key=Keys.ENTER)
    page.find("#hood tbody tr", request)
    page.press("#hood .button", "Verify audit")
    page.find("#hood", "Whole chain checked, 1 entry")
    page.keys(Keys.ESCAPE)
    page.gone("#hood")
    assert "hood-button" in page.focused.get_attribute("class")


def test_the_tour_shows_itself_and_starts_again(page: Page):
    for step in ("Ask", "Approve", "Use it", "Let it end", "Check"):
        page.press("#guide .button", "Show me")
        page.done(step)
    page.find("#replies .message", "Approved by Ben Okafor.")
    page.press("#guide .button", "Start again")
    page.find("#guide", "You are Ana. Press Enter")
    assert page.find("#composer-text").get_attribute("value").startswith("/prod-access prod-db-readonly")


def test_a_step_can_be_skipped(page: Page):
    page.press("#guide .button", "Skip")
    page.find("#guide", "Become Ben and press Approve.")
    page.find("#steps .skipped", "Ask")


def test_a_denied_request_says_so_in_the_tour(page: Page):
    page.scene.world.deny(page.ask())
    page.find("#guide", "That request was denied")
