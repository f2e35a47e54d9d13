"""Everything true at the moment of a decision: with it the same decision can be made again, years later."""

from datetime import datetime, timedelta

from policies.people import People
from policies.rules import Policy
from policies.values import GroupName, Moment, PersonId, Value


class GroupNow(Value):
    """The people who are in a group at that moment."""

    name: GroupName
    members: tuple[PersonId, ...]


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
    open_grants: int = 0
    """How many grants the beneficiary holds already."""

    def members(self, group: GroupName) -> tuple[PersonId, ...]:
        """The people of an approving group; nobody where the group is unknown."""
        return next((known.members for known in self.approvers if known.name == group), ())


def gather(
    policy: Policy, requester: PersonId, beneficiary: PersonId, now: datetime, *, open_grants: int = 0
) -> Facts:
    """The facts about these two people, as far as the organisation's own files know them."""
    people = policy.people
    return Facts(
        now=now,
        requester_groups=tuple(sorted(people.groups_of(requester))),
        beneficiary_groups=tuple(sorted(people.groups_of(beneficiary))),
        inactive=tuple(sorted(person for person in {requester, beneficiary} if not people.is_active(person))),
        approvers=tuple(_group_now(people, name) for name in _approving_groups(policy)),
        shortest_duration=policy.settings.shortest_duration,
        open_grants=open_grants,
    )


def _approving_groups(policy: Policy) -> tuple[GroupName, ...]:
    named = {group for rule in policy.rules for approvals in rule.approvals for group in approvals.groups}
    return tuple(sorted(named))


def _group_now(people: People, name: GroupName) -> GroupNow:
    return GroupNow(name=name, members=tuple(person.id for person in people.members(name)))
