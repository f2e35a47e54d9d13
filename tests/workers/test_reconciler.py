"""The reconciler over a simulated cloud and over the leased roles."""

import itertools
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from policies.grant import EndCause, GrantState, ending
from policies.holding import Direction
from policies.moves import Moved
from policies.reconcile import Adopt, Flag
from policies.request import RequestState, approved, asked
from sandbox.aws import names
from sandbox.aws.standin import AwsStandIn
from tests.aws import leased_roles, shop_grant
from tests.builders import HOUR, NOW, StoppedClock, grant, request, yes
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.cloud import Again, Cloud, Found, Holding, Place, Refused, Unread
from workers.jobs import Drain, Unfenced
from workers.ledger.ledger import Ledger
from workers.reconciler import Reconciler

NUMBERS = itertools.count(8000)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def cloud() -> SimulatedCloud:
    return SimulatedCloud()


@pytest.fixture
def reconciler(ledger: Ledger, cloud: SimulatedCloud) -> Reconciler:
    return Reconciler(ledger, cloud, lambda: None)


def stands(cloud: Cloud, number: int = 1) -> Holding:
    """Something of ours in the cloud that no ledger knows."""
    holding = Holding.of([grant(number)])
    cloud.ensure(holding, NOW + HOUR, Unfenced())
    return holding


def drain(ledger: Ledger, cloud: Cloud) -> int:
    ends = Drain(ledger, cloud, Direction.REVOKE, worker="w", threads=4, linger=timedelta(seconds=0.05))
    return ends.run()


def test_a_lost_ledger_is_rebuilt_and_everything_ends_as_it_was_meant_to(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler, clock: StoppedClock
):
    for number in range(3):
        stands(cloud, number)
    assert reconciler.run() == {"Adopt": 3}
    with ledger.reading() as reader:
        assert {one.ends_at for one in reader.grants(states=[GrantState.LIVE])} == {NOW + HOUR}
        assert {one.state for one in reader.requests()} == {RequestState.ACTIVE}
    clock.move(HOUR)
    drain(ledger, cloud)
    assert cloud.held == {}
    with ledger.reading() as reader:
        assert {one.state for one in reader.requests()} == {RequestState.ENDED}


def test_what_should_have_ended_meanwhile_ends_at_once(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler, clock: StoppedClock
):
    stands(cloud)
    clock.move(HOUR * 2)
    reconciler.run()
    drain(ledger, cloud)
    assert cloud.held == {}
    with ledger.reading() as reader:
        assert reader.grants()[0].cause is EndCause.ON_TIME


def test_looking_changes_nothing_and_running_twice_is_running_once(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler
):
    stands(cloud)
    (step,), unread = reconciler.look()
    assert isinstance(step, Adopt)
    assert unread == ()
    with ledger.reading() as reader:
        assert reader.grants() == ()
    assert reconciler.run() == {"Adopt": 1}
    assert reconciler.run() == {}


def test_what_was_taken_away_by_hand_is_flagged_once(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler
):
    stands(cloud)
    reconciler.run()
    cloud.held.clear()
    (step,), _ = reconciler.look()
    assert isinstance(step, Flag)
    assert reconciler.run() == {"Flag": 1}
    assert reconciler.run() == {}
    with ledger.reading() as reader:
        assert [entry.kind for entry in reader.entries()][-1] == "grant.missing"
        assert reader.grants()[0].state is GrantState.LIVE


def test_what_went_before_it_was_read_is_not_adopted(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler
):
    stands(cloud)
    cloud.known.clear()
    assert reconciler.run() == {}
    with ledger.reading() as reader:
        assert reader.grants() == ()


def test_what_is_gone_and_stands_again_is_taken_away(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler, clock: StoppedClock
):
    holding = stands(cloud)
    reconciler.run()
    clock.move(HOUR)
    drain(ledger, cloud)
    cloud.held[holding.key] = NOW + HOUR
    assert reconciler.run() == {"LookOnce": 1}
    drain(ledger, cloud)
    assert cloud.held == {}


def test_what_is_there_for_longer_than_given_is_shortened_and_nothing_is_made_for_it(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler
):
    holding = stands(cloud)
    reconciler.run()
    cloud.held[holding.key] = NOW + 3 * HOUR
    assert reconciler.run() == {"Shorten": 1}
    drain(ledger, cloud)
    assert cloud.held == {holding.key: NOW + HOUR}
    assert reconciler.run() == {}
    assert drain(ledger, cloud) == 0


def test_what_somebody_took_away_by_hand_is_not_made_again_when_another_grant_on_it_ends(
    ledger: Ledger, cloud: SimulatedCloud
):
    both = [grant(number, holding=grant().holding) for number in (1, 2)]
    live = [one.model_copy(update={"state": GrantState.LIVE, "due_at": one.ends_at}) for one in both]
    with ledger.writing() as writing:
        for number in (1, 2):
            waiting = writing.add_request(asked(request(number)))
            writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([Moved(one, ()) for one in live])
        writing.save_grant(ending(live[0], EndCause.BY_HOLDER, NOW))
    drain(ledger, cloud)
    assert (cloud.held, cloud.changes) == ({}, [])
    with ledger.reading() as reader:
        assert [one.state for one in reader.grants()] == [GrantState.GONE, GrantState.LIVE]


def test_an_object_of_a_newer_grant_than_the_ledger_knows_is_adopted(
    ledger: Ledger, cloud: SimulatedCloud, reconciler: Reconciler, clock: StoppedClock
):
    stands(cloud)
    reconciler.run()
    clock.move(HOUR)
    drain(ledger, cloud)
    newer = Holding.of([grant(2, holding=grant(1).holding, starts_at=clock())])
    cloud.ensure(newer, clock() + HOUR, Unfenced())
    assert reconciler.run() == {"Adopt": 1}
    with ledger.reading() as reader:
        assert [one.state for one in reader.grants()] == [GrantState.GONE, GrantState.LIVE]
        assert {one.id for one in reader.grants()} == {grant(1).id, grant(2).id}


class HalfRead(SimulatedCloud):
    """A cloud with a place that nobody may read, before the one with everything in it."""

    def _places(self) -> Iterable[Place]:
        return [Place("locked", self._locked), *super()._places()]

    def _locked(self) -> Iterable[Found]:
        raise Refused("AccessDenied")


def test_a_place_that_cannot_be_read_keeps_nothing_else_from_being_put_right(ledger: Ledger):
    cloud = HalfRead()
    reconciler = Reconciler(ledger, cloud, lambda: None)
    stands(cloud)
    assert reconciler.look().unread == (Unread("locked", "AccessDenied"),)
    with capture_logs() as logged:
        assert reconciler.run() == {"Adopt": 1}
    assert {"place": "locked", "problem": "AccessDenied"}.items() <= logged[-2].items()


def test_a_reconciler_that_could_not_read_everything_is_not_heard_of(
    ledger: Ledger, reconciler: Reconciler, cloud: SimulatedCloud
):
    name = f"reconciler-{cloud.name}"
    Reconciler(ledger, HalfRead(), lambda: None).run()
    assert name not in heard(ledger)
    reconciler.run()
    assert name in heard(ledger)


def heard(ledger: Ledger) -> set[str]:
    with ledger.reading() as reader:
        return {one.name for one in reader.alive(NOW)}


class HardToDescribe(SimulatedCloud):
    """A cloud that will not describe the first thing it is asked about."""

    def _describe(self, found: Found) -> Holding | None:
        if found.key == grant(1).holding:
            raise Again("Throttling")
        return super()._describe(found)


def test_a_step_that_fails_keeps_no_other_from_being_done(ledger: Ledger):
    cloud = HardToDescribe()
    stands(cloud, 1)
    stands(cloud, 2)
    assert Reconciler(ledger, cloud, lambda: None).run() == {"Adopt": 1}
    with ledger.reading() as reader:
        assert [one.holding for one in reader.grants()] == [grant(2).holding]


def test_progress_is_told(cloud: SimulatedCloud, reconciler: Reconciler):
    stands(cloud, 1)
    stands(cloud, 2)
    told: list[tuple[int, int]] = []
    reconciler.run(lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_leased_roles_are_adopted_whole_and_foreign_ones_are_left_alone(ledger: Ledger, aws: AwsStandIn):
    ours, theirs = (shop_grant(next(NUMBERS), aws.clock.now()) for _ in range(2))
    adapter = leased_roles(aws)
    adapter.ensure(Holding.of([ours]), ours.ends_at, Unfenced())
    leased_roles(aws, b"the key of another installation").ensure(
        Holding.of([theirs]), theirs.ends_at, Unfenced()
    )
    Reconciler(ledger, adapter, lambda: None).run()
    with ledger.reading() as reader:
        adopted = {one.holding: one for one in reader.grants()}
        foreign = [entry for entry in reader.entries() if entry.kind == "reconcile.foreign"]
    assert adopted[ours.holding].principal == ours.principal
    assert adopted[ours.holding].entitlement.policies == (names.CATALOGUE["rds-readonly"],)
    assert adopted[ours.holding].ends_at == ours.ends_at
    assert theirs.holding not in adopted
    assert any(theirs.holding in entry.body for entry in foreign)
    assert len(foreign) == len({entry.body for entry in foreign})
    Reconciler(ledger, adapter, lambda: None).run()
    with ledger.reading() as reader:
        assert len([entry for entry in reader.entries() if entry.kind == "reconcile.foreign"]) == len(foreign)
