"""Incidents: opened and ended by people, listed with all access that hangs on them.

Closing locks the incident's row, and so does everything that gives access in it: what is given after an
incident was closed does not hang on it, and what hangs on it when it is closed ends.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from bot.answers import LedgerAway, NoRules
from bot.transacting import transact
from bot.views import PersonView, RequestView, person_view, view
from policies.incident import Incident, IncidentState, opened, reopened
from policies.request import OPEN
from policies.rules import Policy
from policies.values import GroupName, IncidentId, PersonId
from workers.ending import close
from workers.ledger import incidents
from workers.ledger.ledger import Ledger
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

_CURRENT: Final = (IncidentState.LIVE, IncidentState.RESOLVED)


class IncidentView(NamedTuple):
    """An incident, and all access that hangs on it."""

    incident: Incident
    title: str
    commander: PersonView | None
    held: tuple[RequestView, ...]


class Opened(NamedTuple):
    """There is such an incident now; `new` is False where there was one already."""

    view: IncidentView
    new: bool


class Closed(NamedTuple):
    """All access that hung on it ends now; `ended` is what did."""

    view: IncidentView
    ended: tuple[RequestView, ...]


class Shown(NamedTuple):
    """An incident as it stands."""

    view: IncidentView


class NoIncident(NamedTuple):
    """Nothing of this name is known."""

    reference: str


class MayNot(NamedTuple):
    """Only some people may; `groups` is who."""

    groups: tuple[str, ...]


IncidentAnswer: TypeAlias = Opened | Closed | Shown | NoIncident | MayNot | NoRules | LedgerAway


class Incidents:
    """The verbs about incidents."""

    def __init__(self, ledger: Ledger, policy: Callable[[], Policy | None]) -> None:
        self._ledger = ledger
        self._policy = policy

    def open(
        self, person: PersonId, reference: IncidentId, title: str, severity: str | None = None
    ) -> IncidentAnswer:
        """Say that something is broken; whoever says so leads it until somebody else does."""

        def work(writing: Writing, policy: Policy) -> IncidentAnswer:
            may = policy.settings.may_open_incidents
            if not policy.people.groups_of(person) & set(may):
                return MayNot(_titles(policy, may))
            found = incidents.lock(writing, reference)
            if found is not None and found.live:
                return Opened(_view(writing, policy, found), new=False)
            if found is not None:
                again = incidents.save(writing, reopened(found, person, writing.now))
                return Opened(_view(writing, policy, again), new=True)
            made = _made(writing, person, reference, title, severity)
            return Opened(_view(writing, policy, made), new=True)

        return transact(self._ledger, self._policy(), work)

    def end(self, person: PersonId, reference: IncidentId) -> IncidentAnswer:
        """End all access that hangs on an incident, in every cloud at once."""

        def work(writing: Writing, policy: Policy) -> IncidentAnswer:
            found = incidents.lock(writing, reference)
            if found is None:
                return NoIncident(reference)
            if not _may_end(policy, person, found):
                return MayNot(_titles(policy, policy.settings.may_end))
            if found.state is IncidentState.CLOSED:
                return Closed(_view(writing, policy, found), ())
            ended = close(writing, found, person)
            now = incidents.find(writing, reference) or found
            shown = tuple(view(writing, policy, writing.request(one.id) or one) for one in ended)
            return Closed(_view(writing, policy, now), shown)

        return transact(self._ledger, self._policy(), work)

    def show(self, reference: IncidentId) -> IncidentAnswer:
        """An incident as it stands, and who holds what in it."""

        def work(reader: Reader, policy: Policy) -> IncidentAnswer:
            found = incidents.find(reader, reference)
            return Shown(_view(reader, policy, found)) if found else NoIncident(reference)

        return transact(self._ledger, self._policy(), work)

    def listed(self) -> tuple[IncidentView, ...]:
        """The incidents that go on, newest first."""
        policy = self._policy()
        if policy is None:
            return ()
        with self._ledger.reading() as reader:
            return tuple(_view(reader, policy, one) for one in incidents.in_states(reader, _CURRENT))


def _made(
    writing: Writing, person: PersonId, reference: IncidentId, title: str, severity: str | None
) -> Incident:
    incident = Incident(
        id=reference,
        title=writing.keep_text(title),
        severity=severity,
        commander=person,
        opened_at=writing.now,
        opened_by=person,
        live_since=writing.now,
        heard_at=writing.now,
    )
    return incidents.add(writing, opened(incident, writing.now))


def _may_end(policy: Policy, person: PersonId, incident: Incident) -> bool:
    """Whoever leads it, and whom the organisation lets end anything."""
    return person == incident.commander or bool(
        policy.people.groups_of(person) & set(policy.settings.may_end)
    )


def _titles(policy: Policy, groups: tuple[GroupName, ...]) -> tuple[str, ...]:
    return tuple(policy.people.title_of(group) for group in groups)


def _view(reader: Reader, policy: Policy, incident: Incident) -> IncidentView:
    people = policy.people
    return IncidentView(
        incident=incident,
        title=reader.text(incident.title) or "",
        commander=person_view(people, incident.commander) if incident.commander else None,
        held=tuple(view(reader, policy, one) for one in reader.requests_in(incident.id, OPEN)),
    )
