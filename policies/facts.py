"""Everything true at the moment of a decision: with it the same decision can be made again, years later."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from policies.incident import Incident, IncidentState, PagerName
from policies.people import People
from policies.rules import Policy
from policies.values import GroupName, IncidentId, Moment, PersonId, RequestId, Value

_PAGER = "pager:"


class GroupNow(Value):
    """The people who are in a group at that moment."""

    name: GroupName
    members: tuple[PersonId, ...]


class IncidentFact(Value):
    """The incident that an ask names, as it stands."""

    id: IncidentId
    state: IncidentState
    severity: str | None = None
    commander: PersonId | None = None

    @classmethod
    def of(cls, incident: Incident) -> "IncidentFact":
        """What a decision looks at of an incident."""
        return cls(
            id=incident.id,
            state=incident.state,
            severity=incident.severity,
            commander=incident.commander,
        )


class OnCallFact(Value):
    """Whether the beneficiary is on call by a schedule (None: nobody can say), and as of when."""

    schedule: str
    on_call: bool | None
    as_of: Moment


class Unreviewed(Value):
    """An emergency of the beneficiary that nobody has reviewed yet."""

    request: RequestId
    opened_at: Moment
    ends_at: Moment
    incident: IncidentId | None = None


class Around(Value):
    """What is true besides people and rules: the incident, who is on call, what waits for its review."""

    incident: IncidentFact | None = None
    on_call: tuple[OnCallFact, ...] = ()
    unreviewed: tuple[Unreviewed, ...] = ()


NOTHING_AROUND: Final = Around()
"""No incident, nobody known to be on call, nothing unreviewed."""


class Facts(Value):
    """What the decision looks at besides the ask and the rules."""

    now: Moment
    requester_groups: tuple[GroupName, ...]
    beneficiary_groups: tuple[GroupName, ...]
    inactive: tuple[PersonId, ...] = ()
    """Which of requester and beneficiary is unknown or has left; they get nothing."""
    approvers: tuple[GroupNow, ...]
    """Every group whose yes some rule wants, with its active members."""
    shortest_duration: timedelta
    around: Around = NOTHING_AROUND

    def on_call_for(self, schedules: Iterable[str]) -> bool:
        """Whether the beneficiary is surely on call by one of these."""
        return any(fact.on_call and fact.schedule in set(schedules) for fact in self.around.on_call)

    def not_known(self, schedules: Iterable[str]) -> tuple[str, ...]:
        """Those of these schedules of which nobody can say who is on call."""
        known = {fact.schedule for fact in self.around.on_call if fact.on_call is not None}
        return tuple(name for name in schedules if name not in known)

    def members(self, group: GroupName) -> tuple[PersonId, ...]:
        """The people of an approving group; nobody where the group is unknown."""
        return next((known.members for known in self.approvers if known.name == group), ())


def pager_as_asker(name: PagerName) -> PersonId:
    """Who asks where a pager asks by itself."""
    return PersonId(f"{_PAGER}{name}")


def is_pager(person: PersonId) -> bool:
    """Whether it is a pager that asks."""
    return person.startswith(_PAGER)


def gather(
    policy: Policy, requester: PersonId, beneficiary: PersonId, now: datetime, around: Around = NOTHING_AROUND
) -> Facts:
    """The facts about these two people: what the organisation's own files know, and what is around them."""
    people = policy.people
    persons = {person for person in (requester, beneficiary) if not is_pager(person)}
    return Facts(
        now=now,
        requester_groups=tuple(sorted(people.groups_of(requester))),
        beneficiary_groups=tuple(sorted(people.groups_of(beneficiary))),
        inactive=tuple(sorted(person for person in persons if not people.is_active(person))),
        approvers=tuple(_group_now(people, name) for name in _approving_groups(policy)),
        shortest_duration=policy.settings.shortest_duration,
        around=around,
    )


def _approving_groups(policy: Policy) -> tuple[GroupName, ...]:
    named = {group for rule in policy.rules for approvals in rule.approvals for group in approvals.groups}
    return tuple(sorted(named))


def _group_now(people: People, name: GroupName) -> GroupNow:
    return GroupNow(name=name, members=tuple(person.id for person in people.members(name)))
