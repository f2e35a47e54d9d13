"""A grant: one person, one entitlement, one window; and everything that can happen to it.

    planned ─begin─▶ granting ─confirm─▶ live ─end─▶ ending ─confirm_gone─▶ gone
    planned | granting ─end─▶ ending          ended, refused or overtaken before it was live
    granting | ending ─retry─▶ the same       the cloud was unreachable: later again, for ever when ending
    gone ─rest─▶ gone                         looked once more, still absent: nothing is left to do
    gone ─reappear─▶ ending                   looked once more and found: a create that came late
    live ─extend─▶ extending ─confirm_extended─▶ live      its end moves once its cloud has moved it
    extending ─retry─▶ extending              the cloud was unreachable: later again, the old end wins
    extending ─move_back─▶ extending          the cloud or the rules say no: its cloud shows the old end first
    extending ─keep─▶ live                    and it does: the old end stands
    extending ─end─▶ ending                   ended, or not confirmed by its old end
    live ─miss─▶ live                         somebody took it away by hand: people are told, it ends on time

Every grant that is not over has exactly one alarm, `due_at`: the next moment somebody must look at it.
`live` and `gone` are only ever written after a read from the cloud showed presence or absence. A grant
carries everything that ending it needs (principal, frozen entitlement, adapter): ending reads no policy.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from policies.audit import Event, Json, moment_text
from policies.entitlements import Target
from policies.moves import Moved, after
from policies.people import Principal
from policies.values import CloudName, GrantId, HoldingKey, Moment, PersonId, RequestId, RoleName, Value

LAST_LOOK: Final = timedelta(seconds=90)
"""How long after `gone` we look again: later than the latest create that could still be under way.

A claim lasts 20 s past its last renewal and a call at most 8 s; the rest is room for a stopped process.
"""
MISSING: Final = "missing"
"""The problem of a live grant that is not in its cloud any more."""
STUCK_AFTER: Final = timedelta(minutes=5)
"""How long an end may be late before people are told that it is stuck."""


class GrantState(StrEnum):
    """Where a grant stands."""

    PLANNED = "planned"
    GRANTING = "granting"
    LIVE = "live"
    EXTENDING = "extending"
    ENDING = "ending"
    GONE = "gone"


class GrantVerb(StrEnum):
    """What can be done to a grant."""

    BEGIN = "begin"
    CONFIRM = "confirm"
    END = "end"
    RETRY = "retry"
    CONFIRM_GONE = "confirm_gone"
    REST = "rest"
    REAPPEAR = "reappear"
    MISS = "miss"
    EXTEND = "extend"
    CONFIRM_EXTENDED = "confirm_extended"
    KEEP = "keep"
    MOVE_BACK = "move_back"


GRANT_MOVES: Final = {
    (GrantState.PLANNED, GrantVerb.BEGIN): GrantState.GRANTING,
    (GrantState.GRANTING, GrantVerb.CONFIRM): GrantState.LIVE,
    (GrantState.PLANNED, GrantVerb.END): GrantState.ENDING,
    (GrantState.GRANTING, GrantVerb.END): GrantState.ENDING,
    (GrantState.LIVE, GrantVerb.END): GrantState.ENDING,
    (GrantState.GRANTING, GrantVerb.RETRY): GrantState.GRANTING,
    (GrantState.ENDING, GrantVerb.RETRY): GrantState.ENDING,
    (GrantState.ENDING, GrantVerb.CONFIRM_GONE): GrantState.GONE,
    (GrantState.GONE, GrantVerb.RETRY): GrantState.GONE,
    (GrantState.GONE, GrantVerb.REST): GrantState.GONE,
    (GrantState.GONE, GrantVerb.REAPPEAR): GrantState.ENDING,
    (GrantState.LIVE, GrantVerb.MISS): GrantState.LIVE,
    (GrantState.LIVE, GrantVerb.EXTEND): GrantState.EXTENDING,
    (GrantState.EXTENDING, GrantVerb.CONFIRM_EXTENDED): GrantState.LIVE,
    (GrantState.EXTENDING, GrantVerb.RETRY): GrantState.EXTENDING,
    (GrantState.EXTENDING, GrantVerb.KEEP): GrantState.LIVE,
    (GrantState.EXTENDING, GrantVerb.MOVE_BACK): GrantState.EXTENDING,
    (GrantState.EXTENDING, GrantVerb.END): GrantState.ENDING,
}
"""Every move there is; a pair that is not here raises IllegalMove."""


class EndCause(StrEnum):
    """Why a grant ends."""

    ON_TIME = "on_time"
    BY_HOLDER = "by_holder"
    BY_OTHER = "by_other"
    ROLLED_BACK = "rolled_back"
    OVERRULED = "overruled"
    LATE_CREATE = "late_create"
    INCIDENT = "incident"
    """The incident that it hung on is over."""
    LEFT = "left"
    """The holder has left the organisation."""


_WANTING: Final = {GrantState.PLANNED, GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING}


class Grant(Value):
    """One entitlement of one request, for one person, until `ends_at`."""

    id: GrantId
    version: int = 0
    state: GrantState = GrantState.PLANNED
    request: RequestId
    role: RoleName
    person: PersonId
    cloud: CloudName
    adapter: str
    principal: Principal
    entitlement: Target
    holding: HoldingKey
    starts_at: Moment
    ends_at: Moment
    due_at: Moment | None
    extends_to: Moment | None = None
    standing: bool = False
    """Whether the holder had it already, for good, from somebody else: nothing of ours is there."""
    tries: int = 0
    problem: str | None = None
    stuck_at: Moment | None = None
    live_at: Moment | None = None
    ending_at: Moment | None = None
    gone_at: Moment | None = None
    cause: EndCause | None = None
    ended_by: PersonId | None = None

    @property
    def wants_presence(self) -> bool:
        """True while the cloud should hold it (or soon should)."""
        return self.state in _WANTING

    @property
    def wanted_until(self) -> datetime:
        """Until when the cloud should hold it: the end it is being given, where that is later."""
        return self.extends_to or self.ends_at

    @property
    def over(self) -> bool:
        """True when it is gone from the cloud, by a read."""
        return self.state is GrantState.GONE

    def moved(self, verb: GrantVerb, **changes: object) -> "Grant":
        """This grant after a verb, one version on (IllegalMove when it has no such verb now)."""
        state = after(GRANT_MOVES, self.state, verb)
        return self.model_copy(update={"state": state, "version": self.version + 1, **changes})

    def event(self, word: str, at: datetime, **body: Json) -> Event:
        """An audit event about this grant; it always names the cloud object."""
        named: dict[str, Json] = {"grant": self.id, "request": self.request, "holding": self.holding}
        return Event(kind=f"grant.{word}", at=at, body={**named, **body})


def planned(grant: Grant) -> Moved[Grant]:
    """The intent, written before the first cloud call."""
    event = grant.event(
        "planned", grant.starts_at, person=grant.person, cloud=grant.cloud, ends_at=moment_text(grant.ends_at)
    )
    return Moved(grant, (event,))


def begun(grant: Grant, at: datetime) -> Moved[Grant]:
    """A worker is about to make it."""
    return Moved(grant.moved(GrantVerb.BEGIN, due_at=at), (grant.event("granting", at),))


def confirmed(grant: Grant, at: datetime) -> Moved[Grant]:
    """A read from the cloud shows it; the next look is at its end."""
    moved = grant.moved(GrantVerb.CONFIRM, live_at=at, due_at=grant.ends_at, tries=0, problem=None)
    return Moved(moved, (grant.event("live", at),))


def stood(grant: Grant, at: datetime) -> Moved[Grant]:
    """A read from the cloud shows that the holder had it already, for good, from somebody else: it stays."""
    moved = confirmed(grant, at).value.model_copy(update={"standing": True})
    return Moved(moved, (grant.event("live", at, standing=True),))


def ending(grant: Grant, cause: EndCause, at: datetime, by: PersonId | None = None) -> Moved[Grant]:
    """It is to be taken back now."""
    moved = grant.moved(
        GrantVerb.END,
        ending_at=at,
        due_at=at,
        tries=0,
        problem=None,
        cause=cause,
        ended_by=by,
        extends_to=None,
    )
    return Moved(moved, (grant.event("ending", at, cause=cause.value, by=by),))


def retried(grant: Grant, problem: str, at: datetime, again_at: datetime) -> Moved[Grant]:
    """The cloud could not be reached or asked us to wait; told once to people when an end is late."""
    late = grant.state is GrantState.ENDING and grant.stuck_at is None and _is_stuck(grant, at)
    moved = grant.moved(
        GrantVerb.RETRY,
        due_at=again_at,
        tries=grant.tries + 1,
        problem=problem,
        stuck_at=at if late else grant.stuck_at,
    )
    events = (grant.event("stuck", at, problem=problem, tries=moved.tries),) if late else ()
    return Moved(moved, events)


def _is_stuck(grant: Grant, at: datetime) -> bool:
    return grant.ending_at is not None and at - grant.ending_at >= STUCK_AFTER


def gone(grant: Grant, at: datetime) -> Moved[Grant]:
    """A read from the cloud shows that it is absent; one last look is kept."""
    moved = grant.moved(
        GrantVerb.CONFIRM_GONE, gone_at=at, due_at=at + LAST_LOOK, tries=0, problem=None, stuck_at=None
    )
    return Moved(moved, (grant.event("gone", at),))


def rested(grant: Grant) -> Moved[Grant]:
    """The last look found nothing: no alarm is left. Nothing happened, so nothing is written in the log."""
    return Moved(grant.moved(GrantVerb.REST, due_at=None), ())


def adopted(grant: Grant, at: datetime) -> Moved[Grant]:
    """It was found in its cloud, signed by us, and the ledger did not know it: it ends as its label says."""
    live = grant.model_copy(
        update={"state": GrantState.LIVE, "live_at": at, "due_at": grant.ends_at, "problem": None}
    )
    event = live.event("adopted", at, person=grant.person, ends_at=moment_text(grant.ends_at))
    return Moved(live, (event,))


def extending(grant: Grant, until: datetime, at: datetime) -> Moved[Grant]:
    """It is to last longer: its cloud is told first."""
    moved = grant.moved(GrantVerb.EXTEND, extends_to=until, due_at=at, tries=0, problem=None)
    return Moved(moved, (grant.event("extending", at, ends_at=moment_text(until)),))


def extended(grant: Grant, at: datetime) -> Moved[Grant]:
    """A read from the cloud shows the later end: it is the grant's own from now on."""
    until = grant.wanted_until
    moved = grant.moved(
        GrantVerb.CONFIRM_EXTENDED,
        ends_at=until,
        extends_to=None,
        due_at=until,
        tries=0,
        problem=None,
    )
    return Moved(moved, (grant.event("extended", at, ends_at=moment_text(until)),))


def moving_back(grant: Grant, why: str, at: datetime) -> Moved[Grant]:
    """Its end cannot be moved: its cloud may have moved already, and shows the old end again first."""
    moved = grant.moved(GrantVerb.MOVE_BACK, extends_to=None, due_at=at, tries=0, problem=None)
    return Moved(moved, (grant.event("not_extended", at, code=why),))


def kept(grant: Grant) -> Moved[Grant]:
    """A read from the cloud shows the old end."""
    moved = grant.moved(GrantVerb.KEEP, due_at=grant.ends_at, tries=0, problem=None)
    return Moved(moved, ())


def missed(grant: Grant, at: datetime) -> Moved[Grant]:
    """A read shows that somebody took it away by hand; told once, and it still ends on time."""
    moved = grant.moved(GrantVerb.MISS, problem=MISSING)
    return Moved(moved, (grant.event("missing", at),))


def reappeared(grant: Grant, at: datetime) -> Moved[Grant]:
    """It was found after it was gone (a create came late): it is taken back again."""
    moved = grant.moved(
        GrantVerb.REAPPEAR,
        ending_at=at,
        due_at=at,
        gone_at=None,
        tries=0,
        problem=None,
        cause=EndCause.LATE_CREATE,
    )
    return Moved(moved, (grant.event("reappeared", at),))
