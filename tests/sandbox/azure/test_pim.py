"""PIM: assignments that end by themselves, and everything that is in the way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.authorization import AuthorizationManagementClient

from sandbox.azure import names
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import Allowed, People
from tests.sandbox.azure.asks import SCOPE, code_of, reader, until

Refusal = Callable[..., tuple[int, str]]
Client = AuthorizationManagementClient
HOUR = timedelta(hours=1)
MINE = f"principalId eq '{names.PEOPLE['ana']}'"


def _ask(client: Client, name: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - the SDK's own models
    return client.role_assignment_schedule_requests.create(SCOPE, name, body)


def _instances(client: Client) -> list[Any]:
    return list(client.role_assignment_schedule_instances.list_for_scope(SCOPE, filter=MINE))


def _schedules(client: Client) -> list[Any]:
    return list(client.role_assignment_schedules.list_for_scope(SCOPE, filter=MINE))


def test_it_ends_by_itself(azure: AzureStandIn, worker: Client, azure_people: People, name: str) -> None:
    end = azure.clock.now() + HOUR / 2
    made = _ask(worker, name, until(end))
    assert (made.status, made.name, made.requestor_id) == ("Provisioned", name, azure.worker.object_id)
    ana = azure_people.sign_in("ana")
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    (instance,) = _instances(worker)
    assert abs(instance.end_date_time - end) < timedelta(seconds=1)
    backing = worker.role_assignments.get_by_id(instance.origin_role_assignment_id)
    assert backing.principal_id == names.PEOPLE["ana"]
    azure.clock.move_to(end + timedelta(seconds=1))
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"
    with pytest.raises(ResourceNotFoundError):
        worker.role_assignments.get_by_id(instance.origin_role_assignment_id)


def test_what_ended_is_listed_for_a_while(azure: AzureStandIn, worker: Client, name: str) -> None:
    _ask(worker, name, until(HOUR))
    azure.clock.move(HOUR + timedelta(seconds=1))
    assert (len(_instances(worker)), len(_schedules(worker))) == (1, 1)
    azure.clock.move(timedelta(seconds=26))
    assert (len(_instances(worker)), len(_schedules(worker))) == (0, 1)
    azure.clock.move(timedelta(seconds=300))
    assert (len(_instances(worker)), len(_schedules(worker))) == (0, 0)


def test_removing_waits_for_the_first_five_minutes(
    azure: AzureStandIn, worker: Client, azure_people: People, *, name: str, other_name: str, refusal: Refusal
) -> None:
    _ask(worker, name, until(HOUR))
    removal = until(HOUR, "AdminRemove")
    ana = azure_people.sign_in("ana")
    assert refusal(_ask, worker, other_name, removal) == (400, "RoleAssignmentDoesNotExist")
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    azure.clock.move(timedelta(seconds=61))
    assert refusal(_ask, worker, other_name, removal) == (400, "ActiveDurationTooShort")
    azure.clock.move(timedelta(seconds=240))
    assert _ask(worker, other_name, removal).status == "Revoked"
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"


def test_removing_what_is_gone(worker: Client, name: str, refusal: Refusal) -> None:
    removal = until(HOUR, "AdminRemove")
    assert refusal(_ask, worker, name, removal) == (400, "RoleAssignmentDoesNotExist")


def test_removing_takes_standing_access_too(worker: Client, azure_people: People, name: str) -> None:
    chloe = azure_people.sign_in("chloe")
    assert azure_people.read(chloe) == Allowed((names.DATABASE,))
    _ask(worker, name, until(HOUR, "AdminRemove", principal_id=names.PEOPLE["chloe"]))
    assert code_of(azure_people.read(chloe)) == "AuthorizationFailed"


def test_the_same_again_exists_until_a_while_after_the_end(
    azure: AzureStandIn, worker: Client, name: str, other_name: str, refusal: Refusal
) -> None:
    _ask(worker, name, until(HOUR))
    assert refusal(_ask, worker, other_name, until(HOUR)) == (400, "RoleAssignmentExists")
    azure.clock.move(HOUR + timedelta(seconds=1))
    assert refusal(_ask, worker, other_name, until(HOUR)) == (400, "RoleAssignmentExists")
    azure.clock.move(timedelta(seconds=106))
    assert _ask(worker, other_name, until(HOUR)).status == "Provisioned"


def test_a_direct_assignment_is_in_the_way(
    worker: Client, name: str, other_name: str, refusal: Refusal
) -> None:
    worker.role_assignments.create(SCOPE, name, reader())
    assert refusal(_ask, worker, other_name, until(HOUR)) == (400, "RoleAssignmentExists")
    (instance,) = _instances(worker)
    assert (instance.name, instance.end_date_time) == (name, None)


def test_a_request_has_one_name(worker: Client, name: str, refusal: Refusal) -> None:
    _ask(worker, name, until(HOUR))
    assert refusal(_ask, worker, name, until(HOUR)) == (400, "RoleAssignmentRequestExists")
    assert worker.role_assignment_schedule_requests.get(SCOPE, name).status == "Provisioned"


def test_requests_are_found_again_by_who_asked(
    azure: AzureStandIn, worker: Client, operator: Client, name: str, other_name: str
) -> None:
    _ask(worker, name, until(HOUR))
    _ask(operator, other_name, until(HOUR, principal_id=names.PEOPLE["ben"]))
    requests = worker.role_assignment_schedule_requests
    (found,) = requests.list_for_scope(names.SUBSCRIPTION_SCOPE, filter="asRequestor()")
    assert (found.name, found.ticket_info.ticket_number) == (name, "g-1")
    assert found.schedule_info.expiration.duration == "PT60M"
    assert [one.name for one in requests.list_for_scope(SCOPE, filter=MINE)] == [name]
    assert list(requests.list_for_scope(SCOPE, filter="asTarget()")) == []
    azure.clock.move(timedelta(days=46))
    assert list(requests.list_for_scope(SCOPE, filter="asRequestor()")) == []


@pytest.mark.parametrize("kind", ["AdminExtend", "AdminUpdate"])
def test_extending_moves_the_end(
    azure: AzureStandIn, worker: Client, azure_people: People, *, name: str, other_name: str, kind: str
) -> None:
    end = azure.clock.now() + HOUR
    _ask(worker, name, until(end))
    azure.clock.move(timedelta(minutes=50))
    assert _ask(worker, other_name, until(end + HOUR, kind)).status == "Provisioned"
    (instance,) = _instances(worker)
    assert abs(instance.end_date_time - end - HOUR) < timedelta(seconds=1)
    azure.clock.move_to(end + timedelta(seconds=1))
    ana = azure_people.sign_in("ana")
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    azure.clock.move_to(end + HOUR + timedelta(seconds=1))
    assert code_of(azure_people.read(azure_people.sign_in("ana"))) == "AuthorizationFailed"


def test_extending_what_is_gone_or_not_seen_yet(
    worker: Client, name: str, other_name: str, refusal: Refusal
) -> None:
    asked = until(HOUR * 2, "AdminExtend")
    assert refusal(_ask, worker, other_name, asked) == (400, "RoleAssignmentDoesNotExist")
    _ask(worker, name, until(HOUR))
    assert refusal(_ask, worker, other_name, asked) == (400, "RoleAssignmentDoesNotExist")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"justification": None}, (400, "RoleAssignmentRequestPolicyValidationFailed")),
        ({"schedule_info": None}, (400, "RoleAssignmentRequestPolicyValidationFailed")),
        (until(timedelta(days=181)), (400, "RoleAssignmentRequestPolicyValidationFailed")),
        (until(HOUR, "SelfActivate"), (400, "RoleAssignmentRequestPolicyValidationFailed")),
        (until(timedelta(minutes=4)), (400, "ActiveDurationTooShort")),
        ({"request_type": "Please"}, (400, "InvalidRoleAssignmentRequestType")),
        (
            {"schedule_info": {"expiration": {"type": "AfterDuration", "duration": "P1W"}}},
            (400, "InvalidRoleAssignmentRequestSchedule"),
        ),
        (
            {"schedule_info": {"expiration": {"type": "AfterDateTime"}}},
            (400, "InvalidRoleAssignmentRequestSchedule"),
        ),
        ({"principal_id": "11111111-1111-4111-8111-111111111111"}, (403, "AuthorizationFailed")),
    ],
)
def test_a_wrong_request_is_refused(
    worker: Client, name: str, refusal: Refusal, changed: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refusal(_ask, worker, name, until(HOUR) | changed) == expected


def test_what_only_the_owner_gets_as_far_as(operator: Client, name: str, refusal: Refusal) -> None:
    nobody = until(HOUR, principal_id="11111111-1111-4111-8111-111111111111")
    assert refusal(_ask, operator, name, nobody) == (400, "SubjectNotFound")
    nothing = until(HOUR, role_definition_id=names.role_id("11111111-1111-4111-8111-111111111111"))
    assert refusal(_ask, operator, name, nothing) == (404, "RoleDefinitionDoesNotExist")


def test_the_rule_that_failed_is_in_the_message_only(azure: AzureStandIn, worker: Client, name: str) -> None:
    azure.configure(pim_rules=["Justification", "Ticketing"])
    with pytest.raises(Exception, match=r'\["JustificationRule","TicketingRule"\]'):
        _ask(worker, name, until(HOUR, justification=None, ticket_info=None))


def test_the_policy_can_be_read_first(azure: AzureStandIn, worker: Client) -> None:
    azure.configure(pim_longest_days=15)
    role = names.role_id(names.READER)
    policies = worker.role_management_policy_assignments.list_for_scope(
        SCOPE, params={"$filter": f"roleDefinitionId eq '{role}'"}
    )
    (policy,) = policies
    rules = {rule.id: rule for rule in policy.effective_rules}
    assert rules["Expiration_Admin_Assignment"].maximum_duration == "P15D"
    assert rules["Enablement_Admin_Assignment"].enabled_rules == ["Justification"]


def test_without_a_licence_there_is_no_pim(
    azure: AzureStandIn, worker: Client, name: str, refusal: Refusal
) -> None:
    azure.configure(licensed=False)
    assert refusal(_ask, worker, name, until(HOUR)) == (400, "AadPremiumLicenseRequired")
    validate = worker.role_assignment_schedule_requests.validate
    assert refusal(validate, SCOPE, name, until(HOUR)) == (400, "AadPremiumLicenseRequired")


def test_validating_changes_nothing(worker: Client, name: str, other_name: str, refusal: Refusal) -> None:
    requests = worker.role_assignment_schedule_requests
    assert requests.validate(SCOPE, name, until(HOUR)).principal_id == names.PEOPLE["ana"]
    assert refusal(requests.get, SCOPE, name) == (404, "RoleAssignmentScheduleRequestNotFound")
    _ask(worker, name, until(HOUR))
    assert refusal(requests.validate, SCOPE, other_name, until(HOUR)) == (400, "RoleAssignmentExists")


def test_a_least_worker_is_not_let_in(
    azure: AzureStandIn, client: Callable[..., Client], name: str, refusal: Refusal
) -> None:
    refused = refusal(_ask, client(azure.direct_worker), name, until(HOUR))
    assert refused == (403, "AuthorizationFailed")


def test_the_delegation_condition_holds_for_pim_too(worker: Client, name: str, refusal: Refusal) -> None:
    owner = until(HOUR, role_definition_id=names.role_id(names.OWNER))
    assert refusal(_ask, worker, name, owner) == (403, "AuthorizationFailed")
    removal = owner | {"request_type": "AdminRemove"}
    assert refusal(_ask, worker, name, removal) == (403, "AuthorizationFailed")


def test_provisioning_may_take_a_while(
    azure: AzureStandIn, worker: Client, azure_people: People, *, name: str, other_name: str, refusal: Refusal
) -> None:
    azure.configure(pim_provisioning=40)
    assert _ask(worker, name, until(HOUR)).status == "PendingProvisioning"
    assert refusal(_ask, worker, other_name, until(HOUR)) == (400, "PendingRoleAssignmentRequest")
    ana = azure_people.sign_in("ana")
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"
    azure.clock.move(timedelta(seconds=41))
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    assert worker.role_assignment_schedule_requests.get(SCOPE, name).status == "Provisioned"


def test_it_may_start_later_and_be_taken_back(
    azure: AzureStandIn, worker: Client, name: str, other_name: str, refusal: Refusal
) -> None:
    later = until(HOUR)
    later["schedule_info"]["start_date_time"] = azure.clock.now() + HOUR
    assert _ask(worker, name, later).status == "Granted"
    worker.role_assignment_schedule_requests.cancel(SCOPE, name)
    assert worker.role_assignment_schedule_requests.get(SCOPE, name).status == "Canceled"
    azure.clock.move(HOUR * 1.5)
    assert _instances(worker) == []
    _ask(worker, other_name, until(HOUR))
    cancel = worker.role_assignment_schedule_requests.cancel
    assert refusal(cancel, SCOPE, other_name) == (400, "RoleAssignmentRequestCannotBeCanceled")


def test_a_policy_may_want_an_approval_nobody_gives(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str
) -> None:
    azure.configure(pim_needs_approval=True)
    assert _ask(worker, name, until(HOUR)).status == "PendingApproval"
    azure.clock.move(timedelta(minutes=30))
    assert code_of(azure_people.read(azure_people.sign_in("ana"))) == "AuthorizationFailed"


def test_the_assignment_behind_a_schedule_is_not_deleted(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str, refusal: Refusal
) -> None:
    _ask(worker, name, until(HOUR))
    (instance,) = _instances(worker)
    delete = worker.role_assignments.delete_by_id
    refused = refusal(delete, instance.origin_role_assignment_id)
    assert refused == (400, "RoleAssignmentDeleteNotPermitted")
    azure.configure(pim_backed_delete=True)
    delete(instance.origin_role_assignment_id)
    assert code_of(azure_people.read(azure_people.sign_in("ana"))) == "AuthorizationFailed"


def test_with_dates_stopped_only_removing_ends_it(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str, other_name: str
) -> None:
    _ask(worker, name, until(HOUR))
    azure.stop_dates()
    azure.clock.move(HOUR * 2)
    ana = azure_people.sign_in("ana")
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    assert _ask(worker, other_name, until(HOUR, "AdminRemove")).status == "Revoked"
    assert code_of(azure_people.read(ana)) == "AuthorizationFailed"


def test_when_dates_go_on_what_was_due_has_ended(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str
) -> None:
    _ask(worker, name, until(HOUR))
    azure.stop_dates()
    azure.clock.move(HOUR * 2)
    azure.mend()
    assert code_of(azure_people.read(azure_people.sign_in("ana"))) == "AuthorizationFailed"


def test_schedules_and_instances_by_name_and_filter(worker: Client, name: str, refusal: Refusal) -> None:
    made = _ask(worker, name, until(HOUR))
    schedule = worker.role_assignment_schedules.get(SCOPE, made.target_role_assignment_schedule_id)
    assert schedule.role_assignment_schedule_request_id.endswith(name)
    instance = worker.role_assignment_schedule_instances.get(SCOPE, schedule.name)
    assert instance.role_assignment_schedule_id.endswith(schedule.name)
    assigned = f"assignedTo('{names.PEOPLE['ana']}')"
    listed = worker.role_assignment_schedule_instances.list_for_scope(SCOPE, filter=assigned)
    assert [one.name for one in listed] == [instance.name]
    unknown = "11111111-1111-4111-8111-111111111111"
    refused = refusal(worker.role_assignment_schedules.get, SCOPE, unknown)
    assert refused == (404, "RoleAssignmentScheduleNotFound")
