"""What pagers say, acted on: once, in order, in our own terms, and never into access by being late."""

import itertools
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot.hearing import LATE, TIDY_EVERY, Hearing
from policies.incident import Incident, IncidentState, PagerAccount, PagerEvent, PagerName, PagerVerb
from policies.rules import Policy
from policies.values import IncidentId
from tests import builders
from tests.builders import NOW, StoppedClock
from workers.clock import close_in_time
from workers.ledger import deliveries, incidents, on_call, schema
from workers.ledger.ledger import Ledger

MINUTE, MOMENT = timedelta(minutes=1), timedelta(microseconds=1)
PAGERDUTY = PagerName("pagerduty")
KEY = "Q1"
ANA, BEN, NOBODY = (PagerAccount(account) for account in ("PFLEPA5", "P7BZQHN", "PNOBODY"))
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def meridian() -> Policy:
    return builders.meridian()


@pytest.fixture
def hearing(ledger: Ledger, meridian: Policy) -> Hearing:
    return Hearing(ledger, lambda: meridian)


def event(
    verb: PagerVerb = PagerVerb.TRIGGERED, *, at: timedelta = timedelta(), **more: object
) -> PagerEvent:
    """Something that happened so long after the clock's start."""
    made = PagerEvent(
        pager=PAGERDUTY,
        delivery=f"d-{next(_numbers)}",
        verb=verb,
        at=NOW + at,
        incident=KEY,
        reference="INC-42",
    )
    return made.model_copy(update=more)


def say(ledger: Ledger, *events: PagerEvent) -> None:
    for one in events:
        ledger.retrying(lambda writing, one=one: deliveries.take_in(writing, one))


def hear(ledger: Ledger, hearing: Hearing, *events: PagerEvent) -> int:
    say(ledger, *events)
    return hearing.hear()


def found(ledger: Ledger, key: str = KEY, pager: PagerName = PAGERDUTY) -> Incident:
    with ledger.reading() as reader:
        one = incidents.of_pager(reader, pager, key)
    assert one is not None
    return one


def known(ledger: Ledger) -> list[IncidentId]:
    with ledger.reading() as reader:
        return [one.id for one in incidents.in_states(reader, list(IncidentState))]


def title(ledger: Ledger, incident: Incident) -> str | None:
    with ledger.reading() as reader:
        return reader.text(incident.title)


def kinds(ledger: Ledger) -> list[str]:
    with ledger.reading() as reader:
        return [entry.kind for entry in reader.entries()]


# Once, and in order


def test_an_event_is_acted_on_once(ledger: Ledger, hearing: Hearing):
    one = event()
    assert hear(ledger, hearing, one) == 1
    assert hear(ledger, hearing, one) == 0
    assert kinds(ledger) == ["incident.opened"]


def test_however_many_hear_at_once_each_event_is_acted_on_once(ledger: Ledger, meridian: Policy):
    verbs = (PagerVerb.TRIGGERED, PagerVerb.RESOLVED, PagerVerb.REOPENED, PagerVerb.RESOLVED)
    say(ledger, *(event(verb, at=number * MOMENT) for number, verb in enumerate(verbs)))
    counts: list[int] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait(10)
        counts.append(Hearing(ledger, lambda: meridian).hear())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 4
    assert kinds(ledger).count("incident.opened") == 1
    assert found(ledger).state is IncidentState.RESOLVED


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_whatever_the_order_the_newest_word_counts(
    ledger: Ledger, hearing: Hearing, clock: StoppedClock, order: tuple[int, ...]
):
    clock.move(2 * MINUTE)
    verbs = (PagerVerb.TRIGGERED, PagerVerb.RESOLVED, PagerVerb.REOPENED)
    events = [event(verb, at=number * MINUTE) for number, verb in enumerate(verbs)]
    hear(ledger, hearing, *(events[place] for place in order))
    assert found(ledger).state is IncidentState.LIVE
    hear(ledger, hearing, event(PagerVerb.RESOLVED, at=2 * MINUTE + MOMENT))
    assert not found(ledger).live


def test_an_older_trigger_after_the_resolution_does_not_bring_it_back(
    ledger: Ledger, hearing: Hearing, clock: StoppedClock
):
    clock.move(2 * MINUTE)
    hear(ledger, hearing, event(PagerVerb.RESOLVED, at=MINUTE), event(PagerVerb.TRIGGERED))
    assert found(ledger).state is IncidentState.CLOSED


def test_without_rules_what_was_said_waits(ledger: Ledger, hearing: Hearing):
    assert hear(ledger, Hearing(ledger, lambda: None), event()) == 0
    assert known(ledger) == []
    assert hearing.hear() == 1


def test_a_shift_opens_nothing_and_asks_anew_who_is_on_call_there(ledger: Ledger, hearing: Hearing):
    assert hear(ledger, hearing, event(PagerVerb.SHIFTED, incident=None)) == 1
    assert known(ledger) == []
    with ledger.reading() as reader:
        assert on_call.wanted(reader) == ("db-primary", "payments-primary", "platform-primary")


def test_a_shift_of_a_pager_without_schedules_asks_nothing(ledger: Ledger, hearing: Hearing):
    hear(ledger, hearing, event(PagerVerb.SHIFTED, incident=None, pager=PagerName("rootly")))
    with ledger.reading() as reader:
        assert on_call.wanted(reader) == ()


def test_an_event_about_no_incident_changes_nothing(ledger: Ledger, hearing: Hearing):
    assert hear(ledger, hearing, event(PagerVerb.CHANGED, incident=None)) == 1
    assert known(ledger) == []


def test_what_no_pager_repeats_any_more_is_forgotten_once_an_hour(
    ledger: Ledger, hearing: Hearing, clock: StoppedClock
):
    first, second = event(), event(PagerVerb.ACKNOWLEDGED)
    hear(ledger, hearing, first, second)
    hearing.tidy()
    assert not ledger.retrying(lambda writing: deliveries.take_in(writing, first))
    clock.move(deliveries.REMEMBERED + MOMENT)
    hearing.tidy()
    assert ledger.retrying(lambda writing: deliveries.take_in(writing, first))
    hearing.hear()
    clock.move(TIDY_EVERY - MOMENT)
    hearing.tidy()
    assert not ledger.retrying(lambda writing: deliveries.take_in(writing, first))


# Late


def test_an_event_of_an_unknown_incident_opens_it_while_it_is_young(
    ledger: Ledger, hearing: Hearing, clock: StoppedClock
):
    clock.move(LATE)
    hear(ledger, hearing, event())
    assert found(ledger).live


def test_a_late_event_of_an_unknown_incident_opens_nothing(
    ledger: Ledger, hearing: Hearing, clock: StoppedClock
):
    clock.move(LATE + MOMENT)
    assert hear(ledger, hearing, event(), event(PagerVerb.REOPENED)) == 2
    assert known(ledger) == []


def test_a_late_resolution_of_an_unknown_incident_is_known_as_its_end(
    ledger: Ledger, hearing: Hearing, clock: StoppedClock
):
    clock.move(LATE + MOMENT)
    hear(ledger, hearing, event(PagerVerb.RESOLVED))
    assert found(ledger).state is IncidentState.CLOSED


def test_a_late_resolution_of_a_known_incident_counts(ledger: Ledger, hearing: Hearing, clock: StoppedClock):
    hear(ledger, hearing, event())
    clock.move(2 * LATE)
    hear(ledger, hearing, event(PagerVerb.RESOLVED, at=MINUTE))
    assert found(ledger).state is IncidentState.RESOLVED


def test_a_moment_that_has_not_come_counts_as_now(ledger: Ledger, hearing: Hearing):
    hear(ledger, hearing, event(at=timedelta(days=1)))
    assert (found(ledger).live_since, found(ledger).heard_at) == (NOW, NOW)
    hear(ledger, hearing, event(PagerVerb.RESOLVED))
    assert found(ledger).state is IncidentState.RESOLVED


# Grace time


def test_a_pager_that_opens_it_again_cancels_the_grace_time(
    ledger: Ledger, hearing: Hearing, meridian: Policy, clock: StoppedClock
):
    hear(ledger, hearing, event(), event(PagerVerb.RESOLVED, at=MOMENT))
    assert found(ledger).due_at == NOW + meridian.settings.incident_grace
    clock.move(MINUTE)
    hear(ledger, hearing, event(PagerVerb.REOPENED, at=MINUTE))
    clock.move(meridian.settings.incident_grace)
    ledger.retrying(lambda writing: close_in_time(writing, found(ledger).id))
    assert found(ledger).live


# Names


def test_two_pagers_with_the_same_reference_get_two_incidents(ledger: Ledger, hearing: Hearing):
    other = PagerName("incident-io")
    hear(ledger, hearing, event(), event(pager=other))
    assert found(ledger).id == "INC-42"
    theirs = found(ledger, pager=other)
    assert theirs.id != "INC-42"
    assert Incident.is_name(theirs.id)
    hear(ledger, hearing, event(PagerVerb.RESOLVED, at=MOMENT, pager=other))
    assert (found(ledger).state, found(ledger, pager=other).live) == (IncidentState.LIVE, False)


@pytest.mark.parametrize(
    ("reference", "name"),
    [("INC-42", "INC-42"), ("inc-7", "INC-7"), ("#1234", "PAGERDUTY-1234"), ("ops_9", None), (None, None)],
)
def test_an_incident_is_called_what_its_pager_calls_it_where_people_can_type_that(
    ledger: Ledger, hearing: Hearing, reference: str | None, name: str | None
):
    hear(ledger, hearing, event(reference=reference))
    made = found(ledger).id
    assert made == name if name else made.startswith("INC-")
    assert Incident.is_name(made)


def test_two_incidents_without_a_name_get_two(ledger: Ledger, hearing: Hearing):
    hear(ledger, hearing, event(reference=None), event(reference=None, incident="Q2"))
    assert len(set(known(ledger))) == 2


# In our own terms


def test_people_and_services_become_ours_or_nothing(ledger: Ledger, hearing: Hearing, clock: StoppedClock):
    told = {"service": "PNE76LS", "commander": BEN, "assignees": (ANA, NOBODY, ANA), "severity": "sev2"}
    hear(ledger, hearing, event(title="checkout is down", **told))
    one = found(ledger)
    assert (one.service, one.commander, one.assignees) == ("checkout-api", "ben", ("ana",))
    assert title(ledger, one) == "checkout is down"
    clock.move(MINUTE)
    hear(ledger, hearing, event(PagerVerb.COMMANDED, at=MINUTE, commander=NOBODY, service="PNOTHING"))
    assert (found(ledger).commander, found(ledger).service) == (None, "checkout-api")


def test_the_same_title_again_is_no_change(ledger: Ledger, hearing: Hearing, clock: StoppedClock):
    clock.move(2 * MINUTE)
    hear(ledger, hearing, event(title="checkout is down"))
    hear(ledger, hearing, event(PagerVerb.ACKNOWLEDGED, at=MINUTE, title="checkout is down"))
    assert kinds(ledger) == ["incident.opened"]
    hear(ledger, hearing, event(PagerVerb.CHANGED, at=2 * MINUTE, title="payments are down"))
    assert kinds(ledger) == ["incident.opened", "incident.changed"]
    assert title(ledger, found(ledger)) == "payments are down"


def test_an_event_that_nothing_can_be_made_of_silences_none_after_it(ledger: Ledger, hearing: Hearing):
    say(ledger, event(incident="Q1", reference="INC-1"), event(incident="Q2", reference="INC-2"))
    with ledger.engine.begin() as connection:
        connection.execute(update(schema.deliveries).where(schema.deliveries.c.number == 1).values(body="{}"))
    with capture_logs() as logged:
        assert hearing.hear() == 2
    assert [one["event"] for one in logged if one["log_level"] == "error"] == ["event_not_understood"]
    with ledger.reading() as reader:
        assert [one.key for one in incidents.in_states(reader, IncidentState)] == ["Q2"]
        assert [one.kind for one in reader.entries()][:1] == ["delivery.not_understood"]
    assert hearing.hear() == 0
