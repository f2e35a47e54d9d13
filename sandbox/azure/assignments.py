"""Role assignments: what there is, what is shown of it, and what is refused.

https://learn.microsoft.com/rest/api/authorization/role-assignments and the recorded answers in Azure's own
command line (Azure/azure-cli, test_role_assignment_*.yaml).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.azure import names
from sandbox.azure.conditions import Condition, parse
from sandbox.azure.errors import AzureError
from sandbox.azure.scopes import Scope
from sandbox.azure.settings import Settings
from sandbox.azure.timing import stamp

_FORGOTTEN_AFTER = timedelta(hours=2)


@dataclass
class Assignment:
    """One principal, one role, one scope."""

    name: str
    scope: Scope
    role: str
    principal: str
    kind: str
    created_at: datetime
    created_by: str | None
    description: str | None = None
    condition: str | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None
    schedule: str | None = None
    """The PIM schedule behind it."""
    removed_at: datetime | None = None
    seeded: bool = False

    @property
    def triple(self) -> tuple[str, str, str]:
        """What there can be only one of."""
        return (self.scope.key, self.principal, self.role)

    @property
    def id(self) -> str:
        """The assignment's resource id."""
        return f"{self.scope.text}/providers/Microsoft.Authorization/roleAssignments/{self.name}"

    def asked(self) -> Condition | None:
        """Its condition, ready to be asked."""
        return parse(self.condition) if self.condition else None

    def json(self, *, just_written: bool = False) -> dict[str, Any]:
        """The assignment as Azure shows it; a PUT answers no `createdBy` (azure-cli's recordings)."""
        return {
            "id": self.id,
            "name": self.name,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "scope": self.scope.text,
                "roleDefinitionId": _role_id(self),
                "principalId": self.principal,
                "principalType": self.kind,
                "description": self.description,
                "condition": self.condition,
                "conditionVersion": "2.0" if self.condition else None,
                "createdOn": stamp(self.created_at),
                "updatedOn": stamp(self.updated_at or self.created_at),
                "createdBy": None if just_written else self.created_by,
                "updatedBy": self.updated_by or self.created_by,
                "delegatedManagedIdentityResourceId": None,
            },
        }


class Assignments:
    """All of them, and for a while those that were removed."""

    def __init__(self) -> None:
        self._present: dict[str, Assignment] = {}
        self._removed: list[Assignment] = []
        self.forget()

    def forget(self) -> None:
        """Only the standing ones are there, and there never were others."""
        self._present = {one.name: one for one in _standing()}
        self._removed = []

    def find(self, name: str) -> Assignment | None:
        """One that is there, by name: names are unique in the tenant."""
        return self._present.get(name.lower())

    def same(self, triple: tuple[str, str, str]) -> Assignment | None:
        """The one for the same principal, role and scope."""
        return next((one for one in self._present.values() if one.triple == triple), None)

    def add(self, assignment: Assignment) -> None:
        """A new one."""
        self._present[assignment.name.lower()] = assignment

    def remove(self, assignment: Assignment, at: datetime) -> None:
        """One is gone as of a moment."""
        assignment.removed_at = at
        del self._present[assignment.name.lower()]
        self._removed = [one for one in self._removed if _remembered(one, at)] + [assignment]

    def present(self) -> list[Assignment]:
        """Those that are there."""
        return list(self._present.values())

    def count(self, subscription: str | None) -> int:
        """How many count towards a subscription's limit: its own and those of everything in it."""
        return sum(one.scope.subscription == subscription for one in self._present.values())

    def in_force(self, now: datetime, settings: Settings) -> Iterator[Assignment]:
        """Those access follows at a moment: changes get about."""
        return self._lagged(now, timedelta(seconds=settings.propagation))

    def shown(self, now: datetime, settings: Settings) -> Iterator[Assignment]:
        """Those a list shows at a moment."""
        return self._lagged(now, timedelta(seconds=settings.listing_lag))

    def _lagged(self, now: datetime, lag: timedelta) -> Iterator[Assignment]:
        for one in [*self._present.values(), *self._removed]:
            known = one.seeded or one.created_at + lag <= now
            if known and (one.removed_at is None or now < one.removed_at + lag):
                yield one


def exists(found: Assignment) -> AzureError:
    """409: the same principal, role and scope under another name."""
    bare = found.name.replace("-", "")
    message = f"The role assignment already exists. The ID of the existing role assignment is {bare}."
    return AzureError(409, "RoleAssignmentExists", message)


def _remembered(assignment: Assignment, now: datetime) -> bool:
    return assignment.removed_at is not None and now - assignment.removed_at < _FORGOTTEN_AFTER


def _role_id(assignment: Assignment) -> str:
    subscription = assignment.scope.subscription
    prefix = f"/subscriptions/{subscription}" if subscription else ""
    return f"{prefix}/providers/Microsoft.Authorization/roleDefinitions/{assignment.role}"


def delegation(roles: tuple[str, ...]) -> str:
    """The condition that lets an administrator hand out these roles, to users only.

    As the portal writes it
    (https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples).
    """
    listed = ", ".join(roles)
    parts = []
    for verb, source in (("write", "Request"), ("delete", "Resource")):
        attribute = f"@{source}[Microsoft.Authorization/roleAssignments:"
        parts.append(
            f"((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR "
            f"({attribute}RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{listed}}} AND "
            f"{attribute}PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'User'}}))"
        )
    return " AND ".join(parts)


def _standing() -> Iterator[Assignment]:
    """What was there before us and must be there afterwards."""
    workers = {name: names.APPLICATIONS[name][1] for name in (names.WORKER, names.DIRECT_WORKER)}
    subscription, group = names.SUBSCRIPTION_SCOPE, names.GROUP_SCOPE
    for number, (scope, role, principal, kind) in enumerate(
        (
            (subscription, names.ACCESS_ADMINISTRATOR, workers[names.WORKER], "ServicePrincipal"),
            (subscription, names.RBAC_ADMINISTRATOR, workers[names.DIRECT_WORKER], "ServicePrincipal"),
            (subscription, names.OWNER, names.APPLICATIONS[names.OPERATOR][1], "ServicePrincipal"),
            (
                f"/subscriptions/{names.SHOP_DEV}",
                names.OWNER,
                names.APPLICATIONS[names.OPERATOR][1],
                "ServicePrincipal",
            ),
            (group, names.LOG_READER, names.DATABASE_TEAM, "Group"),
            (group, names.READER, names.PEOPLE["chloe"], "User"),
        ),
        1,
    ):
        yield Assignment(
            name=f"5ee00000-0000-4000-8000-{number:012d}",
            scope=Scope(scope),
            role=role,
            principal=principal,
            kind=kind,
            created_at=datetime.fromisoformat("2025-01-01T00:00:00Z"),
            created_by=None,
            condition=delegation(names.CATALOGUE) if principal in workers.values() else None,
            seeded=True,
        )
