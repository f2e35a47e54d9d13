"""The Resource Manager's pages about PIM: requests, schedules, instances, policies."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sandbox.azure.arm_assignments import belongs, in_list, page, properties, write_attributes
from sandbox.azure.assignments import Assignment
from sandbox.azure.azure import Asking
from sandbox.azure.errors import AzureError
from sandbox.azure.filters import Filter, read_filter
from sandbox.azure.roles import every_role, role_of
from sandbox.azure.schedules import Schedule, ScheduleRequest
from sandbox.azure.wire import Answer, json_answer

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_TYPES = frozenset(
    f"{who}{what}"
    for who, whats in {
        "Admin": ("Assign", "Remove", "Update", "Extend", "Renew"),
        "Self": ("Activate", "Deactivate", "Extend", "Renew"),
    }.items()
    for what in whats
)
_FLAGS = ("atScope", "asTarget", "asRequestor", "asApprover")


def request_attributes(asking: Asking) -> dict[str, str]:
    """What the delegation condition of whoever asks sees: PIM acts with no more than its caller has.

    Whether Azure holds PIM to the condition is not written down; here it does.
    """
    seen = write_attributes(asking)
    removed = {name.replace("request:", "resource:"): value for name, value in seen.items()}
    return {**seen, **removed}


def linked_action(asking: Asking) -> str:
    """The action on role assignments that a request comes down to."""
    removes = properties(asking).get("requestType") == "AdminRemove"
    return f"Microsoft.Authorization/roleAssignments/{'delete' if removes else 'write'}"


def create(asking: Asking) -> Answer:
    """PUT: asks PIM for something."""
    _check_licence(asking)
    request = _request(asking)
    asking.azure.schedules.submit(request)
    return json_answer(request.json(), 201)


def validate(asking: Asking) -> Answer:
    """POST validate: whether PIM would do it."""
    _check_licence(asking)
    request = _request(asking)
    asking.azure.schedules.check(request)
    return json_answer(request.json())


def cancel(asking: Asking) -> Answer:
    """POST cancel: takes back what is pending."""
    asking.azure.schedules.cancel(_found(asking))
    return Answer(200)


def read(asking: Asking) -> Answer:
    """GET: one request by name."""
    return json_answer(_found(asking).json())


def list_requests(asking: Asking) -> Answer:
    """GET: the requests at a scope."""
    wanted = read_filter(asking.filter, flags=_FLAGS, fields=("principalId",))
    found = (one for one in asking.azure.schedules.requests() if _concerns(asking, one, wanted))
    return page(asking, [one.json() for one in found])


def list_schedules(asking: Asking) -> Answer:
    """GET: the schedules at a scope, and for minutes those that ended."""
    return _list(asking, asking.azure.schedules.shown_schedules(), Schedule.json, [])


def list_instances(asking: Asking) -> Answer:
    """GET: what is active at a scope; assignments made outside PIM are in it, without an end."""
    return _list(asking, asking.azure.schedules.shown_instances(), Schedule.instance, _outside_pim(asking))


def read_schedule(asking: Asking) -> Answer:
    """GET: one schedule by name."""
    return _one(asking, asking.azure.schedules.shown_schedules(), Schedule.json)


def read_instance(asking: Asking) -> Answer:
    """GET: one instance by name."""
    return _one(asking, asking.azure.schedules.shown_instances(), Schedule.instance)


def list_policies(asking: Asking) -> Answer:
    """GET: the policy of each role here; the filter by role is undocumented, and Terraform's provider's."""
    wanted = read_filter(asking.filter, fields=("roleDefinitionId",))
    roles = every_role(asking.scope.subscription)
    return page(asking, [_policy(asking, role.id) for role in roles if wanted.role in {"", role.id}])


def _check_licence(asking: Asking) -> None:
    """The code is that of PIM at Graph; what the Resource Manager answers is not written down."""
    if not asking.azure.settings.licensed:
        raise AzureError(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        )


def _request(asking: Asking) -> ScheduleRequest:
    body = properties(asking)
    kind, now = body.get("requestType"), asking.azure.timing.now()
    if kind not in _TYPES:
        message = f"The request type '{kind}' is not valid."
        raise AzureError(400, "InvalidRoleAssignmentRequestType", message)
    info = body.get("scheduleInfo") or {}
    starts_at = max(_moment(info.get("startDateTime")) or now, now)
    principal = asking.azure.directory.find(str(body.get("principalId") or ""))
    if principal is None:
        raise AzureError(400, "SubjectNotFound", "The subject is not found.")
    return ScheduleRequest(
        name=asking.name.lower(),
        type=kind,
        scope=asking.scope,
        role=_role(body),
        principal=principal.id,
        kind=principal.kind,
        starts_at=starts_at,
        ends_at=_end(info.get("expiration") or {}, starts_at),
        requestor=asking.caller.id,
        created_at=now,
        schedule_info=info,
        justification=body.get("justification"),
        ticket=body.get("ticketInfo") or {},
    )


def _role(body: dict[str, Any]) -> str:
    role = role_of(str(body.get("roleDefinitionId") or ""))
    if role is None:
        name = body.get("roleDefinitionId")
        message = f"The specified role definition with ID '{name}' does not exist."
        raise AzureError(404, "RoleDefinitionDoesNotExist", message)
    return role.id


def _end(expiration: dict[str, Any], starts_at: datetime) -> datetime | None:
    kind, end = expiration.get("type"), _moment(expiration.get("endDateTime"))
    if kind == "AfterDuration":
        return starts_at + _duration(expiration.get("duration"))
    if kind == "AfterDateTime" and end:
        return end
    if kind in {None, "NoExpiration"}:
        return None
    raise _malformed(kind)


def _duration(text: str | None) -> timedelta:
    found = _DURATION.fullmatch(text or "")
    if found is None or not any(found.groups()):
        raise _malformed(text)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise _malformed(text) from error


def _malformed(what: object) -> AzureError:
    message = f"The schedule is not valid: '{what}'."
    return AzureError(400, "InvalidRoleAssignmentRequestSchedule", message)


def _found(asking: Asking) -> ScheduleRequest:
    found = asking.azure.schedules.request(asking.name)
    if found is None:
        message = f"The role assignment schedule request '{asking.name}' is not found."
        raise AzureError(404, "RoleAssignmentScheduleRequestNotFound", message)
    return found


def _concerns(asking: Asking, one: ScheduleRequest, wanted: Filter) -> bool:
    """`asApprover()` finds nothing: nobody approves here."""
    mine = {
        "asRequestor": one.requestor == asking.caller.id,
        "asTarget": one.principal == asking.caller.id,
        "asApprover": False,
        "atScope": True,
    }
    about = belongs(asking, one.principal, wanted) and in_list(one.scope, asking.scope, wanted)
    return about and all(mine[flag] for flag in wanted.flags)


def _list(
    asking: Asking,
    schedules: Iterable[Schedule],
    shown: Callable[[Schedule], dict[str, Any]],
    more: Iterable[Assignment],
) -> Answer:
    wanted = read_filter(asking.filter, flags=("atScope", "asTarget"), fields=("principalId", "assignedTo"))
    found = [shown(one) for one in schedules if _holds(asking, one, wanted)]
    found += [_instance(one) for one in more if _holds(asking, one, wanted)]
    return page(asking, found)


def _holds(asking: Asking, one: Schedule | Assignment, wanted: Filter) -> bool:
    mine = "asTarget" not in wanted.flags or one.principal == asking.caller.id
    return mine and belongs(asking, one.principal, wanted) and in_list(one.scope, asking.scope, wanted)


def _one(
    asking: Asking, schedules: Iterable[Schedule], shown: Callable[[Schedule], dict[str, Any]]
) -> Answer:
    found = next((one for one in schedules if one.name == asking.name.lower()), None)
    if found is None:
        raise AzureError(404, "RoleAssignmentScheduleNotFound", f"'{asking.name}' is not found.")
    return json_answer(shown(found))


def _outside_pim(asking: Asking) -> Iterable[Assignment]:
    return (one for one in asking.azure.assignments.present() if one.schedule is None)


def _instance(assignment: Assignment) -> dict[str, Any]:
    made_up = Schedule(
        name=assignment.name,
        scope=assignment.scope,
        role=assignment.role,
        principal=assignment.principal,
        kind=assignment.kind,
        starts_at=assignment.created_at,
        ends_at=None,
        request="",
        created_at=assignment.created_at,
        assignment=assignment.name,
    )
    return made_up.instance()


def _policy(asking: Asking, role: str) -> dict[str, Any]:
    """The rules for administrators: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview."""
    settings, scope = asking.azure.settings, asking.scope.text
    target = {"caller": "Admin", "operations": ["All"], "level": "Assignment"}
    expiration = {
        "id": "Expiration_Admin_Assignment",
        "ruleType": "RoleManagementPolicyExpirationRule",
        "isExpirationRequired": True,
        "maximumDuration": f"P{settings.pim_longest_days}D",
        "target": target,
    }
    enablement = {
        "id": "Enablement_Admin_Assignment",
        "ruleType": "RoleManagementPolicyEnablementRule",
        "enabledRules": sorted(settings.pim_rules),
        "target": target,
    }
    name = f"{role}_{role}"
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleManagementPolicyAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleManagementPolicyAssignments",
        "properties": {
            "scope": scope,
            "roleDefinitionId": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "policyId": f"{scope}/providers/Microsoft.Authorization/roleManagementPolicies/{role}",
            "effectiveRules": [expiration, enablement],
        },
    }
