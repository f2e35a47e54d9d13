"""A person at a Slack client, for tests and the story: a small synchronous client of the page API.

    ana = Person("U0ANA", base_url)
    ana.types("/prod-access prod-db-readonly 1h replication lag", channel="C0DB")
    card = ben.waits_for(lambda: ben.message("C0DB", "Waiting"))
    ben.clicks("Approve", card)
    ana.waits_for(lambda: ana.message("D", "You have prod-db-readonly"))

Only the standard library is used, one connection per call, so that nothing is left open.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from sandbox.slack.shapes import Json

T = TypeVar("T")
PATIENCE = 5.0
HTTP_OK = 200


class CannotDo(AssertionError):
    """No Slack client would have let the person do this, or the page API refused."""


@dataclass(frozen=True)
class Outcome:
    """How something the person did went, and what Slack itself showed of it."""

    kind: str
    seen: str = ""
    envelope_id: str = ""
    ms: float | None = None
    details: Json = field(default_factory=dict, compare=False)

    @property
    def acked(self) -> bool:
        """Whether the app acknowledged in time."""
        return self.kind == "acked"

    @property
    def errors(self) -> dict[str, str]:
        """What a form complains of, by block_id."""
        return dict(self.details.get("errors") or {})


@dataclass(frozen=True)
class Message:
    """A message as the person sees it."""

    channel: str
    ts: str
    user: str
    author: str
    text: str
    blocks: tuple[Json, ...]
    thread_ts: str | None
    only_you: bool
    edited: bool
    reply_count: int
    pings: tuple[str, ...]

    @property
    def shown(self) -> str:
        """All words on screen: those of the blocks, or the text when there are none."""
        return "\n".join(_words(list(self.blocks))) if self.blocks else self.text

    @property
    def buttons(self) -> tuple[str, ...]:
        """The labels of its buttons, in order."""
        return tuple(_buttons(list(self.blocks)))

    def says(self, words: str) -> bool:
        """Whether these words are on screen or in the text screen readers read."""
        return words in self.shown or words in self.text


@dataclass(frozen=True)
class View:
    """A modal or Home tab as the person sees it."""

    id: str
    kind: str
    title: str
    callback_id: str
    blocks: tuple[Json, ...]
    values: Json
    errors: dict[str, str]
    notice: str

    @property
    def shown(self) -> str:
        """All words on screen."""
        return "\n".join([self.title, *_words(list(self.blocks))])

    @property
    def buttons(self) -> tuple[str, ...]:
        """The labels of its buttons, in order."""
        return tuple(_buttons(list(self.blocks)))

    def says(self, words: str) -> bool:
        """Whether these words are on screen."""
        return words in self.shown


def _words(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _words(one)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for name, one in value.items():
            if name != "confirm":
                yield from _words(one)


def _buttons(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _buttons(one)
    elif isinstance(value, dict) and value.get("type") == "button":
        yield value["text"]["text"]
    elif isinstance(value, dict):
        for one in value.values():
            yield from _buttons(one)


def _message(told: Json) -> Message:
    names = ("channel", "ts", "user", "author", "text", "thread_ts", "only_you", "edited", "reply_count")
    return Message(
        **{name: told[name] for name in names}, blocks=tuple(told["blocks"]), pings=tuple(told["pings"])
    )


def _view(told: Json) -> View:
    return View(
        id=told["id"],
        kind=told["type"],
        title=told["title"]["text"] if told["type"] == "modal" else "",
        callback_id=told["callback_id"],
        blocks=tuple(told["blocks"]),
        values=told["state"]["values"],
        errors=told["errors"],
        notice=told["notice"],
    )


class PageApi:
    """Calls of the page API, one connection each."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def get(self, view: str, **query: object) -> Json:
        """GET /page/{view}."""
        told = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", f"/page/{view}?{urlencode(told)}", None)

    def post(self, deed: str, **told: object) -> Json:
        """POST /page/{deed}."""
        body = {name: value for name, value in told.items() if value is not None}
        return self._call("POST", f"/page/{deed}", json.dumps(body).encode())

    def _call(self, verb: str, path: str, body: bytes | None) -> Json:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=30)
        try:
            connection.request(verb, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told: Json = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != HTTP_OK:
            raise CannotDo(told.get("error", f"HTTP {answer.status}"))
        return told


class Person:
    """Somebody at a client. A channel is an id like C0DB, or "D" for the messages with the app."""

    def __init__(self, user_id: str, base_url: str) -> None:
        self.id = user_id
        self.page = PageApi(base_url)

    def _does(self, deed: str, **told: object) -> Outcome:
        answer = self.page.post(deed, user=self.id, **told)
        return Outcome(
            answer["outcome"], answer.get("seen", ""), answer.get("envelope_id", ""), answer.get("ms"), answer
        )

    def types(self, line: str, channel: str, thread: str | None = None) -> Outcome:
        """Type a line and press Enter: a message, or a slash command."""
        return self._does("type", channel=channel, text=line, thread_ts=thread)

    def sees(self, channel: str, thread: str | None = None) -> tuple[Message, ...]:
        """The channel or thread as this person sees it, oldest first."""
        told = self.page.get("messages", user=self.id, channel=channel, thread=thread)
        return tuple(_message(one) for one in told["messages"])

    def dm(self) -> tuple[Message, ...]:
        """The messages between this person and the app."""
        return self.sees("D")

    def message(self, channel: str, words: str = "", thread: str | None = None) -> Message | None:
        """The newest message there that says these words."""
        return next((one for one in reversed(self.sees(channel, thread)) if one.says(words)), None)

    def thread(self, message: Message) -> tuple[Message, ...]:
        """The replies under a message."""
        return tuple(
            one for one in self.sees(message.channel, message.thread_ts or message.ts) if one.ts != message.ts
        )

    def clicks(
        self,
        label: str | None = None,
        message: Message | None = None,
        *,
        view: View | None = None,
        action_id: str | None = None,
        value: str | None = None,
        confirm: bool = True,
    ) -> Outcome:
        """Press a button, or choose in an overflow menu, answering a confirm dialog with `confirm`.

        Without a message or view, the top modal (or else the Home tab) is meant.
        """
        where = (
            {"channel": message.channel, "ts": message.ts}
            if message
            else {"view_id": view.id if view else None}
        )
        return self._does("click", label=label, action_id=action_id, value=value, confirmed=confirm, **where)

    def views(self) -> tuple[View, ...]:
        """The modals in front of this person, the top one last."""
        return tuple(_view(one) for one in self.page.get("state", user=self.id)["views"])

    def form(self) -> View | None:
        """The modal this person can use."""
        views = self.views()
        return views[-1] if views else None

    def home(self) -> View | None:
        """The Home tab as last published."""
        told = self.page.get("state", user=self.id)["home"]
        return _view(told) if told else None

    def opens_home(self) -> Outcome:
        """Open the app's Home tab."""
        return self._does("home")

    def fills(self, label: str | None = None, value: object = None, **told: object) -> Outcome:
        """Put a value in the field with this label (or `action_id=`, `block_id=`) of the top modal."""
        return self._does("fill", label=label, value=value, **told)

    def suggestions(self, label: str | None = None, query: str = "", **told: object) -> tuple[str, ...]:
        """What a select with search offers for a query."""
        answer = self._does("suggest", label=label, query=query, **told)
        return tuple(option["text"]["text"] for option in answer.details["options"])

    def submits(self) -> Outcome:
        """Press the submit button of the top modal."""
        return self._does("submit")

    def closes(self, *, everything: bool = False) -> Outcome:
        """Close the top modal, or all of them."""
        return self._does("close", all=everything)

    def uses_shortcut(self, callback_id: str, message: Message | None = None) -> Outcome:
        """Use a global shortcut, or one on a message."""
        where = {"channel": message.channel, "ts": message.ts} if message else {}
        return self._does("shortcut", callback_id=callback_id, **where)

    def reads(self, channel: str) -> None:
        """See everything in a channel."""
        self._does("read", channel=channel)

    def unread(self, channel: str) -> int:
        """How many messages of others in a channel this person has not seen."""
        channels = self.page.get("state", user=self.id)["channels"]
        wanted = f"D{self.id[1:]}" if channel == "D" else channel
        return next((int(one["unread"]) for one in channels if one["id"] == wanted), 0)

    def reloads(self) -> None:
        """Reload the client: messages only this person saw are gone."""
        self._does("reload")

    def waits_for(self, look: Callable[[], T | None], timeout: float = PATIENCE) -> T:
        """Whatever `look` finds, looking again after every change this person could see."""
        deadline = time.monotonic() + timeout
        seq = self.page.get("state", user=self.id)["seq"]
        while not (found := look()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise CannotDo(f"{self.id} waited {timeout} s in vain")
            seq = self.page.get("wait", user=self.id, after=seq, timeout=round(min(left, 1.0), 3))["seq"]
        return found
