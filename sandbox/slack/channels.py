"""Channels, direct messages and the messages in them."""

from dataclasses import dataclass, field, replace

from sandbox.slack.shapes import Json


@dataclass(frozen=True)
class Message:
    """One message as it stands now; an edit makes a new value under the same ts."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    bot_id: str = ""
    app_id: str = ""
    metadata: Json | None = None
    edited: Json | None = None
    seen_only_by: str | None = None
    pings: tuple[str, ...] = ()

    @property
    def is_reply(self) -> bool:
        """Whether it hangs in a thread under another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def as_api(self, team_id: str) -> Json:
        """The message object in answers and payloads (docs: events, message)."""
        body: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": team_id}
        if self.bot_id:
            body |= {"bot_id": self.bot_id, "app_id": self.app_id}
        body |= {"blocks": list(self.blocks)} if self.blocks else {}
        body |= {"attachments": list(self.attachments)} if self.attachments else {}
        body |= {"thread_ts": self.thread_ts} if self.thread_ts else {}
        body |= {"edited": self.edited} if self.edited else {}
        if self.is_reply and self.broadcast:
            body["subtype"] = "thread_broadcast"
        return body


@dataclass
class Channel:
    """A public or private channel, or the direct messages between the app and one person."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_im: bool = False
    im_user: str = ""
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    whispers: dict[str, Message] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    _second: int = 0
    _count: int = 0

    def next_ts(self, now: float) -> str:
        """A timestamp no other message of this channel has; other channels may well have it.

        reference B3: "ts only unique per channel".
        """
        second = max(int(now), self._second)
        self._count = self._count + 1 if second == self._second else 1
        self._second = second
        return f"{second}.{self._count * 100:06d}"

    def put(self, message: Message) -> None:
        """Add a message, or put its new form in the old place."""
        shelf = self.whispers if message.seen_only_by else self.messages
        shelf[message.ts] = message
        parent = self.messages.get(message.thread_ts or "")
        if message.is_reply and not message.seen_only_by and parent is not None and parent.thread_ts is None:
            self.messages[parent.ts] = replace(parent, thread_ts=parent.ts)

    def find(self, ts: str) -> Message | None:
        """The message with this ts; messages for one person only are not found here."""
        return self.messages.get(ts)

    def remove(self, ts: str) -> None:
        """Delete a message; its replies stay (reference B3)."""
        if self.messages.pop(ts, None) or self.whispers.pop(ts, None):
            self.gone.add(ts)

    def replies(self, ts: str) -> list[Message]:
        """The replies in the thread under this message, oldest first."""
        return [one for one in self.messages.values() if one.thread_ts == ts and one.is_reply]
