"""An incident, what a pager says of one, and what happens to the access that hangs on it.

    live ─resolve─▶ resolved ─reopen─▶ live          the grace time runs while it is resolved
    resolved ─close─▶ closed ─reopen─▶ live          closed: all access that hung on it has been told to end
    live ─close─▶ closed                             a commander ended all of it

An incident that is live again gives nothing back: whoever needs access asks again. Pagers repeat themselves
and do not keep their order, so what is older than what is known already changes nothing; a resolution counts
unless the incident came back after it. What an alert says (its title) is text from outside, and decides
nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType, Self

from pydantic import Field, model_validator

from policies.audit import Event, Json
from policies.moves import Moved, after
from policies.values import IncidentId, Moment, PersonId, Value

PagerName = NewType("PagerName", str)
"""A pager as the organisation's files name it: `pagerduty`, `incident-io`, `alertmanager`, `rootly`."""
PagerAccount = NewType("PagerAccount", str)
"""Somebody in one pager, by the stable id it has for them."""
TITLE_MOST: Final = 300
"""How much of an alert's title is kept."""


class PagerVerb(StrEnum):
    """What a pager says has happened."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    REASSIGNED = "reassigned"
    COMMANDED = "commanded"
    """Somebody leads it now."""
    CHANGED = "changed"
    """Its severity, title, service or channel."""
    RESOLVED = "resolved"
    REOPENED = "reopened"
    SHIFTED = "shifted"
    """Who is on call has changed; there is no incident in it."""


class PagerEvent(Value):
    """One thing a pager said, verified and in one shape; ids are the pager's own."""

    pager: PagerName
    delivery: str
    """The same for every repetition of one event, and covered by its signature where there is one."""
    verb: PagerVerb
    at: Moment
    """When it happened, as the pager says inside what it signed."""
    incident: str | None = None
    """The stable id; None only for SHIFTED."""
    reference: str | None = None
    """What people call it: `INC-42`."""
    title: str = ""
    service: str | None = None
    severity: str | None = None
    """In the pager's own word, lower case: `sev1`, `p2`, `critical`."""
    assignees: tuple[PagerAccount, ...] | None = None
    """Who has it now; None where the event does not say."""
    agent: PagerAccount | None = None
    """Who did what happened."""
    commander: PagerAccount | None = None
    """Who leads it; in COMMANDED, None where nobody does any more."""
    slack_channel: str | None = None
    link: str | None = None
    """https only."""


class IncidentState(StrEnum):
    """Where an incident stands."""

    LIVE = "live"
    RESOLVED = "resolved"
    CLOSED = "closed"


class IncidentVerb(StrEnum):
    """What can be done to an incident."""

    CHANGE = "change"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    CLOSE = "close"


INCIDENT_MOVES: Final = {
    (IncidentState.LIVE, IncidentVerb.CHANGE): IncidentState.LIVE,
    (IncidentState.RESOLVED, IncidentVerb.CHANGE): IncidentState.RESOLVED,
    (IncidentState.CLOSED, IncidentVerb.CHANGE): IncidentState.CLOSED,
    (IncidentState.LIVE, IncidentVerb.RESOLVE): IncidentState.RESOLVED,
    (IncidentState.RESOLVED, IncidentVerb.REOPEN): IncidentState.LIVE,
    (IncidentState.CLOSED, IncidentVerb.REOPEN): IncidentState.LIVE,
    (IncidentState.LIVE, IncidentVerb.CLOSE): IncidentState.CLOSED,
    (IncidentState.RESOLVED, IncidentVerb.CLOSE): IncidentState.CLOSED,
}
"""Every move there is; a pair that is not here raises IllegalMove."""

_OPENS: Final = {PagerVerb.TRIGGERED, PagerVerb.REOPENED}


_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{0,19}-[A-Z0-9]{1,19}")


class Incident(Value):
    """Something that is broken, who leads it, and whether access that hangs on it may go on."""

    id: IncidentId = Field(pattern=f"^{_NAME.pattern}$")
    version: int = 0
    state: IncidentState = IncidentState.LIVE
    pager: PagerName | None = None
    """None: opened by a person."""
    key: str | None = None
    """The pager's stable id."""
    title: str
    """The reference of what it says is broken."""
    severity: str | None = None
    service: str | None = None
    commander: PersonId | None = None
    assignees: tuple[PersonId, ...] = ()
    channel: str | None = None
    """Where it is spoken about in Slack."""
    link: str | None = None
    opened_at: Moment
    opened_by: PersonId | None = None
    live_since: Moment
    """When it was opened, or came back, as whoever said so has it."""
    heard_at: Moment
    """How new the newest is that is known of it."""
    resolved_at: Moment | None = None
    closed_at: Moment | None = None
    closed_by: PersonId | None = None
    due_at: Moment | None = None
    """When its grace time is over."""

    @model_validator(mode="after")
    def _is_of_a_pager_or_of_nobody(self) -> Self:
        if (self.pager is None) != (self.key is None):
            raise ValueError("an incident of a pager has the pager's id, and no other has one")
        return self

    @staticmethod
    def is_name(text: str) -> bool:
        """Whether an incident can be called so: `INC-42`."""
        return _NAME.fullmatch(text) is not None

    @property
    def live(self) -> bool:
        """Whether it goes on."""
        return self.state is IncidentState.LIVE

    def moved(self, verb: IncidentVerb, **changes: object) -> "Incident":
        """This incident after a verb, one version on (IllegalMove when it has no such verb now)."""
        state = after(INCIDENT_MOVES, self.state, verb)
        return self.model_copy(update={"state": state, "version": self.version + 1, **changes})

    def event(self, word: str, at: datetime, **body: Json) -> Event:
        """An audit event about this incident."""
        return Event(kind=f"incident.{word}", at=at, body={"incident": self.id, **body})


class Heard(Value):
    """A pager's event in our own terms: people are people, texts are references."""

    verb: PagerVerb
    at: Moment
    delivery: str
    title: str | None = None
    severity: str | None = None
    service: str | None = None
    commander: PersonId | None = None
    assignees: tuple[PersonId, ...] | None = None
    channel: str | None = None
    link: str | None = None

    @property
    def told(self) -> Mapping[str, Any]:
        """What it says of the incident, without what it does not say."""
        words = ("title", "severity", "service", "commander", "assignees", "channel", "link")
        said = {word: getattr(self, word) for word in words if getattr(self, word) is not None}
        return {"commander": None, **said} if self.verb is PagerVerb.COMMANDED else said


def opened(incident: Incident, at: datetime) -> Moved[Incident]:
    """A new incident, live or, where its end came first, resolved already."""
    event = incident.event(
        "opened",
        at,
        by=incident.opened_by,
        pager=incident.pager,
        severity=incident.severity,
        service=incident.service,
        commander=incident.commander,
        state=incident.state.value,
    )
    return Moved(incident, (event,))


def heard(incident: Incident, news: Heard, now: datetime, grace: timedelta) -> Moved[Incident] | None:
    """The incident after what its pager says; None where that is older than what is known already."""
    at = min(news.at, now)
    new = at > incident.heard_at
    told = {**news.told, "heard_at": at} if new else {}
    if news.verb is PagerVerb.RESOLVED and incident.live and at >= incident.live_since:
        return _resolved(incident, now, grace, told)
    if not new:
        return None
    if news.verb in _OPENS and not incident.live:
        return _reopened(incident, at, now, told)
    if news.verb in _OPENS:  # the end before it is still under way: it does not count any more
        told["live_since"] = at
    return _changed(incident, now, told)


def _changed(incident: Incident, now: datetime, told: Mapping[str, Any]) -> Moved[Incident]:
    """What is new of it; that nothing is new is remembered and not written down."""
    words = {word for word, value in told.items() if getattr(incident, word) != value}
    new = sorted(words - {"heard_at", "live_since"})
    moved = incident.moved(IncidentVerb.CHANGE, **told)
    if not new:
        return Moved(moved, ())
    body = {word: getattr(moved, word) for word in ("severity", "service", "commander") if word in new}
    assignees: list[Json] = list(moved.assignees)
    return Moved(moved, (incident.event("changed", now, changed=list(new), assignees=assignees, **body),))


def _resolved(
    incident: Incident, now: datetime, grace: timedelta, told: Mapping[str, Any]
) -> Moved[Incident]:
    moved = incident.moved(IncidentVerb.RESOLVE, **told, resolved_at=now, due_at=now + grace)
    return Moved(moved, (incident.event("resolved", now, seconds=round(grace.total_seconds())),))


def reopened(incident: Incident, by: PersonId, now: datetime) -> Moved[Incident]:
    """Somebody says it is live again: what has not ended yet goes on, and nothing is given back."""
    return _reopened(incident, now, now, {"heard_at": now, "opened_by": by})


def _reopened(incident: Incident, at: datetime, now: datetime, told: Mapping[str, Any]) -> Moved[Incident]:
    forgotten = {"resolved_at": None, "closed_at": None, "closed_by": None, "due_at": None}
    moved = incident.moved(IncidentVerb.REOPEN, **told, **forgotten, live_since=at)
    return Moved(moved, (moved.event("reopened", now, by=told.get("opened_by")),))


def closed(incident: Incident, by: PersonId | None, now: datetime) -> Moved[Incident]:
    """All access that hangs on it ends now: by somebody's wish, or (None) because its grace time is over."""
    moved = incident.moved(IncidentVerb.CLOSE, closed_at=now, closed_by=by, due_at=None)
    return Moved(moved, (incident.event("closed", now, by=by),))
