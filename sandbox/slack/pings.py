"""Whom a new message calls: mentions of people, groups and everybody, as Slack finds them.

docs: formatting text. In mrkdwn blocks a plain @here typed by anybody becomes a real call unless
`verbatim` is true (reference B4); plain_text never calls anybody. Edits call nobody, so this is
computed once, when a message is posted.
"""

import re
from collections.abc import Iterator

from sandbox.slack.channels import Channel, Message
from sandbox.slack.shapes import Json
from sandbox.slack.world import Usergroup

_SPECIAL = re.compile(r"<@(U\w+)[^>]*>|<!subteam\^(S\w+)[^>]*>|<!(here|channel|everyone)[^>]*>")
_TYPED = re.compile(r"(?<![\w<!])@(here|channel|everyone)\b")


def _marks(text: str, *, auto: bool) -> Iterator[str]:
    for found in _SPECIAL.finditer(text):
        yield next(part for part in found.groups() if part)
    if auto:
        yield from (found.group(1) for found in _TYPED.finditer(text))


def _in_blocks(value: object) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _in_blocks(one)
    elif isinstance(value, dict):
        yield from _in_object(value)


def _in_object(value: Json) -> Iterator[str]:
    kind = value.get("type")
    if kind == "mrkdwn":
        yield from _marks(value["text"], auto=not value.get("verbatim"))
    elif kind in ("user", "usergroup", "broadcast"):
        yield str(value.get("user_id") or value.get("usergroup_id") or value.get("range"))
    else:
        for one in value.values():
            yield from _in_blocks(one)


def pings(channel: Channel, message: Message, groups: dict[str, Usergroup], *, auto: bool) -> tuple[str, ...]:
    """The people in the channel whom this message calls, sorted."""
    marks = set(_in_blocks(message.blocks)) if message.blocks else set(_marks(message.text, auto=auto))
    called = set(marks)
    for mark in marks & groups.keys():
        called |= set(groups[mark].users)
    if marks & {"here", "channel", "everyone"} or channel.is_im:
        called |= channel.members
    return tuple(sorted(called & channel.members - {message.user}))
