"""Direct role assignments: what is made, listed, removed and refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.mgmt.authorization import AuthorizationManagementClient

from sandbox.azure import names
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import Allowed, People
from tests.sandbox.azure.asks import SCOPE, code_of, reader

Refusal = Callable[..., tuple[int, str]]
Client = AuthorizationManagementClient


def test_an_assignment_is_made_read_and_deleted(azure: AzureStandIn, worker: Client, name: str) -> None:
    made = worker.role_assignments.create(SCOPE, name, reader(description="g-1"))
    assert (made.name, made.created_by, made.updated_by) == (name, None, azure.worker.object_id)
    found = worker.role_assignments.get(SCOPE, name)
    assert (found.description, found.created_by) == ("g-1", azure.worker.object_id)
    assert found.role_definition_id == names.role_id(names.READER)
    assert worker.role_assignments.delete(SCOPE, name).name == name
    with pytest.raises(ResourceNotFoundError) as gone:
        worker.role_assignments.get(SCOPE, name)
    assert gone.value.error.code == "RoleAssignmentNotFound"


def test_deleting_what_is_not_there_is_no_error(worker: Client, name: str) -> None:
    assert worker.role_assignments.delete(SCOPE, name) is None


def test_the_same_put_again_is_accepted_and_may_change_the_description(worker: Client, name: str) -> None:
    worker.role_assignments.create(SCOPE, name, reader(description="g-1"))
    worker.role_assignments.create(SCOPE, name, reader(description="g-1 until later"))
    assert worker.role_assignments.get(SCOPE, name).description == "g-1 until later"


def test_another_name_for_the_same_is_refused_and_says_which(
    worker: Client, name: str, other_name: str
) -> None:
    worker.role_assignments.create(SCOPE, name, reader())
    with pytest.raises(ResourceExistsError) as refused:
        worker.role_assignments.create(SCOPE.lower(), other_name, reader())
    assert refused.value.status_code == 409
    assert refused.value.error.code == "RoleAssignmentExists"
    assert name.replace("-", "") in refused.value.error.message


def test_standing_access_is_met_as_an_assignment_that_is_not_ours(worker: Client, name: str) -> None:
    with pytest.raises(ResourceExistsError):
        worker.role_assignments.create(SCOPE, name, reader("chloe"))


@pytest.mark.parametrize(
    ("scope", "changed"),
    [
        (SCOPE, {"principal_id": names.PEOPLE["ben"]}),
        (SCOPE, {"role_definition_id": names.role_id(names.LOG_READER)}),
        (names.DATABASE_SCOPE, {}),
    ],
)
def test_a_name_stays_with_what_it_was_made_for(
    worker: Client, name: str, refusal: Refusal, scope: str, changed: dict[str, str]
) -> None:
    worker.role_assignments.create(SCOPE, name, reader())
    refused = refusal(worker.role_assignments.create, scope, name, reader(**changed))
    assert refused == (400, "RoleAssignmentUpdateNotPermitted")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"role_definition_id": names.role_id("11111111-1111-4111-8111-111111111111")},
            (404, "RoleDefinitionDoesNotExist"),
        ),
        ({"principal_id": "nobody"}, (400, "InvalidPrincipalId")),
        ({"principal_id": "11111111-1111-4111-8111-111111111111"}, (400, "PrincipalNotFound")),
        ({"principal_type": "Group"}, (400, "UnmatchedPrincipalType")),
        ({"description": "x" * 2_049}, (400, "InvalidRoleAssignmentDescription")),
        (
            {"condition": "@Resource[x] StringEquals 'y'", "condition_version": "1.0"},
            (400, "InvalidRoleAssignmentCondition"),
        ),
        ({"condition": "((", "condition_version": "2.0"}, (400, "InvalidRoleAssignmentCondition")),
        (
            {"condition": "'" + "y" * 8_192 + "'", "condition_version": "2.0"},
            (400, "InvalidRoleAssignmentCondition"),
        ),
    ],
)
def test_a_wrong_body_is_refused(
    operator: Client, name: str, refusal: Refusal, changed: dict[str, str], expected: tuple[int, str]
) -> None:
    assert refusal(operator.role_assignments.create, SCOPE, name, reader(**changed)) == expected


def test_a_name_is_a_guid(worker: Client, refusal: Refusal) -> None:
    refused = refusal(worker.role_assignments.create, SCOPE, "grant-1", reader())
    assert refused == (400, "InvalidRoleAssignmentId")


def test_a_new_principal_is_not_found_without_its_type(
    azure: AzureStandIn, operator: Client, newcomer: str, name: str, refusal: Refusal
) -> None:
    azure.configure(principal_lag=120)
    untold = reader(newcomer, principal_type=None)
    assert refusal(operator.role_assignments.create, SCOPE, name, untold) == (400, "PrincipalNotFound")
    operator.role_assignments.create(SCOPE, name, reader(newcomer))
    operator.role_assignments.delete(SCOPE, name)
    azure.clock.move(timedelta(seconds=121))
    operator.role_assignments.create(SCOPE, name, untold)


def test_the_assignments_of_somebody_who_is_gone_stay(
    azure: AzureStandIn, worker: Client, newcomer: str, name: str
) -> None:
    worker.role_assignments.create(SCOPE, name, reader(newcomer))
    azure.remove_principal(newcomer)
    assert worker.role_assignments.get(SCOPE, name).principal_id == newcomer
    worker.role_assignments.delete(SCOPE, name)


def test_a_full_subscription_takes_no_more(
    azure: AzureStandIn, worker: Client, name: str, refusal: Refusal
) -> None:
    azure.configure(assignment_limit=len(azure.assignments()) - 1)  # one is in the other subscription
    refused = refusal(worker.role_assignments.create, SCOPE, name, reader())
    assert refused == (400, "RoleAssignmentLimitExceeded")


def test_scopes_that_are_not_there(operator: Client, name: str, refusal: Refusal) -> None:
    create = operator.role_assignments.create
    unknown = "/subscriptions/30000000-0000-4000-8000-000000000003"
    assert refusal(create, unknown, name, reader()) == (404, "SubscriptionNotFound")
    nowhere = f"{names.SUBSCRIPTION_SCOPE}/resourceGroups/nowhere"
    assert refusal(create, nowhere, name, reader()) == (404, "ResourceGroupNotFound")
    assert refusal(create, f"{names.DATABASE_SCOPE}2", name, reader()) == (404, "ResourceNotFound")
    assert refusal(create, "/somewhere", name, reader()) == (400, "InvalidScope")


def test_a_worker_has_no_power_elsewhere(worker: Client, name: str, refusal: Refusal) -> None:
    scope = f"/subscriptions/{names.SHOP_DEV}"
    assert refusal(worker.role_assignments.create, scope, name, reader()) == (403, "AuthorizationFailed")


@pytest.mark.parametrize("role", [names.OWNER, names.CONTRIBUTOR, names.RBAC_ADMINISTRATOR])
def test_the_delegation_condition_holds_roles(worker: Client, name: str, refusal: Refusal, role: str) -> None:
    asked = reader(role_definition_id=names.role_id(role))
    assert refusal(worker.role_assignments.create, SCOPE, name, asked) == (403, "AuthorizationFailed")


@pytest.mark.parametrize(
    ("principal", "kind"),
    [(names.DATABASE_TEAM, "Group"), (names.APPLICATIONS[names.WORKER][1], "ServicePrincipal")],
)
def test_the_delegation_condition_holds_principals(
    azure: AzureStandIn,
    client: Callable[..., Client],
    *,
    name: str,
    refusal: Refusal,
    principal: str,
    kind: str,
) -> None:
    create = client(azure.direct_worker).role_assignments.create
    asked = reader(principal, principal_type=kind)
    assert refusal(create, SCOPE, name, asked) == (403, "AuthorizationFailed")
    lied = reader(principal, principal_type="User")
    assert refusal(create, SCOPE, name, lied) == (403, "AuthorizationFailed")


def test_the_delegation_condition_holds_deleting_too(
    worker: Client, operator: Client, name: str, refusal: Refusal
) -> None:
    operator.role_assignments.create(SCOPE, name, reader(role_definition_id=names.role_id(names.CONTRIBUTOR)))
    assert refusal(worker.role_assignments.delete, SCOPE, name) == (403, "AuthorizationFailed")
    standing = "5ee00000-0000-4000-8000-000000000001"
    refused = refusal(worker.role_assignments.delete, names.SUBSCRIPTION_SCOPE, standing)
    assert refused == (403, "AuthorizationFailed")


def test_a_refusal_by_the_condition_says_so(worker: Client, name: str) -> None:
    asked = reader(role_definition_id=names.role_id(names.OWNER))
    with pytest.raises(Exception, match="an ABAC condition not fulfilled to perform action"):
        worker.role_assignments.create(SCOPE, name, asked)


def _names(found: object) -> set[str]:
    return {one.name for one in found}  # type: ignore[attr-defined]


def test_lists_look_up_and_down_from_a_scope(worker: Client, name: str, other_name: str) -> None:
    worker.role_assignments.create(names.SUBSCRIPTION_SCOPE, name, reader())
    worker.role_assignments.create(names.DATABASE_SCOPE, other_name, reader())
    ours, listing = {name, other_name}, worker.role_assignments
    assert _names(listing.list_for_subscription()) & ours == ours
    assert _names(listing.list_for_subscription(filter="atScope()")) & ours == {name}
    assert _names(listing.list_for_resource_group(names.RESOURCE_GROUP)) & ours == ours
    assert _names(listing.list_for_scope(SCOPE, filter="atScope()")) & ours == {name}
    database = ("Microsoft.DBforPostgreSQL", "flexibleServers", names.DATABASE)
    assert _names(listing.list_for_resource(names.RESOURCE_GROUP, *database)) & ours == ours
    staging = f"{names.SUBSCRIPTION_SCOPE}/resourceGroups/{names.STAGING}"
    assert _names(listing.list_for_scope(staging)) & ours == {name}


def test_lists_by_principal(worker: Client, name: str) -> None:
    listing, ben = worker.role_assignments, names.PEOPLE["ben"]
    worker.role_assignments.create(SCOPE, name, reader("ben"))
    assert _names(listing.list_for_scope(SCOPE, filter=f"principalId eq '{ben}'")) == {name}
    through_group = _names(listing.list_for_scope(SCOPE, filter=f"atScope() and assignedTo('{ben}')"))
    assert through_group == {name, "5ee00000-0000-4000-8000-000000000005"}


@pytest.mark.parametrize(
    "text",
    [
        "principalId eq a0000000-0000-4000-8000-0000000000a1",
        "atScope() and principalId eq 'a0000000-0000-4000-8000-0000000000a1'",
        "description eq 'g-1'",
        "asTarget()",
    ],
)
def test_filters_azure_does_not_take(worker: Client, refusal: Refusal, text: str) -> None:
    listed = worker.role_assignments.list_for_scope(SCOPE, filter=text)
    assert refusal(list, listed) == (400, "UnsupportedQuery")


def test_lists_come_in_pages(azure: AzureStandIn, worker: Client) -> None:
    azure.configure(page_size=2)
    assert len(_names(worker.role_assignments.list_for_subscription())) == 5


def test_a_new_assignment_is_not_found_at_once(azure: AzureStandIn, worker: Client, name: str) -> None:
    azure.configure(listing_lag=30)
    worker.role_assignments.create(SCOPE, name, reader())
    with pytest.raises(ResourceNotFoundError):
        worker.role_assignments.get(SCOPE, name)
    assert name not in _names(worker.role_assignments.list_for_scope(SCOPE))
    azure.clock.move(timedelta(seconds=31))
    assert worker.role_assignments.get(SCOPE, name).name == name
    worker.role_assignments.delete(SCOPE, name)
    assert name in _names(worker.role_assignments.list_for_scope(SCOPE))
    azure.clock.move(timedelta(seconds=31))
    assert name not in _names(worker.role_assignments.list_for_scope(SCOPE))


def test_access_follows_an_assignment_up_and_down_the_scopes(
    worker: Client, azure_people: People, name: str, other_name: str
) -> None:
    ana = azure_people.sign_in("ana")
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"
    worker.role_assignments.create(names.DATABASE_SCOPE, name, reader())
    assert isinstance(azure_people.read_database(ana), Allowed)
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"
    worker.role_assignments.create(names.SUBSCRIPTION_SCOPE, other_name, reader())
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    assert code_of(azure_people.restart(ana)) == "AuthorizationFailed"
    worker.role_assignments.delete(names.SUBSCRIPTION_SCOPE, other_name)
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"


def test_one_may_change_what_ones_role_changes(worker: Client, azure_people: People, name: str) -> None:
    asked = reader(role_definition_id=names.role_id(names.DATABASE_OPERATOR))
    worker.role_assignments.create(SCOPE, name, asked)
    ana = azure_people.sign_in("ana")
    assert azure_people.restart(ana) == Allowed(("",))
    path = f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/{name}"
    assert code_of(azure_people.call(ana, "DELETE", path)) == "AuthorizationFailed"


def test_access_takes_its_time_to_come_and_to_go(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str
) -> None:
    azure.configure(propagation=600)
    worker.role_assignments.create(SCOPE, name, reader())
    ana = azure_people.sign_in("ana")
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"
    azure.clock.move(timedelta(seconds=601))
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    worker.role_assignments.delete(SCOPE, name)
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    azure.clock.move(timedelta(seconds=601))
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"


def _blobs_until(end: str) -> dict[str, str]:
    return {
        "role_definition_id": names.role_id(names.BLOB_READER),
        "condition": f"@Environment[UtcNow] DateTimeLessThan '{end}'",
        "condition_version": "2.0",
    }


def test_a_date_ends_access_to_blobs_by_itself(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str
) -> None:
    end = azure.clock.now() + timedelta(minutes=20)
    asked = reader(**_blobs_until(end.strftime("%Y-%m-%dT%H:%M:%SZ")))
    worker.role_assignments.create(names.STORAGE_SCOPE, name, asked)
    ana = azure_people.sign_in("ana", names.STORAGE_AUDIENCE)
    assert azure_people.read_reports(ana) == Allowed((names.REPORT,))
    azure.stop_dates()
    azure.clock.move_to(end + timedelta(seconds=2))
    assert azure_people.read_reports(ana) == Allowed((names.REPORT,))
    azure.mend()
    assert code_of(azure_people.read_reports(ana)) == "AuthorizationPermissionMismatch"


def test_a_date_on_another_role_ends_nothing(worker: Client, azure_people: People, name: str) -> None:
    past = _blobs_until("2020-01-01T00:00:00Z") | {"role_definition_id": names.role_id(names.READER)}
    worker.role_assignments.create(SCOPE, name, reader(**past))
    assert azure_people.read(azure_people.sign_in("ana")) == Allowed((names.DATABASE,))


def test_role_definitions(worker: Client, refusal: Refusal) -> None:
    found = list(worker.role_definitions.list(SCOPE, filter="roleName eq 'Reader'"))
    assert [(role.name, role.role_type) for role in found] == [(names.READER, "BuiltInRole")]
    own = worker.role_definitions.get(SCOPE, names.DATABASE_OPERATOR)
    assert (own.role_name, own.role_type) == ("Meridian database operator", "CustomRole")
    unknown = "11111111-1111-4111-8111-111111111111"
    refused = refusal(worker.role_definitions.get, SCOPE, unknown)
    assert refused == (404, "RoleDefinitionDoesNotExist")


def test_what_the_caller_may_do(azure: AzureStandIn, client: Callable[..., Client]) -> None:
    permissions = client(azure.direct_worker).permissions.list_for_resource_group(names.RESOURCE_GROUP)
    actions = {action for permission in permissions for action in permission.actions}
    assert "Microsoft.Authorization/roleAssignments/write" in actions
