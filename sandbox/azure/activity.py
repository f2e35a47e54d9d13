"""The activity log: a record of every change at the control plane, found some minutes later.

https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema and
https://learn.microsoft.com/rest/api/monitor/activity-logs/list. Azure writes a record when a call starts and
one when it ends; here is the one of the end.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.azure.assignments import Assignment
from sandbox.azure.errors import AzureError
from sandbox.azure.roles import role_of
from sandbox.azure.scopes import Scope
from sandbox.azure.timing import stamp
from sandbox.azure.tokens import Caller

_KEPT = timedelta(days=90)
_TERM = re.compile(r"(\w+) (eq|ge|le) '([^']*)'")
_NARROWING = {"resourcegroupname", "resourceuri", "resourceprovider", "correlationid"}
_TOLERATED = {"eventtimestamp", "caller", "status", "levels"}


@dataclass(frozen=True)
class Happening:
    """One call that changed something, or tried to."""

    at: datetime
    caller: Caller
    action: str
    scope: Scope
    resource: str
    status: int
    code: str | None
    allowed_by: Assignment | None
    correlation: str
    number: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def outcome(self) -> str:
        """Succeeded or Failed."""
        return "Failed" if self.code else "Succeeded"

    def json(self) -> dict[str, Any]:
        """The record."""
        return {
            "authorization": self._authorization(),
            "caller": self.caller.name,
            "claims": _claims(self.caller),
            "correlationId": self.correlation,
            "eventDataId": self.number,
            "eventTimestamp": stamp(self.at),
            "submissionTimestamp": stamp(self.at),
            "category": {"value": "Administrative"},
            "operationName": {"value": self.action, "localizedValue": self.action},
            "resourceGroupName": self.scope.group,
            "resourceId": self.resource,
            "resourceProviderName": {"value": self.action.partition("/")[0]},
            "subscriptionId": self.scope.subscription,
            "tenantId": self.caller.claims["tid"],
            "status": {"value": self.outcome},
            "subStatus": {"value": str(self.status)},
            "level": "Error" if self.code else "Informational",
            "properties": {"statusCode": str(self.status), "statusMessage": self.code or ""},
        }

    def _authorization(self) -> dict[str, Any]:
        found = {"action": self.action, "scope": self.scope.text}
        return {**found, "evidence": _evidence(self.allowed_by)} if self.allowed_by else found


class ActivityLog:
    """Every happening, oldest first."""

    def __init__(self) -> None:
        self._happenings: list[Happening] = []

    def add(self, happening: Happening) -> None:
        """Appends one; nothing is ever taken away."""
        self._happenings.append(happening)

    def json(self) -> list[dict[str, Any]]:
        """All of them, oldest first."""
        return [one.json() for one in self._happenings]

    def found(self, subscription: str | None, text: str, now: datetime, lag: float) -> list[dict[str, Any]]:
        """What a filter finds at a moment, newest first."""
        wanted = _reader(text)
        latest = now - timedelta(seconds=lag)
        return [one.json() for one in self._in(subscription, latest, now) if wanted(one)][::-1]

    def _in(self, subscription: str | None, latest: datetime, now: datetime) -> Iterator[Happening]:
        for one in self._happenings:
            if one.scope.subscription == subscription and now - _KEPT < one.at <= latest:
                yield one


def _reader(text: str) -> Callable[[Happening], bool]:
    """A filter: a first moment is required, and one narrowing term allowed."""
    terms = [_term(part, text) for part in re.split(r"(?i)\s+and\s+", text.strip())]
    narrowing = [name for name, _, _ in terms if name in _NARROWING]
    if not any((name, verb) == ("eventtimestamp", "ge") for name, verb, _ in terms) or len(narrowing) > 1:
        raise _bad(text)
    return lambda one: all(_holds(one, name, verb, value) for name, verb, value in terms)


def _term(part: str, text: str) -> tuple[str, str, str]:
    found = _TERM.fullmatch(part.strip())
    if found is None or found[1].lower() not in _NARROWING | _TOLERATED:
        raise _bad(text)
    return found[1].lower(), found[2], found[3]


def _holds(one: Happening, name: str, verb: str, value: str) -> bool:
    if name == "eventtimestamp":
        moment = datetime.fromisoformat(value)
        return one.at >= moment if verb == "ge" else one.at <= moment
    actual = {
        "resourcegroupname": one.scope.group or "",
        "resourceuri": one.resource,
        "resourceprovider": one.action.partition("/")[0],
        "correlationid": one.correlation,
        "caller": one.caller.name,
        "status": one.outcome,
    }
    return actual.get(name, value).lower() == value.lower()


def _bad(text: str) -> AzureError:
    return AzureError(400, "BadRequest", f"The filter '{text}' is not valid.")


def _claims(caller: Caller) -> dict[str, str]:
    known = {"http://schemas.microsoft.com/identity/claims/objectidentifier": caller.id}
    return known | {
        name: str(caller.claims[name]) for name in ("aud", "appid", "tid") if caller.claims.get(name)
    }


def _evidence(assignment: Assignment) -> dict[str, str]:
    role = role_of(assignment.role)
    return {
        "role": role.title if role else "",
        "roleAssignmentScope": assignment.scope.text,
        "roleAssignmentId": assignment.name.replace("-", ""),
        "roleDefinitionId": assignment.role.replace("-", ""),
        "principalId": assignment.principal.replace("-", ""),
        "principalType": assignment.kind,
    }
