"""The only scheduler: what is late lapses once, what is due is nudged, and nothing waits for ever."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from structlog.typing import EventDict

from policies.grant import GrantState, planned
from policies.holding import Direction
from policies.incident import Heard, Incident, IncidentState, PagerVerb, heard, reopened
from policies.incident import opened as incident_opened
from policies.request import RequestState, approved, asked, withdrawn
from policies.review import Review, Verdict, answered
from policies.review import opened as review_opened
from policies.values import CloudName, GroupName, IncidentId, RequestId
from tests.builders import ANA, AWS, EMI, HOUR, NOW, StoppedClock, grant, request, yes
from tests.simulated_cloud import SimulatedCloud
from workers.clock import LONGEST_SLEEP, Chore, Clock, close_in_time, look_at, remind
from workers.jobs import Drain
from workers.ledger import incidents, reviews
from workers.ledger.claims import claim_due
from workers.ledger.engine import open_engine
from workers.ledger.errors import Away
from workers.ledger.ledger import Ledger

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What was logged, and not written anywhere: drawing an exception takes seconds."""
    with capture_logs() as events:
        yield events


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


class Workshop:
    """A clock over the ledger, with a note of every nudge and every drain of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self.nudged: list[str] = []
        self.drained: list[tuple[Direction, CloudName]] = []
        self.draining: Callable[[], object] = lambda: None
        self.clock = Clock(ledger, [AWS], nudge=self.nudge, drain=self.drain)

    def nudge(self, bell: str) -> bool:
        """Note it; nobody hears it."""
        self.nudged.append(bell)
        return False

    def drain(self, direction: Direction, cloud: CloudName) -> None:
        """Note it, and do what the test says."""
        self.drained.append((direction, cloud))
        self.draining()

    def wait(self, seconds: float) -> None:
        """Let it think that so long has passed since it first saw work waiting, and nudged."""
        for stamps in (self.clock._waiting, self.clock._nudged):
            stamps.update({bell: at - seconds for bell, at in stamps.items()})

    def join(self) -> None:
        """Wait for the drains under way."""
        for thread in self.clock._draining.values():
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def shop(ledger: Ledger) -> Workshop:
    return Workshop(ledger)


def ask(ledger: Ledger, number: int = 1) -> RequestId:
    with ledger.writing() as writing:
        return writing.add_request(asked(request(number))).id


def approve(ledger: Ledger, number: int = 1) -> None:
    with ledger.writing() as writing:
        waiting = writing.add_request(asked(request(number)))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant(number))])


def take(ledger: Ledger) -> None:
    ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w1", most=9))


def state(ledger: Ledger, number: int = 1) -> RequestState:
    with ledger.reading() as reader:
        found = reader.request(request(number).id)
    assert found is not None
    return found.state


def kinds(ledger: Ledger) -> list[str]:
    with ledger.reading() as reader:
        return [entry.kind for entry in reader.entries()]


# Lapsing


def test_an_unanswered_request_lapses_when_its_time_is_up_and_not_before(
    ledger: Ledger, shop: Workshop, clock: StoppedClock
):
    ask(ledger)
    clock.move(HALF_AN_HOUR - timedelta(microseconds=1))
    shop.clock.tick()
    assert state(ledger) is RequestState.PENDING
    clock.move(timedelta(microseconds=1))
    shop.clock.tick()
    assert state(ledger) is RequestState.LAPSED


def test_it_lapses_once_however_many_clocks_tick(ledger: Ledger, clock: StoppedClock):
    for number in range(10):
        ask(ledger, number)
    clock.move(HALF_AN_HOUR)
    shops = [Workshop(ledger) for _ in range(4)]
    threads = [threading.Thread(target=shop.clock.tick) for shop in shops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shops[0].clock.tick()
    assert kinds(ledger).count("request.lapsed") == 10


def test_what_was_answered_meanwhile_does_not_lapse(ledger: Ledger, clock: StoppedClock):
    name = ask(ledger)
    with ledger.writing() as writing:
        waiting = writing.request(name)
        assert waiting is not None
        writing.save_request(withdrawn(waiting, ANA, NOW))
    clock.move(HALF_AN_HOUR)
    with ledger.writing() as writing:
        look_at(writing, name)
        look_at(writing, RequestId("pa-nobody"))
    assert state(ledger) is RequestState.WITHDRAWN


def test_what_is_not_late_yet_does_not_lapse(ledger: Ledger):
    name = ask(ledger)
    with ledger.writing() as writing:
        look_at(writing, name)
    assert state(ledger) is RequestState.PENDING


# Nudging


def test_nothing_due_nudges_nobody(ledger: Ledger, shop: Workshop):
    ask(ledger)
    shop.clock.tick()
    assert (shop.nudged, shop.drained) == ([], [])


def test_what_is_due_is_nudged_at_once(ledger: Ledger, shop: Workshop):
    approve(ledger)
    shop.clock.tick()
    assert shop.nudged == ["grant-aws"]


def test_a_nudge_is_given_half_a_second_to_be_heard_before_it_is_repeated(ledger: Ledger, shop: Workshop):
    approve(ledger)
    for wait in (0, 0.4, 0.1, 0.4, 0.1):
        shop.wait(wait)
        shop.clock.tick()
    assert shop.nudged == ["grant-aws"] * 3


def test_work_of_another_cloud_is_left_to_another_clock(ledger: Ledger):
    approve(ledger)
    elsewhere = Workshop(ledger)
    elsewhere.clock = Clock(ledger, [CloudName("gcp")], nudge=elsewhere.nudge, drain=elsewhere.drain)
    elsewhere.clock.tick()
    assert elsewhere.nudged == []


# Draining by itself


def test_work_that_nobody_took_for_three_seconds_is_done_here(ledger: Ledger, shop: Workshop):
    approve(ledger)
    shop.clock.tick()
    shop.wait(2.8)
    shop.clock.tick()
    assert shop.drained == []
    shop.wait(0.2)
    shop.clock.tick()
    shop.join()
    assert shop.drained == [(Direction.GRANT, AWS)]


def test_work_that_somebody_took_is_not_waited_for(ledger: Ledger, shop: Workshop):
    approve(ledger, 1)
    shop.clock.tick()
    shop.wait(3)
    take(ledger)
    shop.clock.tick()
    approve(ledger, 2)
    shop.clock.tick()
    shop.join()
    assert shop.drained == []


def test_one_drain_of_a_kind_runs_at_a_time(ledger: Ledger, shop: Workshop):
    approve(ledger)
    let_go = threading.Event()
    shop.draining = lambda: let_go.wait(10)
    shop.clock.tick()
    shop.wait(3)
    for _ in range(5):
        shop.clock.tick()
    let_go.set()
    shop.join()
    assert len(shop.drained) == 1
    shop.clock.tick()
    shop.join()
    assert len(shop.drained) == 2


def test_a_drain_that_breaks_is_tried_again(ledger: Ledger, shop: Workshop):
    approve(ledger)
    shop.draining = lambda: 1 / 0
    shop.clock.tick()
    shop.wait(3)
    for _ in range(2):
        shop.clock.tick()
        shop.join()
    assert len(shop.drained) == 2


def test_with_redis_and_every_worker_gone_access_still_comes_and_goes(
    ledger: Ledger, shop: Workshop, clock: StoppedClock
):
    cloud = SimulatedCloud()

    def work() -> None:
        direction, _ = shop.drained[-1]
        Drain(ledger, cloud, direction, worker="clock", threads=2, linger=timedelta(seconds=0.05)).run()

    shop.draining = work
    approve(ledger)
    for _ in range(2):
        shop.clock.tick()
        shop.wait(3)
        shop.clock.tick()
        shop.join()
        clock.move(HOUR)
    assert [verb for verb, _ in cloud.changes] == ["create", "delete"]
    with ledger.reading() as reader:
        assert [one.state for one in reader.grants()] == [GrantState.GONE]


# Sleeping


def test_with_nothing_to_wait_for_it_sleeps_its_longest(shop: Workshop):
    assert shop.clock.tick() == LONGEST_SLEEP == 0.25


@pytest.mark.parametrize(
    ("before", "sleep"),
    [
        (timedelta(minutes=1), 0.25),
        (timedelta(milliseconds=250), 0.25),
        (timedelta(milliseconds=100), 0.1),
        (timedelta(microseconds=3), 0.001),
    ],
)
def test_it_wakes_at_the_next_alarm(
    ledger: Ledger, shop: Workshop, clock: StoppedClock, before: timedelta, sleep: float
):
    ask(ledger)
    clock.move(HALF_AN_HOUR - before)
    assert shop.clock.tick() == pytest.approx(sleep)


def test_the_alarm_of_a_grant_wakes_it_too(ledger: Ledger, shop: Workshop, clock: StoppedClock):
    clock.move(-timedelta(milliseconds=50))
    approve(ledger)
    assert shop.clock.tick() == pytest.approx(0.05)


# Running


class Stopping(threading.Event):
    """An event that notes how long it was asked to wait, and is set after so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Note it, and do not wait."""
        self.waited.append(timeout)
        self.left -= 1
        if self.left == 0:
            self.set()
        return self.is_set()


def test_it_ticks_until_it_is_told_to_stop(ledger: Ledger, shop: Workshop):
    approve(ledger)
    stop = Stopping(waits=3)
    shop.clock.run(stop)
    assert stop.waited == [0.25, 0.25, 0.25]
    assert shop.nudged == ["grant-aws"]


def test_clouds_and_ledger_are_compared_at_once_and_then_every_quarter_of_an_hour(
    ledger: Ledger, shop: Workshop
):
    compared: list[CloudName] = []
    clock = Clock(ledger, [AWS], nudge=shop.nudge, drain=shop.drain, reconcile=compared.append)
    shop.clock = clock
    clock.run(Stopping(waits=3))
    shop.join()
    assert compared == ["aws"]
    clock._reconcile_at -= 15 * 60
    clock.run(Stopping(waits=3))
    shop.join()
    assert compared == ["aws"] * 2


def test_a_chore_is_done_at_once_and_not_again_before_its_time(ledger: Ledger):
    done: list[str] = []
    chores = {
        "seldom": Chore(HOUR, lambda: done.append("seldom")),
        "broken": Chore(HOUR, lambda: 1 / 0),
    }
    clock = Clock(ledger, [AWS], nudge=lambda _: False, drain=lambda *_: None, chores=chores)
    clock.run(Stopping(waits=3))
    for thread in threading.enumerate():
        if thread.name in chores:
            thread.join()
    assert done == ["seldom"]


def test_it_is_not_started_once_it_was_stopped(shop: Workshop):
    stop = threading.Event()
    stop.set()
    shop.clock.run(stop)


def test_an_unreachable_ledger_is_asked_again_in_a_second(tmp_path: Path, logged: list[EventDict]):
    empty = Ledger(open_engine(f"sqlite:///{tmp_path / 'no-tables.db'}"))
    stop = Stopping(waits=1)
    Workshop(empty).clock.run(stop)
    empty.close()
    assert stop.waited == [1.0]
    assert [(event["event"], event["problem"]) for event in logged] == [("clock_cannot_read", "Away")]


def test_a_ledger_that_comes_back_is_served(ledger: Ledger, shop: Workshop):
    approve(ledger)

    class Mending(Stopping):
        def wait(self, timeout: float | None = None) -> bool:
            with ledger.engine.begin() as connection:
                connection.execute(text("ALTER TABLE away RENAME TO requests"))
            return super().wait(timeout)

    with ledger.engine.begin() as connection:
        connection.execute(text("ALTER TABLE requests RENAME TO away"))
    with pytest.raises(Away):
        shop.clock.tick()
    shop.clock.run(Mending(waits=1))
    shop.clock.tick()
    assert shop.nudged == ["grant-aws"]


# Incidents and reviews

INC = IncidentId("INC-42")
GRACE = timedelta(minutes=10)


def resolved(ledger: Ledger) -> None:
    """An incident on which one request hangs, resolved now."""
    made = Incident(id=INC, title="text-1", opened_at=NOW, live_since=NOW, heard_at=NOW)
    with ledger.writing() as writing:
        before = incidents.add(writing, incident_opened(made, NOW))
        writing.add_request(asked(request(incident=INC)))
        news = Heard(verb=PagerVerb.RESOLVED, at=NOW, delivery="d-1")
        moved = heard(before, news, NOW, GRACE)
        assert moved is not None
        incidents.save(writing, moved)


def incident_state(ledger: Ledger) -> IncidentState:
    with ledger.reading() as reader:
        found = incidents.find(reader, INC)
    assert found is not None
    return found.state


def test_the_clock_closes_an_incident_when_its_grace_time_is_over_and_not_before(
    ledger: Ledger, shop: Workshop, clock: StoppedClock
):
    resolved(ledger)
    clock.move(GRACE - timedelta(microseconds=1))
    shop.clock.tick()
    assert (incident_state(ledger), state(ledger)) == (IncidentState.RESOLVED, RequestState.PENDING)
    clock.move(timedelta(microseconds=1))
    shop.clock.tick()
    assert (incident_state(ledger), state(ledger)) == (IncidentState.CLOSED, RequestState.WITHDRAWN)


def test_an_incident_that_is_live_again_is_not_closed(ledger: Ledger, shop: Workshop, clock: StoppedClock):
    resolved(ledger)
    with ledger.writing() as writing:
        found = incidents.lock(writing, INC)
        assert found is not None
        incidents.save(writing, reopened(found, ANA, NOW))
    clock.move(GRACE)
    shop.clock.tick()
    ledger.retrying(lambda writing: close_in_time(writing, INC))
    assert (incident_state(ledger), state(ledger)) == (IncidentState.LIVE, RequestState.PENDING)


def test_it_is_closed_once_however_many_clocks_tick(ledger: Ledger, clock: StoppedClock):
    resolved(ledger)
    clock.move(GRACE)
    threads = [threading.Thread(target=Workshop(ledger).clock.tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(ledger).count("incident.closed") == 1
    ledger.retrying(lambda writing: close_in_time(writing, IncidentId("INC-9")))


def test_reviewers_are_reminded_before_and_after_it_is_due_until_it_is_answered(
    ledger: Ledger, shop: Workshop, clock: StoppedClock
):
    review = Review(
        id=request().id,
        holder=ANA,
        handed_out_by=ANA,
        reviewers=(GroupName("security"),),
        opened_at=NOW,
        ends_at=NOW + 3 * HOUR,
        due_at=None,
    )
    with ledger.writing() as writing:
        reviews.add(writing, review_opened(review))
    reminded: list[int] = []
    for _ in range(6):
        shop.clock.tick()
        ledger.retrying(lambda writing: remind(writing, review.id))
        reminded.append(kinds(ledger).count("review.reminded"))
        clock.move(HOUR)
    assert reminded == [0, 1, 1, 2, 2, 3]
    with ledger.writing() as writing:
        found = reviews.find(writing, review.id)
        assert found is not None
        reviews.save(writing, answered(found, EMI, Verdict.AS_EXPECTED, None, clock()))
    clock.move(9 * HOUR)
    shop.clock.tick()
    ledger.retrying(lambda writing: remind(writing, RequestId("pa-none")))
    assert kinds(ledger)[-1] == "review.answered"
