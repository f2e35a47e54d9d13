"""Every call there is: found by its protocol and name, checked, answered, logged.

All services share one address: JSON services are told apart by their target, query services by their action,
the portal by its paths.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from sandbox.aws import wire
from sandbox.identity_center import identity_store, names, portal, query, sso_admin
from sandbox.identity_center.asked import Asked
from sandbox.identity_center.calls import Call
from sandbox.identity_center.center import Center
from sandbox.identity_center.errors import AwsError, Protocol, xml

_OK: Final = 200
_ADMIN: Final = "SWBExternalService"
_STORE: Final = "AWSIdentityStore"

JSON_CALLS: Final[Mapping[str, Mapping[str, Callable[[Asked], dict[str, Any]]]]] = {
    _ADMIN: {
        "CreateAccountAssignment": sso_admin.create_account_assignment,
        "DeleteAccountAssignment": sso_admin.delete_account_assignment,
        "DescribeAccountAssignmentCreationStatus": sso_admin.describe_account_assignment_creation_status,
        "DescribeAccountAssignmentDeletionStatus": sso_admin.describe_account_assignment_deletion_status,
        "ListAccountAssignmentCreationStatus": sso_admin.list_account_assignment_creation_status,
        "ListAccountAssignmentDeletionStatus": sso_admin.list_account_assignment_deletion_status,
        "ListAccountAssignments": sso_admin.list_account_assignments,
        "ListAccountAssignmentsForPrincipal": sso_admin.list_account_assignments_for_principal,
        "ListInstances": sso_admin.list_instances,
        "ListPermissionSets": sso_admin.list_permission_sets,
        "DescribePermissionSet": sso_admin.describe_permission_set,
        "UpdatePermissionSet": sso_admin.update_permission_set,
        "DeletePermissionSet": sso_admin.delete_permission_set,
        "ListTagsForResource": sso_admin.list_tags_for_resource,
        "TagResource": sso_admin.tag_resource,
        "UntagResource": sso_admin.untag_resource,
    },
    _STORE: {
        "DescribeUser": identity_store.describe_user,
        "GetUserId": identity_store.get_user_id,
        "ListUsers": identity_store.list_users,
        "DeleteUser": identity_store.delete_user,
    },
}
QUERY_CALLS: Final[Mapping[str, Callable[[Asked], str]]] = {
    "AssumeRole": query.assume_role,
    "DescribeDBInstances": query.describe_databases,
    "RebootDBInstance": query.reboot_database,
}
PORTAL_CALLS: Final = {
    "/federation/credentials": ("GetRoleCredentials", portal.role_credentials),
    "/assignment/accounts": ("ListAccounts", portal.accounts),
    "/assignment/roles": ("ListAccountRoles", portal.account_roles),
}
_SERVICES: Final = {_ADMIN: "sso-admin", _STORE: "identitystore"}
_READS: Final = ("Describe", "Get", "List", "AssumeRole")


@dataclass(frozen=True)
class Request:
    """A request, taken apart as far as saying what it asks for."""

    message: wire.Message
    protocol: Protocol
    service: str
    action: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """How a call went."""

    call: Call
    raw: bytes


class Api:
    """The services of one Identity Center."""

    def __init__(self, center: Center) -> None:
        self._center = center

    def announce(self, request: Request) -> Call:
        """What a request asks for and who asks, before anything is done."""
        return Call(
            at=self._center.now(),
            service=request.service,
            action=request.action,
            who=self._who(request),
            mutating=not request.action.startswith(_READS),
            assignment=_about(request.body),
        )

    def answer(self, request: Request, call: Call) -> Answered:
        """Does what is asked, or refuses it."""
        now = self._center.now()
        self._center.assignments.advance(now)
        try:
            raw, operation = self._done(request, now)
        except AwsError as error:
            refused = replace(call, reached=True, status=error.status, code=error.code)
            return Answered(refused, error.answer(request.protocol))
        return Answered(replace(call, reached=True, status=_OK, operation=operation), raw)

    def _done(self, request: Request, now: datetime) -> tuple[bytes, str]:
        """The answer, and the operation that was begun."""
        if request.protocol is Protocol.REST:
            return self._by_portal(request, now), ""
        caller = self._center.callers.authenticated(request.message, request.protocol, now)
        asked = Asked(self._center, caller, now, request.body)
        if request.protocol is Protocol.QUERY:
            return xml(_OK, _found(QUERY_CALLS, request.action)(asked)), ""
        found = self._by_json(request, asked)
        begun = [
            value["RequestId"] for value in found.values() if isinstance(value, dict) and "RequestId" in value
        ]
        return _json(found), begun[0] if begun else ""

    def _by_json(self, request: Request, asked: Asked) -> dict[str, Any]:
        target = request.message.headers["x-amz-target"].partition(".")[0]
        handler: Callable[[Asked], dict[str, Any]] = _found(JSON_CALLS[target], request.action)
        if target == _STORE:
            identity_store.check_access(asked, request.action)
            return handler(asked)
        self._center.count_call(asked.now)
        sso_admin.check_access(asked, request.action)
        return handler(asked)

    def _by_portal(self, request: Request, now: datetime) -> bytes:
        _, handler = PORTAL_CALLS[urlsplit(_target(request.message)).path]
        token = request.message.headers.get("x-amz-sso_bearer_token", "")
        user = portal.signed_in(self._center, token)
        return _json(handler(self._center, user, request.body, now))

    def _who(self, request: Request) -> str:
        if request.protocol is Protocol.REST:
            user = self._center.portal.get(request.message.headers.get("x-amz-sso_bearer_token", ""), "")
            return self._center.directory.users.get(user, "")
        return self._center.callers.name_of(request.message)


def read_request(message: wire.Message) -> Request:
    """What a request asks for; AwsError for something no service here has."""
    target = message.headers.get("x-amz-target", "")
    prefix, _, action = target.rpartition(".")
    if prefix in JSON_CALLS:
        return Request(message, Protocol.JSON, _SERVICES[prefix], action, _body(message.body))
    parts = urlsplit(_target(message))
    if parts.path in PORTAL_CALLS:
        return Request(
            message, Protocol.REST, "sso", PORTAL_CALLS[parts.path][0], dict(parse_qsl(parts.query))
        )
    form = dict(parse_qsl(message.body.decode("utf-8", "replace")))
    service = "sts" if form.get("Action") == "AssumeRole" else "rds"
    return Request(message, Protocol.QUERY, service, form.get("Action", ""), form)


def _target(message: wire.Message) -> str:
    return message.first_line.split(" ")[1]


def _found(calls: Mapping[str, Callable[[Asked], Any]], action: str) -> Callable[[Asked], Any]:
    if action not in calls:
        raise AwsError("UnknownOperationException", f"There is no call {action} here.")
    return calls[action]


def _body(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _about(body: Mapping[str, Any]) -> str:
    """The assignment a call is about, when it names all of one."""
    parts = [body.get(name) for name in ("PermissionSetArn", "TargetId", "PrincipalType", "PrincipalId")]
    return names.assignment(*map(str, parts)) if all(parts) else ""


def _json(value: Mapping[str, Any]) -> bytes:
    return wire.answer(_OK, "OK", json.dumps(value).encode(), "application/x-amz-json-1.1")
