"""What every cloud promises to the jobs, whatever is behind it."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from policies.grant import Grant
from policies.holding import Absent, Limit, Present, RefusedForGood, StillThere
from sandbox.aws.standin import AwsStandIn
from sandbox.azure.standin import AzureStandIn
from tests.aws import leased_roles, shop_grant
from tests.azure import azure_grant, role_assignments
from tests.builders import NOW
from tests.gcp import access_grant, conditional_bindings
from tests.identity_center import account_assignments, center_grant
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.azure.role_assignment import RoleAssignments
from workers.clouds.cloud import ClaimLost, Cloud, Holding, Work
from workers.clouds.gcp.conditional_binding import ConditionalBindings
from workers.clouds.identity_center.account_assignment import AccountAssignments

NUMBERS = itertools.count(5000)


class Open:
    """A fence that lets everything through, and counts."""

    def __init__(self) -> None:
        self.checked = 0

    def check(self) -> None:
        """Let it through."""
        self.checked += 1


class Shut:
    """A fence that lets a number of calls through, then none."""

    def __init__(self, calls: int = 0) -> None:
        self.left = calls

    def check(self) -> None:
        """Let it through or not."""
        if self.left == 0:
            raise ClaimLost("claim_lost")
        self.left -= 1


@pytest.fixture(params=["simulated", "aws", "gcp", "azure", "azure-pim", "identity-center"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    if request.param == "simulated":
        yield SimulatedCloud()
        return
    if request.param == "gcp":
        yield conditional_bindings(request.getfixturevalue("gcp"))
        return
    if request.param == "identity-center":
        yield account_assignments(request.getfixturevalue("identity_center"))
        return
    if request.param.startswith("azure"):
        pretend: AzureStandIn = request.getfixturevalue("azure")
        pretend.configure(pim_floor=0, pim_unseen=0)  # PIM's first minutes have tests of their own
        who = pretend.worker if request.param == "azure-pim" else pretend.direct_worker
        with role_assignments(pretend, application=who) as adapter:
            yield adapter
        return
    stand_in: AwsStandIn = request.getfixturevalue("aws")
    yield leased_roles(stand_in)


@pytest.fixture
def grant(cloud: Cloud, request: pytest.FixtureRequest) -> Grant:
    now = NOW
    if isinstance(cloud, ConditionalBindings):
        return access_grant(next(NUMBERS), request.getfixturevalue("gcp").clock.now())
    if isinstance(cloud, AccountAssignments):
        return center_grant(next(NUMBERS), request.getfixturevalue("identity_center").clock.now())
    if isinstance(cloud, RoleAssignments):
        return azure_grant(next(NUMBERS), request.getfixturevalue("azure").clock.now())
    if not isinstance(cloud, SimulatedCloud):
        now = request.getfixturevalue("aws").clock.now()
    return shop_grant(next(NUMBERS), now)


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


def test_what_was_never_made_is_absent(cloud: Cloud, holding: Holding):
    assert cloud.look(holding) == Absent()


def test_ensuring_makes_it_present_by_a_read(cloud: Cloud, holding: Holding, grant: Grant):
    assert cloud.ensure(holding, grant.ends_at, Open()) == Present(grant.ends_at)
    assert cloud.look(holding) == StillThere()


def test_ensuring_twice_is_ensuring_once(cloud: Cloud, holding: Holding, grant: Grant):
    cloud.ensure(holding, grant.ends_at, Open())
    assert cloud.ensure(holding, grant.ends_at, Open()) == Present(grant.ends_at)


def test_the_end_can_be_moved_and_is_read_back(cloud: Cloud, holding: Holding, grant: Grant):
    later = grant.ends_at + timedelta(minutes=10)
    cloud.ensure(holding, grant.ends_at, Open())
    assert cloud.ensure(holding, later, Open()) == Present(later)


def test_a_limit_moves_back_the_end_of_what_lasts_too_long(cloud: Cloud, holding: Holding, grant: Grant):
    cloud.ensure(holding, grant.ends_at + timedelta(minutes=10), Open())
    assert cloud.carry_out([Work(holding, Limit(grant.ends_at), Open())]) == (Present(grant.ends_at),)
    ends_at = [one.ends_at for one in cloud.find_ours() if one.key == holding.key]
    assert all(end is None or end <= grant.ends_at + cloud.slack for end in ends_at)


def test_a_limit_changes_nothing_of_what_ends_in_time(cloud: Cloud, holding: Holding, grant: Grant):
    cloud.ensure(holding, grant.ends_at, Open())
    assert cloud.carry_out([Work(holding, Limit(grant.ends_at), Shut())]) == (Present(grant.ends_at),)


def test_a_limit_makes_nothing(cloud: Cloud, holding: Holding, grant: Grant):
    assert cloud.carry_out([Work(holding, Limit(grant.ends_at), Shut())]) == (Absent(),)
    assert cloud.look(holding) == Absent()


@pytest.mark.parametrize("early", [True, False])
def test_removing_makes_it_absent_by_a_read(cloud: Cloud, holding: Holding, grant: Grant, *, early: bool):
    cloud.ensure(holding, grant.ends_at, Open())
    assert cloud.remove(holding, Open(), early=early) == Absent()
    assert cloud.look(holding) == Absent()


@pytest.mark.parametrize("early", [True, False])
def test_removing_what_is_not_there_is_done(cloud: Cloud, holding: Holding, *, early: bool):
    assert cloud.remove(holding, Open(), early=early) == Absent()


def test_a_lost_claim_stops_before_the_first_change(cloud: Cloud, holding: Holding, grant: Grant):
    with pytest.raises(ClaimLost):
        cloud.ensure(holding, grant.ends_at, Shut())
    assert cloud.look(holding) == Absent()


def test_what_is_ours_is_found_from_the_cloud_alone(cloud: Cloud, holding: Holding, grant: Grant):
    cloud.ensure(holding, grant.ends_at, Open())
    found = {one.key: one.genuine for one in cloud.find_ours()}
    assert found[holding.key] is True


def test_a_healthy_cloud_passes_its_checkup(cloud: Cloud):
    checkups = cloud.doctor()
    assert checkups
    assert all(checkup.ok for checkup in checkups), checkups


def test_half_made_is_not_live_and_can_be_removed(aws: AwsStandIn):
    adapter = leased_roles(aws)
    grant = shop_grant(next(NUMBERS), aws.clock.now())
    holding = Holding.of([grant])
    with pytest.raises(ClaimLost):
        adapter.ensure(holding, grant.ends_at, Shut(calls=2))
    assert adapter.look(holding) == StillThere()
    assert adapter.remove(holding, Open(), early=True) == Absent()


def test_a_role_somebody_else_made_under_our_name_is_left_alone(aws: AwsStandIn):
    grant = shop_grant(next(NUMBERS), aws.clock.now())
    holding = Holding.of([grant])
    leased_roles(aws, b"the key of another installation").ensure(holding, grant.ends_at, Open())
    ours = leased_roles(aws)
    assert ours.ensure(holding, grant.ends_at, Open()) == RefusedForGood("name_taken_by_another")
    assert {one.key: one.genuine for one in ours.find_ours()}[holding.key] is False
