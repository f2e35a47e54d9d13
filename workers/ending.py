"""Ending a request, whoever wants it: no rule, person or catalogue is read, so nothing can be in the way."""

from enum import StrEnum

from policies.grant import EndCause, ending
from policies.incident import Incident, closed
from policies.request import OPEN, AccessRequest, RequestState, withdrawn
from policies.values import PersonId
from workers.ledger import incidents
from workers.ledger.writing import Writing


class Stopped(StrEnum):
    """What came of ending a request."""

    ENDING = "ending"
    WITHDRAWN = "withdrawn"
    OVER = "over"
    UNKNOWN = "unknown"


def stop(writing: Writing, person: PersonId, request: AccessRequest) -> Stopped:
    """End what runs, or withdraw what waits."""
    cause = EndCause.BY_HOLDER if person == request.beneficiary else EndCause.BY_OTHER
    return _stop(writing, person, request, cause)


def close(writing: Writing, incident: Incident, by: PersonId | None) -> tuple[AccessRequest, ...]:
    """Close an incident that this transaction has locked, and end all access that hangs on it, everywhere.

    `by` None: its grace time is over. What was ended, by id.
    """
    incidents.save(writing, closed(incident, by, writing.now))
    hanging = writing.requests_in(incident.id, OPEN)
    whoever = by or PersonId(f"incident:{incident.id}")
    return tuple(
        request
        for request in hanging
        if _stop(writing, whoever, request, EndCause.INCIDENT) in {Stopped.ENDING, Stopped.WITHDRAWN}
    )


def _stop(writing: Writing, person: PersonId, request: AccessRequest, cause: EndCause) -> Stopped:
    match request.state:
        case RequestState.PENDING:
            writing.save_request(withdrawn(request, person, writing.now))
            return Stopped.WITHDRAWN
        case RequestState.APPROVED | RequestState.ACTIVE:
            return _stop_grants(writing, person, request, cause)
        case _:
            return Stopped.OVER


def _stop_grants(writing: Writing, person: PersonId, request: AccessRequest, cause: EndCause) -> Stopped:
    running = [grant for grant in writing.grants_of(request.id) if grant.wants_presence]
    for grant in running:
        writing.save_grant(ending(grant, cause, writing.now, person))
    return Stopped.ENDING if running else Stopped.OVER
