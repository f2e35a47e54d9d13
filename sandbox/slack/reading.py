"""What one person sees, as JSON for a page: channels, messages, threads, modals, Home."""

from sandbox.slack.channels import Channel, Message
from sandbox.slack.lines import channel_of
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.slack import Slack
from sandbox.slack.views import View
from sandbox.slack.world import APP_ID, BOT_ID, BOT_USER_ID, SLACKBOT, TEAM_ID, TEAM_NAME


def world(slack: Slack) -> Json:
    """The team, its people and channels, and the app."""
    workspace = slack.workspace
    people = [one for one in workspace.members.values() if one.id != SLACKBOT]
    return {
        "team": {"id": TEAM_ID, "name": TEAM_NAME},
        "people": [_person(one) for one in people],
        "channels": [_channel(one) for one in workspace.channels.values() if not one.is_im],
        "usergroups": [one.as_json(with_users=True) for one in workspace.usergroups.values()],
        "app": {
            "id": APP_ID,
            "user": BOT_USER_ID,
            "bot_id": BOT_ID,
            "command": slack.manifest.command,
            "messages_tab": slack.manifest.messages_tab,
            "messages_tab_read_only": slack.manifest.messages_tab_read_only,
            "home_tab": slack.manifest.home_tab,
            "connections": len(slack.switchboard.links),
        },
    }


def _person(member: Member) -> Json:
    return {
        "id": member.id,
        "name": member.name,
        "real_name": member.real_name,
        "title": member.title,
        "team_id": member.team_id,
        "external": member.team_id != TEAM_ID,
        "guest": member.is_restricted or member.is_ultra_restricted,
        "deleted": member.deleted,
        "bot": member.is_bot,
    }


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": "dm" if channel.is_im else ("private" if channel.is_private else "public"),
        "shared": channel.is_ext_shared,
        "archived": channel.is_archived,
        "members": sorted(channel.members),
        "app_in": BOT_USER_ID in channel.members,
    }


def state(slack: Slack, user: str) -> Json:
    """Everything around the messages: sidebar, open modals, Home tab."""
    workspace = slack.workspace
    member = workspace.member(user)
    if workspace.in_our_team(member) and not member.is_bot:
        workspace.dm(user)
    mine = [one for one in workspace.channels.values() if user in one.members]
    home = workspace.views.home(user)
    return {
        "seq": workspace.changes.seq,
        "now": slack.clock.wall(),
        "user": _person(member),
        "channels": [_channel(one) | _unread(slack, user, one) for one in mine],
        "views": [view_json(view) for view in workspace.views.stack(user)],
        "home": view_json(home) if home else None,
    }


def _unread(slack: Slack, user: str, channel: Channel) -> Json:
    fresh = slack.workspace.fresh(user, channel)
    return {"unread": len(fresh), "pings": sum(1 for one in fresh if user in one.pings)}


def view_json(view: View) -> Json:
    """A view, with what the client shows beside it."""
    return view.as_api() | {"user": view.user, "errors": view.errors, "notice": view.notice}


def messages(slack: Slack, user: str, channel_id: str, thread: str | None = None) -> Json:
    """The channel as this person sees it, oldest first; or one thread of it, parent first."""
    channel = channel_of(slack, slack.workspace.member(user), channel_id)
    whispers = [
        one for one in channel.whispers.values() if one.seen_only_by == user and _is_shown(channel, one)
    ]
    everything = sorted([*channel.messages.values(), *whispers], key=lambda one: one.ts)
    shown = [one for one in everything if _belongs(one, thread)]
    return {
        "seq": slack.workspace.changes.seq,
        "channel": _channel(channel),
        "messages": [message_json(slack, channel, one) for one in shown],
    }


def _is_shown(channel: Channel, whisper: Message) -> bool:
    """docs: chat.postEphemeral, "only shown if there is already an active thread"."""
    return not whisper.is_reply or whisper.user == SLACKBOT or bool(channel.replies(str(whisper.thread_ts)))


def _belongs(message: Message, thread: str | None) -> bool:
    if thread is not None:
        return thread in (message.ts, message.thread_ts)
    return not message.is_reply or message.broadcast


def message_json(slack: Slack, channel: Channel, message: Message) -> Json:
    """One message as a page draws it."""
    author = slack.workspace.members.get(message.user)
    replies = [] if message.is_reply else channel.replies(message.ts)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "author": author.real_name if author else message.user,
        "by_app": bool(message.bot_id),
        "text": message.text,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "only_you": message.seen_only_by is not None,
        "edited": message.edited is not None,
        "broadcast": message.broadcast,
        "reply_count": len(replies),
        "latest_reply": replies[-1].ts if replies else None,
        "pings": list(message.pings),
        "metadata": message.metadata,
    }
