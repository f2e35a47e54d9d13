"""A PIM request and the schedule it makes, and how Azure shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sandbox.azure.scopes import Scope
from sandbox.azure.timing import stamp

Triple = tuple[str, str, str]
PENDING: Final = frozenset({"PendingApproval", "PendingProvisioning", "Granted"})
_AUTHORIZATION = "providers/Microsoft.Authorization"


@dataclass
class ScheduleRequest:
    """Somebody asked PIM for something."""

    name: str
    type: str
    scope: Scope
    role: str
    principal: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    requestor: str
    created_at: datetime
    schedule_info: Mapping[str, Any] = field(default_factory=dict)
    justification: str | None = None
    ticket: Mapping[str, Any] = field(default_factory=dict)
    status: str = "Accepted"
    provisioned_at: datetime | None = None
    """When what is pending comes about; None when nothing is."""
    schedule: str | None = None

    @property
    def triple(self) -> Triple:
        """What there can be only one of."""
        return (self.scope.key, self.principal, self.role)

    def json(self) -> dict[str, Any]:
        """The request as Azure shows it."""
        more = {
            "requestType": self.type,
            "approvalId": None,
            "targetRoleAssignmentScheduleId": self.schedule,
            "targetRoleAssignmentScheduleInstanceId": None,
            "scheduleInfo": {**self.schedule_info, "startDateTime": stamp(self.starts_at)},
            "justification": self.justification,
            "ticketInfo": dict(self.ticket),
            "requestorId": self.requestor,
        }
        return _shown(self, "roleAssignmentScheduleRequests", self.name, self.status, more)


@dataclass
class Schedule:
    """An assignment with a window."""

    name: str
    scope: Scope
    role: str
    principal: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    request: str
    created_at: datetime
    assignment: str
    """The name of the role assignment that gives the access."""
    updated_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def triple(self) -> Triple:
        """What there can be only one of."""
        return (self.scope.key, self.principal, self.role)

    def json(self) -> dict[str, Any]:
        """The schedule as Azure shows it."""
        more = {
            "roleAssignmentScheduleRequestId": self._id("roleAssignmentScheduleRequests", self.request),
            "updatedOn": stamp(self.updated_at or self.created_at),
            **self._window(),
        }
        return _shown(self, "roleAssignmentSchedules", self.name, "Provisioned", more)

    def instance(self) -> dict[str, Any]:
        """The schedule's one instance as Azure shows it."""
        more = {
            "roleAssignmentScheduleId": self._id("roleAssignmentSchedules", self.name),
            "originRoleAssignmentId": self._id("roleAssignments", self.assignment),
            **self._window(),
        }
        return _shown(self, "roleAssignmentScheduleInstances", self.name, "Provisioned", more)

    def _window(self) -> dict[str, Any]:
        return {
            "startDateTime": stamp(self.starts_at),
            "endDateTime": stamp(self.ends_at) if self.ends_at else None,
            "assignmentType": "Assigned",
            "memberType": "Direct",
        }

    def _id(self, kind: str, name: str) -> str:
        return f"{self.scope.text}/{_AUTHORIZATION}/{kind}/{name}"


def _shown(
    one: ScheduleRequest | Schedule, kind: str, name: str, status: str, more: Mapping[str, Any]
) -> dict[str, Any]:
    role = f"/subscriptions/{one.scope.subscription}/{_AUTHORIZATION}/roleDefinitions/{one.role}"
    return {
        "id": f"{one.scope.text}/{_AUTHORIZATION}/{kind}/{name}",
        "name": name,
        "type": f"Microsoft.Authorization/{kind}",
        "properties": {
            "scope": one.scope.text,
            "roleDefinitionId": role,
            "principalId": one.principal,
            "principalType": one.kind,
            "status": status,
            "createdOn": stamp(one.created_at),
            "condition": None,
            "conditionVersion": None,
            **more,
        },
    }
