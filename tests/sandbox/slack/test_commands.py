"""Slash commands as people type them: who may, where, what the app is told, what it may answer."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox.slack.person import CannotDo, Person
from sandbox.slack.server import Running

Connect = Callable[[App], SocketModeHandler]
People = Callable[[str], Person]
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "End now"}, "action_id": "end"}


@pytest.fixture
def told(app: App, connect: Connect) -> list[dict[str, Any]]:
    """What the app hears; it acknowledges silently."""
    heard: list[dict[str, Any]] = []
    app.command("/prod-access")(lambda ack, body: (heard.append(body), ack()))
    connect(app)
    return heard


def answering(app: App, connect: Connect, **answer: object) -> None:
    """An app that answers every command with its ack."""
    app.command("/prod-access")(lambda ack: ack(**answer))
    connect(app)


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("for @ben please", "for <@U0BEN> please"),
        ("for @ana-admin.", "for <@U0ANAADMIN>."),
        ("in #prod-access-db", "in <#C0DB|prod-access-db>"),
        ("in #security-access", "in <#C0SECURITY|>"),
        ("@nobody #nowhere", "@nobody #nowhere"),
        ("see https://wiki.example/a?b=1", "see <https://wiki.example/a?b=1>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("@here", "<!here>"),
        ("@db-oncall", "<!subteam^S0DBONCALL>"),
        ("mail a@ben", "mail a@ben"),
    ],
)
def test_what_is_typed_and_what_is_told(told: list[dict[str, Any]], ana: Person, typed: str, heard: str):
    ana.types(f"/prod-access {typed}", "C0DB")
    assert told[0]["text"] == heard


def test_without_should_escape_the_text_is_raw(told: list[dict[str, Any]], ana: Person):
    ana.page.post("app", should_escape=False)
    ana.types("/prod-access for @ben & <all>", "C0DB")
    assert told[0]["text"] == "for @ben & <all>"


def test_nobody_else_sees_the_typed_command(told: list[dict[str, Any]], ana: Person, ben: Person):
    ana.types("/prod-access mine", "C0DB")
    assert len(told) == 1
    assert ana.sees("C0DB") == ben.sees("C0DB") == ()


def test_in_a_thread_slack_itself_refuses(told: list[dict[str, Any]], client: WebClient, ana: Person):
    ts = client.chat_postMessage(channel="C0DB", text="card")["ts"]
    outcome = ana.types("/prod-access mine", "C0DB", thread=ts)
    assert (outcome.kind, outcome.seen) == ("refused", "/prod-access is not supported in threads. Sorry!")
    assert ana.message("C0DB", "Sorry", thread=ts) is not None
    assert told == []


def test_a_command_nobody_installed(told: list[dict[str, Any]], ana: Person):
    assert "is not a valid command" in ana.types("/prod-acess mine", "C0DB").seen
    assert told == []


def test_guests_reach_the_app(told: list[dict[str, Any]], person: People):
    assert person("U0GWEN").types("/prod-access mine", "C0DB").acked
    assert told[0]["user_id"] == "U0GWEN"


def test_external_people_do_not(told: list[dict[str, Any]], person: People):
    assert person("U0HUGO").types("/prod-access mine", "C0PARTNER").kind == "refused"
    assert told == []


def test_nobody_types_where_they_are_not(person: People):
    with pytest.raises(CannotDo, match="U0HUGO is not in C0DB"):
        person("U0HUGO").types("hello", "C0DB")


@pytest.mark.parametrize("user", ["U0OLD", "U0OTHERBOT", "U0NOBODY"])
def test_accounts_without_a_client(person: People, user: str):
    with pytest.raises(CannotDo):
        person(user).types("hello", "C0DB")


def test_the_messages_tab_is_read_only_until_it_is_not(told: list[dict[str, Any]], ana: Person):
    assert ana.types("/prod-access", "D").kind == "refused"
    ana.page.post("app", messages_tab_read_only=False)
    assert ana.types("/prod-access", "D").acked
    assert (told[0]["channel_id"], told[0]["channel_name"]) == ("D0ANA", "directmessage")


def test_private_channels_have_no_name(told: list[dict[str, Any]], ana: Person):
    ana.types("/prod-access", "C0SECURITY")
    assert told[0]["channel_name"] == "privategroup"


def test_an_answer_for_the_person_with_buttons(app: App, connect: Connect, ana: Person, ben: Person):
    answering(app, connect, text="Your access", blocks=[{"type": "actions", "elements": [BUTTON]}])
    ana.types("/prod-access mine", "C0DB")
    answer = ana.message("C0DB", "Your access")
    assert answer is not None
    assert (answer.only_you, answer.buttons, answer.author) == (True, ("End now",), "Prod Access")
    assert ben.sees("C0DB") == ()


def test_an_answer_for_the_channel_shows_the_command_too(
    app: App, connect: Connect, ana: Person, ben: Person
):
    answering(app, connect, text="Look here", response_type="in_channel")
    ana.types("/prod-access mine", "C0DB")
    assert [one.text for one in ben.sees("C0DB")] == ["/prod-access mine", "Look here"]


def test_an_answer_slack_cannot_read(app: App, connect: Connect, ana: Person):
    answering(app, connect, text="x", blocks=[{"type": "nonsense"}])
    ana.types("/prod-access mine", "C0DB")
    assert ana.message("C0DB", "invalid_command_response") is not None


def hook(told: list[dict[str, Any]]) -> WebhookClient:
    return WebhookClient(told[0]["response_url"])


def test_a_response_url_answers_the_person_then_replaces_then_deletes(
    told: list[dict[str, Any]], ana: Person, ben: Person
):
    ana.types("/prod-access mine", "C0DB")
    assert hook(told).send(text="one moment").body == "ok"
    assert [one.only_you for one in ana.sees("C0DB")] == [True]
    hook(told).send(text="done", replace_original=True)
    assert [one.text for one in ana.sees("C0DB")] == ["done"]
    hook(told).send(delete_original=True)
    assert ana.sees("C0DB") == ben.sees("C0DB") == ()


def test_a_response_url_serves_five_times(told: list[dict[str, Any]], ana: Person):
    ana.types("/prod-access mine", "C0DB")
    codes = [hook(told).send(text=str(number)).status_code for number in range(6)]
    assert codes == [200] * 5 + [404]
    assert hook(told).send(text="x").body == "used_url"


def test_a_response_url_serves_thirty_minutes(told: list[dict[str, Any]], here: Running, ana: Person):
    ana.types("/prod-access mine", "C0DB")
    here.slack.clock.advance(3600)
    assert hook(told).send(text="the wall clock does not count").status_code == 200
    real = here.slack.clock.real
    here.slack.clock.real = lambda: real() + 30 * 60 + 1  # type: ignore[method-assign]
    assert hook(told).send(text="x").body == "expired_url"


def test_a_response_url_speaks_where_the_app_is_not(told: list[dict[str, Any]], ana: Person, ben: Person):
    ana.types("/prod-access mine", "C0GENERAL")
    hook(told).send(text="hello all", response_type="in_channel")
    assert ben.message("C0GENERAL", "hello all") is not None


def test_a_response_url_refuses_what_a_message_may_not_be(told: list[dict[str, Any]], ana: Person):
    ana.types("/prod-access mine", "C0DB")
    assert hook(told).send(text="x", blocks=[{"type": "nonsense"}]).body == "invalid_blocks"
    assert hook(told).send_dict({"unfurl_links": False}).body == "no_text"


def test_a_trigger_opens_one_view_once(told: list[dict[str, Any]], client: WebClient, ana: Person):
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Ask"}, "blocks": []}
    ana.types("/prod-access", "C0DB")
    trigger = told[0]["trigger_id"]
    broken = client.api_call
    with pytest.raises(Exception, match="invalid_arguments"):
        broken("views.open", json={"trigger_id": trigger, "view": {"type": "modal", "blocks": []}})
    client.views_open(trigger_id=trigger, view=view)
    form = ana.form()
    assert form is not None
    assert form.title == "Ask"
    with pytest.raises(Exception, match="exchanged_trigger_id"):
        client.views_open(trigger_id=trigger, view=view)
    with pytest.raises(Exception, match="invalid_trigger_id"):
        client.views_open(trigger_id="1.2.x", view=view)


def test_a_trigger_lives_three_real_seconds(
    told: list[dict[str, Any]], client: WebClient, here: Running, ana: Person
):
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Ask"}, "blocks": []}
    ana.types("/prod-access", "C0DB")
    real = here.slack.clock.real
    here.slack.clock.real = lambda: real() + 3.01  # type: ignore[method-assign]
    with pytest.raises(Exception, match="expired_trigger_id"):
        client.views_open(trigger_id=told[0]["trigger_id"], view=view)


def test_replies_need_a_thread(ana: Person, ben: Person):
    with pytest.raises(CannotDo, match="no thread"):
        ana.types("hello", "C0DB", thread="1.000100")
    ana.types("question", "C0DB")
    question = ben.message("C0DB", "question")
    assert question is not None
    ben.types("answer", "C0DB", thread=question.ts)
    assert [one.text for one in ana.thread(question)] == ["answer"]
    assert [one.text for one in ana.sees("C0DB")] == ["question"]


def test_plain_lines_are_messages_with_mentions(ana: Person, ben: Person):
    ana.types("hello @ben", "C0DB")
    message = ben.message("C0DB", "hello")
    assert message is not None
    assert (message.text, message.pings, message.user) == ("hello <@U0BEN>", ("U0BEN",), "U0ANA")
    assert (ben.unread("C0DB"), ana.unread("C0DB")) == (1, 0)
    ben.reads("C0DB")
    assert ben.unread("C0DB") == 0
