"""A request for access, and everything that can happen to it.

    pending ─count─▶ pending          one of several yeses is in
    pending ─revise─▶ pending         the rules changed: new slots, the yeses so far are void
    pending ─approve─▶ approved ─activate─▶ active ─end─▶ ended
    pending ─deny─▶ refused      pending ─withdraw─▶ withdrawn      pending ─lapse─▶ lapsed
    approved ─overrule─▶ refused      the rules say no before anything was given
    approved ─fail─▶ failed           a cloud refused for good; all of it is taken back
    approved ─end─▶ ended
    active ─ask_more, count_more, allow_more, refuse_more, extend, warn─▶ active
                                      more time, by `policies.extension`; and told that the end is near

Each verb returns a new request, one version on, with its audit events. Nothing here reads a clock.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from policies.approval import Approval, ApprovalSlot
from policies.audit import Event, Json, moment_text
from policies.catalogue import Risk
from policies.moves import Moved, after
from policies.values import GroupName, IncidentId, Moment, PersonId, RequestId, RoleName, RuleId, Value

WARNING: Final = timedelta(minutes=10)
"""How long before its end the holder is told, in a window of half an hour or more."""


class RequestState(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    ACTIVE = "active"
    ENDED = "ended"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """True when nothing more can happen to the request."""
        return self not in {RequestState.PENDING, RequestState.APPROVED, RequestState.ACTIVE}


OPEN: Final = tuple(state for state in RequestState if not state.over)
"""The states of a request that is not over."""


class RequestVerb(StrEnum):
    """What can be done to a request."""

    COUNT = "count"
    REVISE = "revise"
    APPROVE = "approve"
    DENY = "deny"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    ACTIVATE = "activate"
    OVERRULE = "overrule"
    FAIL = "fail"
    END = "end"
    ASK_MORE = "ask_more"
    COUNT_MORE = "count_more"
    ALLOW_MORE = "allow_more"
    REFUSE_MORE = "refuse_more"
    EXTEND = "extend"
    WARN = "warn"


REQUEST_MOVES: Final = {
    (RequestState.PENDING, RequestVerb.COUNT): RequestState.PENDING,
    (RequestState.PENDING, RequestVerb.REVISE): RequestState.PENDING,
    (RequestState.PENDING, RequestVerb.APPROVE): RequestState.APPROVED,
    (RequestState.PENDING, RequestVerb.DENY): RequestState.REFUSED,
    (RequestState.PENDING, RequestVerb.WITHDRAW): RequestState.WITHDRAWN,
    (RequestState.PENDING, RequestVerb.LAPSE): RequestState.LAPSED,
    (RequestState.APPROVED, RequestVerb.ACTIVATE): RequestState.ACTIVE,
    (RequestState.APPROVED, RequestVerb.OVERRULE): RequestState.REFUSED,
    (RequestState.APPROVED, RequestVerb.FAIL): RequestState.FAILED,
    (RequestState.APPROVED, RequestVerb.END): RequestState.ENDED,
    (RequestState.ACTIVE, RequestVerb.END): RequestState.ENDED,
    (RequestState.ACTIVE, RequestVerb.ASK_MORE): RequestState.ACTIVE,
    (RequestState.ACTIVE, RequestVerb.COUNT_MORE): RequestState.ACTIVE,
    (RequestState.ACTIVE, RequestVerb.ALLOW_MORE): RequestState.ACTIVE,
    (RequestState.ACTIVE, RequestVerb.REFUSE_MORE): RequestState.ACTIVE,
    (RequestState.ACTIVE, RequestVerb.EXTEND): RequestState.ACTIVE,
    (RequestState.ACTIVE, RequestVerb.WARN): RequestState.ACTIVE,
}
"""Every move there is; a pair that is not here raises IllegalMove."""


class Terms(Value):
    """What the rules decided when they were last asked."""

    rule: RuleId
    policy_hash: str
    slots: tuple[ApprovalSlot, ...]
    answer_within: timedelta
    review_within: timedelta | None = None


class Extension(Value):
    """More time, asked for while the access is live: until `ends_at`, once the yeses are in."""

    ends_at: Moment
    asked_by: PersonId
    asked_at: Moment
    terms: Terms
    approvals: tuple[Approval, ...] = ()
    lapses_at: Moment
    allowed_at: Moment | None = None
    """When the last yes came; from then on the clouds are being told."""


class AccessRequest(Value):
    """Somebody's wish to hold a role for a while; free text is held by reference (`reason`, `note`)."""

    id: RequestId
    version: int = 0
    state: RequestState = RequestState.PENDING
    requester: PersonId
    beneficiary: PersonId
    role: RoleName
    role_hash: str
    risk: Risk
    duration: timedelta
    reason: str
    reference: str | None = None
    incident: IncidentId | None = None
    """The incident that it hangs on: when that ends, so does this."""
    emergency: bool = False
    channel: str
    asked_at: Moment
    due_at: Moment | None = None
    terms: Terms
    approvals: tuple[Approval, ...] = ()
    decided_by: PersonId | None = None
    decided_at: Moment | None = None
    note: str | None = None
    ends_at: Moment | None = None
    ended_at: Moment | None = None
    warned_at: Moment | None = None
    extension: Extension | None = None

    @property
    def warns_at(self) -> datetime | None:
        """When the holder is told that the end is near: ten minutes before, or a third of a short window."""
        if self.ends_at is None or self.decided_at is None:
            return None
        return self.ends_at - min(WARNING, (self.ends_at - self.decided_at) / 3)

    def alarmed(self) -> "AccessRequest":
        """This request with its alarm set from what it waits for while it is active."""
        waits = self.extension is not None and self.extension.allowed_at is None
        moments = (
            self.warns_at if self.warned_at is None else None,
            self.extension.lapses_at if self.extension and waits else None,
        )
        due_at = min((moment for moment in moments if moment is not None), default=None)
        return self.model_copy(update={"due_at": due_at})

    @property
    def lapses_at(self) -> datetime:
        """When an unanswered request stops waiting."""
        return self.asked_at + self.terms.answer_within

    def moved(self, verb: RequestVerb, **changes: object) -> "AccessRequest":
        """This request after a verb, one version on (IllegalMove when it has no such verb now)."""
        state = after(REQUEST_MOVES, self.state, verb)
        return self.model_copy(update={"state": state, "version": self.version + 1, **changes})

    def event(self, word: str, at: datetime, **body: Json) -> Event:
        """An audit event about this request."""
        return Event(kind=f"request.{word}", at=at, body={"request": self.id, **body})


def asked(request: AccessRequest) -> Moved[AccessRequest]:
    """A new request, waiting for its answer until it lapses."""
    waiting = request.model_copy(update={"due_at": request.lapses_at})
    event = request.event(
        "asked",
        request.asked_at,
        by=request.requester,
        beneficiary=request.beneficiary,
        role=request.role,
        role_hash=request.role_hash,
        seconds=round(request.duration.total_seconds()),
        reason=request.reason,
        reference=request.reference,
        incident=request.incident,
        emergency=request.emergency,
        rule=request.terms.rule,
        policy=request.terms.policy_hash,
    )
    return Moved(waiting, (event,))


def adopted(request: AccessRequest, ends_at: datetime) -> Moved[AccessRequest]:
    """A request put together again from what a cloud still holds, after the ledger was lost."""
    active = request.model_copy(update={"state": RequestState.ACTIVE, "ends_at": ends_at})
    active = active.alarmed()
    event = request.event(
        "adopted",
        request.asked_at,
        beneficiary=request.beneficiary,
        role=request.role,
        ends_at=moment_text(ends_at),
    )
    return Moved(active, (event,))


def counted(request: AccessRequest, approval: Approval) -> Moved[AccessRequest]:
    """One yes more, and still not enough."""
    moved = request.moved(RequestVerb.COUNT, approvals=(*request.approvals, approval))
    return Moved(moved, (request.event("counted", approval.at, by=approval.person),))


def revised(request: AccessRequest, terms: Terms, role_hash: str, at: datetime) -> Moved[AccessRequest]:
    """The rules or the role changed while it waited: new terms, and the yeses so far are void."""
    moved = request.moved(RequestVerb.REVISE, terms=terms, role_hash=role_hash, approvals=())
    event = request.event("revised", at, rule=terms.rule, role_hash=role_hash, policy=terms.policy_hash)
    return Moved(moved.model_copy(update={"due_at": moved.lapses_at}), (event,))


def approved(request: AccessRequest, approval: Approval | None, at: datetime) -> Moved[AccessRequest]:
    """The last yes (or none was needed): the window starts now and its end is fixed."""
    approvals = request.approvals if approval is None else (*request.approvals, approval)
    by = None if approval is None else approval.person
    ends_at = (at + request.duration).replace(microsecond=0)  # clouds count in whole seconds
    moved = request.moved(
        RequestVerb.APPROVE,
        approvals=approvals,
        decided_by=by,
        decided_at=at,
        ends_at=ends_at,
        due_at=None,
    )
    event = request.event(
        "approved",
        at,
        by=by,
        ends_at=moment_text(ends_at),
        rule=request.terms.rule,
        policy=request.terms.policy_hash,
    )
    return Moved(moved, (event,))


def denied(request: AccessRequest, by: PersonId, note: str, at: datetime) -> Moved[AccessRequest]:
    """Somebody who may decide said no; `note` is the reference of the reason they gave."""
    moved = request.moved(RequestVerb.DENY, decided_by=by, decided_at=at, note=note, due_at=None)
    return Moved(moved, (request.event("denied", at, by=by, note=note),))


def withdrawn(request: AccessRequest, by: PersonId, at: datetime) -> Moved[AccessRequest]:
    """The requester or the beneficiary no longer wants it."""
    moved = request.moved(RequestVerb.WITHDRAW, decided_by=by, decided_at=at, due_at=None)
    return Moved(moved, (request.event("withdrawn", at, by=by),))


def lapsed(request: AccessRequest, at: datetime) -> Moved[AccessRequest]:
    """Nobody answered in time."""
    moved = request.moved(RequestVerb.LAPSE, decided_at=at, due_at=None)
    return Moved(moved, (request.event("lapsed", at),))


def activated(request: AccessRequest, at: datetime) -> Moved[AccessRequest]:
    """Every entitlement is live, by a read from its cloud."""
    return Moved(request.moved(RequestVerb.ACTIVATE).alarmed(), (request.event("active", at),))


def overruled(request: AccessRequest, why: str, policy_hash: str, at: datetime) -> Moved[AccessRequest]:
    """The rules say no before anything was given."""
    moved = request.moved(RequestVerb.OVERRULE, ended_at=at)
    return Moved(moved, (request.event("overruled", at, why=why, policy=policy_hash),))


def failed(request: AccessRequest, cloud: str, code: str, at: datetime) -> Moved[AccessRequest]:
    """A cloud refused for good, so all of it is taken back."""
    moved = request.moved(RequestVerb.FAIL, ended_at=at)
    return Moved(moved, (request.event("failed", at, cloud=cloud, code=code),))


def ended(request: AccessRequest, at: datetime) -> Moved[AccessRequest]:
    """Every entitlement is gone, by a read from its cloud."""
    moved = request.moved(RequestVerb.END, ended_at=at, due_at=None, extension=None)
    return Moved(moved, (request.event("ended", at),))


def groups_asked(request: AccessRequest) -> tuple[GroupName, ...]:
    """The groups whose yes counts, each once, in the order of the slots."""
    return tuple(dict.fromkeys(group for slot in request.terms.slots for group in slot.groups))
