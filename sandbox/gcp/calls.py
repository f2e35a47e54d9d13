"""The log of every call, the stand-in's own: an assertion that compares it with our audit does not ask us."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call: what, on which resource, by whom, and how it went."""

    at: datetime
    action: str
    resource: str
    who: str
    mutating: bool
    reason: str = ""
    """What the caller gave as its reason (`x-goog-request-reason`)."""
    reached: bool = False
    """It was not broken on its way: whatever the answer, it may have been done."""
    status: int | None = None
    code: str | None = None
    why: str = ""
    """Why it was refused, where Google does not say."""
    fault: str | None = None
    added: tuple[dict[str, Any], ...] = ()
    """The grants it added to a policy, one for each member."""
    removed: tuple[dict[str, Any], ...] = ()

    def json(self, number: int) -> dict[str, Any]:
        """The call as the log shows it."""
        return {"number": number, **asdict(self), "at": self.at.isoformat()}


class CallLog:
    """Every call in the order it was answered, or broken."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Appends a call; nothing is ever taken away."""
        self._calls.append(call)

    def json(self, *, since: int = 0, everything: bool = False) -> list[dict[str, Any]]:
        """The mutating calls, or all of them, numbered from `since` on."""
        return list(self._listed(since, everything=everything))

    def _listed(self, since: int, *, everything: bool) -> Iterator[dict[str, Any]]:
        for number, call in enumerate(self._calls[since:], since):
            if call.mutating or everything:
                yield call.json(number)
