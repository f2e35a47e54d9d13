"""What every failure of Slack's means: away, busy, or no."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from slack_sdk import WebClient

from bot.slack.blocks import said
from bot.slack.client import (
    Home,
    SlackAway,
    SlackBusy,
    SlackConversation,
    SlackError,
    SlackRefused,
    Standing,
    _seconds,
)
from sandbox.slack.person import Person
from sandbox.slack.server import Running
from sandbox.slack.slack import Slack
from sandbox.slack.world import BOT_TOKEN
from tests.bot.slack_bench import installed

HELLO = said("hello")
FORM = {"type": "modal", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}


@pytest.fixture
def here(slack_address: Running) -> Running:
    installed(slack_address.renew(Slack.of(rate_scale=0)))
    return slack_address


@pytest.fixture
def ana(here: Running) -> Person:
    return Person("U0ANA", here.base_url)


@pytest.fixture
def talk(here: Running) -> SlackConversation:
    return SlackConversation(WebClient(BOT_TOKEN, base_url=here.api_url, timeout=1))


def test_we_are_our_own_workspace_and_app(talk: SlackConversation):
    assert talk.whoami() == Home("T0MERIDIAN", "A0PRODACCESS")


def test_a_message_is_posted_edited_and_answered_in_its_thread(talk: SlackConversation, ana: Person):
    posted = talk.post("C0DB", HELLO)
    talk.edit(posted.channel, posted.message, said("good evening"))
    reply = talk.post("C0DB", said("and more"), thread=posted.message)
    (message,) = ana.sees("C0DB")
    assert (message.ts, message.shown, message.edited) == (posted.message, "good evening", False)
    assert [one.ts for one in ana.thread(message)] == [reply.message]


def test_a_post_to_a_user_is_a_direct_message(talk: SlackConversation, ana: Person):
    posted = talk.post("U0ANA", HELLO)
    assert (posted.channel, ana.dm()[-1].shown) == ("D0ANA", "hello")


def test_a_whisper_is_seen_by_one_person(talk: SlackConversation, ana: Person, here: Running):
    talk.whisper("C0DB", "U0ANA", HELLO)
    assert [one.only_you for one in ana.sees("C0DB")] == [True]
    assert Person("U0BEN", here.base_url).sees("C0DB") == ()


def test_nothing_said_is_parsed_linked_or_unfurled(talk: SlackConversation, ana: Person):
    posted = talk.post("C0DB", HELLO)
    talk.edit(posted.channel, posted.message, HELLO)
    talk.whisper("C0DB", "U0ANA", HELLO)
    calls = ana.page.get("calls")["calls"]
    assert [call["args"]["parse"] for call in calls] == ["none"] * 3
    assert (calls[0]["args"]["unfurl_links"], calls[0]["args"]["unfurl_media"]) == (False, False)


@pytest.mark.parametrize(
    ("channel", "standing"),
    [
        ("C0DB", Standing(member=True, shared=False)),
        ("C0GENERAL", Standing(member=False, shared=False)),
        ("C0PARTNER", Standing(member=False, shared=True)),
    ],
)
def test_how_we_stand_in_a_channel(talk: SlackConversation, channel: str, standing: Standing):
    assert talk.channel(channel) == standing


def test_a_channel_about_to_be_shared_counts_as_shared(talk: SlackConversation, ana: Person):
    ana.page.post("channels", id="C0DB", is_pending_ext_shared=True)
    assert talk.channel("C0DB").shared


@pytest.mark.parametrize("fault", ["reset", "lose_reply"])
def test_a_cut_call_is_away(talk: SlackConversation, ana: Person, fault: str):
    ana.page.post("faults", kind=fault)
    with pytest.raises(SlackAway):
        talk.whoami()


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_on_their_side_is_away(talk: SlackConversation, ana: Person, status: int):
    ana.page.post("faults", kind="error", status=status)
    with pytest.raises(SlackAway):
        talk.post("C0DB", HELLO)


def test_their_trouble_said_politely_is_away_too(talk: SlackConversation, ana: Person):
    ana.page.post("faults", kind="error", status=200)
    with pytest.raises(SlackAway, match="service_unavailable"):
        talk.post("C0DB", HELLO)


def test_a_call_that_hangs_is_away_within_our_patience(talk: SlackConversation, ana: Person):
    ana.page.post("faults", kind="delay", delay=1.5, times=1)
    with pytest.raises(SlackAway, match="TimeoutError"):
        talk.whoami()


def test_nobody_listening_is_away():
    with pytest.raises(SlackAway):
        SlackConversation(WebClient(BOT_TOKEN, base_url="http://127.0.0.1:9/api/", timeout=1)).whoami()


def test_too_fast_says_how_long_to_wait(talk: SlackConversation, ana: Person):
    ana.page.post("faults", kind="ratelimited", retry_after=17)
    with pytest.raises(SlackBusy, match=r"wait 17.0 s") as busy:
        talk.post("C0DB", HELLO)
    assert busy.value.after == 17.0


@pytest.mark.parametrize(
    ("told", "seconds"), [("17", 17.0), (None, 1.0), ("inf", 1.0), ("Wed, 25 Nov 2026", 1.0), ("-3", 1.0)]
)
def test_how_long_to_wait_is_read_where_it_can_be(told: str | None, seconds: float):
    assert _seconds(told) == seconds


def test_a_token_that_is_not_taken_is_no_answer_about_the_message(talk: SlackConversation, ana: Person):
    ana.page.post("app", revoked=True)
    with pytest.raises(SlackAway, match="token_revoked"):
        talk.post("C0DB", HELLO)


def test_a_wrong_token_is_away(here: Running):
    with pytest.raises(SlackAway, match="invalid_auth"):
        SlackConversation(WebClient("xoxb-wrong", base_url=here.api_url)).whoami()


@pytest.mark.parametrize(
    ("do", "code"),
    [
        (lambda talk: talk.post("C0GENERAL", HELLO), "not_in_channel"),
        (lambda talk: talk.post("C0NOWHERE", HELLO), "channel_not_found"),
        (lambda talk: talk.post("U0OTHERBOT", HELLO), "cannot_dm_bot"),
        (lambda talk: talk.post("C0DB", HELLO, thread="1.1"), "thread_not_found"),
        (lambda talk: talk.edit("C0DB", "1.1", HELLO), "message_not_found"),
        (lambda talk: talk.whisper("C0DB", "U0HUGO", HELLO), "user_not_in_channel"),
        (lambda talk: talk.channel("C0NOWHERE"), "channel_not_found"),
        (lambda talk: talk.user("U0NOBODY"), "user_not_found"),
        (lambda talk: talk.open_form("made.by.hand", FORM), "invalid_trigger_id"),
        (lambda talk: talk.redraw_form("V0NONE", "1.1", FORM), "not_found"),
    ],
)
def test_a_no_says_why(talk: SlackConversation, do, code: str):  # noqa: ANN001 (a lambda of the table)
    with pytest.raises(SlackRefused) as refused:
        do(talk)
    assert refused.value.code == code
    assert isinstance(refused.value, SlackError)


def test_an_archived_channel_takes_nothing(talk: SlackConversation, ana: Person):
    posted = talk.post("C0DB", HELLO)
    ana.page.post("channels", id="C0DB", is_archived=True)
    with pytest.raises(SlackRefused, match="is_archived"):
        talk.post("C0DB", HELLO)
    with pytest.raises(SlackRefused, match="is_inactive"):
        talk.edit("C0DB", posted.message, HELLO)


class _Page(BaseHTTPRequestHandler):
    """Something between us and Slack that answers with a page."""

    kind = "text/html"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", self.kind)
        self.end_headers()
        self.wfile.write(b"<html>log in to the network</html>")

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture(params=["text/html", "application/gzip"])
def page_between(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Page", (_Page,), {"kind": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/"
        server.shutdown()
        thread.join()


def test_an_answer_that_is_not_slacks_is_away(page_between: str):
    with pytest.raises(SlackAway):
        SlackConversation(WebClient(BOT_TOKEN, base_url=page_between)).whoami()
