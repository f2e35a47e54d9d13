"""Drains over a simulated cloud: what is due is done, whatever breaks on the way."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from policies.grant import EndCause, Grant, GrantState, ending, extending, planned
from policies.holding import Direction, Noes, Overruled
from policies.request import RequestState, approved, asked
from tests.builders import ANA, HOUR, NOW, StoppedClock, grant, request, yes
from tests.simulated_cloud import SimulatedCloud, failing
from workers import jobs
from workers.clouds.cloud import Again, Holding, Refused, Unknown
from workers.jobs import Drain, Hold
from workers.ledger.claims import Claim, claim_due
from workers.ledger.ledger import Ledger

DrainOnce = Callable[..., int]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def cloud() -> SimulatedCloud:
    return SimulatedCloud()


@pytest.fixture
def drain(ledger: Ledger, cloud: SimulatedCloud) -> DrainOnce:
    def once(direction: Direction = Direction.GRANT, **options: object) -> int:
        words = {"worker": "w1", "threads": 8, "linger": timedelta(seconds=0.05), **options}
        return Drain(ledger, cloud, direction, **words).run()  # type: ignore[arg-type]

    return once


def approve(ledger: Ledger, number: int = 1) -> Grant:
    with ledger.writing() as writing:
        waiting = writing.add_request(asked(request(number)))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant(number))])
    return grant(number)


def grants(ledger: Ledger) -> list[Grant]:
    with ledger.reading() as reader:
        return list(reader.grants())


def end(ledger: Ledger) -> None:
    with ledger.writing() as writing:
        for live in writing.grants(states=[GrantState.LIVE, GrantState.GRANTING]):
            writing.save_grant(ending(live, EndCause.BY_HOLDER, writing.now, ANA))


def test_ten_approvals_make_ten_grants_and_ten_ends(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    for number in range(10):
        approve(ledger, number)
    assert drain() == 10
    assert len(cloud.held) == 10
    clock.move(HOUR)
    assert drain(Direction.REVOKE) == 10
    assert cloud.held == {}
    assert {one.state for one in grants(ledger)} == {GrantState.GONE}
    assert len(cloud.changes) == 20


def test_nothing_due_is_nothing_done(drain: DrainOnce):
    assert drain() == 0


def test_a_cloud_that_asks_to_wait_is_asked_again_after_that(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    approve(ledger)
    cloud.before = failing(Again("Throttling", timedelta(seconds=7)))
    drain()
    (waiting,) = grants(ledger)
    assert (waiting.state, waiting.problem, waiting.due_at) == (
        GrantState.GRANTING,
        "Throttling",
        NOW + timedelta(seconds=7),
    )
    clock.move(timedelta(seconds=7))
    drain()
    assert grants(ledger)[0].state is GrantState.LIVE


def test_a_lost_reply_is_looked_up_and_not_sent_again(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce
):
    approve(ledger)
    cloud.after = failing(Unknown("ReadTimeoutError"))
    drain()
    assert grants(ledger)[0].state is GrantState.LIVE
    assert [verb for verb, _ in cloud.changes] == ["create"]


def test_a_refusal_for_good_fails_the_request_and_leaves_nothing(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce
):
    approve(ledger)
    cloud.before = failing(Refused("LimitExceeded"))
    drain()
    drain(Direction.REVOKE)
    assert grants(ledger)[0].state is GrantState.GONE
    with ledger.reading() as reader:
        failed = reader.request(request().id)
    assert failed is not None
    assert failed.state is RequestState.FAILED


def test_a_bug_in_an_adapter_is_retried_and_does_not_end_the_drain(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce
):
    approve(ledger, 1)
    approve(ledger, 2)

    def bug(_verb: str, holding: Holding) -> None:
        if holding.key == grant(1).holding:
            raise ZeroDivisionError

    cloud.before = bug
    drain()
    assert [one.problem for one in grants(ledger)] == ["bug:ZeroDivisionError", None]


def test_an_unreachable_end_is_tried_for_ever_and_said_to_be_stuck_once(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    approve(ledger)
    drain()
    clock.move(HOUR)
    cloud.before = failing(Again("EndpointConnectionError"), times=20)
    for _ in range(20):
        drain(Direction.REVOKE)
        clock.move(timedelta(seconds=60))
    with ledger.reading() as reader:
        kinds = [entry.kind for entry in reader.entries()]
    assert kinds.count("grant.stuck") == 1
    drain(Direction.REVOKE)
    assert cloud.held == {}
    assert grants(ledger)[0].state is GrantState.GONE


def test_the_rules_are_asked_again_before_the_first_cloud_call(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce
):
    approve(ledger)
    drain(recheck=lambda _claim: {request().id: Overruled("not_allowed", "p" * 64)})
    assert cloud.changes == []
    with ledger.reading() as reader:
        refused = reader.request(request().id)
    assert refused is not None
    assert refused.state is RequestState.REFUSED
    drain(Direction.REVOKE)
    assert grants(ledger)[0].cause is EndCause.OVERRULED


def test_ended_while_it_is_being_made_it_is_taken_back(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce
):
    approve(ledger)
    cloud.before = lambda verb, _holding: end(ledger) if verb == "create" else None
    drain()
    assert grants(ledger)[0].state is GrantState.ENDING
    drain(Direction.REVOKE)
    assert cloud.held == {}


def test_a_create_that_comes_after_its_claim_was_lost_is_undone(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    """A worker stops just before its call; another ends the grant; the first wakes up and makes it."""
    approve(ledger)

    def overtaken(verb: str, _holding: Holding) -> None:
        cloud.before = lambda _verb, _holding: None
        if verb == "create":
            clock.move(timedelta(seconds=25))
            end(ledger)
            drain(Direction.REVOKE)

    cloud.before = overtaken
    drain()
    assert cloud.held == {}
    with ledger.reading() as reader:
        kinds = [entry.kind for entry in reader.entries()]
    assert "grant.late_create" in kinds


def test_a_late_create_that_somebody_still_wants_stays(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    approve(ledger)

    def overtaken(_verb: str, _holding: Holding) -> None:
        cloud.before = lambda _verb, _holding: None
        clock.move(timedelta(seconds=25))
        drain()

    cloud.before = overtaken
    drain()
    assert len(cloud.held) == 1
    assert grants(ledger)[0].state is GrantState.LIVE


def test_a_late_call_that_moved_the_end_of_what_somebody_still_wants_is_moved_back(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    """A worker stops just before it lets two stay for longer; the longer one ends; then it wakes up."""
    first = approve(ledger, 1)
    longer = planned(grant(2, holding=first.holding, ends_at=NOW + 2 * HOUR))
    with ledger.writing() as writing:
        waiting = writing.add_request(asked(request(2)))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([longer])

    def overtaken(_verb: str, _holding: Holding) -> None:
        cloud.before = lambda _verb, _holding: None
        clock.move(timedelta(seconds=25))
        drain()
        with ledger.writing() as writing:
            writing.save_grant(ending(grants(ledger)[1], EndCause.BY_HOLDER, clock()))
        drain(Direction.REVOKE)
        assert cloud.held == {first.holding: NOW + HOUR}

    cloud.before = overtaken
    drain()
    assert cloud.held == {first.holding: NOW + 2 * HOUR}
    assert drain(Direction.REVOKE) == 1
    assert cloud.held == {first.holding: NOW + HOUR}


def test_a_refusal_to_last_longer_takes_no_start_back_that_was_asked_for_with_it(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    first = approve(ledger, 1)
    drain()
    with ledger.writing() as writing:
        waiting = writing.add_request(asked(request(2)))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant(2, holding=first.holding))])
        writing.save_grant(extending(grants(ledger)[0], NOW + 2 * HOUR, NOW))
    cloud.before = failing(Refused("TooLong"))
    drain()
    cloud.before = lambda _verb, _holding: None
    clock.move(timedelta(minutes=2))
    drain(Direction.REVOKE)
    drain()
    assert [(one.state, one.ends_at) for one in grants(ledger)] == [(GrantState.LIVE, NOW + HOUR)] * 2
    with ledger.reading() as reader:
        assert {one.state for one in reader.requests()} == {RequestState.ACTIVE}


def test_rules_that_cannot_be_asked_for_one_grant_hold_up_no_other(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce
):
    approve(ledger, 1)
    approve(ledger, 2)

    def recheck(claim: Claim) -> Noes:
        if claim.holding != grant(2).holding:
            raise ZeroDivisionError
        return {}

    drain(recheck=recheck)
    assert [one.problem for one in grants(ledger)] == ["bug:ZeroDivisionError", None]
    assert list(cloud.held) == [grant(2).holding]


def test_a_claim_is_renewed_while_its_call_runs(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "RENEW_EVERY", timedelta(seconds=0.02))
    approve(ledger)
    renewed = threading.Event()
    real = Hold.renewed

    def noted(hold: Hold, asked_at: float) -> None:
        real(hold, asked_at)
        renewed.set()

    monkeypatch.setattr(Hold, "renewed", noted)
    cloud.before = lambda _verb, _holding: None if renewed.wait(5) else pytest.fail("never renewed")
    drain()
    assert grants(ledger)[0].state is GrantState.LIVE


def test_a_hold_lets_nothing_through_without_time_for_one_more_call(ledger: Ledger):
    approve(ledger)
    (claim,) = ledger.retrying(
        lambda writing: claim_due(writing, grant().cloud, Direction.GRANT, worker="w", most=1)
    )
    late = Hold(claim, time.monotonic() - 13)
    with pytest.raises(jobs.ClaimLost):
        late.check()
    hold = Hold(claim, time.monotonic())
    hold.check()
    hold.renewed(time.monotonic() - 13)
    with pytest.raises(jobs.ClaimLost):
        hold.check()
    hold.renewed(time.monotonic())
    hold.check()
    hold.lost()
    with pytest.raises(jobs.ClaimLost):
        hold.check()
    assert isinstance(claim, Claim)


def test_a_sibling_that_is_over_is_done_with_while_the_holding_stands_for_another(
    ledger: Ledger, cloud: SimulatedCloud, drain: DrainOnce, clock: StoppedClock
):
    """The end of the first changes nothing for the second, and is not tried over and over."""
    first = approve(ledger, 1)
    second = planned(grant(2, holding=first.holding, ends_at=NOW + 2 * HOUR))
    with ledger.writing() as writing:
        waiting = writing.add_request(asked(request(2)))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([second])
    drain()
    clock.move(HOUR)
    drain(Direction.REVOKE)
    assert [one.state for one in sorted(grants(ledger), key=lambda one: one.id)] == [
        GrantState.GONE,
        GrantState.LIVE,
    ]
    assert first.holding in cloud.held
    clock.move(timedelta(minutes=5))
    assert drain(Direction.REVOKE) == 1
    assert drain(Direction.REVOKE) == 0
    clock.move(HOUR)
    drain(Direction.REVOKE)
    assert cloud.held == {}
