"""Slack's user groups as a source: whoever is in the group, and what it means when Slack does not say."""

import math
from datetime import timedelta

import pytest

from bot.on_call.source import SourceAway, SourceRefused
from bot.on_call.user_groups import UserGroups
from bot.slack.client import SlackAway, SlackBusy, SlackRefused
from policies.incident import PagerName
from tests.builders import NOW

SLACK = PagerName("slack")


class Groups:
    """What Slack says of every group: its members, or an error."""

    def __init__(self, says: tuple[str, ...] | Exception) -> None:
        self.says = says

    def members(self, group_id: str) -> tuple[str, ...]:  # noqa: ARG002
        """The same for each."""
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def ask(says: tuple[str, ...] | Exception, group: str = "S0PRIMARY") -> list[str]:
    return [duty.account for duty in UserGroups(SLACK, Groups(says)).on_call(group, NOW)]


def test_whoever_is_in_the_group_is_on_call():
    assert ask(("W0BEN", "U0ANA")) == ["U0ANA", "W0BEN"]


@pytest.mark.parametrize("member", ["", "ana", "u0ana", "C0ROOM", "U", "U0 ANA", "U0ANA\n", "U" * 50])
def test_members_that_are_no_users_make_it_no_answer(member: str):
    with pytest.raises(SourceAway, match="members that are no users"):
        ask(("U0ANA", member))


@pytest.mark.parametrize(
    ("seconds", "wait"), [(7.0, 7.0), (-1.0, 0.0), (9e9, 300.0), (math.inf, 300.0), (math.nan, 0.0)]
)
def test_slack_that_is_asked_too_often_is_waited_for_within_reason(seconds: float, wait: float):
    with pytest.raises(SourceAway) as away:
        ask(SlackBusy(seconds))
    assert away.value.after == timedelta(seconds=wait)


def test_slack_that_is_away_is_away():
    with pytest.raises(SourceAway, match="invalid_auth"):
        ask(SlackAway("invalid_auth"))


def test_a_group_that_slack_does_not_have_is_refused():
    with pytest.raises(SourceRefused, match="no_such_subteam"):
        ask(SlackRefused("no_such_subteam"))


def test_whatever_else_breaks_on_the_way_is_away():
    with pytest.raises(SourceAway, match="AttributeError"):
        ask(AttributeError("secret"))
