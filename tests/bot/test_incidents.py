"""Incidents over the ledger: who opens and ends them, what hangs on them, and what ends with them."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot import answers
from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from bot.incidents import Closed, Incidents, MayNot, NoIncident, Opened, Shown
from bot.views import RequestView
from policies.grant import EndCause
from policies.incident import Heard, IncidentState, PagerVerb, heard
from policies.request import AccessRequest, RequestState
from policies.rules import Policy
from policies.values import IncidentId, PersonId, RequestId, RoleName
from tests import builders
from tests.builders import HOUR, StoppedClock
from workers.clock import close_in_time
from workers.ledger import incidents
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger

READ, LOGS = RoleName("prod-db-readonly"), RoleName("prod-logs")
ANA, BEN, CHLOE, DEV, EMI = (PersonId(name) for name in ("ana", "ben", "chloe", "dev", "emi"))
INC = IncidentId("INC-42")
MOMENT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def meridian() -> Policy:
    return builders.meridian()


@pytest.fixture
def desk(ledger: Ledger, meridian: Policy) -> Desk:
    return Desk(ledger, lambda: meridian)


@pytest.fixture
def room(ledger: Ledger, meridian: Policy) -> Incidents:
    """Where incidents are opened and ended."""
    return Incidents(ledger, lambda: meridian)


def wish(role: RoleName = READ, *, who: PersonId = ANA, reference: str = INC) -> Wish:
    return Wish(who, who, role, HOUR, reference, "replication lag")


def waiting(desk: Desk, reference: str = INC) -> AccessRequest:
    answer = desk.ask(wish(reference=reference))
    assert isinstance(answer, answers.Asked)
    return answer.view.request


def given(desk: Desk, who: PersonId = BEN, role: RoleName = READ) -> AccessRequest:
    answer = desk.ask(wish(role, who=who))
    assert isinstance(answer, answers.Starting)
    return answer.view.request


def opened(room: Incidents, reference: IncidentId = INC) -> Opened:
    answer = room.open(CHLOE, reference, "checkout is down", "sev2")
    assert isinstance(answer, Opened)
    return answer


def stored(ledger: Ledger, request: RequestId) -> AccessRequest:
    with ledger.reading() as reader:
        found = reader.request(request)
    assert found is not None
    return found


def causes(ledger: Ledger, request: AccessRequest) -> list[tuple[EndCause | None, str | None]]:
    with ledger.reading() as reader:
        return [(one.cause, one.ended_by) for one in reader.grants_of(request.id)]


def kinds(ledger: Ledger) -> list[str]:
    with ledger.reading() as reader:
        return [entry.kind for entry in reader.entries()]


def resolve(ledger: Ledger, meridian: Policy) -> None:
    """Its pager, or whoever is heard like one, says that it is over."""
    with ledger.writing() as writing:
        found = incidents.lock(writing, INC)
        assert found is not None
        news = Heard(verb=PagerVerb.RESOLVED, at=writing.now, delivery="d")
        moved = heard(found, news, writing.now, meridian.settings.incident_grace)
        assert moved is not None
        incidents.save(writing, moved)


def state(ledger: Ledger) -> IncidentState:
    with ledger.reading() as reader:
        found = incidents.find(reader, INC)
    assert found is not None
    return found.state


# Opening


def test_whoever_opens_an_incident_leads_it(room: Incidents):
    answer = opened(room)
    assert answer.new
    assert (answer.view.title, answer.view.incident.severity) == ("checkout is down", "sev2")
    assert answer.view.commander is not None
    assert answer.view.commander.name == "Chloe Martin"
    assert answer.view.held == ()


def test_only_the_groups_that_the_settings_name_open_incidents(room: Incidents, ledger: Ledger):
    assert room.open(ANA, INC, "it is broken") == MayNot(("incident commanders", "platform on-call"))
    assert kinds(ledger) == []


def test_an_incident_that_is_live_already_is_not_opened_again(room: Incidents, ledger: Ledger):
    opened(room)
    again = room.open(DEV, INC, "another title", "sev1")
    assert isinstance(again, Opened)
    assert (again.new, again.view.title, again.view.incident.commander) == (False, "checkout is down", CHLOE)
    assert kinds(ledger) == ["incident.opened"]


def test_a_closed_incident_that_is_opened_again_gives_nothing_back(
    room: Incidents, desk: Desk, ledger: Ledger
):
    opened(room)
    request = given(desk)
    room.end(CHLOE, INC)
    again = room.open(DEV, INC, "again")
    assert isinstance(again, Opened)
    assert (again.new, again.view.incident.state) == (True, IncidentState.LIVE)
    assert causes(ledger, request) == [(EndCause.INCIDENT, CHLOE)]


def test_an_incident_is_shown_and_listed_with_what_hangs_on_it(room: Incidents, desk: Desk):
    opened(room)
    request = waiting(desk)
    shown = room.show(INC)
    assert isinstance(shown, Shown)
    assert [one.request.id for one in shown.view.held] == [request.id]
    assert room.listed() == (shown.view,)
    assert room.show(IncidentId("INC-9")) == room.end(DEV, IncidentId("INC-9")) == NoIncident("INC-9")


def test_a_closed_incident_is_not_listed_and_a_resolved_one_is(
    room: Incidents, ledger: Ledger, meridian: Policy
):
    opened(room)
    resolve(ledger, meridian)
    assert [one.incident.state for one in room.listed()] == [IncidentState.RESOLVED]
    room.end(DEV, INC)
    assert room.listed() == ()


def test_without_rules_nothing_is_opened_ended_or_shown(ledger: Ledger):
    room = Incidents(ledger, lambda: None)
    for answer in (room.open(CHLOE, INC, "broken"), room.end(CHLOE, INC), room.show(INC)):
        assert isinstance(answer, answers.NoRules)
    assert room.listed() == ()


def test_a_ledger_that_is_away_is_said(meridian: Policy):
    assert isinstance(away(meridian).show(INC), answers.LedgerAway)


def away(meridian: Policy) -> Incidents:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/none")
    return Incidents(Ledger(engine, now=StoppedClock()), lambda: meridian)


# What hangs on it


def test_access_asked_for_in_a_live_incident_hangs_on_it_however_it_is_written(room: Incidents, desk: Desk):
    opened(room)
    assert waiting(desk, "inc-42").incident == INC


def test_access_asked_for_in_a_resolved_or_closed_or_unknown_incident_does_not(
    room: Incidents, desk: Desk, ledger: Ledger, meridian: Policy
):
    assert given(desk, BEN).incident is None
    opened(room)
    resolve(ledger, meridian)
    assert waiting(desk).incident is None
    room.end(CHLOE, INC)
    assert given(desk, EMI, LOGS).incident is None


# Ending


def test_ending_an_incident_withdraws_what_waits_and_ends_what_runs(
    room: Incidents, desk: Desk, ledger: Ledger
):
    opened(room)
    pending, running = waiting(desk), given(desk)
    elsewhere = desk.ask(wish(LOGS, who=EMI, reference="INC-7"))
    assert isinstance(elsewhere, answers.Starting)
    ended = room.end(DEV, INC)
    assert isinstance(ended, Closed)
    assert {one.request.id for one in ended.ended} == {pending.id, running.id}
    assert stored(ledger, pending.id).state is RequestState.WITHDRAWN
    assert causes(ledger, running) == [(EndCause.INCIDENT, DEV)]
    assert causes(ledger, elsewhere.view.request) == [(None, None)]
    assert room.end(DEV, INC) == Closed(ended.view._replace(held=_held(room)), ())


def _held(room: Incidents) -> tuple[RequestView, ...]:
    shown = room.show(INC)
    assert isinstance(shown, Shown)
    return shown.view.held


def test_it_is_ended_by_who_leads_it_and_by_who_may_end_anything_only(room: Incidents, ledger: Ledger):
    opened(room)
    assert isinstance(room.end(ANA, INC), MayNot)
    assert state(ledger) is IncidentState.LIVE
    assert isinstance(room.end(EMI, INC), Closed)


def test_a_yes_after_its_incident_was_ended_gives_nothing(room: Incidents, desk: Desk, ledger: Ledger):
    opened(room)
    request = waiting(desk)
    token = desk.token(request)
    room.end(DEV, INC)
    assert isinstance(desk.approve(Click(BEN, token, None)), answers.AlreadyDecided)
    with ledger.reading() as reader:
        assert reader.grants_of(request.id) == ()


# Grace time


def test_the_clock_ends_it_when_its_grace_time_is_over_and_not_before(
    room: Incidents, desk: Desk, ledger: Ledger, meridian: Policy, clock: StoppedClock
):
    opened(room)
    running = given(desk)
    resolve(ledger, meridian)
    clock.move(meridian.settings.incident_grace - MOMENT)
    ledger.retrying(lambda writing: close_in_time(writing, INC))
    assert (state(ledger), causes(ledger, running)) == (IncidentState.RESOLVED, [(None, None)])
    clock.move(MOMENT)
    ledger.retrying(lambda writing: close_in_time(writing, INC))
    assert state(ledger) is IncidentState.CLOSED
    assert causes(ledger, running) == [(EndCause.INCIDENT, "incident:INC-42")]


def test_opening_it_again_cancels_the_grace_time(
    room: Incidents, desk: Desk, ledger: Ledger, meridian: Policy, clock: StoppedClock
):
    opened(room)
    running = given(desk)
    resolve(ledger, meridian)
    room.open(DEV, INC, "it is back")
    clock.move(meridian.settings.incident_grace * 2)
    ledger.retrying(lambda writing: close_in_time(writing, INC))
    assert (state(ledger), causes(ledger, running)) == (IncidentState.LIVE, [(None, None)])


# At once


def together(*works: Callable[[], object]) -> None:
    """Do all of these at once."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        barrier.wait(10)
        work()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("attempt", range(5))
def test_whoever_is_first_nothing_live_hangs_on_a_closed_incident(
    room: Incidents, desk: Desk, ledger: Ledger, attempt: int
):
    opened(room)
    asks = [lambda who=who: desk.ask(wish(LOGS, who=who)) for who in (ANA, BEN, EMI)]
    turns: list[Callable[[], object]] = [*asks]
    turns.insert(attempt % 4, lambda: room.end(DEV, INC))
    together(*turns)
    with ledger.reading() as reader:
        made = reader.requests(states=[RequestState.APPROVED])
        grants = [(one, grant) for one in made for grant in reader.grants_of(one.id)]
    assert len(made) == 3
    assert state(ledger) is IncidentState.CLOSED
    assert all(grant.wants_presence is (one.incident is None) for one, grant in grants)


@pytest.mark.parametrize("asked_first", [True, False])
def test_one_who_asks_while_it_is_closed_waits_for_the_other(
    room: Incidents, desk: Desk, ledger: Ledger, *, asked_first: bool
):
    """One transaction holds the incident until the other surely waits for it."""
    opened(room)
    turns: list[Callable[[], object]] = [lambda: desk.ask(wish(LOGS)), lambda: room.end(DEV, INC)]
    first, second = turns if asked_first else reversed(turns)
    thread = threading.Thread(target=second)
    with ledger.writing() as writing:
        assert incidents.lock(writing, INC) is not None
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
    thread.join(30)
    first()
    with ledger.reading() as reader:
        (made,) = reader.requests(states=[RequestState.APPROVED])
        assert all(one.wants_presence is (made.incident is None) for one in reader.grants_of(made.id))
