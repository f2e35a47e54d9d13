"""One cloud is away for an hour around the end: the others end on time, that one as soon as it is back."""

from datetime import timedelta
from pathlib import Path

import pytest

from policies.entitlements.gcp import GcpBinding
from policies.grant import Grant, GrantState, confirmed, planned
from policies.holding import BACKOFF_MOST, Direction
from policies.people import GoogleMember
from policies.request import RequestState, asked
from policies.values import CloudName, GrantId, HoldingKey
from tests.builders import AWS, HOUR, NOW, StoppedClock, grant, request
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.cloud import Again, Fence, Holding, Seen
from workers.jobs import Drain
from workers.ledger.ledger import Ledger

GCP = CloudName("gcp")
MINUTE = timedelta(minutes=1)


class Google(SimulatedCloud):
    """A cloud that can be away: it answers nothing at all."""

    name = GCP
    away = False

    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:
        self._answer()
        super()._remove(holding, fence, early=early)

    def _look(self, holding: Holding) -> Seen | None:
        self._answer()
        return super()._look(holding)

    def _answer(self) -> None:
        if self.away:
            raise Again("ConnectTimeout")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def live(one: Grant) -> Grant:
    return confirmed(one.model_copy(update={"state": GrantState.GRANTING}), NOW).value.model_copy(
        update={"version": 0}
    )


IN_AWS = live(grant())
IN_GOOGLE = live(
    grant(
        id=GrantId("pa-0001-2"),
        cloud=GCP,
        principal=GoogleMember(member="user:ana@meridian.example"),
        entitlement=GcpBinding(cloud="gcp", alias="shop", resource="projects/shop", roles=("roles/a.one",)),
        holding=HoldingKey("projects/shop/bindings/0001"),
    )
)


def work(ledger: Ledger, *clouds: SimulatedCloud) -> None:
    """Do what is due in each cloud."""
    for cloud in clouds:
        Drain(ledger, cloud, Direction.REVOKE, worker="w", threads=2, linger=timedelta(milliseconds=50)).run()


def state(ledger: Ledger) -> tuple[RequestState, GrantState, GrantState]:
    with ledger.reading() as reader:
        found = reader.request(request().id)
        first, second = reader.grants_of(request().id)
    assert found is not None
    return found.state, first.state, second.state


def test_a_cloud_away_for_an_hour_holds_up_nobody_else_and_catches_up(ledger: Ledger, clock: StoppedClock):
    active = request(state=RequestState.ACTIVE, ends_at=NOW + HOUR, decided_at=NOW)
    ledger.retrying(lambda writing: writing.add_request(asked(active)))
    ledger.retrying(lambda writing: writing.add_grants([planned(IN_AWS), planned(IN_GOOGLE)]))
    aws, google = SimulatedCloud(), Google()
    aws.held[IN_AWS.holding], google.held[IN_GOOGLE.holding] = IN_AWS.ends_at, IN_GOOGLE.ends_at
    clock.move(HOUR)
    google.away = True
    work(ledger, aws, google)
    assert state(ledger) == (RequestState.ACTIVE, GrantState.GONE, GrantState.ENDING)
    for _ in range(60):
        clock.move(MINUTE)
        work(ledger, google)
        assert state(ledger)[2] is GrantState.ENDING
    with ledger.reading() as reader:
        told = [entry.kind for entry in reader.entries()]
        late = reader.grants_of(request().id)[1]
    assert told.count("grant.stuck") == 1
    assert late.tries >= 60
    google.away = False
    clock.move(BACKOFF_MOST)
    work(ledger, google)
    assert state(ledger) == (RequestState.ENDED, GrantState.GONE, GrantState.GONE)
    assert google.held == {}
    assert late.cloud == GCP != AWS
