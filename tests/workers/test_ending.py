"""Ending: what runs ends, what waits is withdrawn, and an incident takes with it all that hangs on it."""

from pathlib import Path

import pytest

from policies.grant import EndCause, planned
from policies.incident import Heard, Incident, IncidentState, PagerVerb, heard, opened
from policies.moves import Moved
from policies.request import AccessRequest, RequestState, approved, asked
from policies.values import IncidentId, PersonId
from tests.builders import ANA, BEN, HOUR, NOW, grant, request, yes
from workers.ending import Stopped, close, stop
from workers.ledger import incidents
from workers.ledger.errors import Stale
from workers.ledger.ledger import Ledger

INC = IncidentId("INC-42")
DEV = PersonId("dev")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def waiting(ledger: Ledger, number: int = 1, incident: IncidentId | None = INC) -> AccessRequest:
    with ledger.writing() as writing:
        return writing.add_request(asked(request(number, incident=incident)))


def running(ledger: Ledger, number: int = 1, incident: IncidentId | None = INC) -> AccessRequest:
    before = waiting(ledger, number, incident)
    with ledger.writing() as writing:
        after = writing.save_request(approved(before, yes(), NOW))
        writing.add_grants([planned(grant(number))])
    return after


def broken(ledger: Ledger) -> Incident:
    made = Incident(id=INC, title="text-1", opened_at=NOW, live_since=NOW, heard_at=NOW)
    with ledger.writing() as writing:
        return incidents.add(writing, opened(made, NOW))


def end(ledger: Ledger, by: PersonId | None = DEV) -> list[str]:
    with ledger.writing() as writing:
        found = incidents.lock(writing, INC)
        assert found is not None
        return [one.id for one in close(writing, found, by)]


def ended(ledger: Ledger, one: AccessRequest) -> list[tuple[EndCause | None, str | None]]:
    with ledger.reading() as reader:
        return [(grant.cause, grant.ended_by) for grant in reader.grants_of(one.id)]


def state(ledger: Ledger, one: AccessRequest) -> RequestState:
    with ledger.reading() as reader:
        found = reader.request(one.id)
    assert found is not None
    return found.state


@pytest.mark.parametrize(("who", "cause"), [(ANA, EndCause.BY_HOLDER), (BEN, EndCause.BY_OTHER)])
def test_what_runs_ends_for_whoever_wants_it_and_once(ledger: Ledger, who: PersonId, cause: EndCause):
    one = running(ledger)
    assert ledger.retrying(lambda writing: stop(writing, who, one)) is Stopped.ENDING
    assert ended(ledger, one) == [(cause, who)]
    assert ledger.retrying(lambda writing: stop(writing, who, one)) is Stopped.OVER


def test_what_waits_is_withdrawn_and_then_over(ledger: Ledger):
    one = waiting(ledger)
    assert ledger.retrying(lambda writing: stop(writing, ANA, one)) is Stopped.WITHDRAWN
    with ledger.reading() as reader:
        withdrawn = reader.request(one.id)
    assert withdrawn is not None
    assert ledger.retrying(lambda writing: stop(writing, ANA, withdrawn)) is Stopped.OVER


def test_an_incidents_end_ends_all_that_hangs_on_it_and_nothing_else(ledger: Ledger):
    broken(ledger)
    pending, live = waiting(ledger, 1), running(ledger, 2)
    elsewhere, nowhere = running(ledger, 3, IncidentId("INC-43")), running(ledger, 4, None)
    assert end(ledger) == [pending.id, live.id]
    assert state(ledger, pending) is RequestState.WITHDRAWN
    assert ended(ledger, live) == [(EndCause.INCIDENT, DEV)]
    assert ended(ledger, elsewhere) == ended(ledger, nowhere) == [(None, None)]
    with ledger.reading() as reader:
        found = incidents.find(reader, INC)
    assert found is not None
    assert (found.state, found.closed_by) == (IncidentState.CLOSED, DEV)


def test_what_is_ending_already_keeps_its_cause(ledger: Ledger):
    broken(ledger)
    one = running(ledger)
    ledger.retrying(lambda writing: stop(writing, ANA, one))
    assert end(ledger) == []
    assert ended(ledger, one) == [(EndCause.BY_HOLDER, ANA)]


def test_where_the_grace_time_is_over_the_incident_itself_is_who_ended_it(ledger: Ledger):
    broken(ledger)
    one = running(ledger)
    end(ledger, None)
    assert ended(ledger, one) == [(EndCause.INCIDENT, "incident:INC-42")]


def test_an_incident_that_somebody_changed_first_is_not_closed_and_nothing_ends(ledger: Ledger):
    made = broken(ledger)
    one = running(ledger)
    ledger.retrying(lambda writing: incidents.save(writing, changed(made)))
    with pytest.raises(Stale), ledger.writing() as writing:
        close(writing, made, DEV)
    assert ended(ledger, one) == [(None, None)]


def changed(made: Incident) -> Moved[Incident]:
    """Somebody heard of it once more."""
    news = Heard(verb=PagerVerb.CHANGED, at=NOW + HOUR, delivery="d-1", severity="sev1")
    moved = heard(made, news, NOW + HOUR, HOUR)
    assert moved is not None
    return moved
