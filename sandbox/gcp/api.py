"""Every call there is: found by its path, checked, answered, logged.

All services share one address; their paths do not overlap.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl

from sandbox.gcp import iam, resource_manager, sql
from sandbox.gcp.activity import Deed
from sandbox.gcp.calls import Call
from sandbox.gcp.cloud import Cloud
from sandbox.gcp.context import Context
from sandbox.gcp.errors import GoogleError, invalid
from sandbox.gcp.policy import Delta, ordered
from sandbox.gcp.tokens import OAuthError, require_scope

_HTTP_OK: Final = 200


@dataclass(frozen=True)
class Asked:
    """A request, taken apart."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Route:
    """One call the services have."""

    method: str
    pattern: re.Pattern[str]
    action: str
    mutating: bool
    handler: Callable[[Context], dict[str, Any]]


def _route(method: str, path: str, action: str, handler: Callable[[Context], dict[str, Any]]) -> Route:
    mutating = action.startswith(("Set", "Disable", "Enable", "Restart", "Generate"))
    return Route(method, re.compile(path), action, mutating, handler)


_NODE: Final = r"/v3/(projects|folders|organizations)/([^/:]+)"
_ACCOUNT: Final = r"/v1/projects/([^/:]+)/serviceAccounts/([^/:]+)"
_DATABASES: Final = r"(?:/sql/v1beta4|/v1|/sql/v1)/projects/([^/:]+)/instances"

ROUTES: Final = (
    _route("GET", r"/v3/(projects)/([^/:]+)", "GetProject", resource_manager.get),
    _route("GET", r"/v3/(folders)/([^/:]+)", "GetFolder", resource_manager.get),
    _route("GET", r"/v3/(organizations)/([^/:]+)", "GetOrganization", resource_manager.get),
    _route("POST", f"{_NODE}:getIamPolicy", "GetIamPolicy", resource_manager.get_iam_policy),
    _route("POST", f"{_NODE}:setIamPolicy", "SetIamPolicy", resource_manager.set_iam_policy),
    _route(
        "POST", f"{_NODE}:testIamPermissions", "TestIamPermissions", resource_manager.test_iam_permissions
    ),
    _route("GET", _ACCOUNT, "GetServiceAccount", iam.get),
    _route("POST", f"{_ACCOUNT}:disable", "DisableServiceAccount", iam.disable),
    _route("POST", f"{_ACCOUNT}:enable", "EnableServiceAccount", iam.enable),
    _route("POST", f"{_ACCOUNT}:getIamPolicy", "GetIamPolicy", iam.get_iam_policy),
    _route("POST", f"{_ACCOUNT}:setIamPolicy", "SetIamPolicy", iam.set_iam_policy),
    _route("POST", f"{_ACCOUNT}:testIamPermissions", "TestIamPermissions", iam.test_iam_permissions),
    _route("POST", f"{_ACCOUNT}:generateAccessToken", "GenerateAccessToken", iam.generate_access_token),
    _route("GET", _DATABASES, "ListInstances", sql.list_instances),
    _route("GET", f"{_DATABASES}/([^/:]+)", "GetInstance", sql.get_instance),
    _route("POST", f"{_DATABASES}/([^/:]+)/restart", "RestartInstance", sql.restart_instance),
)


@dataclass(frozen=True)
class Answered:
    """How a call went."""

    call: Call
    status: int
    body: dict[str, Any]


class Api:
    """The services of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def announce(self, asked: Asked) -> Call:
        """What a request asks for and who asks, before anything is done."""
        route, path = _find(asked)
        return Call(
            at=self._cloud.now(),
            action="Token" if asked.path == "/token" else route.action if route else asked.path,
            resource="/".join(path)
            if route and route.pattern.pattern.startswith("/v3")
            else _within(asked.path),
            who=self._who(asked),
            mutating=route is not None and route.mutating,
            reason=asked.headers.get("x-goog-request-reason", ""),
        )

    def answer(self, asked: Asked, call: Call) -> Answered:
        """Does what is asked, or refuses it."""
        if asked.path == "/token":
            return self._token(asked, call)
        context: Context | None = None
        try:
            route, context = self._context(asked)
            body = route.handler(context)
        except GoogleError as error:
            return self._refused(context, call, error)
        self._record(context, call, None)
        return Answered(_changed(replace(call, status=_HTTP_OK, reached=True), context.delta), _HTTP_OK, body)

    def _context(self, asked: Asked) -> tuple[Route, Context]:
        now = self._cloud.now()
        route, path = _find(asked)
        if route is None:
            raise GoogleError("NOT_FOUND", f"Method not found: {asked.method} {asked.path}")
        caller = self._cloud.tokens.caller(asked.headers.get("authorization", ""), now)
        require_scope(caller, changes=route.mutating)
        return route, Context(self._cloud, caller, now, path, _json(asked.body), asked.headers)

    def _refused(self, context: Context | None, call: Call, error: GoogleError) -> Answered:
        if context is not None and error.status == "PERMISSION_DENIED":
            self._record(context, call, error)
        refused = replace(call, status=error.http, code=error.status, why=error.why, reached=True)
        return Answered(refused, error.http, error.body())

    def _record(self, context: Context, call: Call, error: GoogleError | None) -> None:
        if context.touched is None:
            return
        agent = context.headers.get("user-agent", "")
        deed = Deed(
            context.now, call.action, context.caller, context.touched, context.target, call.reason, agent,
            context.delta, error,
        )  # fmt: skip
        self._cloud.activity.record(deed, self._cloud.audit_configs(context.touched))

    def _token(self, asked: Asked, call: Call) -> Answered:
        form = dict(parse_qsl(asked.body.decode("utf-8", "replace")))
        try:
            body = self._cloud.tokens.exchange(form, self._cloud.now())
        except OAuthError as error:
            refusal = {"error": error.error, "error_description": error.description}
            return Answered(replace(call, status=400, code=error.error, reached=True), 400, refusal)
        return Answered(replace(call, status=_HTTP_OK, reached=True), _HTTP_OK, body)

    def _who(self, asked: Asked) -> str:
        """Whose token it is, as far as can be told."""
        try:
            return self._cloud.tokens.caller(asked.headers.get("authorization", ""), self._cloud.now()).email
        except GoogleError:
            return ""


def _find(asked: Asked) -> tuple[Route | None, tuple[str, ...]]:
    for route in ROUTES:
        found = route.pattern.fullmatch(asked.path)
        if found and route.method == asked.method:
            return route, tuple(found.groups())
    return None, ()


def _within(path: str) -> str:
    """The resource of a call, as its path has it."""
    found = re.search(r"projects/.*?(?=:|/restart|/instances$|$)", path)
    return found[0] if found else ""


def _json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError as error:
        raise invalid("Invalid JSON payload received.") from error
    if not isinstance(found, dict):
        raise invalid("Invalid JSON payload received.")
    return found


def _changed(call: Call, delta: Delta | None) -> Call:
    if delta is None:
        return call
    added, removed = (tuple(one.json() for one in ordered(each)) for each in (delta.added, delta.removed))
    return replace(call, added=added, removed=removed)
