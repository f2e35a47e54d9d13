"""A person types a line: a message, or a slash command (docs: slash commands)."""

from dataclasses import replace

from sandbox.slack import answers, outcomes, payloads
from sandbox.slack.channels import Channel, Message
from sandbox.slack.escape import linked
from sandbox.slack.outcomes import Impossible, of_delivery, outcome
from sandbox.slack.people import Member
from sandbox.slack.pings import pings
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.slack import Slack
from sandbox.slack.socket import Delivery
from sandbox.slack.tickets import ReturnPath


def person(slack: Slack, user: object) -> Member:
    """Somebody who can act: known, a person, and not deactivated."""
    member = slack.workspace.member(user)
    if member.deleted:
        raise Impossible("this account is deactivated")
    if member.is_bot:
        raise Impossible("bots do not use a client")
    return member


def channel_of(slack: Slack, member: Member, channel_id: object) -> Channel:
    """A channel the person is in; `D` alone means their messages with the app."""
    own = channel_id == "D" and slack.workspace.in_our_team(member)
    channel = slack.workspace.dm(member.id) if own else slack.workspace.channel(channel_id)
    if member.id not in channel.members:
        raise Impossible(f"{member.id} is not in {channel.id}")
    return channel


async def types(slack: Slack, user: str, channel_id: str, line: str, thread_ts: str | None = None) -> Json:
    """Type a line and press Enter."""
    member = person(slack, user)
    channel = channel_of(slack, member, channel_id)
    if channel.is_im and (slack.manifest.messages_tab_read_only or not slack.manifest.messages_tab):
        return outcome("refused", outcomes.NO_MESSAGES)
    _parent(channel, thread_ts)
    if line.startswith("/"):
        return await _commands(slack, member, channel, line, thread_ts)
    return _says(slack, member, channel, line, thread_ts)


def _parent(channel: Channel, thread_ts: str | None) -> None:
    if thread_ts is not None and channel.find(thread_ts) is None:
        raise Impossible(f"there is no thread {thread_ts} in {channel.id}")


def _says(slack: Slack, member: Member, channel: Channel, line: str, thread_ts: str | None) -> Json:
    text, ts = linked(slack.workspace, line), channel.next_ts(slack.clock.wall())
    message = Message(channel.id, ts, member.id, text, thread_ts=thread_ts)
    called = pings(channel, message, slack.workspace.usergroups, auto=False)
    slack.workspace.say(channel, replace(message, pings=called))
    return outcome("posted", channel=channel.id, ts=ts)


async def _commands(slack: Slack, member: Member, channel: Channel, line: str, thread_ts: str | None) -> Json:
    command, _, text = line.partition(" ")
    refusal = _refusal(slack, member, command, thread_ts)
    if refusal:
        slack.workspace.slack_says(channel, member.id, refusal, thread_ts)
        return outcome("refused", refusal)
    told = linked(slack.workspace, text.strip()) if slack.manifest.should_escape else text.strip()
    payload = payloads.slash_command(slack, member, channel, command, told)
    delivery = await slack.switchboard.deliver("slash_commands", payload)
    result = of_delivery(
        delivery, outcomes.failed(command, "operation_timeout"), outcomes.failed(command, "dispatch_failed")
    )
    if delivery.outcome == "acked":
        result["seen"] = _answered(slack, member, channel, line, delivery)
    if result["seen"]:
        slack.workspace.slack_says(channel, member.id, result["seen"])
    return result


def _refusal(slack: Slack, member: Member, command: str, thread_ts: str | None) -> str:
    """What Slack itself answers, before any app hears of the command (reference B7, B1)."""
    if thread_ts is not None:
        return outcomes.threads(command)
    if command != slack.manifest.command or not slack.workspace.in_our_team(member):
        return outcomes.unknown(command)
    return ""


def _answered(slack: Slack, member: Member, channel: Channel, line: str, delivery: Delivery) -> str:
    """Show the answer that came with the acknowledgement; in_channel shows the typed line too."""
    body = delivery.response or {}
    if body.get("response_type") == "in_channel":
        _says(slack, member, channel, line, None)
    if not (body.get("text") or body.get("blocks") or body.get("attachments")):
        return ""
    try:
        answers.apply(slack, ReturnPath(member.id, channel.id, 0.0), body)
    except Refusal:
        return outcomes.failed(delivery.payload["command"], "invalid_command_response")
    return ""
