"""What happens at the pagers: incidents and who is on call, changed by one deed at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from sandbox.pagers import organisation

_SHIFT: Final = timedelta(hours=8)


class Status(StrEnum):
    """How an incident stands, in PagerDuty's words."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Deed(StrEnum):
    """What was done, in PagerDuty's words."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    REASSIGNED = "reassigned"
    COMMANDED = "role.assigned"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Incident(NamedTuple):
    """An incident by our own name for it; people, too, are by name."""

    name: str
    service: str
    title: str
    severity: str
    created_at: datetime
    updated_at: datetime
    status: Status = Status.TRIGGERED
    assignees: tuple[str, ...] = ()
    commander: str | None = None


class Happening(NamedTuple):
    """A deed, with the incident as it is since."""

    deed: Deed
    incident: Incident
    agent: str | None = None


class Shift(NamedTuple):
    """Somebody's time on call."""

    schedule: str
    level: int
    user: str
    starts_at: datetime
    ends_at: datetime | None


class Hand:
    """The incidents and shifts of all pagers alike, by a clock; each deed is told to whoever listens."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now: Final = now
        self.incidents: Final[dict[str, Incident]] = {}
        self._listeners: list[Callable[[Happening], None]] = []
        at = now().replace(microsecond=0)
        self.shifts: list[Shift] = [
            Shift(schedule, 1, user, at, at + _SHIFT) for schedule, user in organisation.SCHEDULES.items()
        ]

    def listen(self, listener: Callable[[Happening], None]) -> None:
        """Be told each deed from now on."""
        self._listeners.append(listener)

    def fire(self, name: str, service: str, title: str, severity: str, to: str | None = None) -> Incident:
        """An incident begins (ValueError where its service is unknown or it began before)."""
        if service not in organisation.SERVICES or name in self.incidents:
            raise ValueError(f"{name} cannot begin at {service}")
        at = self.now()
        begun = Incident(name, service, title, severity, at, at, assignees=(to,) if to else ())
        return self._done(Deed.TRIGGERED, begun)

    def acknowledge(self, name: str, by: str) -> Incident:
        """Somebody takes it on."""
        changed = self._open(name)._replace(status=Status.ACKNOWLEDGED, assignees=(by,))
        return self._done(Deed.ACKNOWLEDGED, changed, by)

    def reassign(self, name: str, to: str, by: str | None = None) -> Incident:
        """Somebody else has it, and has not taken it on yet."""
        changed = self._open(name)._replace(status=Status.TRIGGERED, assignees=(to,))
        return self._done(Deed.REASSIGNED, changed, by)

    def command(self, name: str, who: str | None) -> Incident:
        """Somebody commands it, or nobody any more."""
        return self._done(Deed.COMMANDED, self._open(name)._replace(commander=who), who)

    def resolve(self, name: str, by: str | None = None) -> Incident:
        """It is over."""
        return self._done(Deed.RESOLVED, self._open(name)._replace(status=Status.RESOLVED), by)

    def reopen(self, name: str, by: str | None = None) -> Incident:
        """It was not over after all."""
        incident = self.incidents[name]
        if incident.status is not Status.RESOLVED:
            raise ValueError(f"{name} is not resolved")
        return self._done(Deed.REOPENED, incident._replace(status=Status.TRIGGERED), by)

    def shift(self, schedule: str, to: str) -> None:
        """Somebody takes over a schedule's first level now, for eight hours."""
        self.put_on_call(schedule, 1, to, self.now() + _SHIFT)

    def put_on_call(self, schedule: str, level: int, user: str, until: datetime | None) -> None:
        """Somebody is on call at a level in place of whoever was; until never, where it is None."""
        if schedule not in organisation.SCHEDULES or user not in organisation.PEOPLE:
            raise ValueError(f"{user} cannot be on call by {schedule}")
        starts_at = self.now().replace(microsecond=0)  # rotas have whole seconds
        others = [one for one in self.shifts if (one.schedule, one.level) != (schedule, level)]
        self.shifts = [*others, Shift(schedule, level, user, starts_at, until)]

    def on_call(self, schedule: str, since: datetime, until: datetime) -> list[Shift]:
        """Whose shifts reach into a window, by level; a window may be one moment."""
        found = [one for one in self.shifts if one.schedule == schedule and _reaches(one, since, until)]
        return sorted(found, key=lambda one: one.level)

    def _open(self, name: str) -> Incident:
        incident = self.incidents[name]
        if incident.status is Status.RESOLVED:
            raise ValueError(f"{name} is resolved")
        return incident

    def _done(self, deed: Deed, incident: Incident, agent: str | None = None) -> Incident:
        changed = incident._replace(updated_at=self.now())
        self.incidents[changed.name] = changed
        for listener in self._listeners:
            listener(Happening(deed, changed, agent))
        return changed


def _reaches(shift: Shift, since: datetime, until: datetime) -> bool:
    return shift.starts_at <= until and (shift.ends_at is None or shift.ends_at > since)
