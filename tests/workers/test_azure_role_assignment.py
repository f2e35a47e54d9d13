"""Azure from its own side: what is ours there, taken over again; and what an operator is told."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from policies.grant import Grant
from policies.holding import Absent
from policies.people import AwsUser
from policies.values import HoldingKey
from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import Application, AzureStandIn
from tests.azure import (
    INSTANCE,
    SHOP,
    WHOLE_SHOP,
    Open,
    ShutAfter,
    asked,
    azure_client,
    azure_grant,
    ensured,
    made,
    now_at,
    removed,
    role_assignments,
)
from tests.builders import grant as aws_grant
from workers.clouds.azure import marks
from workers.clouds.azure.records import principal_of, target_of
from workers.clouds.azure.role_assignment import RoleAssignments
from workers.clouds.cloud import Checkup, ClaimLost, Found, Holding

NUMBERS = itertools.count(3000)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
WRITES = ("roleAssignments/write", "roleAssignmentScheduleRequests/write", "roleAssignments/delete")


@pytest.fixture(params=[names.WORKER, names.DIRECT_WORKER])
def who(request: pytest.FixtureRequest, azure: AzureStandIn) -> Application:
    """The worker that PIM is open to, and the one it is not."""
    return azure.application(request.param)


@pytest.fixture
def adapter(azure: AzureStandIn, who: Application) -> Iterator[RoleAssignments]:
    with role_assignments(azure, application=who) as wired:
        yield wired


@pytest.fixture
def grant(azure: AzureStandIn) -> Grant:
    return azure_grant(next(NUMBERS), azure.clock.now())


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


def sole(adapter: RoleAssignments) -> Found:
    (found,) = adapter.find_ours()
    return found


# What is ours


def test_what_we_made_is_found_with_its_labels_and_its_end(adapter: RoleAssignments, grant: Grant):
    ensured(adapter, grant)
    found = sole(adapter)
    assert (found.key, found.genuine, found.ends_at) == (grant.holding, True, grant.ends_at)
    assert (found.labels["grant"], found.labels["person"]) == (grant.id, "ana")


def test_what_was_found_is_taken_over_whole(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    taken_over = adapter.describe(sole(adapter))
    assert taken_over == holding
    azure.clock.move(6 * MINUTE)
    assert isinstance(adapter.remove(holding, Open(), early=False), Absent)


def test_the_new_end_is_on_it_too(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    ensured(adapter, grant)
    azure.clock.move(2 * MINUTE)
    second = azure_grant(next(NUMBERS), azure.clock.now(), last=timedelta(hours=2))
    ensured(adapter, second)
    found = sole(adapter)
    assert (found.ends_at, found.labels["grant"], found.genuine) == (second.ends_at, second.id, True)


def test_what_has_ended_is_not_found(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    ensured(adapter, grant)
    found = sole(adapter)
    azure.clock.move(6 * MINUTE)
    assert isinstance(removed(adapter, grant), Absent)
    assert adapter.find_ours() == ()
    assert adapter.describe(found) is None


def test_scopes_within_scopes_are_told_apart(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    wide = azure_grant(next(NUMBERS), azure.clock.now(), scope=WHOLE_SHOP)
    ensured(adapter, grant)
    ensured(adapter, wide)
    assert sorted(one.key for one in adapter.find_ours()) == sorted([grant.holding, wide.holding])


def test_what_another_key_signed_is_found_and_not_ours(
    azure: AzureStandIn, adapter: RoleAssignments, who: Application, grant: Grant
):
    ensured(adapter, grant)
    with role_assignments(azure, b"the key of another installation", application=who) as theirs:
        found = sole(theirs)
        assert (found.key, found.genuine) == (grant.holding, False)
        assert theirs.describe(found) is None


def test_what_another_installation_made_is_not_even_seen(
    azure: AzureStandIn, adapter: RoleAssignments, who: Application, grant: Grant
):
    with role_assignments(azure, application=who, instance="staging") as theirs:
        ensured(theirs, grant)
        assert len(theirs.find_ours()) == 1
    assert adapter.find_ours() == ()


def test_labels_copied_to_another_assignment_are_not_genuine(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    text = adapter._marks.text(Holding.of([grant]), grant.ends_at)
    copied = (
        f"{SHOP.id}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-0000000000bb"
    )
    with azure_client(azure, azure.operator) as another:
        words = {"role_definition_id": names.role_id(names.READER), "principal_id": names.PEOPLE["ana"]}
        another.assign(copied, words | {"description": text})
    found = sole(adapter)
    assert (found.key, found.genuine) == (copied, False)
    assert adapter.describe(found) is None


def test_what_has_ended_is_not_taken_for_what_has_not(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    found = sole(adapter)
    bens = azure_grant(next(NUMBERS), azure.clock.now(), person="ben")
    ensured(adapter, bens)
    azure.clock.move(6 * MINUTE)
    removed(adapter, grant)
    assert adapter.describe(found) is None
    assert sole(adapter).key == bens.holding


def test_a_place_that_is_gone_holds_nothing_and_hides_nothing(azure: AzureStandIn, grant: Grant):
    gone = SHOP.model_copy(update={"id": f"{names.SUBSCRIPTION_SCOPE}/resourceGroups/gone"})
    with role_assignments(azure, scopes=[gone, SHOP]) as adapter:
        ensured(adapter, grant)
        assert sole(adapter).key == grant.holding
        assert [checkup.ok for checkup in adapter.doctor()] == [True, False, True, True, True, True]


def test_what_is_somewhere_else_is_not_described(adapter: RoleAssignments):
    elsewhere = Found(HoldingKey("/subscriptions/x/providers/y"), {}, None, genuine=True)
    assert adapter.describe(elsewhere) is None


def test_where_pim_lets_nobody_look_direct_assignments_are_still_found(azure: AzureStandIn, grant: Grant):
    with role_assignments(azure, application=azure.direct_worker) as direct:
        ensured(direct, grant)
        azure.break_calls(
            Kind.ERROR, ["roleAssignmentScheduleInstances/read"], status=403, code="AuthorizationFailed"
        )
        assert sole(direct).key == grant.holding


def test_a_text_is_a_few_hundred_bytes_and_reads_back(adapter: RoleAssignments, grant: Grant):
    text = adapter._marks.text(Holding.of([grant]), grant.ends_at)
    assert marks.read(text)["instance"] == INSTANCE
    assert marks.read(f"x {text}") == marks.read(None) == marks.read("prod-accessory a=b") == {}


# Fences


def test_a_lost_claim_stops_before_the_first_change(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    since = now_at(azure)
    with pytest.raises(ClaimLost):
        adapter.ensure(holding, grant.ends_at, ShutAfter(0))
    assert [call for action in WRITES for call in asked(azure, action, since)] == []
    ensured(adapter, grant)
    since = now_at(azure)
    with pytest.raises(ClaimLost):
        adapter.remove(holding, ShutAfter(0), early=True)
    with pytest.raises(ClaimLost):
        adapter.ensure(holding, grant.ends_at + timedelta(hours=1), ShutAfter(0))
    assert [call for action in WRITES for call in asked(azure, action, since)] == []
    assert len(made(azure)) == 1


def test_a_claim_lost_between_pim_and_direct_changes_nothing(azure: AzureStandIn, grant: Grant):
    azure.configure(licensed=False)
    with role_assignments(azure) as adapter, pytest.raises(ClaimLost):
        adapter.ensure(Holding.of([grant]), grant.ends_at, ShutAfter(1))
    assert made(azure) == []


# What an operator is told


def test_doctor_looks_at_signing_in_reading_and_the_way_roles_are_assigned(
    adapter: RoleAssignments, who: Application, grant: Grant
):
    ensured(adapter, grant)
    checkups = adapter.doctor()
    assert len(checkups) == 6
    assert all(checkup.ok for checkup in checkups), checkups
    details = " ".join(checkup.detail for checkup in checkups[:3])
    assert who.object_id in details
    assert "1 of ours there now" in details
    through_pim = who.name == names.WORKER
    assert ("asked first" in details) is through_pim
    assert ("directly (AuthorizationFailed)" in details) is not through_pim


def test_doctor_says_that_what_is_assigned_directly_has_no_end(azure: AzureStandIn, grant: Grant):
    azure.configure(licensed=False)
    with role_assignments(azure) as adapter:
        ensured(adapter, grant)
        mode = adapter.doctor()[2]
    assert mode.ok
    assert "directly (AadPremiumLicenseRequired): they have no end of their own" in mode.detail


@pytest.mark.parametrize(
    ("actions", "code", "expected"),
    [
        (["roleAssignments/read"], "AuthorizationFailed", [True, False, True]),
        (["roleManagementPolicyAssignments/read"], "AuthorizationFailed", [True, True, True]),
    ],
)
def test_doctor_says_what_it_may_not(
    azure: AzureStandIn, adapter: RoleAssignments, *, actions: list[str], code: str, expected: list[bool]
):
    azure.break_calls(Kind.ERROR, actions, status=403, code=code)
    checkups = adapter.doctor()[:3]
    assert [checkup.ok for checkup in checkups] == expected
    assert any(code in checkup.detail for checkup in checkups)


def test_doctor_of_an_azure_that_is_away_says_so(azure: AzureStandIn, adapter: RoleAssignments):
    azure.break_calls(Kind.UNAVAILABLE)
    assert [checkup.ok for checkup in adapter.doctor()[:3]] == [False, False, False]


def test_doctor_finds_workers_of_another_tenant(azure: AzureStandIn):
    elsewhere = SHOP.model_copy(update={"tenant": "bbbbcccc-1111-dddd-2222-eeee3333ffff"})
    with role_assignments(azure, scopes=[elsewhere]) as adapter:
        first = adapter.doctor()[0]
    assert first == Checkup(
        "azure shop-prod: the workers sign in to its tenant",
        ok=False,
        detail=f"signed in to {names.TENANT}, not {elsewhere.tenant}",
    )


def test_warming_signs_in_and_says_nothing_when_it_cannot(azure: AzureStandIn, adapter: RoleAssignments):
    since = now_at(azure)
    adapter.warm()
    assert len(asked(azure, "token", since)) == 1
    with role_assignments(azure) as signed_out:
        azure.break_calls(Kind.UNAVAILABLE, ["token"])
        signed_out.warm()


def test_only_azure_is_given_to_azure(grant: Grant):
    foreign = Holding.of([aws_grant()])
    with pytest.raises(TypeError, match="not a role assignment"):
        target_of(foreign)
    mixed = Holding.of([grant])._replace(
        principal=AwsUser(kind="user", arn="arn:aws:iam::111122223333:user/a")
    )
    with pytest.raises(TypeError, match="not held by a user of Entra ID"):
        principal_of(mixed)
