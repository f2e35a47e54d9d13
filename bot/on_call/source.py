"""The port by which pagers are asked: who is on call now, and how an incident stands.

```
SourceError
├── SourceAway(after)     no answer, or told to wait: nobody counts as on call by it
└── SourceRefused         our token or the id is wrong: somebody has to mend the settings
```
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, final

from policies.incident import PagerAccount, PagerName


class OnDuty(NamedTuple):
    """Somebody on call: the first escalation level is 1, `until` is the end of the shift where it is told."""

    account: PagerAccount
    level: int
    until: datetime | None


class IncidentNow(NamedTuple):
    """An incident as its pager has it at this moment."""

    live: bool
    acknowledged: bool
    assignees: tuple[PagerAccount, ...]
    commander: PagerAccount | None
    severity: str | None
    service: str | None


class SourceError(Exception):
    """A pager that was asked and did not answer the question."""


class SourceAway(SourceError):
    """No answer now; it may be asked again after so long."""

    def __init__(self, problem: str, after: timedelta) -> None:
        super().__init__(problem)
        self.after: Final = after


class SourceRefused(SourceError):
    """The question is refused: a wrong token, or an id it does not know."""


class Source(ABC):
    """One system that knows who is on call."""

    def __init__(self, name: PagerName) -> None:
        self.name: Final = name

    @final
    def on_call(self, schedule: str, at: datetime) -> tuple[OnDuty, ...]:
        """Who is on call at a moment, by level then account, each once at their first level (SourceError)."""
        first: dict[PagerAccount, OnDuty] = {}
        for duty in sorted(self._on_call(schedule, at), key=lambda duty: (duty.level, duty.account)):
            first.setdefault(duty.account, duty)
        return tuple(first.values())

    @final
    def incident(self, incident: str) -> IncidentNow | None:
        """How an incident stands, by its stable id; None where this system has none (SourceError)."""
        return self._incident(incident)

    @abstractmethod
    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:
        """Who is on call, in any order."""

    def _incident(self, incident: str) -> IncidentNow | None:  # noqa: ARG002 (most systems have none)
        return None
