"""The log of every call, the stand-in's own: an assertion that compares it with our audit does not ask us."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call: what, on which assignment, by whom, and how it went."""

    at: datetime
    service: str
    action: str
    who: str
    mutating: bool
    assignment: str = ""
    """The assignment it is about, as `names.assignment` writes it."""
    operation: str = ""
    """The request id of the operation it began."""
    reached: bool = False
    """It was not broken on its way: whatever the answer, it may have been done."""
    status: int | None = None
    code: str | None = None
    fault: str | None = None

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
