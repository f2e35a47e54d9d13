"""Lines, cards, whispers, threads and forms, in a real browser."""

import time

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.pages import Page

pytestmark = pytest.mark.browser
LINE = "/prod-access prod-db-readonly 15m INC-42 replication lag"


def test_the_first_line_waits_in_anas_box(page: Page):
    assert page.focused.get_attribute("value") == LINE
    assert "Ana Ruiz" in page.find("#who .person").text
    assert "prod-access-db" in page.find("#talk-head h1").text
    assert "A pretend Slack" in page.find("#strip").text
    assert "You are Ana. Press Enter" in page.find("#guide").text


def test_enter_sends_it_and_the_card_is_there_within_a_second(page: Page):
    began = time.monotonic()
    page.keys(Keys.ENTER)
    page.card("Waiting")
    assert time.monotonic() - began < 1.0
    assert page.focused.get_attribute("value") == ""
    page.message("Asked: prod-db-readonly for 15 min")
    page.done("Ask")


def test_ben_approves_without_a_mouse(page: Page):
    page.ask()
    page.become("Ben Okafor")
    page.card()
    page.tab_to(lambda one: one.get_attribute("data-label") == "Approve", back=True)
    assert page.focused.get_attribute("aria-label") == "Approve Ana Ruiz, prod-db-readonly, 15 minutes"
    page.keys(Keys.ENTER)
    page.card("Live until")
    assert page.all("[data-label=Approve]") == []
    assert "Live until" in page.until(lambda: page.focused, "focus").text, "the focus stays at the card"
    page.done("Approve")


def test_a_whisper_is_for_one_person(page: Page):
    page.ask()
    page.find("#list .whisper", "Only you can see this")
    page.become("Ben Okafor")
    page.gone("#list .whisper")
    page.become("Ana Ruiz")
    page.find("#list .whisper", "Only you can see this")


def test_an_own_yes_is_answered_for_the_clicker_only(page: Page):
    page.ask()
    page.press("[data-label=Approve]")
    page.find("#list .whisper", "This is your own request")


def test_a_thread_opens_beside_and_commands_do_not_work_there(page: Page):
    page.ask()
    page.press("#list .replies")
    page.find("#replies .message", "Asked by Ana Ruiz")
    page.keys("/prod-access roles", Keys.ENTER)
    page.find("#replies .whisper", "is not supported in threads")
    page.keys("I look at the replica", Keys.ENTER)
    page.find("#replies .message", "I look at the replica")
    page.keys(Keys.ESCAPE)
    page.gone("#thread")
    page.until(lambda: "replies" in page.focused.get_attribute("class"), "focus back at the replies")


def test_pasted_markup_in_a_reason_is_dead(page: Page):
    page.types(
        "/prod-access prod-db-readonly 15m see <img src=x onerror=alert(1)> *bold* `it` @channel :tada:"
    )
    quote = page.card().find_element("css selector", ".quote")
    assert quote.get_property("childElementCount") == 0
    assert quote.text.startswith("see <img src=x onerror=alert(1)> *bold* `it`")
    assert ":tada:" in quote.text


def test_a_pasted_address_in_a_reason_is_no_link(page: Page):
    page.types("/prod-access prod-db-readonly 15m see https://x.example")
    assert page.card().find_elements("css selector", ".quote a") == []


def test_a_persons_own_message_never_becomes_html(page: Page):
    page.types('<b>no</b> <img src="x" onerror="alert(1)"> *yes*')
    body = page.message("<b>no</b>")
    assert '<img src="x" onerror="alert(1)">' in body.text
    assert [one.text for one in body.find_elements("css selector", ".words b")] == ["yes"]
    assert body.find_elements("css selector", ".words img") == []


def test_a_form_keeps_what_was_typed_when_the_role_changes(page: Page):
    page.types("/prod-access")
    page.find("dialog.modal", "Ask for access")
    page.tab_to(lambda one: one.tag_name == "textarea")
    page.keys("find the slow query")
    page.tab_to(lambda one: one.get_attribute("data-focus") == "role/role", back=True)
    page.keys(Keys.ARROW_DOWN)
    page.find("[role=option]", "prod-db-write")
    page.keys("write")
    page.until(lambda: len(page.all("[role=option]")) == 1, "one role fits")
    page.keys(Keys.ENTER)
    page.find("dialog.modal", "Will be asked for prod-db-write")
    assert page.find("dialog textarea").get_attribute("value") == "find the slow query"
    assert page.focused.get_attribute("value").startswith("prod-db-write")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.gone("dialog")
    page.card("prod-db-write")
    assert page.card().find_element("css selector", ".quote").text == "find the slow query"
    assert page.focused.get_attribute("id") == "composer-text"


def test_a_forms_complaint_stands_at_its_field(page: Page):
    page.types("/prod-access")
    page.find("dialog.modal")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.find("dialog .error", "Please complete this required field.")
    page.keys(Keys.ARROW_DOWN)
    page.press("[role=option]", "prod-logs")
    page.find("dialog.modal", "Will be asked for prod-logs")
    page.find("dialog textarea").send_keys("lag")
    page.press("dialog [type=submit]")
    page.find("dialog .error", "Say a little more")
    page.until(lambda: page.focused.get_attribute("aria-invalid") == "true", "focus at the faulty field")
    assert page.focused.get_attribute("value") == "lag"


def test_escape_closes_the_list_and_then_the_form(page: Page):
    page.types("/prod-access")
    page.find("dialog.modal")
    page.keys(Keys.ARROW_DOWN)
    page.find("[role=option]")
    page.keys(Keys.ESCAPE)
    page.gone("[role=option]")
    page.find("dialog.modal")
    page.keys(Keys.ESCAPE)
    page.gone("dialog")
    page.keys("and I type on")
    assert page.focused.get_attribute("value") == "and I type on"


def test_the_focus_is_back_at_the_button_after_a_form(page: Page):
    page.ask()
    page.become("Ben Okafor")
    page.card()
    page.tab_to(lambda one: one.get_attribute("data-label") == "Deny", back=True)
    page.keys(Keys.ENTER)
    page.find("dialog.modal", "Deny")
    page.keys(Keys.ESCAPE)
    page.gone("dialog")
    assert page.focused.get_attribute("data-label") == "Deny"


def test_a_dangerous_button_asks_first(page: Page):
    request = page.ask()
    page.become("Ben Okafor")
    page.press("[data-label=Approve]")
    page.press('[data-label="End now"]', key=Keys.ENTER)
    page.find("dialog", "End Ana Ruiz's prod-db-readonly now?")
    page.keys(Keys.ESCAPE)
    page.gone("dialog")
    assert page.focused.get_attribute("data-label") == "End now"
    assert (request, "live") in [(one.request, one.state) for one in page.scene.world.held]


def test_a_shortcut_on_a_message_opens_a_form(page: Page):
    page.types("replication is 40 s behind")
    more = page.message("replication is 40 s").find_element("css selector", "[data-focus=more]")
    more.send_keys(Keys.ENTER)
    page.tab_arrow("Ask for access")
    page.find("dialog.modal", "From a message.")


def test_the_apps_home_opens_beside_its_messages(page: Page):
    page.press("#sidebar .channel", "Prod Access")
    page.find("#composer", "Sending messages to this app has been turned off.")
    page.press(".tab", "Home")
    page.find("#home", "You hold nothing.")
    page.press(".tab", "Messages")
    page.find("#list")
