"""Direct assignments over the pretend Azure: made under a known name, ended by us, nobody else's touched."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from policies.entitlements.azure import AzureScope, assignment_at, assignment_key
from policies.grant import Grant
from policies.holding import Absent, Present, RefusedForGood, Standing, StillThere, Unreachable
from policies.values import GrantId, RequestId
from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import Allowed, People, Refused
from tests.azure import (
    SHOP,
    Open,
    asked,
    azure_client,
    azure_grant,
    ensured,
    made,
    now_at,
    removed,
    role_assignments,
    standing,
)
from workers.clouds.azure.role_assignment import RoleAssignments
from workers.clouds.cloud import Holding, Seen

NUMBERS = itertools.count(1000)
BLOBS = "Storage Blob Data Reader"
WRITE, DELETE = "roleAssignments/write", "roleAssignments/delete"
SECOND = timedelta(seconds=1)


@pytest.fixture
def adapter(azure: AzureStandIn) -> Iterator[RoleAssignments]:
    """The adapter of a worker that PIM is not open to."""
    with role_assignments(azure, application=azure.direct_worker) as wired:
        yield wired


@pytest.fixture
def grant(azure: AzureStandIn) -> Grant:
    return azure_grant(next(NUMBERS), azure.clock.now())


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


def name_of(grant: Grant) -> str:
    return grant.holding.rsplit("/", 1)[1]


# From before the beginning to after the end


def test_somebody_gets_in_while_it_lasts_and_not_before_or_after(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    ana = azure_people.sign_in("ana")
    assert isinstance(azure_people.read(ana), Refused)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    assert isinstance(removed(adapter, grant), Absent)
    assert isinstance(azure_people.read(ana), Refused)
    assert made(azure) == []


def test_it_bears_the_name_of_its_holding_and_says_what_it_is(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    (one,) = made(azure)
    assert (one["name"], one["scope"], one["role"]) == (name_of(grant), SHOP.id, "Reader")
    assert one["description"].startswith(f"prod-access instance=prod-access-tests grant={grant.id} ")
    assert len(one["description"].encode()) < 500


def test_a_new_end_is_written_on_it(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    ensured(adapter, grant)
    later = grant.model_copy(update={"ends_at": grant.ends_at + timedelta(hours=1)})
    assert ensured(adapter, later) == Present(later.ends_at)
    (one,) = made(azure)
    assert f"ends={later.ends_at:%Y-%m-%dT%H:%M:%SZ}" in one["description"]


def test_what_says_what_it_should_is_not_written_again(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    since = now_at(azure)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert asked(azure, WRITE, since) == []


def test_two_grants_of_one_holding_are_one_assignment(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    second = azure_grant(next(NUMBERS), azure.clock.now(), last=timedelta(hours=2))
    assert second.holding == grant.holding
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert ensured(adapter, second) == Present(second.ends_at)
    assert len(made(azure)) == 1
    assert isinstance(removed(adapter, second), Absent)


# Replies that do not come


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED])
def test_a_lost_reply_is_looked_up_at_once(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    azure.break_calls(kind, [WRITE], times=1)
    assert ensured(adapter, grant, tries=1) == Present(grant.ends_at)
    assert len(made(azure)) == 1


@pytest.mark.parametrize("kind", [Kind.LATE, Kind.SILENT])
def test_a_reply_that_never_comes_is_looked_up(azure: AzureStandIn, grant: Grant, kind: Kind):
    with role_assignments(azure, application=azure.direct_worker, read_seconds=0.3) as hurried:
        azure.break_calls(kind, [WRITE], times=1)
        assert ensured(hurried, grant) == Present(grant.ends_at)
    assert len(made(azure)) == 1


@pytest.mark.parametrize("kind", [Kind.THROTTLE, Kind.UNAVAILABLE, Kind.RESET])
def test_a_change_that_was_not_done_is_done_the_next_time(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    azure.break_calls(kind, [WRITE], times=1)
    assert isinstance(ensured(adapter, grant, tries=1), Unreachable)
    assert ensured(adapter, grant) == Present(grant.ends_at)


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED, Kind.RESET, Kind.UNAVAILABLE])
def test_whatever_happens_to_a_removal_it_ends_in_nothing(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    ensured(adapter, grant)
    azure.break_calls(kind, [DELETE], times=1)
    assert isinstance(removed(adapter, grant, tries=2), Absent)
    assert made(azure) == []


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.RESET, Kind.TRUNCATED])
def test_a_new_end_whose_reply_was_lost_is_not_taken_for_written(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    ensured(adapter, grant)
    later = grant.model_copy(update={"ends_at": grant.ends_at + timedelta(hours=1)})
    azure.break_calls(kind, [WRITE], times=1)
    assert isinstance(ensured(adapter, later, tries=1), Unreachable)
    assert ensured(adapter, later) == Present(later.ends_at)
    assert f"ends={later.ends_at:%Y-%m-%dT%H:%M:%SZ}" in made(azure)[0]["description"]


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TRUNCATED, Kind.THROTTLE])
def test_a_lost_look_is_not_absence(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding, kind: Kind
):
    ensured(adapter, grant)
    azure.break_calls(kind, ["roleAssignments/read"], times=1)
    assert isinstance(adapter.look(holding), Unreachable)
    assert isinstance(adapter.look(holding), StillThere)


def test_the_wait_azure_asks_for_is_kept(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    azure.break_calls(Kind.THROTTLE, [WRITE], times=1, retry_after=17)
    assert ensured(adapter, grant, tries=1) == Unreachable("TooManyRequests", timedelta(seconds=17))


# What is late


def test_a_new_assignment_that_no_read_shows_yet_is_waited_for(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    azure.configure(listing_lag=30)
    assert ensured(adapter, grant) == Unreachable("not_visible_yet", SECOND)
    azure.clock.move(timedelta(seconds=31))
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert len(made(azure)) == 1


def test_a_removed_one_that_lists_still_show_is_absent(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    azure.configure(listing_lag=300)
    azure.clock.move(timedelta(seconds=301))
    assert isinstance(removed(adapter, grant), Absent)
    with azure_client(azure) as client:
        assert name_of(grant) in [one.name for one in client.assignments(SHOP.id)]
    assert isinstance(adapter.look(holding), Absent)


def test_what_a_list_still_shows_is_in_nobodys_way(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    azure.configure(listing_lag=60)
    ensured(adapter, grant)
    azure.clock.move(timedelta(seconds=61))
    removed(adapter, grant)
    again = azure_grant(next(NUMBERS), azure.clock.now())
    ensured(adapter, again)
    azure.clock.move(timedelta(seconds=61))
    assert ensured(adapter, again) == Present(again.ends_at)


def test_access_follows_later_than_what_we_read(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    azure.configure(propagation=600)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)
    azure.clock.move(timedelta(seconds=601))
    assert isinstance(removed(adapter, grant), Absent)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)


def test_somebody_new_needs_no_patience(azure: AzureStandIn, adapter: RoleAssignments):
    azure.configure(principal_lag=120)
    newcomer = "99990000-0000-4000-8000-00000000d001"
    azure.add_principal(newcomer)
    grant = azure_grant(next(NUMBERS), azure.clock.now(), person=newcomer)
    assert ensured(adapter, grant) == Present(grant.ends_at)


def test_somebody_the_directory_does_not_know_yet_is_tried_again(azure: AzureStandIn):
    azure.configure(licensed=False)
    nobody = azure_grant(next(NUMBERS), azure.clock.now(), person="99990000-0000-4000-8000-00000000d002")
    with role_assignments(azure, application=azure.operator) as anybody:
        assert ensured(anybody, nobody) in {Unreachable("PrincipalNotFound"), Unreachable("SubjectNotFound")}


# What is not ours


def test_standing_access_is_enough_and_left_alone(
    azure: AzureStandIn, adapter: RoleAssignments, azure_people: People
):
    before = standing(azure)
    chloes = azure_grant(next(NUMBERS), azure.clock.now(), person="chloe")
    assert ensured(adapter, chloes) == Standing()
    assert isinstance(removed(adapter, chloes), Absent)
    assert azure_people.read(azure_people.sign_in("chloe")) == Allowed((names.DATABASE,))
    assert standing(azure) == before


@pytest.mark.parametrize("description", ["the database team's", None, "prod-access instance=another grant=x"])
def test_what_another_made_under_our_name_is_left_alone(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, description: str | None
):
    words = {
        "role_definition_id": names.role_id(names.READER),
        "principal_id": names.PEOPLE["ana"],
        "description": description,
    }
    with azure_client(azure, azure.operator) as another:
        another.assign(grant.holding, words)
    assert ensured(adapter, grant) == RefusedForGood("name_taken_by_another")
    assert isinstance(removed(adapter, grant), Absent)
    (one,) = made(azure)
    assert one["description"] == description


def test_another_installation_with_the_same_identity_keeps_its_own(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    with role_assignments(azure, application=azure.direct_worker, instance="staging") as theirs:
        ensured(theirs, grant)
    assert ensured(adapter, grant) == RefusedForGood("name_taken_by_another")
    assert isinstance(removed(adapter, grant), Absent)
    assert len(made(azure)) == 1


def test_a_name_that_is_used_elsewhere_in_the_tenant_is_refused(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    elsewhere = f"{names.SUBSCRIPTION_SCOPE}/providers/Microsoft.Authorization/roleAssignments"
    with azure_client(azure, azure.operator) as another:
        role, ben = names.role_id(names.READER), names.PEOPLE["ben"]
        words = {"role_definition_id": role, "principal_id": ben}
        another.assign(f"{elsewhere}/{name_of(grant)}", words)
    assert ensured(adapter, grant) == RefusedForGood("RoleAssignmentUpdateNotPermitted")
    assert isinstance(removed(adapter, grant), Absent)
    assert len(made(azure)) == 1


def test_what_we_made_still_ends_when_the_signing_key_is_lost(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    with role_assignments(azure, b"a new key, since the old is lost", application=azure.direct_worker) as now:
        assert isinstance(now.look(holding), StillThere)
        assert isinstance(removed(now, grant), Absent)
    assert made(azure) == []


@pytest.mark.parametrize("edited", ["tidied up by hand", None])
def test_what_we_made_still_ends_when_its_description_was_edited(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, edited: str | None
):
    ensured(adapter, grant)
    with azure_client(azure, azure.operator) as another:
        role, ana = names.role_id(names.READER), names.PEOPLE["ana"]
        another.assign(
            grant.holding, {"role_definition_id": role, "principal_id": ana, "description": edited}
        )
    assert isinstance(removed(adapter, grant), Absent)
    assert made(azure) == []


# Storage's data roles end by themselves


@pytest.fixture
def blobs(azure: AzureStandIn) -> Grant:
    return azure_grant(next(NUMBERS), azure.clock.now(), role=BLOBS)


def test_reading_blobs_ends_by_itself_with_us_dead(
    azure: AzureStandIn, adapter: RoleAssignments, blobs: Grant, azure_people: People
):
    ana = azure_people.sign_in("ana", names.STORAGE_AUDIENCE)
    assert ensured(adapter, blobs) == Present(blobs.ends_at)
    assert azure_people.read_reports(ana) == Allowed((names.REPORT,))
    azure.clock.move_to(blobs.ends_at + SECOND)
    assert isinstance(azure_people.read_reports(ana), Refused)
    assert isinstance(removed(adapter, blobs), Absent)
    assert made(azure) == []


def test_its_end_is_read_from_the_condition_itself(
    azure: AzureStandIn, adapter: RoleAssignments, blobs: Grant, azure_people: People
):
    ensured(adapter, blobs)
    assert adapter._look(Holding.of([blobs])) == Seen(
        blobs.ends_at, complete=True, labelled_until=blobs.ends_at
    )
    later = blobs.model_copy(update={"ends_at": blobs.ends_at + timedelta(minutes=20)})
    assert ensured(adapter, later) == Present(later.ends_at)
    assert adapter._look(Holding.of([blobs])) == Seen(
        later.ends_at, complete=True, labelled_until=later.ends_at
    )
    azure.clock.move_to(blobs.ends_at + SECOND)
    ana = azure_people.sign_in("ana", names.STORAGE_AUDIENCE)
    assert azure_people.read_reports(ana) == Allowed((names.REPORT,))


def test_a_condition_that_somebody_took_off_is_put_back(
    azure: AzureStandIn, adapter: RoleAssignments, blobs: Grant
):
    ensured(adapter, blobs)
    (one,) = made(azure)
    with azure_client(azure, azure.operator) as another:
        words = {"role_definition_id": names.role_id(names.BLOB_READER), "principal_id": names.PEOPLE["ana"]}
        another.assign(blobs.holding, words | {"description": one["description"]})
    assert adapter._look(Holding.of([blobs])) == Seen(None, complete=False, labelled_until=blobs.ends_at)
    assert ensured(adapter, blobs) == Present(blobs.ends_at)
    assert made(azure)[0]["condition"] == one["condition"]


def test_any_other_role_has_no_end_of_its_own(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    ensured(adapter, grant)
    assert adapter._look(Holding.of([grant])) == Seen(None, complete=True, labelled_until=grant.ends_at)
    azure.clock.move_to(grant.ends_at + timedelta(hours=1))
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)


# Noes


def grant_of(azure: AzureStandIn, role: str, scope: AzureScope = SHOP) -> Grant:
    target = assignment_at(scope, role)
    number = next(NUMBERS)
    return azure_grant(number, azure.clock.now()).model_copy(
        update={
            "id": GrantId(f"pa-{number}-1"),
            "request": RequestId(f"pa-{number}"),
            "entitlement": target,
            "holding": assignment_key(target, names.PEOPLE["ana"]),
        }
    )


@pytest.mark.parametrize("role", [names.OWNER, names.CONTRIBUTOR])
def test_a_role_outside_the_workers_condition_is_refused(
    azure: AzureStandIn, adapter: RoleAssignments, role: str
):
    assert ensured(adapter, grant_of(azure, role)) == RefusedForGood("AuthorizationFailed")
    assert made(azure) == []


def test_a_role_that_does_not_exist_is_refused(azure: AzureStandIn):
    nothing = grant_of(azure, "11111111-1111-4111-8111-111111111111")
    with role_assignments(azure, application=azure.operator) as anybody:
        assert ensured(anybody, nothing) == RefusedForGood("RoleDefinitionDoesNotExist")


def test_a_full_subscription_is_refused(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    azure.configure(assignment_limit=1)
    assert ensured(adapter, grant) == RefusedForGood("RoleAssignmentLimitExceeded")


def test_a_place_that_is_gone_gives_no_access_and_holds_none(azure: AzureStandIn, adapter: RoleAssignments):
    gone = AzureScope(alias="gone", tenant=names.TENANT, id=f"{names.SUBSCRIPTION_SCOPE}/resourceGroups/gone")
    grant = azure_grant(next(NUMBERS), azure.clock.now(), scope=gone)
    assert ensured(adapter, grant) == RefusedForGood("ResourceGroupNotFound")
    assert isinstance(removed(adapter, grant), Absent)


def test_a_refused_removal_is_tried_again(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    azure.break_calls(Kind.ERROR, [DELETE], status=403, code="AuthorizationFailed", times=1)
    assert adapter.remove(holding, Open(), early=True) == Unreachable("AuthorizationFailed")
    assert isinstance(removed(adapter, grant), Absent)
