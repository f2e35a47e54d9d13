"""Who is knocking: every listener stands behind this, and whoever is not surely one of us is refused.

External members can press buttons with a validly signed payload, and no single flag tells them apart
(source: Slack's user object and Slack Connect pages), so all of them are read: team, deleted, bot, guest.
"""

import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from bot.slack.client import Conversation, Home, SlackError
from policies.people import Person
from policies.rules import Policy

_SLACKBOT: Final = "USLACKBOT"
FRESH_SECONDS: Final = 60.0
"""How long what Slack says of a user is believed; a click that decides asks anew."""
_BOTS: Final = ("is_bot", "is_workflow_bot", "is_connector_bot")
_GUESTS: Final = ("is_restricted", "is_ultra_restricted", "is_invited_user")


class Stranger(StrEnum):
    """Why somebody is not let in."""

    ANOTHER_APP = "another_app"
    ANOTHER_WORKSPACE = "another_workspace"
    EXTERNAL = "external"
    GUEST = "guest"
    BOT = "bot"
    DELETED = "deleted"
    UNLINKED = "unlinked"
    NOT_CHECKED = "not_checked"
    """Slack could not say who it is, or has not confirmed it."""


class Knock(NamedTuple):
    """What a payload says about where it comes from."""

    app: str | None
    team: str
    user: str
    user_team: str


class Gate:
    """Lets linked members of our workspace through, and says why not to everybody else."""

    def __init__(self, home: Home, conversation: Conversation, policy: Callable[[], Policy | None]) -> None:
        self._home = home
        self._conversation = conversation
        self._policy = policy
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def admit(self, knock: Knock, *, fresh: bool = False) -> Person | Stranger:
        """The person behind a knock, or why there is none; `fresh` asks Slack anew."""
        if self._home.app is not None and knock.app != self._home.app:
            return Stranger.ANOTHER_APP
        if knock.team != self._home.team:
            return Stranger.ANOTHER_WORKSPACE
        if knock.user_team != self._home.team:
            return Stranger.EXTERNAL
        try:
            user = self._user(knock.user, fresh=fresh)
        except SlackError:
            return Stranger.NOT_CHECKED
        return member_problem(user, self._home.team) or self._linked(knock)

    def _linked(self, knock: Knock) -> Person | Stranger:
        policy = self._policy()
        person = policy.people.by_slack(knock.team, knock.user) if policy else None
        return person if person is not None and person.active else Stranger.UNLINKED

    def _user(self, user: str, *, fresh: bool) -> Mapping[str, Any]:
        with self._lock:
            known = self._known.get(user)
        if known is not None and not fresh and time.monotonic() - known[0] < FRESH_SECONDS:
            return known[1]
        found = self._conversation.user(user)
        with self._lock:
            self._known[user] = (time.monotonic(), found)
        return found


def member_problem(user: Mapping[str, Any], team: str) -> Stranger | None:
    """Why this user of Slack is not a full member of our team, or None."""
    if user.get("team_id") != team or user.get("is_stranger"):
        return Stranger.EXTERNAL
    if user.get("deleted"):
        return Stranger.DELETED
    if user.get("id") == _SLACKBOT or any(user.get(flag) for flag in _BOTS):
        return Stranger.BOT
    if any(user.get(flag) for flag in _GUESTS):
        return Stranger.GUEST
    return Stranger.NOT_CHECKED if user.get("is_email_confirmed") is False else None


def knock_of(body: Mapping[str, Any]) -> Knock:
    """Where a payload of Slack's comes from: a command's flat form, or an interaction's nested one."""
    user, team = body.get("user"), body.get("team")
    nested = user if isinstance(user, Mapping) else {}
    team_id = team.get("id") if isinstance(team, Mapping) else body.get("team_id")
    return Knock(
        app=_text(body.get("api_app_id")),
        team=_text(team_id) or "",
        user=_text(nested.get("id") or body.get("user_id")) or "",
        user_team=_text(nested.get("team_id") or body.get("team_id") or team_id) or "",
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
