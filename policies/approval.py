"""Who may say yes to what, and whether there are enough yeses.

A request needs slots filled: so many people from these groups. One person fills one place only, however many
groups they are in, so filling the slots is a matching of people to places and not a count. Neither the person
who asked nor the person who will have the access ever counts.

A yes counts for the groups its giver was in when it was given (somebody going off call takes nothing back),
as long as that person is still active.
"""

from collections.abc import Iterable, Sequence

from policies.people import People
from policies.values import GroupName, Moment, PersonId, Value

Standing = tuple[PersonId, frozenset[GroupName]]
"""A person and the groups that count for them."""


class ApprovalSlot(Value):
    """So many different people of these groups must say yes."""

    groups: tuple[GroupName, ...]
    count: int


class Approval(Value):
    """One person's yes: when, in which groups they were, and the digest of what they saw."""

    person: PersonId
    at: Moment
    groups: tuple[GroupName, ...]
    digest: str


class FilledSlot(Value):
    """A slot and the people whose yes is in it."""

    slot: ApprovalSlot
    people: tuple[PersonId, ...]


class Tally(Value):
    """How far the yeses go: per slot who fills it, what is missing, and how many people that still takes."""

    filled: tuple[FilledSlot, ...]
    missing: tuple[ApprovalSlot, ...]
    still_needed: int

    @property
    def complete(self) -> bool:
        """Whether nobody else has to say yes."""
        return self.still_needed == 0


class MayApprove(Value):
    """A yes of this person counts, for these of their groups."""

    groups: tuple[GroupName, ...]


class OwnRequest(Value):
    """The person asked for it, or would have it; somebody else decides."""

    asked: tuple[PersonId, ...]


class NotAnApprover(Value):
    """The person cannot fill what is missing; these groups and, now, these people can."""

    groups: tuple[GroupName, ...]
    asked: tuple[PersonId, ...]


class AlreadyCounted(Value):
    """The person's yes is in; this is still missing."""

    missing: tuple[ApprovalSlot, ...]


class Full(Value):
    """Everything needed is there already."""


Verdict = MayApprove | OwnRequest | NotAnApprover | AlreadyCounted | Full
"""Whether somebody may say yes, and if not, why."""


def tally(
    slots: Sequence[ApprovalSlot],
    approvals: Sequence[Approval],
    people: People,
    *,
    never: Iterable[PersonId] = (),
) -> Tally:
    """How the yeses fill the slots; those of people in `never`, or no longer active, do not count."""
    return _tally(slots, _counted(approvals, people, frozenset(never)))


def _counted(approvals: Iterable[Approval], people: People, never: frozenset[PersonId]) -> list[Standing]:
    return [
        (approval.person, frozenset(approval.groups))
        for approval in sorted(approvals, key=lambda approval: (approval.at, approval.person))
        if approval.person not in never and people.is_active(approval.person)
    ]


def judge(  # noqa: PLR0917 -- three people, and what to judge them by
    person: PersonId,
    requester: PersonId,
    beneficiary: PersonId,
    slots: Sequence[ApprovalSlot],
    approvals: Sequence[Approval],
    people: People,
) -> Verdict:
    """Whether this person's yes would count now."""
    never = frozenset({requester, beneficiary})
    before = tally(slots, approvals, people, never=never)
    asked = still_asked(slots, approvals, people, never=never)
    if person in never:
        return OwnRequest(asked=asked)
    if person in {approval.person for approval in approvals}:
        return AlreadyCounted(missing=before.missing)
    if before.complete:
        return Full()
    if person in asked:
        wanted = {group for slot in slots for group in slot.groups}
        return MayApprove(groups=tuple(sorted(people.groups_of(person) & wanted)))
    groups = sorted({group for slot in before.missing for group in slot.groups})
    return NotAnApprover(groups=tuple(groups), asked=asked)


def still_asked(
    slots: Sequence[ApprovalSlot],
    approvals: Sequence[Approval],
    people: People,
    *,
    never: Iterable[PersonId],
) -> tuple[PersonId, ...]:
    """The people whose yes would fill something that is still missing, by id."""
    excluded = frozenset(never)
    answered = {approval.person for approval in approvals}
    candidates = {member.id for slot in slots for group in slot.groups for member in people.members(group)}
    counted = _counted(approvals, people, excluded)
    before = _tally(slots, counted).still_needed
    return tuple(
        person
        for person in sorted(candidates - excluded - answered)
        if _tally(slots, [*counted, (person, people.groups_of(person))]).still_needed < before
    )


def can_fill(slots: Sequence[ApprovalSlot], people: Iterable[Standing]) -> bool:
    """Whether these people, each in their groups, could fill every slot with a person of its own."""
    return _tally(slots, people).complete


def _tally(slots: Sequence[ApprovalSlot], people: Iterable[Standing]) -> Tally:
    seats = [number for number, slot in enumerate(slots) for _ in range(slot.count)]
    options = [
        (person, [seat for seat, number in enumerate(seats) if groups.intersection(slots[number].groups)])
        for person, groups in people
    ]
    taken = _seat(options)
    filled = tuple(
        FilledSlot(
            slot=slot,
            people=tuple(
                sorted(taken[seat] for seat, of in enumerate(seats) if of == number and seat in taken)
            ),
        )
        for number, slot in enumerate(slots)
    )
    missing = tuple(
        ApprovalSlot(groups=one.slot.groups, count=one.slot.count - len(one.people))
        for one in filled
        if one.slot.count > len(one.people)
    )
    return Tally(filled=filled, missing=missing, still_needed=sum(slot.count for slot in missing))


def _seat(options: Sequence[tuple[PersonId, list[int]]]) -> dict[int, PersonId]:
    """The most people that can be seated, each once: a maximum matching, earlier people never unseated."""
    wishes: dict[PersonId, list[int]] = dict(options)
    taken: dict[int, PersonId] = {}

    def find(person: PersonId, tried: set[int]) -> bool:
        for seat in wishes[person]:
            if seat in tried:
                continue
            tried.add(seat)
            if seat not in taken or find(taken[seat], tried):
                taken[seat] = person
                return True
        return False

    for person in wishes:
        find(person, set())
    return taken
