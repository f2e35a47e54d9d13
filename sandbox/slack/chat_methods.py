"""chat.*: posting, editing, deleting and pointing at messages (docs: each method's page)."""

from dataclasses import replace

from sandbox.slack import limits
from sandbox.slack.calls import Call, Method
from sandbox.slack.channels import Channel, Message
from sandbox.slack.content import Content, content_of, metadata_of
from sandbox.slack.pings import pings
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.world import TEAM_ID


def post_message(call: Call) -> Json:
    """docs: chat.postMessage."""
    call.grant("chat:write")
    channel = writable(call, _addressed(call))
    content = content_of(call)
    message = call.workspace.app_message(
        channel,
        text=content.text[: limits.POST_TEXT_MAX],
        blocks=content.blocks or (),
        attachments=content.attachments or (),
        metadata=metadata_of(call),
        thread_ts=_thread(call, channel),
        broadcast=call.flag("reply_broadcast"),
        **_author(call),
    )
    message = replace(message, pings=_called(call, channel, message))
    call.workspace.say(channel, message)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_api(TEAM_ID)}


def _author(call: Call) -> Json:
    member = call.workspace.member(call.token.user_id)
    return {"user": member.id, "bot_id": member.bot_id, "app_id": member.app_id}


def _called(call: Call, channel: Channel, message: Message) -> tuple[str, ...]:
    auto = call.get("parse") == "full" or call.flag("link_names")
    return pings(channel, message, call.workspace.usergroups, auto=auto)


def _addressed(call: Call) -> Channel:
    """A channel by id or name, or a person's direct messages (docs: chat.postMessage, channels)."""
    told, workspace = call.need("channel"), call.workspace
    if told.startswith(("U", "W")):
        return _direct(call, told)
    named = workspace.channel_named(told.removeprefix("#"))
    return named or workspace.channel(told)


def _direct(call: Call, user_id: str) -> Channel:
    """Posting to U... opens the direct messages, with chat:write alone (reference B3)."""
    member = call.workspace.members.get(user_id)
    if member is None or member.deleted:
        raise Refusal("channel_not_found")
    if member.is_bot:
        raise Refusal("cannot_dm_bot")
    if not call.workspace.in_our_team(member) and not call.workspace.shares_channel_with_app(user_id):
        raise Refusal("channel_not_found")
    return call.workspace.dm(user_id)


def writable(call: Call, channel: Channel) -> Channel:
    """The channel, if the app may post in it (docs: chat.postMessage, errors)."""
    if channel.is_im:
        return _open_messages_tab(call, channel)
    if channel.is_archived:
        raise Refusal("is_archived")
    if call.token.user_id in channel.members:
        return channel
    if channel.is_private:
        raise Refusal("channel_not_found")
    if "chat:write.public" not in call.token.scopes:
        raise Refusal("not_in_channel")
    return channel


def _open_messages_tab(call: Call, channel: Channel) -> Channel:
    if call.token.user_id not in channel.members:
        raise Refusal("channel_not_found")
    if not call.slack.manifest.messages_tab:
        raise Refusal("messages_tab_disabled")
    return channel


def _thread(call: Call, channel: Channel) -> str | None:
    """The parent to reply to; a reply of its own is none (docs: "use its parent instead")."""
    ts = call.get("thread_ts")
    if ts is None or ts in channel.gone:
        return ts
    parent = channel.find(ts)
    if parent is None:
        raise Refusal("thread_not_found")
    if parent.is_reply:
        raise Refusal("cannot_reply_to_message")
    return ts


def post_ephemeral(call: Call) -> Json:
    """docs: chat.postEphemeral; shown in a thread only when the thread is active."""
    call.grant("chat:write")
    channel = writable(call, _addressed(call))
    user = call.need("user")
    if user not in channel.members or call.workspace.member(user).deleted:
        raise Refusal("user_not_in_channel")
    content = content_of(call)
    if len(content.text) > limits.POST_TEXT_MAX:
        raise Refusal("msg_too_long")
    message = call.workspace.app_message(
        channel, **_said(content), thread_ts=call.get("thread_ts"), seen_only_by=user, **_author(call)
    )
    call.workspace.say(channel, message)
    return {"message_ts": message.ts}


def _said(content: Content) -> Json:
    return {
        "text": content.text,
        "blocks": content.blocks or (),
        "attachments": content.attachments or (),
    }


def _own_message(call: Call, error: str) -> tuple[Channel, Message]:
    """A message the app itself posted; `error` is Slack's word for somebody else's."""
    channel = call.workspace.channel(call.need("channel"))
    if (channel.is_im or channel.is_private) and call.token.user_id not in channel.members:
        raise Refusal("channel_not_found")
    message = channel.find(call.need("ts"))
    if message is None:
        raise Refusal("message_not_found")
    if message.user != call.token.user_id:
        raise Refusal(error)
    return channel, message


def update(call: Call) -> Json:
    """docs: chat.update; text without blocks removes the blocks, blocks leave no "edited" flag (B3)."""
    call.grant("chat:write")
    channel, message = _own_message(call, "cant_update_message")
    if channel.is_archived:
        raise Refusal("is_inactive")
    content = content_of(call)
    if len(content.text) > limits.UPDATE_TEXT_MAX:
        raise Refusal("msg_too_long")
    edited = None if content.blocks else {"user": message.user, "ts": f"{call.slack.clock.wall():.6f}"}
    fresh = replace(
        message,
        text=content.text or message.text,
        blocks=content.blocks or (),
        attachments=message.attachments if content.attachments is None else content.attachments,
        metadata=metadata_of(call, message.metadata),
        broadcast=message.broadcast or call.flag("reply_broadcast"),
        edited=edited,
    )
    call.workspace.rewrite(channel, fresh)
    return {"channel": channel.id, "ts": fresh.ts, "text": fresh.text, "message": fresh.as_api(TEAM_ID)}


def delete(call: Call) -> Json:
    """docs: chat.delete."""
    call.grant("chat:write")
    channel, message = _own_message(call, "cant_delete_message")
    call.workspace.erase(channel, message.ts)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(call: Call) -> Json:
    """docs: chat.getPermalink."""
    channel = call.workspace.channel(call.need("channel"))
    message = channel.find(call.need("message_ts"))
    if message is None or (channel.is_private and call.token.user_id not in channel.members):
        raise Refusal("message_not_found")
    link = f"https://meridian.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


CHAT: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
}
