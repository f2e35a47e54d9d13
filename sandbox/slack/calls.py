"""One call of a Web API method: who calls, with what, and how to read its arguments."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sandbox.slack.channels import Channel
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.slack import Slack
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Token

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A call that has passed Slack's front door."""

    slack: Slack
    method: str
    token: Token
    args: Json

    @property
    def workspace(self) -> Workspace:
        """The workspace it acts on."""
        return self.slack.workspace

    def get(self, name: str) -> str | None:
        """A text argument, or None."""
        value = self.args.get(name)
        return str(value) if isinstance(value, str | int | float) and value != "" else None

    def need(self, name: str) -> str:
        """A text argument Slack requires."""
        value = self.get(name)
        if value is None:
            raise Refusal("invalid_arguments", f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        """A boolean argument; forms send words."""
        return self.args.get(name) in (True, "true", "True", "1", 1)

    def structure(self, name: str, error: str) -> object:
        """A JSON argument, as JSON or as a string of it; `error` is Slack's word for a broken one."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refusal(error) from None

    def grant(self, scope: str) -> None:
        """Require a scope (docs: errors, missing_scope)."""
        if scope not in self.token.scopes:
            provided = ",".join(sorted(self.token.scopes))
            raise Refusal("missing_scope", needed=scope, provided=provided)

    def visible_channel(self, name: str = "channel") -> Channel:
        """A channel the app may know of: public ones, and those it is in."""
        channel = self.workspace.channel(self.need(name))
        if (channel.is_private or channel.is_im) and self.token.user_id not in channel.members:
            raise Refusal("channel_not_found")
        self.grant(_reading_scope(channel))
        return channel

    def paged(self, items: Sequence[T]) -> tuple[list[T], Json]:
        """One page of a list and the cursor to the next (docs: pagination)."""
        limit = int(self.get("limit") or 1000)
        start = _start(self.get("cursor"))
        following = b64encode(f"next:{start + limit}".encode()).decode() if start + limit < len(items) else ""
        return list(items[start : start + limit]), {"response_metadata": {"next_cursor": following}}


def _reading_scope(channel: Channel) -> str:
    if channel.is_im:
        return "im:read"
    return "groups:read" if channel.is_private else "channels:read"


def _start(cursor: str | None) -> int:
    try:
        return int(b64decode(cursor).decode().removeprefix("next:")) if cursor else 0
    except ValueError:
        raise Refusal("invalid_cursor") from None


Method = Callable[[Call], Json]
