"""What changed, for pages to re-render by: a short numbered memory that wakes whoever waits."""

import asyncio
from collections import deque
from dataclasses import dataclass

from sandbox.slack.shapes import Json

REMEMBERED = 10_000


@dataclass(frozen=True)
class Change:
    """One thing a page may have to draw again; `users` of None means anybody."""

    seq: int
    kind: str
    users: frozenset[str] | None
    facts: Json

    def concerns(self, user: str | None) -> bool:
        """Whether this person's page should hear of it."""
        return user is None or self.users is None or user in self.users

    def as_json(self) -> Json:
        """The change as a page reads it."""
        return {"seq": self.seq, "kind": self.kind, **self.facts}


class Changes:
    """All recent changes, and a bell."""

    def __init__(self) -> None:
        self.seq = 0
        self._recent: deque[Change] = deque(maxlen=REMEMBERED)
        self._bell = asyncio.Event()

    def add(self, kind: str, users: frozenset[str] | None = None, **facts: object) -> None:
        """Remember a change and ring the bell."""
        self.seq += 1
        self._recent.append(Change(self.seq, kind, users, dict(facts)))
        self._bell.set()
        self._bell = asyncio.Event()

    def since(self, seq: int, user: str | None) -> list[Change]:
        """The remembered changes after `seq` that concern this person."""
        return [change for change in self._recent if change.seq > seq and change.concerns(user)]

    async def wait(self, seq: int, user: str | None, timeout: float) -> list[Change]:  # noqa: ASYNC109
        """The changes after `seq`, waiting up to `timeout` seconds for the first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not (found := self.since(seq, user)) and (left := deadline - loop.time()) > 0:
            bell = self._bell
            try:
                await asyncio.wait_for(bell.wait(), left)
            except TimeoutError:
                break
        return found
