"""One call while it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.gcp.cloud import Cloud
from sandbox.gcp.directory import Resource
from sandbox.gcp.errors import denied
from sandbox.gcp.policy import Delta
from sandbox.gcp.tokens import Caller


@dataclass
class Context:
    """What a handler knows, and what it leaves for the logs."""

    cloud: Cloud
    caller: Caller
    now: datetime
    path: tuple[str, ...]
    """The parts of the path the route names."""
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    touched: Resource | None = field(default=None, init=False)
    """The resource it was about."""
    target: str = field(default="", init=False)
    delta: Delta | None = field(default=None, init=False)

    def find(self, name: str, permission: str) -> Resource:
        """A resource that is there; one that is not is refused like one the caller may not see."""
        found = self.cloud.directory.resource(name)
        if found is None:
            raise denied(permission)
        self.touched, self.target = found, found.name
        return found

    def may(
        self,
        permission: str,
        resource: Resource,
        *,
        name: str = "",
        modified: frozenset[str] | None = None,
    ) -> bool:
        """Whether the caller has a permission, on a resource or on the named thing in it."""
        request = self.cloud.request(resource, self.now, name=name, modified=modified)
        return self.cloud.access.allowed(self.caller.email, permission, resource, self.now, request)

    def require(self, verb: str, resource: Resource, *, modified: frozenset[str] | None = None) -> None:
        """Refuses a caller without the permission of a verb."""
        permission = resource.permission(verb)
        if not self.may(permission, resource, modified=modified):
            raise denied(permission)

    def use_quota(self, kind: str) -> None:
        """Counts the call against the project that calls."""
        settings = self.cloud.settings
        limit = settings.writes_per_minute if kind == "Write" else settings.reads_per_minute
        project = self.headers.get("x-goog-user-project") or self.cloud.directory.project_of(
            self.caller.email
        )
        self.cloud.quota.use(self.cloud.directory.number_of(project), kind, limit, self.now)
