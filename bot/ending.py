"""Ending a request, whoever wants it: no rule, person or catalogue is read, so nothing can be in the way."""

from enum import StrEnum

from policies.grant import EndCause, ending
from policies.request import AccessRequest, RequestState, withdrawn
from policies.values import PersonId
from workers.ledger.writing import Writing


class Stopped(StrEnum):
    """What came of ending a request."""

    ENDING = "ending"
    WITHDRAWN = "withdrawn"
    OVER = "over"
    UNKNOWN = "unknown"


def stop(writing: Writing, person: PersonId, request: AccessRequest) -> Stopped:
    """End what runs, or withdraw what waits."""
    match request.state:
        case RequestState.PENDING:
            writing.save_request(withdrawn(request, person, writing.now))
            return Stopped.WITHDRAWN
        case RequestState.APPROVED | RequestState.ACTIVE:
            return _stop_grants(writing, person, request)
        case _:
            return Stopped.OVER


def _stop_grants(writing: Writing, person: PersonId, request: AccessRequest) -> Stopped:
    cause = EndCause.BY_HOLDER if person == request.beneficiary else EndCause.BY_OTHER
    running = [grant for grant in writing.grants_of(request.id) if grant.wants_presence]
    for grant in running:
        writing.save_grant(ending(grant, cause, writing.now, person))
    return Stopped.ENDING if running else Stopped.OVER
