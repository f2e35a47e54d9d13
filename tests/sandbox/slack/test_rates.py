"""Rate limits: as many as Slack promises, then 429 with the seconds to wait."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.clock import Clock
from sandbox.slack.rates import Rates
from sandbox.slack.shapes import Refusal


class Still(Clock):
    """A clock a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0

    def real(self) -> float:
        """The moment the test has come to."""
        return self.now


def allowed(rates: Rates, method: str, channel: str = "") -> int:
    """How many calls pass before the first refusal."""
    for count in range(1000):
        try:
            rates.spend("U0PRODACCESS", method, channel)
        except Refusal:
            return count
    return 1000


@pytest.mark.parametrize(
    ("method", "count"),
    [
        ("apps.connections.open", 10),
        ("users.list", 20),
        ("usergroups.users.list", 20),
        ("chat.update", 50),
        ("chat.postEphemeral", 100),
        ("views.open", 100),
        ("users.info", 100),
        ("auth.test", 1000),
    ],
)
def test_calls_of_a_tier_pass_within_a_minute(method: str, count: int):
    assert allowed(Rates(Still()), method) == count


def test_a_tier_fills_again_with_time():
    clock = Still()
    rates = Rates(clock)
    allowed(rates, "chat.update")
    clock.now += 12
    assert allowed(rates, "chat.update") == 10


def test_posting_is_one_a_second_per_channel_with_a_short_burst():
    clock = Still()
    rates = Rates(clock)
    assert allowed(rates, "chat.postMessage", "C0DB") == 4
    assert allowed(rates, "chat.postMessage", "C0AUDIT") == 4
    clock.now += 2
    assert allowed(rates, "chat.postMessage", "C0DB") == 2


def test_posting_is_bounded_for_the_whole_workspace():
    rates = Rates(Still())
    passed = sum(allowed(rates, "chat.postMessage", f"C{number}") for number in range(100))
    assert passed == 300


def test_apps_do_not_share_limits():
    rates = Rates(Still())
    allowed(rates, "chat.update")
    rates.spend("U0OTHERBOT", "chat.update")


def test_a_scale_multiplies_the_limits_and_zero_lifts_them():
    assert allowed(Rates(Still(), 2.0), "chat.update") == 100
    assert allowed(Rates(Still(), 0.0), "chat.update") == 1000


def test_the_answer_is_429_with_retry_after(client: WebClient):
    for number in range(4):
        client.chat_postMessage(channel="C0DB", text=str(number))
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel="C0DB", text="one more")
    answer = error.value.response
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "retry_after" not in answer.data
