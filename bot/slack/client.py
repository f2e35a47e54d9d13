"""Talking to Slack: the few calls we make, and what it means when one fails.

```
SlackError
├── SlackAway       not reachable, broken on its side, or not taking our token: nothing is known, try later
├── SlackBusy       too fast for it: `after` seconds
└── SlackRefused    no: `code` says why (channel_not_found, not_in_channel, message_not_found, …)
```
"""

import re
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final, NamedTuple, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack.blocks import Message

_SERVER_SIDE: Final = 500
_TOO_FAST: Final = 429
_FORM_METHODS: Final = {"auth.test", "users.info", "conversations.info"}
_THEIR_TROUBLE: Final = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
GONE: Final = {
    "message_not_found",
    "thread_not_found",
    "cant_update_message",
    "edit_window_closed",
    "is_inactive",
    "is_archived",
    "not_in_channel",
    "channel_not_found",
}
"""What Slack says of a message that can no longer be drawn again or answered: a new one takes its place."""
_OUR_TOKEN: Final = {
    "account_inactive",
    "invalid_auth",
    "not_authed",
    "token_expired",
    "token_revoked",
    "missing_scope",
    "org_login_required",
    "ekm_access_denied",
}
"""Says nothing of the message or its channel: once somebody put it right, the same call works."""
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")


class SlackError(Exception):
    """Slack did not do what was asked."""


class SlackAway(SlackError):
    """Not reachable, broken on its side, or not taking our token."""


class SlackBusy(SlackError):
    """Too fast for it."""

    def __init__(self, after: float) -> None:
        super().__init__(f"wait {after} s")
        self.after = after


class SlackRefused(SlackError):
    """No."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Home(NamedTuple):
    """Our own workspace, and the app we are in it."""

    team: str
    app: str | None


class Standing(NamedTuple):
    """Whether we are in a channel, and whether people of another organisation are, or soon will be."""

    member: bool
    shared: bool


class Posted(NamedTuple):
    """Where a message stands."""

    channel: str
    message: str


class Conversation(Protocol):
    """What we say in Slack; every method raises SlackError."""

    def post(self, channel: str, message: Message, *, thread: str | None = None) -> Posted:
        """A new message, in a thread when one is named; a user's id stands for the DM with them."""

    def edit(self, channel: str, at: str, message: Message) -> None:
        """Draw a message of ours again."""

    def whisper(self, channel: str, user: str, message: Message) -> None:
        """A message that only one person in the channel sees."""

    def channel(self, channel: str) -> Standing:
        """How we stand in a channel."""

    def user(self, user: str) -> Mapping[str, Any]:
        """A user as Slack knows them now."""

    def whoami(self) -> Home:
        """Our own workspace and app."""

    def open_form(self, trigger: str, form: Mapping[str, Any]) -> None:
        """Open a form for whoever made the trigger."""

    def redraw_form(self, form: str, seen: str, view: Mapping[str, Any]) -> None:
        """Draw an open form again, unless it changed since we saw it."""


class SlackConversation:
    """The conversation over Slack's Web API; a call is answered or fails within a few seconds."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def post(self, channel: str, message: Message, *, thread: str | None = None) -> Posted:
        """A new message; nothing in it is parsed, linked or unfurled."""
        answer = self._call(
            "chat.postMessage",
            channel=channel,
            thread_ts=thread,
            unfurl_links=False,
            unfurl_media=False,
            parse="none",
            **_body(message),
        )
        return Posted(str(answer["channel"]), str(answer["ts"]))

    def edit(self, channel: str, at: str, message: Message) -> None:
        """Draw a message of ours again; `parse` must be said, it defaults to something else here."""
        self._call("chat.update", channel=channel, ts=at, parse="none", **_body(message))

    def whisper(self, channel: str, user: str, message: Message) -> None:
        """A message that only one person in the channel sees."""
        self._call("chat.postEphemeral", channel=channel, user=user, parse="none", **_body(message))

    def channel(self, channel: str) -> Standing:
        """How we stand in a channel."""
        found = self._call("conversations.info", channel=channel)["channel"]
        shared = found.get("is_ext_shared") or found.get("is_pending_ext_shared")
        return Standing(member=bool(found.get("is_member")), shared=bool(shared))

    def whoami(self) -> Home:
        """Our own workspace and app, as the token stands for."""
        mine = self._call("auth.test")
        bot = self._call("users.info", user=str(mine["user_id"]))["user"]
        app = bot.get("profile", {}).get("api_app_id")
        return Home(team=str(mine["team_id"]), app=str(app) if app else None)

    def user(self, user: str) -> Mapping[str, Any]:
        """A user as Slack knows them now."""
        found = self._call("users.info", user=user).get("user")
        if not isinstance(found, Mapping):
            raise SlackAway("an answer without a user")
        return found

    def open_form(self, trigger: str, form: Mapping[str, Any]) -> None:
        """Open a form; Slack wants that within three seconds of the trigger."""
        self._call("views.open", trigger_id=trigger, view=form)

    def redraw_form(self, form: str, seen: str, view: Mapping[str, Any]) -> None:
        """Draw an open form again, unless it changed since we saw it."""
        self._call("views.update", view_id=form, hash=seen, view=view)

    def _call(self, method: str, **words: Any) -> Mapping[str, Any]:  # noqa: ANN401 (Slack's own arguments)
        given = {name: value for name, value in words.items() if value is not None}
        try:
            answer = self._client.api_call(method, **_carried(method, given))
        except SlackApiError as error:
            raise _meaning(error) from error
        except (SlackClientError, OSError, ValueError, HTTPException, AttributeError) as error:
            # half an answer, and JSON that is no object, break inside the SDK
            raise SlackAway(type(error).__name__) from error
        if not isinstance(answer.data, dict):
            raise SlackAway("an answer that is not Slack's")
        data: Mapping[str, Any] = answer.data
        return data


def _seconds(told: object) -> float:
    """How long we are told to wait; a second where nothing that can be read is said."""
    return float(str(told)) if str(told).isascii() and str(told).isdigit() else 1.0


def _carried(method: str, words: dict[str, Any]) -> dict[str, Any]:
    """Reading methods take a form, writing ones JSON (source: Slack's Web API page)."""
    return {"params": words} if method in _FORM_METHODS else {"json": words}


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _meaning(error: SlackApiError) -> SlackError:
    answer = error.response
    data = getattr(answer, "data", None)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    status = int(getattr(answer, "status_code", 0) or 0)
    if status == _TOO_FAST or code in {"ratelimited", "rate_limited"}:
        return SlackBusy(_seconds(getattr(answer, "headers", {}).get("Retry-After")))
    if status >= _SERVER_SIDE or code in _THEIR_TROUBLE | _OUR_TOKEN:
        return SlackAway(code or str(status))
    if not _CODE.fullmatch(code):
        return SlackAway("an answer that is not Slack's")  # the SDK puts the text of a page there
    return SlackRefused(code)
