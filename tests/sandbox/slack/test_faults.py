"""Trouble on demand, as the SDK meets it."""

import http.client
from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.person import CannotDo, Person
from sandbox.slack.world import BOT_TOKEN

CUT = (URLError, ConnectionError, http.client.HTTPException)


@pytest.fixture
def bare(client: WebClient) -> WebClient:
    """A client that does not try again by itself."""
    return WebClient(BOT_TOKEN, base_url=client.base_url, retry_handlers=[])


def fault(ana: Person, **told: object) -> str:
    return str(ana.page.post("faults", **told)["id"])


def test_an_error_and_its_end(bare: WebClient, ana: Person):
    fault(ana, kind="error", status=503)
    with pytest.raises(SlackApiError) as error:
        bare.auth_test()
    assert error.value.response.status_code == 503
    assert error.value.response["error"] == "service_unavailable"
    ana.page.post("faults", clear=True)
    assert bare.auth_test()["ok"] is True


def test_only_for_some_methods_and_so_often(bare: WebClient, ana: Person):
    fault(ana, kind="error", methods=["chat.postMessage"], times=1)
    assert bare.auth_test()["ok"] is True
    with pytest.raises(SlackApiError):
        bare.chat_postMessage(channel="C0DB", text="a")
    assert bare.chat_postMessage(channel="C0DB", text="b")["ok"] is True
    assert ana.page.get("faults") == {"faults": []}


def test_for_a_while(bare: WebClient, ana: Person):
    fault(ana, kind="error", seconds=0)
    assert bare.auth_test()["ok"] is True


def test_a_reset_applies_nothing(bare: WebClient, ana: Person):
    fault(ana, kind="reset", times=1)
    with pytest.raises(CUT):
        bare.chat_postMessage(channel="C0DB", text="never")
    assert ana.sees("C0DB") == ()


def test_a_lost_reply_was_applied(bare: WebClient, ana: Person):
    fault(ana, kind="lose_reply", times=1)
    with pytest.raises(CUT):
        bare.chat_postMessage(channel="C0DB", text="once")
    assert ana.message("C0DB", "once") is not None
    calls = ana.page.get("calls", method="chat.postMessage")["calls"]
    assert (calls[0]["fault"], calls[0]["answer"]["ok"]) == ("lose_reply", True)


def test_a_call_that_hangs(ana: Person, bare: WebClient):
    hasty = WebClient(BOT_TOKEN, base_url=bare.base_url, retry_handlers=[], timeout=1)
    fault(ana, kind="timeout", delay=30, times=1)
    with pytest.raises(TimeoutError):
        hasty.auth_test()


def test_a_delay_only_delays(bare: WebClient, ana: Person):
    fault(ana, kind="delay", delay=0.01)
    assert bare.auth_test()["ok"] is True


def test_rate_limits_on_demand(bare: WebClient, ana: Person):
    fault(ana, kind="ratelimited", retry_after=7, times=1)
    with pytest.raises(SlackApiError) as error:
        bare.auth_test()
    assert error.value.response.status_code == 429
    assert error.value.response.headers["Retry-After"] == "7"


def test_one_of_two_can_be_ended(bare: WebClient, ana: Person):
    first = fault(ana, kind="error", methods=["auth.test"])
    second = fault(ana, kind="error", methods=["users.list"])
    ana.page.post("faults", clear=first)
    assert [one["id"] for one in ana.page.get("faults")["faults"]] == [second]
    assert bare.auth_test()["ok"] is True


def test_a_trouble_nobody_knows(ana: Person):
    with pytest.raises(CannotDo, match="kind is one of"):
        fault(ana, kind="plague")
