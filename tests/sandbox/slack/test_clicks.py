"""Clicks in messages, Home and modals, and shortcuts: what the app is told, and what people see."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox.slack.person import CannotDo, Message, Person
from sandbox.slack.server import Running

Connect = Callable[[App], SocketModeHandler]
People = Callable[[str], Person]
Heard = list[dict[str, Any]]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("End it?"),
    "confirm": plain("End now"),
    "deny": plain("Keep"),
}
CARD: list[dict[str, Any]] = [
    {"type": "section", "text": plain("Waiting")},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "text": plain("Approve"),
                "action_id": "yes",
                "value": "v1",
                "style": "primary",
            },
            {"type": "button", "text": plain("End now"), "action_id": "end", "confirm": CONFIRM},
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": plain("Withdraw"), "value": "w"}, {"text": plain("Ask"), "value": "a"}],
            },
            {
                "type": "static_select",
                "action_id": "time",
                "placeholder": plain("How long"),
                "options": [
                    {"text": plain("15 min"), "value": "15"},
                    {"text": plain("30 min"), "value": "30"},
                ],
            },
        ],
    },
]


@pytest.fixture
def heard(app: App, connect: Connect) -> Heard:
    """What the app hears of clicks and shortcuts; it acknowledges silently."""
    payloads: Heard = []
    for action in ("yes", "end", "more", "time"):
        app.action(action)(lambda ack, body: (payloads.append(body), ack()))
    app.shortcut("ask")(lambda ack, body: (payloads.append(body), ack()))
    connect(app)
    return payloads


@pytest.fixture
def card(client: WebClient, ben: Person) -> Message:
    client.chat_postMessage(channel="C0DB", text="Waiting", blocks=CARD)
    found = ben.message("C0DB", "Waiting")
    assert found is not None
    return found


def test_a_click_says_who_where_and_on_what(heard: Heard, ben: Person, card: Message):
    assert ben.clicks("Approve", card).acked
    body = heard[0]
    assert body["type"] == "block_actions"
    assert body["user"] == {"id": "U0BEN", "username": "ben", "name": "ben", "team_id": "T0MERIDIAN"}
    assert body["team"] == {"id": "T0MERIDIAN", "domain": "meridian"}
    assert (body["api_app_id"], body["is_enterprise_install"], body["enterprise"]) == (
        "A0PRODACCESS",
        False,
        None,
    )
    assert body["container"] == {
        "type": "message",
        "message_ts": card.ts,
        "channel_id": "C0DB",
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": "C0DB", "name": "prod-access-db"}
    assert (body["message"]["ts"], body["message"]["app_id"]) == (card.ts, "A0PRODACCESS")
    assert len(body["message"]["blocks"]) == 2
    action = body["actions"][0]
    assert (action["type"], action["action_id"], action["block_id"], action["value"]) == (
        "button",
        "yes",
        "decide",
        "v1",
    )
    assert float(action["action_ts"]) > 0
    assert body["trigger_id"]
    assert body["response_url"].startswith("http://127.0.0.1")
    assert "time" in body["state"]["values"]["decide"]


def test_an_overflow_says_which_option(heard: Heard, ben: Person, card: Message):
    ben.clicks("Withdraw", card)
    ben.clicks(None, card, action_id="more", value="a")
    chosen = [body["actions"][0]["selected_option"]["value"] for body in heard]
    assert chosen == ["w", "a"]


def test_a_select_in_a_message_sends_its_choice_at_once(heard: Heard, ben: Person, card: Message):
    ben.fills("How long", "30 min", channel=card.channel, ts=card.ts)
    assert heard[0]["actions"][0]["selected_option"]["value"] == "30"
    assert heard[0]["state"]["values"]["decide"]["time"]["selected_option"]["value"] == "30"


def test_a_confirm_dialog_belongs_to_the_client(heard: Heard, ben: Person, card: Message):
    asked = ben.clicks("End now", card, confirm=False)
    assert (asked.kind, asked.details["confirm"]["deny"]["text"]) == ("needs_confirm", "Keep")
    assert heard == []
    assert ben.clicks("End now", card).acked
    assert len(heard) == 1


def test_a_button_that_is_not_there(ben: Person, card: Message):
    with pytest.raises(CannotDo):
        ben.clicks("Deny", card)
    with pytest.raises(CannotDo, match="fill it"):
        ben.clicks("How long", card)


def test_a_card_that_is_gone(client: WebClient, ben: Person, card: Message):
    client.chat_delete(channel="C0DB", ts=card.ts)
    with pytest.raises(CannotDo):
        ben.clicks("Approve", card)


def test_external_people_can_click(heard: Heard, client: WebClient, person: People):
    hugo = person("U0HUGO")
    hugo.page.post("members", channel="C0PARTNER", user="U0PRODACCESS", **{"in": True})
    client.chat_postMessage(channel="C0PARTNER", text="Waiting", blocks=CARD)
    assert hugo.clicks("Approve", hugo.message("C0PARTNER", "Waiting")).acked
    assert heard[0]["user"]["team_id"] == "T0NORTHWIND"
    assert heard[0]["team"]["id"] == "T0MERIDIAN"


def test_an_ephemeral_message_is_not_repeated_in_the_payload(heard: Heard, client: WebClient, ben: Person):
    client.chat_postEphemeral(channel="C0DB", user="U0BEN", text="Yours", blocks=CARD)
    whisper = ben.message("C0DB", "Yours")
    assert ben.clicks("Approve", whisper).acked
    assert heard[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard[0]
    WebhookClient(heard[0]["response_url"]).send(text="Done", replace_original=True)
    assert [one.text for one in ben.sees("C0DB")] == ["Done"]


def test_nobody_clicks_what_only_another_sees(client: WebClient, ana: Person, ben: Person):
    client.chat_postEphemeral(channel="C0DB", user="U0BEN", text="Yours", blocks=CARD)
    with pytest.raises(CannotDo):
        ana.clicks("Approve", ben.message("C0DB", "Yours"))


def test_a_response_url_of_a_click_replaces_the_card_or_whispers(heard: Heard, ana: Person, card: Message):
    ana.clicks("Approve", card)
    hook = WebhookClient(heard[0]["response_url"])
    hook.send(text="Nothing changed.")
    assert [one.only_you for one in ana.sees("C0DB")] == [False, True]
    hook.send(text="Live", replace_original=True)
    assert [one.text for one in ana.sees("C0DB")] == ["Live", "Nothing changed."]


def test_an_answer_to_a_click_in_a_thread_goes_to_the_channel_unless_told(
    heard: Heard, client: WebClient, ben: Person, card: Message
):
    client.chat_postMessage(channel="C0DB", text="30 min more?", blocks=CARD, thread_ts=card.ts)
    ben.clicks("Approve", ben.message("C0DB", "30 min more?", thread=card.ts))
    hook = WebhookClient(heard[0]["response_url"])
    hook.send(text="in the channel")
    hook.send_dict({"text": "in the thread", "response_type": "in_channel", "thread_ts": card.ts})
    assert ben.message("C0DB", "in the channel") is not None
    assert ben.message("C0DB", "in the thread") is None
    assert ben.message("C0DB", "in the thread", thread=card.ts) is not None


def test_a_click_in_a_thread_knows_its_thread(heard: Heard, client: WebClient, ben: Person, card: Message):
    client.chat_postMessage(channel="C0DB", text="30 min more?", blocks=CARD, thread_ts=card.ts)
    reply = ben.message("C0DB", "30 min more?", thread=card.ts)
    ben.clicks("Approve", reply)
    assert heard[0]["container"]["thread_ts"] == card.ts
    assert heard[0]["message"]["thread_ts"] == card.ts


def test_clicks_fail_visibly(here: Running, ben: Person, card: Message, app: App, connect: Connect):
    failed = ben.clicks("Approve", card)
    assert (failed.kind, bool(failed.seen)) == ("no_connection", True)
    here.slack.switchboard.ack_seconds = 0.05
    app.action("yes")(lambda: None)
    connect(app)
    late = ben.clicks("Approve", card)
    assert (late.kind, late.seen) == (
        "timeout",
        "Operation timed out. Apps need to respond within 3 seconds.",
    )


def test_interactions_are_never_sent_again(
    here: Running, ben: Person, card: Message, app: App, connect: Connect
):
    here.slack.switchboard.ack_seconds = 0.05
    here.slack.switchboard.retries = (0.0, 0.0, 0.0)
    app.action("yes")(lambda: None)
    connect(app)
    ben.clicks("Approve", card)
    assert len(ben.page.get("envelopes")["envelopes"]) == 1


def test_home_buttons_have_a_view_and_no_response_url(heard: Heard, client: WebClient, ben: Person):
    client.views_publish(user_id="U0BEN", view={"type": "home", "callback_id": "home", "blocks": CARD})
    assert ben.clicks("Approve").acked
    body = heard[0]
    assert body["container"] == {"type": "view", "view_id": body["view"]["id"]}
    assert (body["view"]["type"], body["view"]["callback_id"]) == ("home", "home")
    assert "response_url" not in body
    assert "channel" not in body


def test_a_global_shortcut(heard: Heard, ben: Person):
    assert ben.uses_shortcut("ask").acked
    body = heard[0]
    assert (body["type"], body["callback_id"]) == ("shortcut", "ask")
    assert "response_url" not in body
    assert body["trigger_id"]


def test_a_message_shortcut_works_in_a_thread(heard: Heard, client: WebClient, ben: Person, card: Message):
    client.chat_postMessage(channel="C0DB", text="step", thread_ts=card.ts)
    assert ben.uses_shortcut("ask", ben.message("C0DB", "step", thread=card.ts)).acked
    body = heard[0]
    assert (body["type"], body["message"]["text"], body["message"]["thread_ts"]) == (
        "message_action",
        "step",
        card.ts,
    )
    assert body["response_url"]


def test_external_people_have_no_shortcuts(heard: Heard, person: People):
    assert person("U0HUGO").uses_shortcut("ask").kind == "refused"
    assert heard == []
