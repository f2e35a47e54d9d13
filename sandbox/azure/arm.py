"""Which page of the Resource Manager, or of storage, a request is for, and what stands before each page.

In this order: a version is named, the token is good, the subscription exists, the bucket is not empty, the
caller may, the place exists.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.azure import arm_assignments as assignments
from sandbox.azure import arm_pim as pim
from sandbox.azure import arm_resources as resources
from sandbox.azure import names
from sandbox.azure.access import Question
from sandbox.azure.activity import Happening
from sandbox.azure.assignments import Assignment
from sandbox.azure.azure import Asking, Azure
from sandbox.azure.errors import AzureError
from sandbox.azure.scopes import Scope
from sandbox.azure.wire import Answer, Request

_AUTHORIZATION = re.compile(
    r"(?i)(?P<scope>.*)/providers/Microsoft\.Authorization/(?P<type>\w+)(?:/(?P<name>[^/]+))?"
    r"(?:/(?P<verb>cancel|validate))?"
)
_SERVERS = re.compile(
    r"(?i)(?P<scope>/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?)"
    r"(?P<type>/providers/Microsoft\.DBforPostgreSQL/flexibleServers)(?:/(?P<name>[^/]+))?(?:/(?P<verb>restart))?"
)
_PLACE = re.compile(r"(?i)(?P<scope>/subscriptions/[^/]+(?:/resourceGroups/(?P<name>[^/]+))?)")
_ACTIVITY = re.compile(
    r"(?i)(?P<scope>/subscriptions/[^/]+)/providers/Microsoft\.Insights/eventtypes/management/values"
)
_CONTAINER = re.compile(rf"/blob/{names.STORAGE_ACCOUNT}/(?P<name>{names.CONTAINER})")

Attributes = Callable[[Asking], Mapping[str, str] | None]


@dataclass(frozen=True)
class Page:
    """What one page takes and does."""

    action: str
    handler: Callable[[Asking], Answer]
    attributes: Attributes | None = None
    linked: Callable[[Asking], str] | None = None
    """A second action the caller must be allowed, judged by the same attributes."""


@dataclass(frozen=True)
class Route:
    """A page, and what it is asked about."""

    service: str
    page: Page
    scope: Scope
    name: str = ""

    @property
    def action(self) -> str:
        """The action the page comes down to."""
        return self.page.action

    @property
    def mutating(self) -> bool:
        """Whether it changes anything."""
        return not self.action.endswith("/read")


def _authorization(kind: str, verb: str) -> str:
    return f"Microsoft.Authorization/{kind}/{verb}"


_RA, _PIM = "roleAssignments", "roleAssignmentScheduleRequests"
_PAGES = {
    ("roleassignments", "GET", ""): Page(_authorization(_RA, "read"), assignments.list_for_scope),
    ("roleassignments", "GET", "one"): Page(_authorization(_RA, "read"), assignments.read),
    ("roleassignments", "PUT", "one"): Page(
        _authorization(_RA, "write"), assignments.create, assignments.write_attributes
    ),
    ("roleassignments", "DELETE", "one"): Page(
        _authorization(_RA, "delete"), assignments.delete, assignments.delete_attributes
    ),
    ("roledefinitions", "GET", ""): Page(
        _authorization("roleDefinitions", "read"), assignments.list_definitions
    ),
    ("roledefinitions", "GET", "one"): Page(
        _authorization("roleDefinitions", "read"), assignments.read_definition
    ),
    ("permissions", "GET", ""): Page(_authorization("permissions", "read"), assignments.list_permissions),
    ("roleassignmentschedulerequests", "GET", ""): Page(_authorization(_PIM, "read"), pim.list_requests),
    ("roleassignmentschedulerequests", "GET", "one"): Page(_authorization(_PIM, "read"), pim.read),
    ("roleassignmentschedulerequests", "PUT", "one"): Page(
        _authorization(_PIM, "write"), pim.create, pim.request_attributes, pim.linked_action
    ),
    ("roleassignmentschedulerequests", "POST", "validate"): Page(
        _authorization(_PIM, "write"), pim.validate, pim.request_attributes, pim.linked_action
    ),
    ("roleassignmentschedulerequests", "POST", "cancel"): Page(
        _authorization(_PIM, "cancel/action"), pim.cancel
    ),
    ("roleassignmentschedules", "GET", ""): Page(
        _authorization("roleAssignmentSchedules", "read"), pim.list_schedules
    ),
    ("roleassignmentschedules", "GET", "one"): Page(
        _authorization("roleAssignmentSchedules", "read"), pim.read_schedule
    ),
    ("roleassignmentscheduleinstances", "GET", ""): Page(
        _authorization("roleAssignmentScheduleInstances", "read"), pim.list_instances
    ),
    ("roleassignmentscheduleinstances", "GET", "one"): Page(
        _authorization("roleAssignmentScheduleInstances", "read"), pim.read_instance
    ),
    ("rolemanagementpolicyassignments", "GET", ""): Page(
        _authorization("roleManagementPolicyAssignments", "read"), pim.list_policies
    ),
}
_DATABASES = "Microsoft.DBforPostgreSQL/flexibleServers"
_SERVER_PAGES = {
    ("GET", ""): Page(f"{_DATABASES}/read", resources.list_servers),
    ("GET", "one"): Page(f"{_DATABASES}/read", resources.read_server),
    ("POST", "restart"): Page(f"{_DATABASES}/restart/action", resources.restart_server),
}
_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups/read"
_READ_SUBSCRIPTION = Page("Microsoft.Resources/subscriptions/read", resources.read_subscription)
_READ_GROUP = Page(_GROUPS, resources.read_group)
_READ_ACTIVITY = Page("Microsoft.Insights/eventtypes/values/read", resources.list_activity)
_READ_BLOBS = Page(
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", resources.list_blobs
)


def find_route(request: Request) -> Route | None:
    """The page a request is for, or None."""
    if found := _CONTAINER.fullmatch(request.path):
        scope = Scope(f"{names.STORAGE_SCOPE}/blobServices/default/containers/{found['name']}")
        return Route("blob", _READ_BLOBS, scope, found["name"]) if request.method == "GET" else None
    if found := _AUTHORIZATION.fullmatch(request.path):
        key = (found["type"].lower(), request.method, _shape(found))
        return _routed(_PAGES.get(key), found["scope"], found["name"])
    if found := _SERVERS.fullmatch(request.path):
        whole = found["scope"] + (f"{found['type']}/{found['name']}" if found["name"] else "")
        return _routed(_SERVER_PAGES.get((request.method, _shape(found))), whole, found["name"])
    return _find_place(request)


def _find_place(request: Request) -> Route | None:
    if request.method != "GET":
        return None
    if found := _ACTIVITY.fullmatch(request.path):
        return Route("arm", _READ_ACTIVITY, Scope(found["scope"]))
    if found := _PLACE.fullmatch(request.path):
        page = _READ_GROUP if found["name"] else _READ_SUBSCRIPTION
        return Route("arm", page, Scope(found["scope"]))
    return None


def _shape(found: re.Match[str]) -> str:
    return found["verb"].lower() if found["verb"] else "one" if found["name"] else ""


def _routed(page: Page | None, scope: str, name: str | None) -> Route | None:
    return None if page is None else Route("arm", page, Scope(scope), name or "")


def answer(azure: Azure, request: Request, route: Route) -> Answer:
    """The page's answer, or AzureError."""
    azure.schedules.settle()
    if route.service == "arm" and "api-version" not in {name.lower() for name in request.query}:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise AzureError(400, "MissingApiVersionParameter", message)
    caller = azure.tokens.caller(request.headers.get("authorization", ""), route.service)
    route.scope.check_subscription()
    asking = Asking(azure, request, caller, route.scope, route.name)
    if route.service == "blob":
        _allowed(asking, route)
        return route.page.handler(asking)
    subscription = route.scope.subscription or ""
    left = azure.buckets.take(request.method, subscription, caller.id, azure.settings)
    known = {"x-ms-request-id": asking.correlation, "x-ms-correlation-request-id": asking.correlation}
    return _recorded(asking, route).with_headers(left | known)


def _recorded(asking: Asking, route: Route) -> Answer:
    """The answer of a page; a change is written into the activity log, a refused one too."""
    allowed_by: Assignment | None = None
    try:
        allowed_by = _allowed(asking, route)
        route.scope.check()
        answered = route.page.handler(asking)
    except AzureError as error:
        _record(asking, route, allowed_by, error.status, error.code)
        raise
    _record(asking, route, allowed_by, answered.status, None)
    return answered


def _allowed(asking: Asking, route: Route) -> Assignment:
    page, azure = route.page, asking.azure
    attributes = page.attributes(asking) if page.attributes else None
    data = route.service == "blob"
    if page.linked:
        linked = Question(asking.caller, page.linked(asking), route.scope, data, attributes)
        azure.access.require(Question(asking.caller, page.action, route.scope))
        return azure.access.require(linked)
    unconditional = page.attributes is not None and attributes is None
    return azure.access.require(
        Question(asking.caller, page.action, route.scope, data, attributes, unconditional=unconditional)
    )


def _record(
    asking: Asking, route: Route, allowed_by: Assignment | None, status: int, code: str | None
) -> None:
    if route.mutating:
        happening = Happening(
            at=asking.azure.timing.now(),
            caller=asking.caller,
            action=route.action,
            scope=route.scope,
            resource=asking.request.path,
            status=status,
            code=code,
            allowed_by=allowed_by,
            correlation=asking.correlation,
        )
        asking.azure.activity.add(happening)
