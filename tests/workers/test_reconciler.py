"""The reconciler over a simulated cloud and over the leased roles."""

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from policies.grant import EndCause, GrantState
from policies.holding import Direction
from policies.reconcile import Adopt, Flag
from policies.request import RequestState
from sandbox.aws import names
from sandbox.aws.standin import AwsStandIn
from tests.aws import leased_roles, shop_grant
from tests.builders import HOUR, NOW, StoppedClock, grant
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.cloud import Cloud, Holding
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


def drain(ledger: Ledger, cloud: Cloud) -> None:
    Drain(ledger, cloud, Direction.REVOKE, worker="w", threads=4, linger=timedelta(seconds=0.05)).run()


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
    (step,) = reconciler.look()
    assert isinstance(step, Adopt)
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
    (step,) = reconciler.look()
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
