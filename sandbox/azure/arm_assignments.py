"""The Resource Manager's pages about role assignments, role definitions and permissions."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from sandbox.azure import conditions
from sandbox.azure.access import assignment_attributes
from sandbox.azure.assignments import Assignment, exists
from sandbox.azure.azure import Asking
from sandbox.azure.errors import AzureError, read_json
from sandbox.azure.filters import Filter, read_filter
from sandbox.azure.roles import every_role, role_of
from sandbox.azure.scopes import Scope
from sandbox.azure.wire import Answer, json_answer

_GUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_DESCRIPTION = 2_048
_LONGEST_CONDITION = 8_192


def properties(asking: Asking) -> dict[str, Any]:
    """What a body says."""
    found = read_json(asking.request.body).get("properties")
    if not isinstance(found, dict):
        raise AzureError(400, "InvalidRequestContent", "The request content has no properties.")
    return found


def write_attributes(asking: Asking) -> dict[str, str]:
    """The assignment to be made, as the condition of whoever makes it sees it."""
    body = properties(asking)
    principal = str(body.get("principalId") or "").lower()
    found = asking.azure.directory.find(principal)
    kind = found.kind if found else str(body.get("principalType") or "")
    role = str(body.get("roleDefinitionId") or "").rpartition("/")[2].lower()
    return assignment_attributes("request", role, principal, kind)


def delete_attributes(asking: Asking) -> dict[str, str] | None:
    """The assignment to be deleted, as a condition sees it; None when there is none: then it is 204."""
    found = asking.azure.assignments.find(asking.name)
    return assignment_attributes("resource", found.role, found.principal, found.kind) if found else None


def create(asking: Asking) -> Answer:
    """PUT: makes one, or changes the description and condition of one that is the same otherwise."""
    body = properties(asking)
    wanted = _wanted(asking, body)
    found = asking.azure.assignments.find(asking.name)
    if found is not None:
        return _updated(found, wanted)
    _check_new(asking, wanted)
    asking.azure.assignments.add(wanted)
    return json_answer(wanted.json(just_written=True), 201)


def _wanted(asking: Asking, body: dict[str, Any]) -> Assignment:
    _check_guid("InvalidRoleAssignmentId", "role assignment ID", asking.name)
    role = role_of(str(body.get("roleDefinitionId") or ""))
    if role is None:
        name = body.get("roleDefinitionId")
        message = f"The specified role definition with ID '{name}' does not exist."
        raise AzureError(404, "RoleDefinitionDoesNotExist", message)
    principal = str(body.get("principalId") or "").lower()
    return Assignment(
        name=asking.name.lower(),
        scope=asking.scope,
        role=role.id,
        principal=principal,
        kind=_kind(asking, principal, body.get("principalType")),
        created_at=asking.azure.timing.now(),
        created_by=asking.caller.id,
        description=_description(body),
        condition=_condition(body),
    )


def _kind(asking: Asking, principal: str, said: str | None) -> str:
    """https://learn.microsoft.com/azure/role-based-access-control/troubleshooting, new principals."""
    _check_guid("InvalidPrincipalId", "Principal ID", principal)
    found = asking.azure.principal(principal, said)
    if found is None:
        raise AzureError(
            400,
            "PrincipalNotFound",
            f"Principal {principal.replace('-', '')} does not exist in the directory "
            f"{asking.caller.claims['tid']}. Check that you have the correct principal ID. If you are "
            "creating this principal and then immediately assigning a role, this error might be related to a "
            "replication delay. In this case, set the role assignment principalType property to a value, "
            "such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        )
    if said is not None and said != found.kind:
        raise AzureError(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{principal.replace('-', '')}' has type '{found.kind}' , which is different "
            f"from specified PrinciaplType '{said}'.",
        )
    return found.kind


def _description(body: dict[str, Any]) -> str | None:
    """At most 2 KB (https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits).

    The code is ours, as those of a condition: Microsoft's are not written down.
    """
    description = body.get("description")
    if description and len(description.encode()) > _LONGEST_DESCRIPTION:
        message = f"The description is longer than {_LONGEST_DESCRIPTION} bytes."
        raise AzureError(400, "InvalidRoleAssignmentDescription", message)
    return description


def _condition(body: dict[str, Any]) -> str | None:
    """At most 8 KB, in version 2.0, and readable."""
    condition, version = body.get("condition"), body.get("conditionVersion")
    if not condition:
        return None
    if version != conditions.VERSION:
        raise _bad_condition(f"The condition version '{version}' is not supported: use 2.0.")
    if len(condition.encode()) > _LONGEST_CONDITION:
        raise _bad_condition(f"The condition is longer than {_LONGEST_CONDITION} bytes.")
    try:
        conditions.parse(condition)
    except conditions.ConditionError as error:
        raise _bad_condition(f"The condition is not valid: {error}.") from error
    return str(condition)


def _bad_condition(message: str) -> AzureError:
    return AzureError(400, "InvalidRoleAssignmentCondition", message)


def _check_guid(code: str, what: str, value: str) -> None:
    if not _GUID.fullmatch(value):
        raise AzureError(400, code, f"The {what} '{value}' is not valid. The {what} must be a GUID.")


def _updated(found: Assignment, wanted: Assignment) -> Answer:
    if found.triple != wanted.triple:
        raise AzureError(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    found.description, found.condition = wanted.description, wanted.condition
    found.updated_at, found.updated_by = wanted.created_at, wanted.created_by
    return json_answer(found.json(), 201)


def _check_new(asking: Asking, wanted: Assignment) -> None:
    assignments, settings = asking.azure.assignments, asking.azure.settings
    if same := assignments.same(wanted.triple):
        raise exists(same)
    if assignments.count(asking.scope.subscription) >= settings.assignment_limit:
        message = "No more role assignments can be created."
        raise AzureError(400, "RoleAssignmentLimitExceeded", message)


def read(asking: Asking) -> Answer:
    """GET: one by name; for a while not, when it is new."""
    found = next((one for one in _shown(asking) if one.name == asking.name.lower()), None)
    if found is None or found.removed_at is not None or found.scope.key != asking.scope.key:
        message = f"The role assignment '{asking.name}' is not found."
        raise AzureError(404, "RoleAssignmentNotFound", message)
    return json_answer(found.json())


def delete(asking: Asking) -> Answer:
    """DELETE: what was deleted, or 204 when there was nothing."""
    azure = asking.azure
    found = azure.assignments.find(asking.name)
    if found is None or found.scope.key != asking.scope.key:
        return Answer(204)
    if found.schedule is not None and not azure.settings.pim_backed_delete:
        message = "The role assignment is managed by Privileged Identity Management."
        raise AzureError(400, "RoleAssignmentDeleteNotPermitted", message)
    if found.schedule is not None:
        azure.schedules.end_with(found)
    else:
        azure.assignments.remove(found, azure.timing.now())
    return json_answer(found.json())


def list_for_scope(asking: Asking) -> Answer:
    """GET: at, above and below a scope; `atScope()` leaves out what is below."""
    wanted = read_filter(asking.filter, fields=("assignedTo", "principalId"))
    found = (one for one in _shown(asking) if in_list(one.scope, asking.scope, wanted))
    return page(asking, [one.json() for one in found if _is_wanted(asking, one, wanted)])


def _shown(asking: Asking) -> Iterator[Assignment]:
    return asking.azure.assignments.shown(asking.azure.timing.now(), asking.azure.settings)


def in_list(scope: Scope, asked: Scope, wanted: Filter) -> bool:
    """Whether something at a scope belongs to the list of another."""
    return scope.covers(asked) or ("atScope" not in wanted.flags and asked.covers(scope))


def _is_wanted(asking: Asking, one: Assignment, wanted: Filter) -> bool:
    return belongs(asking, one.principal, wanted)


def belongs(asking: Asking, principal: str, wanted: Filter) -> bool:
    """Whether somebody is who a filter names; `assignedTo` counts their groups too."""
    if wanted.assigned_to:
        return principal in asking.azure.directory.memberships(wanted.assigned_to)
    return not wanted.principal or principal == wanted.principal


def page(asking: Asking, found: Iterable[dict[str, Any]]) -> Answer:
    """Part of a list, and where the rest is."""
    whole, size = list(found), asking.azure.settings.page_size
    first = int(asking.request.query.get("$skipToken", "0"))
    value: dict[str, Any] = {"value": whole[first : first + size]}
    if first + size < len(whole):
        query = {**asking.request.query, "$skipToken": str(first + size)}
        rest = "&".join(f"{quote(name)}={quote(text)}" for name, text in query.items())
        value["nextLink"] = f"https://{asking.request.headers['host']}{quote(asking.request.path)}?{rest}"
    return json_answer(value)


def list_definitions(asking: Asking) -> Answer:
    """GET: the roles that can be assigned at a scope, perhaps one by its title."""
    wanted = read_filter(asking.filter, fields=("roleName",))
    roles = every_role(asking.scope.subscription)
    chosen = (role for role in roles if wanted.role_name in {"", role.title})
    return page(asking, [role.json(_subscription(asking.scope)) for role in chosen])


def read_definition(asking: Asking) -> Answer:
    """GET: one role."""
    role = role_of(asking.name)
    if role is None:
        message = f"The specified role definition with ID '{asking.name}' does not exist."
        raise AzureError(404, "RoleDefinitionDoesNotExist", message)
    return json_answer(role.json(_subscription(asking.scope)))


def _subscription(scope: Scope) -> str:
    return f"/subscriptions/{scope.subscription}" if scope.subscription else ""


def list_permissions(asking: Asking) -> Answer:
    """GET: what the caller may do at a scope (https://learn.microsoft.com/rest/api/authorization/permissions)."""
    held = asking.azure.access.held(asking.caller.id, asking.scope)
    roles = [role for role in (role_of(one.role) for one in held) if role]
    return page(asking, [role.json("")["properties"]["permissions"][0] for role in roles])
