"""What Slack makes of a typed line: escapes, mentions, channel links and bare URLs.

docs: slash commands, "escape channels, users, and links sent to your app"; reference B1: people become
<@U...>, public channels <#C...|name>, private ones <#C...|>, URLs stand in <>.
"""

import re

from sandbox.slack.content import escaped
from sandbox.slack.workspace import Workspace

_MARK = re.compile(
    r"(?<![\w@#])([@#])([a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9])|(https?://[^\s<>|]+)", re.IGNORECASE
)


def linked(workspace: Workspace, line: str) -> str:
    """The line with everything Slack recognises turned into its own notation."""
    return _MARK.sub(lambda found: _replaced(workspace, found), escaped(line))


def _replaced(workspace: Workspace, found: re.Match[str]) -> str:
    sign, name, url = found.groups()
    if url:
        return f"<{url}>"
    if sign == "@":
        return _person(workspace, name.lower()) or found.group(0)
    return _channel(workspace, name.lower()) or found.group(0)


def _person(workspace: Workspace, name: str) -> str | None:
    if name in ("here", "channel", "everyone"):
        return f"<!{name}>"
    groups = (f"<!subteam^{group.id}>" for group in workspace.usergroups.values() if group.handle == name)
    people = (f"<@{member.id}>" for member in workspace.members.values() if member.name == name)
    return next(people, None) or next(groups, None)


def _channel(workspace: Workspace, name: str) -> str | None:
    channel = workspace.channel_named(name)
    if channel is None:
        return None
    return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
