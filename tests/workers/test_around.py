"""What is true around an ask: the incident as it stands, who is surely on call, and what is unreviewed."""

from datetime import timedelta
from pathlib import Path

import pytest

from policies.facts import Facts, OnCallFact
from policies.incident import Incident, IncidentState, closed, opened
from policies.paths import Ask
from policies.request import AccessRequest, asked
from policies.review import Review
from policies.review import opened as review_opened
from policies.rules import Policy
from policies.values import GroupName, IncidentId, PersonId
from tests.builders import ANA, BEN, HOUR, NOW, ROLE, StoppedClock, request
from tests.policies.builders import policy, rule
from workers.around import ask_of, facts_for, facts_of, hold, named
from workers.ledger import incidents, on_call, reviews
from workers.ledger.ledger import Ledger
from workers.ledger.schema import NEVER

INC = IncidentId("INC-42")
PRIMARY = "db-primary"
ON_CALL = policy(rule("on-call", match={"on_call_for": [PRIMARY]}))
PLAIN = policy(rule("free"))
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def ask(reference: str | None = None, *, emergency: bool = False) -> Ask:
    return Ask(
        requester=ANA, beneficiary=ANA, role=ROLE, duration=HOUR, reference=reference, emergency=emergency
    )


def facts(ledger: Ledger, in_force: Policy, what: Ask) -> Facts:
    with ledger.reading() as reader:
        return facts_for(reader, in_force, what, ledger.now())


def about(ledger: Ledger, one: AccessRequest) -> Facts:
    with ledger.reading() as reader:
        return facts_of(reader, PLAIN, one, ask_of(one, one.duration), ledger.now())


def broken(ledger: Ledger, name: IncidentId = INC) -> Incident:
    made = Incident(id=name, title="text-1", severity="sev2", opened_at=NOW, live_since=NOW, heard_at=NOW)
    with ledger.writing() as writing:
        return incidents.add(writing, opened(made, NOW))


def unreviewed(ledger: Ledger, one: AccessRequest) -> None:
    review = Review(
        id=one.id,
        holder=one.beneficiary,
        handed_out_by=one.requester,
        reviewers=(GroupName("security"),),
        opened_at=NOW,
        ends_at=NOW + timedelta(days=1),
        due_at=None,
    )
    with ledger.writing() as writing:
        reviews.add(writing, review_opened(review))


def test_what_a_request_asks_for_is_itself_for_as_long_as_is_wanted():
    one = request(reference="INC-42", emergency=True)
    asking = ask_of(one, 2 * HOUR)
    assert (asking.requester, asking.beneficiary, asking.role) == (one.requester, one.beneficiary, one.role)
    assert (asking.duration, asking.reference, asking.emergency) == (2 * HOUR, "INC-42", True)


# The incident


@pytest.mark.parametrize(("reference", "known"), [("inc-42", True), ("INC-43", False), (None, False)])
def test_a_reference_names_an_incident_in_whatever_case_it_is_written(
    ledger: Ledger, reference: str | None, *, known: bool
):
    made = broken(ledger)
    with ledger.reading() as reader:
        assert named(reader, reference) == (made if known else None)
    fact = facts(ledger, PLAIN, ask(reference)).around.incident
    assert (fact.id, fact.state, fact.severity) == (INC, IncidentState.LIVE, "sev2") if fact else not known


def test_a_request_is_judged_by_the_incident_that_it_hangs_on_as_it_is_now(ledger: Ledger):
    made = broken(ledger)
    broken(ledger, IncidentId("INC-43"))
    with ledger.writing() as writing:
        incidents.save(writing, closed(made, None, NOW))
    fact = about(ledger, request(incident=INC, reference="INC-43")).around.incident
    assert fact is not None
    assert (fact.id, fact.state) == (INC, IncidentState.CLOSED)


def test_a_request_that_hangs_on_none_is_judged_by_the_incident_that_it_names(ledger: Ledger):
    broken(ledger)
    fact = about(ledger, request(reference="inc-42")).around.incident
    assert fact is not None
    assert fact.id == INC
    assert about(ledger, request(reference="T-1")).around.incident is None


def test_what_a_request_hangs_on_is_held_and_what_hangs_on_none_holds_nothing(ledger: Ledger):
    made = broken(ledger)
    with ledger.writing() as writing:
        hold(writing, request(incident=INC))
        hold(writing, request())
        assert incidents.find(writing, INC) == made


# Who is on call


def know(ledger: Ledger, *people: PersonId) -> None:
    ledger.retrying(lambda writing: on_call.put(writing, on_call.Known(PRIMARY, people, NOW)))


@pytest.mark.parametrize(("people", "expected"), [((ANA, BEN), True), ((BEN,), False), ((), False)])
def test_a_young_answer_says_who_is_on_call(ledger: Ledger, people: tuple[PersonId, ...], *, expected: bool):
    know(ledger, *people)
    fact = OnCallFact(schedule=PRIMARY, on_call=expected, as_of=NOW)
    assert facts(ledger, ON_CALL, ask()).around.on_call == (fact,)


@pytest.mark.parametrize(
    ("passed", "known"),
    [
        (timedelta(), True),
        (timedelta(seconds=30) - MOMENT, True),
        (timedelta(seconds=30), False),
        (timedelta(seconds=31), False),
        (-MOMENT, False),
    ],
)
def test_an_answer_counts_for_thirty_seconds_and_never_before_its_time(
    ledger: Ledger, clock: StoppedClock, passed: timedelta, *, known: bool
):
    know(ledger, ANA)
    clock.move(passed)
    (fact,) = facts(ledger, ON_CALL, ask()).around.on_call
    assert fact == OnCallFact(schedule=PRIMARY, on_call=True if known else None, as_of=NOW)


def test_a_schedule_that_nobody_could_tell_or_was_never_asked_is_not_known(ledger: Ledger):
    (never,) = facts(ledger, ON_CALL, ask()).around.on_call
    assert (never.on_call, never.as_of) == (None, NEVER)
    ledger.retrying(lambda writing: on_call.put(writing, on_call.Known(PRIMARY, None, NOW, "away")))
    (unsaid,) = facts(ledger, ON_CALL, ask()).around.on_call
    assert (unsaid.on_call, unsaid.as_of) == (None, NOW)


def test_only_the_schedules_that_a_rule_of_the_role_looks_at_are_looked_up(ledger: Ledger):
    know(ledger, ANA)
    assert facts(ledger, PLAIN, ask()).around.on_call == ()


# What is unreviewed


def test_what_is_unreviewed_matters_to_an_emergency_of_the_same_person_only(ledger: Ledger):
    unreviewed(ledger, request(1))
    unreviewed(ledger, request(2, beneficiary=BEN))
    assert facts(ledger, PLAIN, ask()).around.unreviewed == ()
    emergency = facts(ledger, PLAIN, ask(emergency=True))
    assert [one.request for one in emergency.around.unreviewed] == [request(1).id]


def test_a_requests_own_review_is_not_held_against_it(ledger: Ledger):
    mine = request(1, emergency=True)
    with ledger.writing() as writing:
        writing.add_request(asked(mine))
    unreviewed(ledger, mine)
    unreviewed(ledger, request(2))
    assert [one.request for one in about(ledger, mine).around.unreviewed] == [request(2).id]
