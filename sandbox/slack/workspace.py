"""The workspace as it is now: people, channels, messages, views and what each person has read."""

from dataclasses import replace

from sandbox.slack.changes import Changes
from sandbox.slack.channels import Channel, Message
from sandbox.slack.clock import Clock
from sandbox.slack.people import Member
from sandbox.slack.shapes import Refusal
from sandbox.slack.views import Views
from sandbox.slack.world import APP_ID, BOT_ID, BOT_USER_ID, SLACKBOT, TEAM_ID, Usergroup, World


class Workspace:
    """All that can be seen, and the only place where it changes."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.clock = clock
        self.members: dict[str, Member] = world.members
        self.channels: dict[str, Channel] = world.channels
        self.usergroups: dict[str, Usergroup] = world.usergroups
        self.changes = Changes()
        self.views = Views(clock)
        self._read: dict[tuple[str, str], str] = {}

    def member(self, user_id: object) -> Member:
        """An account, or Slack's refusal."""
        found = self.members.get(user_id) if isinstance(user_id, str) else None
        if found is None:
            raise Refusal("user_not_found")
        return found

    def channel(self, channel_id: object) -> Channel:
        """A channel by id, or Slack's refusal."""
        found = self.channels.get(channel_id) if isinstance(channel_id, str) else None
        if found is None:
            raise Refusal("channel_not_found")
        return found

    def channel_named(self, name: str) -> Channel | None:
        """A channel by its name."""
        named = (one for one in self.channels.values() if one.name == name and not one.is_im)
        return next(named, None)

    def dm(self, user_id: str) -> Channel:
        """The direct messages between the app and a person, opened if need be."""
        channel_id = f"D{user_id[1:]}"
        if channel_id not in self.channels:
            members = {user_id, BOT_USER_ID}
            self.channels[channel_id] = Channel(
                channel_id, "directmessage", members, is_im=True, im_user=user_id
            )
        return self.channels[channel_id]

    def audience(self, channel: Channel) -> frozenset[str]:
        """Who sees what happens in a channel."""
        return frozenset(channel.members)

    def shares_channel_with_app(self, user_id: str) -> bool:
        """Whether the app and this person are in a channel together."""
        return any({user_id, BOT_USER_ID} <= one.members for one in self.channels.values() if not one.is_im)

    def say(self, channel: Channel, message: Message) -> Message:
        """Put a new message where people see it."""
        channel.put(message)
        audience = frozenset({message.seen_only_by}) if message.seen_only_by else self.audience(channel)
        kind = "whisper" if message.seen_only_by else "message"
        self.changes.add(kind, audience, channel=channel.id, ts=message.ts, thread_ts=message.thread_ts)
        return message

    def rewrite(self, channel: Channel, message: Message) -> None:
        """Put a message's new form in its old place."""
        channel.put(message)
        audience = frozenset({message.seen_only_by}) if message.seen_only_by else self.audience(channel)
        facts = {"channel": channel.id, "ts": message.ts, "thread_ts": message.thread_ts}
        self.changes.add("message_changed", audience, **facts)

    def erase(self, channel: Channel, ts: str) -> None:
        """Delete a message."""
        channel.remove(ts)
        self.changes.add("message_deleted", self.audience(channel), channel=channel.id, ts=ts)

    def app_message(self, channel: Channel, **parts: object) -> Message:
        """A message of the app that has not been said yet."""
        ts = channel.next_ts(self.clock.wall())
        blank = Message(channel.id, ts, BOT_USER_ID, "", bot_id=BOT_ID, app_id=APP_ID)
        return replace(blank, **parts)  # type: ignore[arg-type]

    def slack_says(self, channel: Channel, user: str, text: str, thread_ts: str | None = None) -> None:
        """Slack's own words, which only this person sees."""
        ts = channel.next_ts(self.clock.wall())
        self.say(channel, Message(channel.id, ts, SLACKBOT, text, seen_only_by=user, thread_ts=thread_ts))

    def forget_whispers(self, user: str) -> None:
        """Reload a person's client: messages for them only are gone (docs: chat.postEphemeral)."""
        for channel in self.channels.values():
            mine = [ts for ts, one in channel.whispers.items() if one.seen_only_by == user]
            for ts in mine:
                channel.remove(ts)
        self.changes.add("reloaded", frozenset({user}))

    def mark_read(self, user: str, channel: Channel) -> None:
        """The person has seen everything in a channel."""
        last = max(channel.messages, default="0", key=_order)
        self._read[user, channel.id] = last
        self.changes.add("read", frozenset({user}), channel=channel.id)

    def fresh(self, user: str, channel: Channel) -> list[Message]:
        """The top-level messages of others this person has not seen."""
        last = _order(self._read.get((user, channel.id), "0"))
        unseen = (one for one in channel.messages.values() if _order(one.ts) > last and one.user != user)
        return [one for one in unseen if not one.is_reply or one.broadcast]

    def views_changed(self, user: str, kind: str = "views") -> None:
        """Tell the person's page that a modal or their Home tab is different now."""
        self.changes.add(kind, frozenset({user}))

    def in_our_team(self, member: Member) -> bool:
        """Whether an account belongs to this workspace."""
        return member.team_id == TEAM_ID


def _order(ts: str) -> tuple[int, int]:
    seconds, _, rest = ts.partition(".")
    return int(seconds), int(rest or 0)
