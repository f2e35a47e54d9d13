"""What is true around an ask, as the ledger knows it: the incident, who is on call, what is unreviewed.

Nobody is asked here. What the ledger does not know young enough counts as not known, and so as no.
"""

from datetime import datetime, timedelta
from typing import Final

from policies.facts import Around, Facts, IncidentFact, OnCallFact, Unreviewed, gather
from policies.incident import Incident
from policies.paths import Ask
from policies.request import AccessRequest
from policies.rules import Policy
from policies.values import IncidentId, PersonId
from workers.ledger import incidents, on_call, reviews
from workers.ledger.reading import Reader
from workers.ledger.schema import NEVER
from workers.ledger.writing import Writing

YOUNG: Final = timedelta(seconds=30)
"""How old an answer of a pager may be for a decision."""


def named(reader: Reader, reference: str | None) -> Incident | None:
    """The incident that a reference names, in whatever case it was written; None where it names none."""
    return incidents.find(reader, IncidentId(reference.upper())) if reference else None


def ask_of(request: AccessRequest, duration: timedelta) -> Ask:
    """What a request asks for, for so long altogether."""
    return Ask(
        requester=request.requester,
        beneficiary=request.beneficiary,
        role=request.role,
        duration=duration,
        reference=request.reference,
        emergency=request.emergency,
    )


def facts_for(reader: Reader, policy: Policy, ask: Ask, now: datetime) -> Facts:
    """The facts about an ask that is not made yet."""
    what = around(reader, policy, ask, named(reader, ask.reference), now)
    return gather(policy, ask.requester, ask.beneficiary, now, what)


def facts_of(reader: Reader, policy: Policy, request: AccessRequest, ask: Ask, now: datetime) -> Facts:
    """The facts about a request, as they are now; its own review, once it has one, is not held against it."""
    incident = incidents.find(reader, request.incident) if request.incident else None
    what = around(reader, policy, ask, incident or named(reader, request.reference), now)
    others = tuple(one for one in what.unreviewed if one.request != request.id)
    what = what.model_copy(update={"unreviewed": others})
    return gather(policy, request.requester, request.beneficiary, now, what)


def hold(writing: Writing, request: AccessRequest) -> None:
    """Lock the incident that a request hangs on: it is not closed while access is given or made longer."""
    if request.incident is not None:
        incidents.lock(writing, request.incident)


def around(reader: Reader, policy: Policy, ask: Ask, incident: Incident | None, now: datetime) -> Around:
    """What is around an ask at a moment."""
    schedules = policy.schedules_for(ask.role)
    known = on_call.find(reader, schedules) if schedules else {}
    return Around(
        incident=IncidentFact.of(incident) if incident else None,
        on_call=tuple(_on_call(known.get(name), name, ask.beneficiary, now) for name in schedules),
        unreviewed=_unreviewed(reader, ask.beneficiary) if ask.emergency else (),
    )


def _on_call(known: on_call.Known | None, schedule: str, person: PersonId, now: datetime) -> OnCallFact:
    as_of = NEVER if known is None else known.as_of
    if known is None or known.people is None or not timedelta() <= now - as_of < YOUNG:
        return OnCallFact(schedule=schedule, on_call=None, as_of=as_of)
    return OnCallFact(schedule=schedule, on_call=person in known.people, as_of=as_of)


def _unreviewed(reader: Reader, holder: PersonId) -> tuple[Unreviewed, ...]:
    return tuple(
        Unreviewed(
            request=review.id, opened_at=review.opened_at, ends_at=review.ends_at, incident=review.incident
        )
        for review in reviews.waiting(reader, holder)
    )
