"""What a cloud changes in one piece is claimed, done and settled in one piece."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from policies.entitlements.gcp import GcpBinding
from policies.grant import Grant, GrantState, confirmed, planned
from policies.holding import Direction
from policies.people import GoogleMember
from policies.request import RequestState, asked
from policies.values import CloudName, HoldingKey
from tests.builders import HOUR, NOW, StoppedClock, grant, request
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.cloud import CloudError, Work
from workers.jobs import Drain
from workers.ledger.claims import CLAIM, claim_due
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

GCP = CloudName("gcp")
SHOP, MAPS = "projects/shop-prod", "projects/maps-prod"
GRANTS = 500


class OnePolicy(SimulatedCloud):
    """A cloud that keeps count of what it was asked to do at once."""

    name = GCP

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[tuple[str, int]] = []

    def _change_all(self, works: Sequence[Work]) -> Sequence[CloudError | None]:
        (resource,) = {one.holding.key.partition("/bindings/")[0] for one in works}
        self.pieces.append((resource, len(works)))
        return super()._change_all(works)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def bound(number: int, resource: str = SHOP, **changes: object) -> Grant:
    """A grant of a role on a resource; every one is another person's."""
    return grant(
        number,
        cloud=GCP,
        adapter="gcp-conditional-binding",
        principal=GoogleMember(member=f"user:p{number}@meridian.example"),
        entitlement=GcpBinding(cloud="gcp", alias="shop", resource=resource, roles=("roles/a.one",)),
        holding=HoldingKey(f"{resource}/bindings/{number:04d}"),
        **changes,
    )


def put(ledger: Ledger, grants: Sequence[Grant]) -> None:
    """Into the ledger, each with the request it is of."""

    def write(writing: Writing) -> None:
        for one in grants:
            number = int(one.request.removeprefix("pa-"))
            approved = request(number, state=RequestState.APPROVED, ends_at=one.ends_at)
            writing.add_request(asked(approved))
        writing.add_grants([planned(one) for one in grants])

    ledger.retrying(write)


def living(number: int, ends_in: timedelta) -> Grant:
    """A live grant that ends so soon."""
    one = bound(number, state=GrantState.GRANTING, ends_at=NOW + ends_in)
    return confirmed(one, NOW).value.model_copy(update={"version": 0})


def drain(ledger: Ledger, cloud: OnePolicy, direction: Direction) -> int:
    return Drain(ledger, cloud, direction, worker="w", threads=8, linger=timedelta(milliseconds=300)).run()


def states(ledger: Ledger) -> dict[GrantState, int]:
    with ledger.reading() as reader:
        found = reader.grants(most=2000)
    return {state: sum(one.state is state for one in found) for state in {one.state for one in found}}


def test_five_hundred_starts_on_one_resource_are_one_change(ledger: Ledger):
    put(ledger, [bound(number) for number in range(GRANTS)])
    cloud = OnePolicy()
    assert drain(ledger, cloud, Direction.GRANT) == GRANTS
    assert cloud.pieces == [(SHOP, GRANTS)]
    assert states(ledger) == {GrantState.LIVE: GRANTS}


def test_five_hundred_ends_on_one_resource_are_one_change(ledger: Ledger, clock: StoppedClock):
    put(ledger, [living(number, HOUR) for number in range(GRANTS)])
    clock.move(HOUR)
    cloud = OnePolicy()
    assert drain(ledger, cloud, Direction.REVOKE) == GRANTS
    assert cloud.pieces == [(SHOP, GRANTS)]
    assert states(ledger) == {GrantState.GONE: GRANTS}


def test_starts_take_along_what_ends_in_the_same_place_but_ends_take_along_no_starts(
    ledger: Ledger, clock: StoppedClock
):
    put(
        ledger,
        [*(living(number, HOUR) for number in range(3)), *(bound(n, ends_at=NOW + 2 * HOUR) for n in (7, 8))],
    )
    clock.move(HOUR)
    ends, starts = OnePolicy(), OnePolicy()
    drain(ledger, ends, Direction.REVOKE)
    assert ends.pieces == [(SHOP, 3)]
    put(ledger, [living(number, HOUR) for number in range(20, 23)])
    drain(ledger, starts, Direction.GRANT)
    assert starts.pieces == [(SHOP, 5)]


def test_another_resource_is_another_change(ledger: Ledger):
    put(ledger, [*(bound(number) for number in range(3)), *(bound(10 + n, MAPS) for n in range(2))])
    cloud = OnePolicy()
    drain(ledger, cloud, Direction.GRANT)
    assert sorted(cloud.pieces) == [(MAPS, 2), (SHOP, 3)]


def test_what_somebody_else_is_working_on_is_not_taken_along(ledger: Ledger, clock: StoppedClock):
    put(ledger, [bound(number) for number in range(3)])
    first = ledger.retrying(lambda writing: claim_due(writing, GCP, Direction.GRANT, worker="a", most=1))
    put(ledger, [bound(number) for number in range(10, 12)])
    second = ledger.retrying(lambda writing: claim_due(writing, GCP, Direction.GRANT, worker="b", most=1))
    assert (len(first), len(second)) == (3, 2)
    clock.move(CLAIM)
    third = ledger.retrying(lambda writing: claim_due(writing, GCP, Direction.GRANT, worker="c", most=1))
    assert len(third) == 5


def test_an_end_waits_for_no_start_on_the_same_holding(ledger: Ledger, clock: StoppedClock):
    put(ledger, [living(1, HOUR)])
    again = bound(2, ends_at=NOW + 2 * HOUR).model_copy(update={"holding": living(1, HOUR).holding})
    put(ledger, [again])
    with ledger.reading() as reader:
        assert reader.due(GCP, Direction.GRANT, NOW)
    clock.move(HOUR)
    cloud = OnePolicy()
    drain(ledger, cloud, Direction.REVOKE)
    assert states(ledger) == {GrantState.GONE: 1, GrantState.LIVE: 1}
