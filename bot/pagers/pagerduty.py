"""PagerDuty's webhooks, version 3: one event in each delivery, signed over the body alone.

No time is signed and a body stays valid for ever, so whoever handles an event has to know `delivery` (the
event's id, which is in the body) and how long ago `at` is. Deliveries are repeated for 48 hours; three
answers in a row that refuse them switch a subscription off for a day, so no more of a body has to be there
than an event cannot do without. Who is added to an incident, or answers a request to join, is not told on:
such an event does not say who has the incident.

Sources: docs/webhooks of https://github.com/PagerDuty/developer-docs, 01-Overview, 02-Behavior,
04-Signatures, and 20-Early-Access-Webhooks for roles.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from bot.pagers.pager import Delivery, Pager
from bot.pagers.shapes import LIST_MOST, Account, Id, Sent, link, lower, title
from bot.pagers.signatures import Verifier, VersionedHmac
from policies.incident import PagerAccount, PagerEvent, PagerName, PagerVerb
from policies.values import Moment, Value

_VERBS: Final[Mapping[str, PagerVerb]] = {
    "incident.triggered": PagerVerb.TRIGGERED,
    "incident.acknowledged": PagerVerb.ACKNOWLEDGED,
    "incident.unacknowledged": PagerVerb.CHANGED,
    "incident.reassigned": PagerVerb.REASSIGNED,
    "incident.escalated": PagerVerb.REASSIGNED,
    "incident.delegated": PagerVerb.REASSIGNED,
    "incident.priority_updated": PagerVerb.CHANGED,
    "incident.service_updated": PagerVerb.CHANGED,
    "incident.incident_type.changed": PagerVerb.CHANGED,
    "incident.resolved": PagerVerb.RESOLVED,
    "incident.reopened": PagerVerb.REOPENED,
}
_ROLE_ASSIGNED: Final = "incident.role.assigned"
"""A role was given to somebody, or taken from them."""


class PagerDutyOptions(Value):
    """What can be configured."""

    kind: Literal["pagerduty"] = "pagerduty"
    commander_role: Id | None = None
    """The id of the incident role that commands; without it nobody is taken for a commander."""


class _Reference(Sent):
    id: Account
    type: str = ""

    @property
    def user(self) -> PagerAccount | None:
        return self.id if self.type in {"user", "user_reference"} else None


class _Named(Sent):
    summary: str | None = None


class _Kind(Sent):
    event_type: str


class _OfAnyKind(Sent):
    event: _Kind


class _Incident(Sent):
    id: Id
    number: int | None = None
    title: str | None = None
    html_url: str | None = None
    service: _Reference | None = None
    assignees: Annotated[tuple[_Reference, ...], Field(max_length=LIST_MOST)] | None = None
    priority: _Named | None = None

    @property
    def users(self) -> tuple[PagerAccount, ...] | None:
        """Whoever has it, each once."""
        if self.assignees is None:
            return None
        return tuple(dict.fromkeys(one.user for one in self.assignees if one.user))


class _Event(Sent):
    id: Id
    occurred_at: Moment
    agent: _Reference | None = None

    @property
    def by(self) -> PagerAccount | None:
        return self.agent.user if self.agent else None


class _IncidentEvent(_Event):
    data: _Incident


class _OfIncident(Sent):
    event: _IncidentEvent


class _Assignment(Sent):
    role: _Reference
    incident: _Reference
    assignee: _Reference | None = None


class _Assignments(Sent):
    incident_role_assignments: Annotated[tuple[_Assignment, ...], Field(max_length=LIST_MOST)]


class _RoleEvent(_Event):
    data: _Assignments


class _OfRole(Sent):
    event: _RoleEvent


class PagerDuty(Pager):
    """PagerDuty, by a subscription of version 3."""

    def __init__(
        self, name: PagerName, secrets: Sequence[SecretStr], options: PagerDutyOptions | None = None
    ) -> None:
        super().__init__(name)
        self._verifier = Verifier(VersionedHmac(), secrets)
        self._commander_role = (options or PagerDutyOptions()).commander_role

    def _verify(self, delivery: Delivery, now: datetime) -> None:
        self._verifier.verify(delivery, now)

    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        kind = _OfAnyKind.model_validate_json(delivery.body).event.event_type
        if kind == _ROLE_ASSIGNED:
            return self._commanded(_OfRole.model_validate_json(delivery.body).event)
        if kind in _VERBS:
            event = _OfIncident.model_validate_json(delivery.body).event
            return (self._told(_VERBS[kind], event, event.data),)
        return ()

    def _told(self, verb: PagerVerb, event: _Event, incident: _Incident) -> PagerEvent:
        return PagerEvent(
            pager=self.name,
            delivery=event.id,
            verb=verb,
            at=event.occurred_at,
            incident=incident.id,
            reference=None if incident.number is None else f"#{incident.number}",
            title=title(incident.title),
            service=incident.service.id if incident.service else None,
            severity=lower(incident.priority.summary) if incident.priority else None,
            assignees=incident.users,
            agent=event.by,
            link=link(incident.html_url),
        )

    def _commanded(self, event: _RoleEvent) -> tuple[PagerEvent, ...]:
        """Who commands now, by the last assignment of the role that does; nobody where it was taken away."""
        held = [one for one in event.data.incident_role_assignments if one.role.id == self._commander_role]
        return tuple(
            PagerEvent(
                pager=self.name,
                delivery=event.id,
                verb=PagerVerb.COMMANDED,
                at=event.occurred_at,
                incident=one.incident.id,
                agent=event.by,
                commander=one.assignee.user if one.assignee else None,
            )
            for one in held[-1:]
        )
