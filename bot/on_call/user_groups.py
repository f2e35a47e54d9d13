"""Slack's user groups as a source: whoever is in the group is on call, until somebody changes it.

An account is a member of the workspace, `U…` or `W…`. Such a group is kept in step with a pager, or by hand;
Slack does not say until when anybody is in it.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.on_call.http import AT_ONCE, LONGEST_WAIT, part
from bot.on_call.source import OnDuty, Source, SourceAway, SourceRefused
from bot.slack.client import SlackAway, SlackBusy, SlackRefused
from policies.incident import PagerAccount, PagerName

_USER: Final = re.compile(r"[UW][A-Z0-9]{1,40}")


class GroupMembers(Protocol):
    """Who is in Slack's user groups."""

    def members(self, group_id: str) -> tuple[str, ...]:
        """The users of a user group, by its id (`S…`); SlackError."""


class UserGroups(Source):
    """The user groups of our workspace."""

    def __init__(self, name: PagerName, groups: GroupMembers) -> None:
        super().__init__(name)
        self._groups = groups

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:  # noqa: ARG002 (Slack only knows now)
        return [OnDuty(PagerAccount(user), 1, None) for user in self._members(part(schedule))]

    def _members(self, group: str) -> tuple[str, ...]:
        try:
            members = self._groups.members(group)
        except SlackBusy as error:
            seconds = min(max(0.0, error.after), LONGEST_WAIT.total_seconds())
            raise SourceAway("asked too often", timedelta(seconds=seconds)) from error
        except SlackAway as error:
            raise SourceAway(str(error), AT_ONCE) from error
        except SlackRefused as error:
            raise SourceRefused(error.code) from error
        except (
            Exception
        ) as error:  # the boundary to an SDK that lets broken answers through as what they broke
            raise SourceAway(type(error).__name__, AT_ONCE) from error
        if not all(map(_USER.fullmatch, members)):
            raise SourceAway("members that are no users", AT_ONCE)
        return members
