"""Whoever is deactivated in Slack loses what they hold within minutes; everybody else keeps it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.leavers import SlackLeavers
from bot.slack.client import Home, SlackAway, SlackBusy, SlackRefused
from policies.grant import GrantState, confirmed, planned
from policies.values import PersonId
from tests.builders import ANA, BEN, NOW, grant, meridian
from workers.ledger.ledger import Ledger

ACTIVE: Mapping[str, Any] = {"id": "U", "deleted": False}
DELETED: Mapping[str, Any] = {"id": "U", "deleted": True}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


class Directory:
    """What Slack says of its users, and how often it was asked."""

    def __init__(self, **known: Mapping[str, Any] | Exception) -> None:
        self.known = known
        self.asked: list[str] = []

    def whoami(self) -> Home:
        """Our workspace."""
        return Home("T0MERIDIAN", None)

    def user(self, user: str) -> Mapping[str, Any]:
        """A user, or Slack's refusal."""
        self.asked.append(user)
        found = self.known.get(user, ACTIVE)
        if isinstance(found, Exception):
            raise found
        return found


def hold(ledger: Ledger, number: int, person: PersonId) -> None:
    live = confirmed(grant(number, person=person, state=GrantState.GRANTING), NOW).value
    first = live.model_copy(update={"version": 0})
    ledger.retrying(lambda writing: writing.add_grants([planned(first)]))


def leavers(ledger: Ledger, directory: Directory, now: list[float]) -> SlackLeavers:
    return SlackLeavers(ledger, meridian, directory, monotonic=lambda: now[0])  # type: ignore[arg-type] # only `user` is asked


def ending(ledger: Ledger) -> set[PersonId]:
    with ledger.reading() as reader:
        return {one.person for one in reader.grants(states=[GrantState.ENDING])}


def test_whoever_has_no_account_in_slack_any_more_holds_nothing(ledger: Ledger):
    hold(ledger, 1, ANA)
    hold(ledger, 2, BEN)
    slack = Directory(U0BEN=DELETED)
    assert leavers(ledger, slack, [1.0]).look() == 1
    assert ending(ledger) == {BEN}


@pytest.mark.parametrize("second", [DELETED, SlackRefused("user_not_found")])
def test_one_account_of_two_that_was_closed_ends_nothing_but_both_do(
    ledger: Ledger, second: Mapping[str, Any] | Exception
):
    hold(ledger, 1, ANA)
    slack = Directory(U0ANAADMIN=second)
    assert leavers(ledger, slack, [1.0]).look() == 0
    slack.known["U0ANA"] = DELETED
    assert leavers(ledger, slack, [1.0]).look() == 1


def test_only_holders_are_asked_about_and_not_all_the_time(ledger: Ledger):
    hold(ledger, 1, BEN)
    slack, now = Directory(), [1.0]
    looking = leavers(ledger, slack, now)
    for _ in range(3):
        looking.look()
    assert slack.asked == ["U0BEN"]
    now[0] += 301
    looking.look()
    assert slack.asked == ["U0BEN"] * 2


@pytest.mark.parametrize("trouble", [SlackAway("away"), SlackRefused("missing_scope"), SlackBusy(300.0)])
def test_while_slack_cannot_say_nobody_has_left_and_it_is_asked_again(ledger: Ledger, trouble: Exception):
    hold(ledger, 1, BEN)
    slack, now = Directory(U0BEN=trouble), [1.0]
    looking = leavers(ledger, slack, now)
    assert looking.look() == 0
    slack.known["U0BEN"] = DELETED
    now[0] += 301
    assert looking.look() == 1


def test_one_whom_slack_does_not_speak_of_hides_nobody(ledger: Ledger):
    hold(ledger, 1, ANA)
    hold(ledger, 2, BEN)
    slack = Directory(U0ANA=SlackRefused("user_not_visible"), U0BEN=DELETED)
    assert leavers(ledger, slack, [1.0]).look() == 1
    assert ending(ledger) == {BEN}


def test_a_busy_slack_is_gone_on_with_where_it_was_left(ledger: Ledger):
    hold(ledger, 1, ANA)
    hold(ledger, 2, BEN)
    slack, now = Directory(U0ANA=DELETED, U0ANAADMIN=DELETED, U0BEN=SlackBusy(7.0)), [1.0]
    looking = leavers(ledger, slack, now)
    assert (looking.look(), looking.look()) == (1, 0)
    slack.known["U0BEN"] = ACTIVE
    now[0] += 8
    looking.look()
    assert slack.asked.count("U0ANA") == 1


def test_an_account_in_another_workspace_says_nothing(ledger: Ledger):
    hold(ledger, 1, BEN)
    slack = Directory(U0BEN=DELETED)
    slack.whoami = lambda: Home("T0OTHER", None)  # type: ignore[method-assign]
    assert leavers(ledger, slack, [1.0]).look() == 0


def test_without_a_policy_nobody_is_looked_up(ledger: Ledger):
    hold(ledger, 1, BEN)
    slack = Directory(U0BEN=DELETED)
    assert SlackLeavers(ledger, lambda: None, slack).look() == 0  # type: ignore[arg-type] # only `user` is asked
