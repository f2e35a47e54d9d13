"""A request and its grants: planned together, live together, over together."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bundle import held_as, plan_grants, progress, still_means, take_back, taken_back
from policies.catalogue import Catalogue, Risk, Role
from policies.entitlements import Clouds
from policies.entitlements.aws import AwsAccess, AwsAccount, leased_role_key, leased_role_name
from policies.entitlements.gcp import GcpAccess, GcpResource, binding_on
from policies.grant import EndCause, Grant, GrantState
from policies.holding import Overruled, RefusedForGood
from policies.people import NAME_LENGTH, AwsUser, GoogleMember, People, Person
from policies.request import RequestState
from policies.rules import Policy
from policies.values import RequestId, RoleName
from tests.builders import ANA, AWS, HOUR, LEASE, NOW, PRINCIPAL, ROLE, grant, request

OTHER = LEASE.model_copy(update={"account_id": "444455556666", "alias": "billing-prod"})
APPROVED = request(state=RequestState.APPROVED, ends_at=NOW + HOUR)


def bundle(*states: GrantState) -> list[Grant]:
    return [grant(number, state=state) for number, state in enumerate(states, start=1)]


def test_one_grant_is_planned_for_each_entitlement_due_now_and_ending_with_the_request():
    first, second = (
        moved.value for moved in plan_grants(APPROVED, [(LEASE, PRINCIPAL), (OTHER, PRINCIPAL)], NOW)
    )
    assert (first.id, second.id) == ("pa-0001-1", "pa-0001-2")
    assert {one.due_at for one in (first, second)} == {NOW}
    assert {one.ends_at for one in (first, second)} == {NOW + HOUR}
    assert (first.principal, first.entitlement) == (PRINCIPAL, LEASE)
    assert first.holding != second.holding


def test_the_plan_is_in_the_log_before_anything_else():
    (moved,) = plan_grants(APPROVED, [(LEASE, PRINCIPAL)], NOW)
    assert [event.kind for event in moved.events] == ["grant.planned"]


def test_nothing_is_planned_before_it_is_approved():
    with pytest.raises(ValueError, match="approved before"):
        plan_grants(request(), [(LEASE, PRINCIPAL)], NOW)


def test_the_holding_is_the_roles_arn():
    key = leased_role_key(LEASE, ROLE, RequestId("pa-7k3m"))
    assert key == "arn:aws:iam::111122223333:role/prod-access/prod-db-readonly-7k3m"


@given(st.text("abz09-", min_size=1, max_size=NAME_LENGTH))
def test_a_role_name_fits_the_consoles_link_and_keeps_the_requests_mark(role: str):
    name = leased_role_name(RoleName(role), RequestId("pa-7k3mq9zz"))
    assert len("/prod-access/" + name) <= 64
    assert name.endswith("-7k3mq9zz")


@pytest.mark.parametrize(
    ("state", "grants", "becomes"),
    [
        (RequestState.APPROVED, [GrantState.LIVE, GrantState.LIVE], RequestState.ACTIVE),
        (RequestState.APPROVED, [GrantState.LIVE, GrantState.GRANTING], None),
        (RequestState.APPROVED, [GrantState.GONE, GrantState.LIVE], None),
        (RequestState.APPROVED, [GrantState.GONE, GrantState.GONE], RequestState.ENDED),
        (RequestState.APPROVED, [], None),
        (RequestState.ACTIVE, [GrantState.LIVE, GrantState.LIVE], None),
        (RequestState.ACTIVE, [GrantState.GONE, GrantState.ENDING], None),
        (RequestState.ACTIVE, [GrantState.GONE, GrantState.GONE], RequestState.ENDED),
        (RequestState.FAILED, [GrantState.GONE, GrantState.GONE], None),
        (RequestState.REFUSED, [GrantState.GONE], None),
    ],
)
def test_the_request_moves_once_all_its_grants_have_arrived(
    state: RequestState, grants: list[GrantState], becomes: RequestState | None
):
    moved = progress(request(state=state), bundle(*grants), NOW)
    assert (moved and moved.value.state) == becomes


def test_a_cloud_that_refuses_for_good_fails_the_request():
    moved = taken_back(APPROVED, AWS, RefusedForGood("LimitExceeded"), NOW)
    assert moved is not None
    assert moved.value.state is RequestState.FAILED
    assert moved.events[0].body.items() >= {"cloud": "aws", "code": "LimitExceeded"}.items()


def test_rules_that_say_no_before_the_first_call_refuse_it():
    moved = taken_back(APPROVED, AWS, Overruled("not_allowed", "p" * 64), NOW)
    assert moved is not None
    assert moved.value.state is RequestState.REFUSED
    assert moved.events[0].body.items() >= {"why": "not_allowed", "policy": "p" * 64}.items()


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.APPROVED])
def test_a_no_changes_only_a_request_on_its_way_in(state: RequestState):
    assert taken_back(request(state=state), AWS, RefusedForGood("LimitExceeded"), NOW) is None


def test_every_grant_of_the_bundle_that_wants_presence_is_taken_back():
    moves = take_back(bundle(*GrantState), EndCause.ROLLED_BACK, NOW + timedelta(seconds=1))
    assert [moved.value.id for moved in moves] == ["pa-0001-1", "pa-0002-1", "pa-0003-1", "pa-0004-1"]
    assert {(moved.value.state, moved.value.cause) for moved in moves} == {
        (GrantState.ENDING, EndCause.ROLLED_BACK)
    }


ANA_RUIZ = Person(id=ANA, name="Ana Ruiz", title="engineer", aws=PRINCIPAL)
SHOP = AwsAccount(
    alias="shop-prod",
    id=LEASE.account_id,
    region=LEASE.region,
    spoke_role=LEASE.spoke_role,
    external_id=LEASE.external_id,
    boundary=LEASE.boundary,
)
PROJECT = GcpResource(alias="shop-prod", name="projects/shop-prod")
BOTH = Role(
    name=ROLE,
    title="Read production databases",
    environment="prod",
    risk=Risk.LOW,
    default_duration=HOUR,
    max_duration=HOUR,
    channel="C0DB",
    entitlements=(
        AwsAccess(cloud="aws", account="shop-prod", policies=LEASE.policies),
        GcpAccess(cloud="gcp", resource="shop-prod", roles=("roles/cloudsql.viewer",)),
    ),
)
PLACES = Clouds(aws=(SHOP,), gcp=(PROJECT,))


def test_a_role_is_held_in_each_cloud_by_who_the_person_is_there():
    ana = ANA_RUIZ.model_copy(update={"google": "user:ana@meridian.example"})
    assert held_as(BOTH, PLACES, ana) == (
        (LEASE, PRINCIPAL),
        (binding_on(PROJECT, ("roles/cloudsql.viewer",)), GoogleMember(member="user:ana@meridian.example")),
    )


def test_whoever_has_no_account_in_one_of_the_clouds_gets_none_of_it():
    assert held_as(BOTH, PLACES, ANA_RUIZ) == "gcp"


IN_AWS = BOTH.model_copy(update={"entitlements": BOTH.entitlements[:1]})
BEFORE = Policy(
    people=People(people=(ANA_RUIZ,)), catalogue=Catalogue(roles=(IN_AWS,)), clouds=PLACES, rules=()
)
ELSEWHERE = AwsUser(kind="user", arn="arn:aws:iam::777788889999:user/ana-two")
NARROWER = AwsAccess(cloud="aws", account="shop-prod", policies=("arn:aws:iam::111122223333:policy/logs",))


def changed(**parts: object) -> Policy:
    return Policy(**{name: getattr(BEFORE, name) for name in Policy.model_fields} | parts)  # type: ignore[arg-type] # its own parts


def test_a_role_that_is_what_it_was_still_means_what_its_grants_gave():
    assert still_means(BEFORE, request(), bundle(GrantState.LIVE))


@pytest.mark.parametrize(
    "now",
    [
        changed(catalogue=Catalogue()),
        changed(catalogue=Catalogue(roles=(IN_AWS.model_copy(update={"entitlements": (NARROWER,)}),))),
        changed(people=People()),
        changed(people=People(people=(ANA_RUIZ.model_copy(update={"aws": ELSEWHERE}),))),
        changed(people=People(people=(ANA_RUIZ.model_copy(update={"aws": None}),))),
    ],
    ids=["no such role", "another meaning", "nobody", "another account", "no account"],
)
def test_a_role_or_a_holder_that_is_another_now_does_not_mean_it_any_more(now: Policy):
    assert not still_means(now, request(), bundle(GrantState.LIVE))
    assert still_means(now, request(), bundle(GrantState.ENDING, GrantState.GONE))
