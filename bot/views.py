"""What a person is shown of a request: gathered from the ledger and the policy, ready to be put in words.

Everything a card, a thread line or a direct message says comes from here and nowhere else, so that Slack can
be drawn again from the ledger at any time.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from policies.approval import still_asked, tally
from policies.catalogue import Risk, Role
from policies.decision import AskSomeone, Refuse, decide, longest_allowed
from policies.entitlements import Entitlement, Target
from policies.extension import can_add, held, longer, too_late
from policies.grant import EndCause, Grant, GrantState
from policies.people import People
from policies.request import AccessRequest, RequestState
from policies.rules import Policy
from policies.values import CloudName, GroupName, PersonId
from workers.around import ask_of, facts_of
from workers.ledger.reading import Reader


class CardState(StrEnum):
    """Which of its faces a card shows."""

    WAITING = "waiting"
    STARTING = "starting"
    LIVE = "live"
    ENDING = "ending"
    STUCK = "stuck"
    ENDED = "ended"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    NOT_GIVEN = "not_given"


HELD: Final = {GrantState.LIVE, GrantState.EXTENDING}
"""The states in which a cloud lets the holder in, by a read."""


class PersonView(NamedTuple):
    """Somebody, as people read of them; `slack` is the user id to mention, where they have one."""

    id: PersonId
    name: str
    title: str
    slack: str | None


class GroupView(NamedTuple):
    """A group, as people read of it."""

    name: GroupName
    title: str


class CloudView(NamedTuple):
    """One entitlement of a request; `grant` is None until it was approved."""

    cloud: CloudName
    place: str
    grant: Grant | None
    target: Target | None
    try_command: str | None

    @property
    def state(self) -> GrantState | None:
        """Where its grant stands, or None before there is one."""
        return self.grant.state if self.grant else None


class AlertView(NamedTuple):
    """Something to look at now: what the log calls it, where it is, and whose, where that is known."""

    kind: str
    holding: str
    grant: Grant | None
    holder: str


class Room(NamedTuple):
    """How much longer something could be held: by what an extension adds, and altogether."""

    adding: timedelta | None
    longest: timedelta | None
    needs_a_yes: bool


class MoreView(NamedTuple):
    """More time that was asked for: by whom, how much, and who has to say yes."""

    asked_by: PersonView
    asked_at: datetime
    adding: timedelta
    ends_at: datetime
    lapses_at: datetime
    allowed: bool
    missing: int
    asked: tuple[PersonView, ...]
    groups: tuple[GroupView, ...]


class MovedEnd(NamedTuple):
    """An end that was moved: by whose wish, from when to when, and by which rule."""

    at: datetime
    by: PersonView
    was: datetime
    until: datetime
    rule: str


class CloudNo(NamedTuple):
    """The cloud that said no for good, and the code it gave."""

    cloud: CloudName
    code: str


class YesView(NamedTuple):
    """A yes that counts."""

    person: PersonView
    at: datetime


class RequestView(NamedTuple):
    """A request with everything a person may want to know of it."""

    request: AccessRequest
    state: CardState
    requester: PersonView
    beneficiary: PersonView
    role_title: str
    reads_only: bool
    risk: Risk
    reason: str | None
    note: str | None
    clouds: tuple[CloudView, ...]
    yeses: tuple[YesView, ...]
    missing: int
    needed: int
    asked: tuple[PersonView, ...]
    groups: tuple[GroupView, ...]
    decided_by: PersonView | None
    ended_by: PersonView | None
    cause: EndCause | None
    nobody_else_can: bool
    room: Room | None = None
    """How much longer it could be held; None where that was not looked up."""
    more: MoreView | None = None
    """More time that was asked for and is not given yet."""
    moved_ends: tuple[MovedEnd, ...] = ()
    """How its end was moved so far, first to last."""
    cloud_no: CloudNo | None = None
    """Why it was not given, where a cloud refused."""

    @property
    def on_behalf(self) -> bool:
        """True when somebody asked for somebody else."""
        return self.requester.id != self.beneficiary.id

    @property
    def waits_for_more(self) -> bool:
        """True while it is live and more time waits for somebody's yes."""
        return self.more is not None and not self.more.allowed and self.state is CardState.LIVE


def person_view(people: People, person: PersonId) -> PersonView:
    """Somebody as people read of them; an unknown id stands for itself."""
    found = people.get(person)
    if found is None:
        return PersonView(person, str(person), "", None)
    return PersonView(person, found.name, found.title, found.slack[0].user if found.slack else None)


def view(
    reader: Reader, policy: Policy, request: AccessRequest, *, now: datetime | None = None
) -> RequestView:
    """The request as it stands in the ledger; with the time, also how much longer it could be held."""
    grants = () if request.state is RequestState.PENDING else reader.grants_of(request.id)
    people, role = policy.people, policy.catalogue.get(request.role)
    never = {request.requester, request.beneficiary}
    counted = tally(request.terms.slots, request.approvals, people, never=never)
    waiting = request.state is RequestState.PENDING
    asked = still_asked(request.terms.slots, request.approvals, people, never=never) if waiting else ()
    named = dict.fromkeys(group for slot in counted.missing for group in slot.groups)
    ender = next((grant.ended_by for grant in grants if grant.ended_by), None)
    return RequestView(
        request=request,
        state=card_state(request, grants),
        requester=person_view(people, request.requester),
        beneficiary=person_view(people, request.beneficiary),
        role_title=role.title if role else "",
        reads_only=bool(role and role.reads_only),
        risk=request.risk,
        reason=reader.text(request.reason),
        note=reader.text(request.note) if request.note else None,
        clouds=_clouds(role, grants),
        yeses=tuple(YesView(person_view(people, one.person), one.at) for one in request.approvals),
        missing=counted.still_needed,
        needed=sum(slot.count for slot in request.terms.slots),
        asked=tuple(person_view(people, person) for person in asked),
        groups=tuple(GroupView(group, people.title_of(group)) for group in named),
        decided_by=person_view(people, request.decided_by) if request.decided_by else None,
        ended_by=person_view(people, ender) if ender else None,
        cause=next((grant.cause for grant in grants if grant.cause), None),
        nobody_else_can=waiting and not asked,
        room=room(reader, policy, request, now) if now and request.state is RequestState.ACTIVE else None,
        more=_more(people, request),
        moved_ends=tuple(_moved_ends(reader, people, request)),
        cloud_no=_cloud_no(reader, request),
    )


def room(reader: Reader, policy: Policy, request: AccessRequest, now: datetime) -> Room:
    """How much longer it could be held, and whether that would need somebody's yes."""
    ask = ask_of(request, held(request))
    facts = facts_of(reader, policy, request, ask, now)
    longest = longest_allowed(ask, facts, policy)
    adding = can_add(request, longest)
    if adding is None or request.decided_at is None or too_late(request, now):
        return Room(None, longest, needs_a_yes=False)
    decision = decide(ask_of(request, longer(request, adding)), facts, policy)
    if isinstance(decision, Refuse):
        return Room(None, longest, needs_a_yes=False)
    return Room(adding, longest, needs_a_yes=isinstance(decision, AskSomeone))


def _more(people: People, request: AccessRequest) -> MoreView | None:
    more = request.extension
    if more is None or request.ends_at is None:
        return None
    never = {request.requester, request.beneficiary}
    counted = tally(more.terms.slots, more.approvals, people, never=never)
    asked = still_asked(more.terms.slots, more.approvals, people, never=never)
    named = dict.fromkeys(group for slot in counted.missing for group in slot.groups)
    return MoreView(
        asked_by=person_view(people, more.asked_by),
        asked_at=more.asked_at,
        adding=more.ends_at - request.ends_at,
        ends_at=more.ends_at,
        lapses_at=more.lapses_at,
        allowed=more.allowed_at is not None,
        missing=counted.still_needed,
        asked=tuple(person_view(people, person) for person in asked),
        groups=tuple(GroupView(group, people.title_of(group)) for group in named),
    )


_ENDS_AT: Final = {"request.approved", "request.adopted", "request.extended"}


def _moved_ends(reader: Reader, people: People, request: AccessRequest) -> Iterator[MovedEnd]:
    """From the log; not looked up where the end stands where the first yes put it."""
    waits = request.state is RequestState.PENDING
    if waits or (request.decided_at is not None and held(request) == request.duration):
        return
    was, rule = None, ""
    for kind, at, body in _story(reader, request):
        rule = body["rule"] if kind == "request.extension_allowed" else rule
        if kind not in _ENDS_AT:
            continue
        until = datetime.fromisoformat(body["ends_at"])
        if was is not None and until != was:
            yield MovedEnd(at, person_view(people, PersonId(body["by"])), was, until, rule)
        was = until


def _cloud_no(reader: Reader, request: AccessRequest) -> CloudNo | None:
    """From the log, where a cloud refused."""
    if request.state is not RequestState.FAILED:
        return None
    noes = (body for kind, _, body in _story(reader, request) if kind == "request.failed")
    return next((CloudNo(CloudName(body["cloud"]), body["code"]) for body in noes), None)


def _story(reader: Reader, request: AccessRequest) -> Iterator[tuple[str, datetime, Mapping[str, Any]]]:
    """What the log says of a request: the kind of each entry, its moment and its body."""
    for entry in reader.entries(request=request.id):
        yield entry.kind, datetime.fromisoformat(entry.at), json.loads(entry.body)


def _clouds(role: Role | None, grants: tuple[Grant, ...]) -> tuple[CloudView, ...]:
    entitlements: tuple[Entitlement, ...] = role.entitlements if role else ()
    tries = {(entitlement.cloud, entitlement.alias): entitlement.try_command for entitlement in entitlements}
    if grants:
        return tuple(
            CloudView(
                cloud=grant.cloud,
                place=grant.entitlement.alias,
                grant=grant,
                target=grant.entitlement,
                try_command=tries.get((grant.entitlement.cloud, grant.entitlement.alias)),
            )
            for grant in grants
        )
    return tuple(
        CloudView(CloudName(one.cloud), one.alias, None, None, one.try_command) for one in entitlements
    )


def card_state(request: AccessRequest, grants: tuple[Grant, ...]) -> CardState:
    """The face of a request's card."""
    if request.state in {RequestState.APPROVED, RequestState.ACTIVE}:
        return _running(grants)
    if request.state is RequestState.REFUSED and request.note is None:
        return CardState.NOT_GIVEN  # no person denied it: the rules did
    return _FACES[request.state]


_FACES = {
    RequestState.PENDING: CardState.WAITING,
    RequestState.REFUSED: CardState.DENIED,
    RequestState.WITHDRAWN: CardState.WITHDRAWN,
    RequestState.LAPSED: CardState.LAPSED,
    RequestState.FAILED: CardState.NOT_GIVEN,
    RequestState.ENDED: CardState.ENDED,
}


def _running(grants: tuple[Grant, ...]) -> CardState:
    if any(grant.stuck_at for grant in grants):
        return CardState.STUCK
    last = max((grant.ends_at for grant in grants), default=None)
    going = [grant for grant in grants if not _ended_before(grant, last)]
    if any(grant.state in _LEAVING for grant in going):
        return CardState.ENDING
    if all(grant.state in HELD for grant in going):
        return CardState.LIVE
    return CardState.STARTING


_LEAVING: Final = {GrantState.ENDING, GrantState.GONE}


def _ended_before(grant: Grant, last: datetime | None) -> bool:
    """Whether it ended on time while another lasts until later: its end could not be moved."""
    kept = last is not None and grant.ends_at < last
    return kept and grant.state in _LEAVING and grant.cause is EndCause.ON_TIME
