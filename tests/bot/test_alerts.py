"""What somebody has to look at is told once, in one channel, in plain words, as soon as Slack takes it."""

from pathlib import Path

import pytest

from bot.alerts import Alerts
from bot.slack.blocks import Message
from bot.slack.client import Posted, SlackAway
from policies.audit import Event
from policies.grant import GrantState, confirmed, planned
from tests.builders import NOW, grant, meridian
from workers.ledger.ledger import Ledger


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


class Channel:
    """A channel that keeps what it is told, or cannot be reached."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.away = False

    def post(self, channel: str, message: Message) -> Posted:
        """Keep it."""
        if self.away:
            raise SlackAway("away")
        self.told.append((channel, message.text))
        return Posted(channel, "1.1")


def alerts(ledger: Ledger, slack: Channel, channel: str = "C0AUDIT", name: str = "me") -> Alerts:
    return Alerts(ledger, meridian, slack, channel=channel, name=name)  # type: ignore[arg-type] # only `post` is asked


def hold(ledger: Ledger) -> None:
    live = confirmed(grant(state=GrantState.GRANTING), NOW).value.model_copy(update={"version": 0})
    ledger.retrying(lambda writing: writing.add_grants([planned(live)]))


def happens(ledger: Ledger, kind: str, **body: str) -> None:
    ledger.retrying(lambda writing: writing.record([Event(kind, NOW, dict(body))]))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("grant.stuck", "Stuck: AWS shop-prod has not ended Ana Ruiz's prod-db-readonly (pa-0001)."),
        ("grant.missing", "AWS shop-prod no longer holds Ana Ruiz's prod-db-readonly (pa-0001)"),
    ],
)
def test_a_grant_that_needs_somebody_is_named_with_its_holder_and_its_place(
    ledger: Ledger, kind: str, words: str
):
    hold(ledger)
    slack = Channel()
    happens(ledger, kind, grant="pa-0001-1", holding="arn:aws:iam::1:role/x")
    assert alerts(ledger, slack).look() == 1
    ((channel, text),) = slack.told
    assert channel == "C0AUDIT"
    assert words in text
    assert "arn:aws:iam::1:role/x" in text


def test_what_we_did_not_sign_is_named_as_such_and_its_name_is_dead_text(ledger: Ledger):
    slack = Channel()
    happens(ledger, "reconcile.foreign", holding="projects/<!channel>/bindings/1")
    assert alerts(ledger, slack).look() == 1
    assert "not signed by us" in slack.told[0][1]
    assert "<!channel>" not in slack.told[0][1]


def test_it_is_told_once_and_nothing_else_is_told(ledger: Ledger):
    slack = Channel()
    happens(ledger, "grant.live", grant="pa-1")
    happens(ledger, "reconcile.foreign", holding="x")
    first, second = alerts(ledger, slack, name="one"), alerts(ledger, slack, name="two")
    assert (first.look(), first.look(), second.look()) == (1, 0, 0)


def test_while_slack_is_away_nothing_is_lost(ledger: Ledger):
    slack = Channel()
    slack.away = True
    happens(ledger, "reconcile.foreign", holding="first")
    happens(ledger, "reconcile.foreign", holding="second")
    telling = alerts(ledger, slack)
    assert telling.look() == 0
    slack.away = False
    assert telling.look() == 2
    assert ["first" in slack.told[0][1], "second" in slack.told[1][1]] == [True, True]


def test_without_a_channel_nobody_is_told(ledger: Ledger):
    slack = Channel()
    happens(ledger, "reconcile.foreign", holding="x")
    assert alerts(ledger, slack, channel="").look() == 0
    assert slack.told == []
