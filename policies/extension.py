"""More time while access is live: asked for, allowed, given by every cloud, or not.

    live ─ask─▶ waiting for yeses ─count*─▶ allowed ─every cloud has moved─▶ extended
                waiting ─revise─▶ waiting           the rules changed: other yeses, and those so far are void
                waiting ─▶ denied | lapsed          a cloud that cannot: its old end stands

Nobody holds more than the rules give for the whole of it, counted from the first yes: an extension is
decided as the same ask for the longer time. The end in a cloud moves first and is read back; only then does
the end in the ledger move. Until then, and whenever it cannot be read back in time, the old end wins.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from policies.approval import Approval
from policies.audit import Event, Json, moment_text
from policies.decision import Refuse
from policies.grant import Grant, GrantState, extending
from policies.moves import Moved
from policies.request import AccessRequest, Extension, RequestVerb, Terms
from policies.values import PersonId

ORDINARY: Final = timedelta(minutes=30)
"""What an extension adds when nobody says how much."""
MARGIN: Final = timedelta(seconds=10)
"""How long before its end access can still be extended: what a round of cloud calls may take."""


def longer(request: AccessRequest, by: timedelta) -> timedelta:
    """How long the access would be held altogether."""
    return held(request) + by


def held(request: AccessRequest) -> timedelta:
    """How long the access is held altogether, as things stand."""
    if request.ends_at is None or request.decided_at is None:
        return request.duration
    return request.ends_at - request.decided_at.replace(microsecond=0)


def lasting(request: AccessRequest) -> timedelta:
    """For how long altogether the rules must allow it: with the extension, once that is under way."""
    if request.extension is None or request.ends_at is None:
        return request.duration
    return longer(request, request.extension.ends_at - request.ends_at)


def can_add(request: AccessRequest, longest: timedelta | None) -> timedelta | None:
    """How much an unspecified extension would add, or None where there is nothing left to add."""
    left = (longest or timedelta()) - held(request)
    return min(ORDINARY, left) if left > timedelta() else None


def too_late(request: AccessRequest, now: datetime) -> bool:
    """Whether its end is too near to be moved."""
    return request.ends_at is None or request.ends_at - now < MARGIN


def asked_more(
    request: AccessRequest, by: PersonId, adding: timedelta, terms: Terms, at: datetime
) -> Moved[AccessRequest]:
    """More time is wanted, and somebody has to say yes first."""
    extension = _extension(request, by, adding, terms, at)
    moved = request.moved(RequestVerb.ASK_MORE, extension=extension).alarmed()
    return Moved(moved, (_asked(request, extension, at),))


def _asked(request: AccessRequest, extension: Extension, at: datetime) -> Event:
    return request.event(
        "extension_asked",
        at,
        by=extension.asked_by,
        ends_at=moment_text(extension.ends_at),
        rule=extension.terms.rule,
        policy=extension.terms.policy_hash,
    )


def revised_more(request: AccessRequest, terms: Terms, at: datetime) -> Moved[AccessRequest]:
    """The rules changed while more time waited: it is asked for anew, and the yeses so far are void."""
    before = _waiting(request)
    adding = before.ends_at - (request.ends_at or before.ends_at)
    extension = _extension(request, before.asked_by, adding, terms, at)
    moved = request.moved(RequestVerb.ASK_MORE, extension=extension).alarmed()
    revised = request.event("extension_revised", at, rule=terms.rule, policy=terms.policy_hash)
    return Moved(moved, (revised, _asked(request, extension, at)))


def refused_more(
    request: AccessRequest, by: PersonId, ends_at: datetime, refuse: Refuse, at: datetime
) -> Event:
    """The rules do not allow so much more time; `card` keeps it out of the request's story."""
    body: dict[str, Json] = {"by": by, "card": request.id, "ends_at": moment_text(ends_at)}
    return Event("extension.refused", at, {**body, "answer": refuse.kind.value, "policy": refuse.policy_hash})


def _extension(
    request: AccessRequest, by: PersonId, adding: timedelta, terms: Terms, at: datetime
) -> Extension:
    if request.ends_at is None:
        raise ValueError("only what has an end is extended")
    lapses_at = min(at + terms.answer_within, request.ends_at)
    return Extension(
        ends_at=request.ends_at + adding, asked_by=by, asked_at=at, terms=terms, lapses_at=lapses_at
    )


def counted_more(request: AccessRequest, approval: Approval) -> Moved[AccessRequest]:
    """One yes more, and still not enough."""
    extension = _waiting(request)
    extension = extension.model_copy(update={"approvals": (*extension.approvals, approval)})
    moved = request.moved(RequestVerb.COUNT_MORE, extension=extension).alarmed()
    return Moved(moved, (request.event("extension_counted", approval.at, by=approval.person),))


def allowed_more(request: AccessRequest, approval: Approval, at: datetime) -> Moved[AccessRequest]:
    """The last yes: the clouds are told now."""
    extension = _waiting(request)
    approvals = (*extension.approvals, approval)
    return _allowed(request, extension.model_copy(update={"approvals": approvals}), approval.person, at)


def given_more(
    request: AccessRequest, by: PersonId, adding: timedelta, terms: Terms, at: datetime
) -> Moved[AccessRequest]:
    """Nobody needs to be asked: the clouds are told now."""
    return _allowed(request, _extension(request, by, adding, terms, at), None, at)


def _allowed(
    request: AccessRequest, extension: Extension, yes: PersonId | None, at: datetime
) -> Moved[AccessRequest]:
    allowed = extension.model_copy(update={"allowed_at": at})
    moved = request.moved(RequestVerb.ALLOW_MORE, extension=allowed).alarmed()
    event = request.event(
        "extension_allowed",
        at,
        by=yes,
        asked_by=extension.asked_by,
        ends_at=moment_text(extension.ends_at),
        rule=extension.terms.rule,
        policy=extension.terms.policy_hash,
    )
    return Moved(moved, (event,))


def denied_more(request: AccessRequest, by: PersonId, note: str, at: datetime) -> Moved[AccessRequest]:
    """Somebody who may decide said no; what is live stays until its end."""
    moved = request.moved(RequestVerb.REFUSE_MORE, extension=None).alarmed()
    return Moved(moved, (request.event("extension_denied", at, by=by, note=note),))


def lapsed_more(request: AccessRequest, at: datetime) -> Moved[AccessRequest]:
    """Nobody answered in time; what is live stays until its end."""
    moved = request.moved(RequestVerb.REFUSE_MORE, extension=None).alarmed()
    return Moved(moved, (request.event("extension_lapsed", at),))


def extend_all(request: AccessRequest, grants: Sequence[Grant], at: datetime) -> tuple[Moved[Grant], ...]:
    """Every live grant of the request is to last as long as was allowed."""
    extension = request.extension
    if extension is None or extension.allowed_at is None:
        raise ValueError("an extension is allowed before its grants are extended")
    return tuple(
        extending(grant, extension.ends_at, at) for grant in grants if grant.state is GrantState.LIVE
    )


def settled_more(
    request: AccessRequest, grants: Sequence[Grant], at: datetime
) -> Moved[AccessRequest] | None:
    """The request's own move once every cloud has moved its end or has not; None before that."""
    extension = request.extension
    if extension is None or extension.allowed_at is None:
        return None
    live = [grant for grant in grants if grant.state is GrantState.LIVE]
    if not live or any(grant.state is GrantState.EXTENDING for grant in grants):
        return None
    ends_at = max(grant.ends_at for grant in live)
    warned_at = request.warned_at if ends_at == request.ends_at else None
    moved = request.moved(RequestVerb.EXTEND, ends_at=ends_at, extension=None, warned_at=warned_at).alarmed()
    kept = sorted({str(grant.cloud) for grant in grants if grant.ends_at < extension.ends_at})
    event = request.event(
        "extended", at, by=extension.asked_by, ends_at=moment_text(ends_at), kept=list(kept)
    )
    return Moved(moved, (event,))


def warned(request: AccessRequest, at: datetime) -> Moved[AccessRequest]:
    """Its end is near: the holder is told once; an end that has come already is not warned of."""
    moved = request.moved(RequestVerb.WARN, warned_at=at).alarmed()
    in_time = request.ends_at is not None and at < request.ends_at
    return Moved(moved, (request.event("warned", at),) if in_time else ())


def _waiting(request: AccessRequest) -> Extension:
    if request.extension is None or request.extension.allowed_at is not None:
        raise ValueError("no extension waits for a yes")
    return request.extension
