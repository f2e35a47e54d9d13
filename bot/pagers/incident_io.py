"""incident.io's webhooks, sent by Svix and signed with their id and the time of each attempt.

    created            TRIGGERED
    status updated     RESOLVED when it is over, REOPENED when it was, else COMMANDED
    updated            RESOLVED when it is over, else COMMANDED
    shift change       SHIFTED
    a private one      TRIGGERED or CHANGED, with an id alone: everything else has to be asked for

An incident is over in every status outside triage, live and paused, and one that is a test, a tutorial or
told afterwards never was one. Whatever is changed of one that is live, it is told again who leads it, so that
is COMMANDED, with nobody in it where nobody does. What happened is as old as the body says; where the body
has no time, as old as the attempt.

incident.io has no services of its own. A custom field can say which one is meant, out of the catalogue or of
fixed choices: its value's id is the service, where it has one value alone. Text that somebody typed is none.

Sources: https://api-docs.incident.io/tag/Webhooks/ and the webhooks of https://docs.incident.io/api-reference;
attempts are repeated for 24 hours, and an endpoint that fails for five days is switched off.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AliasChoices, Field, SecretStr

from bot.pagers.pager import Delivery, Pager
from bot.pagers.shapes import LIST_MOST, Account, Id, Sent, channel, link, lower, title, word
from bot.pagers.signatures import StandardWebhooks, Verifier
from policies.incident import PagerAccount, PagerEvent, PagerName, PagerVerb
from policies.values import Moment, Value

_LIVE: Final = {"triage", "live", "paused"}
_JUST_AFTER: Final = timedelta(microseconds=1)
_CREATED: Final = "public_incident.incident_created_v2"
_UPDATED: Final = "public_incident.incident_updated_v2"
_STATUS_UPDATED: Final = "public_incident.incident_status_updated_v2"
_SHIFT_CHANGE: Final = "schedule.shift_change_v1"
_PRIVATE: Final[Mapping[str, PagerVerb]] = {
    "private_incident.incident_created_v2": PagerVerb.TRIGGERED,
    "private_incident.incident_updated_v2": PagerVerb.CHANGED,
}


class IncidentIoOptions(Value):
    """What can be configured."""

    kind: Literal["incident-io"] = "incident-io"
    service_field: Id | None = None
    """The id of the custom field that says which service is meant; without it no incident is of a service."""


class _User(Sent):
    id: Account


class _Named(Sent):
    name: str


class _Status(Sent):
    category: str

    @property
    def live(self) -> bool:
        return self.category in _LIVE


class _Role(Sent):
    role_type: str


class _Assignment(Sent):
    role: _Role
    assignee: _User | None = None


class _WithId(Sent):
    id: Id


class _Value(Sent):
    value_catalog_entry: _WithId | None = None
    value_option: _WithId | None = None

    @property
    def chosen(self) -> str | None:
        value = self.value_catalog_entry or self.value_option
        return value.id if value else None


class _CustomField(Sent):
    custom_field: _WithId
    values: tuple[_Value, ...] | None = None


class _Incident(Sent):
    id: Id
    reference: str | None = None
    name: str | None = None
    mode: str
    incident_status: _Status
    severity: _Named | None = None
    incident_role_assignments: Annotated[tuple[_Assignment, ...], Field(max_length=LIST_MOST)] | None = None
    custom_field_entries: tuple[_CustomField, ...] | None = None
    slack_channel_id: str | None = None
    permalink: str | None = None
    created_at: Moment
    updated_at: Moment

    @property
    def live(self) -> bool:
        return self.mode == "standard" and self.incident_status.live

    @property
    def held(self) -> list[tuple[str, PagerAccount]]:
        """Each role that somebody has."""
        roles = self.incident_role_assignments or ()
        return [(one.role.role_type, one.assignee.id) for one in roles if one.assignee]

    @property
    def lead(self) -> PagerAccount | None:
        return next((account for role, account in self.held if role == "lead"), None)

    def service(self, field: str | None) -> str | None:
        """The one thing that is chosen in this custom field."""
        entries = [one for one in self.custom_field_entries or () if one.custom_field.id == field]
        chosen = {value.chosen for entry in entries for value in entry.values or ()} - {None}
        return chosen.pop() if len(chosen) == 1 else None


class _Change(Sent):
    incident: _Incident
    new_status: _Status
    previous_status: _Status

    @property
    def verb(self) -> PagerVerb:
        if not (self.new_status.live and self.incident.live):
            return PagerVerb.RESOLVED
        return PagerVerb.COMMANDED if self.previous_status.live else PagerVerb.REOPENED

    @property
    def at(self) -> datetime:
        """Just after the update that is told apart from it, and that says nothing of where it came from."""
        return self.incident.updated_at + _JUST_AFTER


class _Shift(Sent):
    current_users: Annotated[tuple[_User, ...], Field(max_length=LIST_MOST)]


class _OfAnyKind(Sent):
    event_type: str


class _OfIncident(Sent):
    incident: _Incident = Field(validation_alias=AliasChoices(_CREATED, _UPDATED))


class _OfStatus(Sent):
    change: _Change = Field(alias=_STATUS_UPDATED)


class _OfPrivate(Sent):
    incident: _WithId = Field(validation_alias=AliasChoices(*_PRIVATE))


class _OfShift(Sent):
    shift: _Shift = Field(alias=_SHIFT_CHANGE)


class IncidentIo(Pager):
    """incident.io, by an endpoint of its webhooks."""

    def __init__(
        self, name: PagerName, secrets: Sequence[SecretStr], options: IncidentIoOptions | None = None
    ) -> None:
        super().__init__(name)
        self._service_field = (options or IncidentIoOptions()).service_field
        self._scheme = StandardWebhooks()
        self._verifier = Verifier(self._scheme, secrets)

    def _verify(self, delivery: Delivery, now: datetime) -> None:
        self._verifier.verify(delivery, now)

    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        kind = _OfAnyKind.model_validate_json(delivery.body).event_type
        if kind in {_CREATED, _UPDATED}:
            incident = _OfIncident.model_validate_json(delivery.body).incident
            return (
                self._created(delivery, incident) if kind == _CREATED else self._updated(delivery, incident)
            )
        if kind == _STATUS_UPDATED:
            change = _OfStatus.model_validate_json(delivery.body).change
            return (self._told(delivery, change.verb, change.incident, change.at),)
        if kind in _PRIVATE:
            private = _OfPrivate.model_validate_json(delivery.body).incident
            return (self._bare(delivery, _PRIVATE[kind], incident=private.id),)
        return self._shifted(delivery) if kind == _SHIFT_CHANGE else ()

    def _created(self, delivery: Delivery, incident: _Incident) -> tuple[PagerEvent, ...]:
        """Nothing where it is not live: a test, or one that is told afterwards."""
        told = self._told(delivery, PagerVerb.TRIGGERED, incident, incident.created_at)
        return (told,) if incident.live else ()

    def _updated(self, delivery: Delivery, incident: _Incident) -> tuple[PagerEvent, ...]:
        verb = PagerVerb.COMMANDED if incident.live else PagerVerb.RESOLVED
        return (self._told(delivery, verb, incident, incident.updated_at),)

    def _shifted(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        users = _OfShift.model_validate_json(delivery.body).shift.current_users
        on_call = tuple(dict.fromkeys(user.id for user in users))
        return (self._bare(delivery, PagerVerb.SHIFTED, assignees=on_call),)

    def _told(self, delivery: Delivery, verb: PagerVerb, incident: _Incident, at: datetime) -> PagerEvent:
        return PagerEvent(
            pager=self.name,
            delivery=self._scheme.id(delivery),
            verb=verb,
            at=at,
            incident=incident.id,
            reference=word(incident.reference),
            title=title(incident.name),
            service=incident.service(self._service_field),
            severity=lower(incident.severity.name) if incident.severity else None,
            assignees=tuple(dict.fromkeys(account for _, account in incident.held)),
            commander=incident.lead,
            slack_channel=channel(incident.slack_channel_id),
            link=link(incident.permalink),
        )

    def _bare(
        self,
        delivery: Delivery,
        verb: PagerVerb,
        *,
        incident: str | None = None,
        assignees: tuple[PagerAccount, ...] | None = None,
    ) -> PagerEvent:
        """An event whose body has no time in it: it happened when it was sent."""
        return PagerEvent(
            pager=self.name,
            delivery=self._scheme.id(delivery),
            verb=verb,
            at=self._scheme.sent_at(delivery),
            incident=incident,
            assignees=assignees,
        )
