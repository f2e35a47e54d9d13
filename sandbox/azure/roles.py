"""Role definitions: the built-in ones this world uses, and the organisation's own.

Their actions are those of https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.azure import names


@dataclass(frozen=True)
class Role:
    """One role definition."""

    id: str
    title: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("/",)

    def allows(self, action: str, *, data: bool = False) -> bool:
        """Whether it holds an action, on the control or on the data plane."""
        held = self.data_actions if data else self.actions
        return _matches(action, held) and not _matches(action, self.not_actions)

    def json(self, scope: str) -> dict[str, Any]:
        """The definition as Azure shows it from a scope."""
        permission = {
            "actions": self.actions,
            "notActions": self.not_actions,
            "dataActions": self.data_actions,
            "notDataActions": [],
        }
        return {
            "id": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{self.id}",
            "name": self.id,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {
                "roleName": self.title,
                "type": "BuiltInRole" if self.scopes == ("/",) else "CustomRole",
                "description": self.title,
                "assignableScopes": self.scopes,
                "permissions": [permission],
            },
        }


def _matches(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


_NO_AUTHORIZATION = tuple(
    f"Microsoft.Authorization/{verb}" for verb in ("*/Delete", "*/Write", "elevateAccess/Action")
)
_ROLES = (
    Role(names.OWNER, "Owner", ("*",)),
    Role(names.CONTRIBUTOR, "Contributor", ("*",), _NO_AUTHORIZATION),
    Role(names.READER, "Reader", ("*/read",)),
    Role(
        names.ACCESS_ADMINISTRATOR,
        "User Access Administrator",
        ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
    ),
    Role(
        names.RBAC_ADMINISTRATOR,
        "Role Based Access Control Administrator",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ),
    ),
    Role(
        names.LOG_READER,
        "Log Analytics Reader",
        ("*/read", "Microsoft.OperationalInsights/workspaces/analytics/query/action"),
    ),
    Role(
        names.BLOB_READER,
        "Storage Blob Data Reader",
        ("Microsoft.Storage/storageAccounts/blobServices/containers/read",),
        (),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",),
    ),
    Role(
        names.DATABASE_OPERATOR,
        "Meridian database operator",
        (
            "Microsoft.DBforPostgreSQL/flexibleServers/read",
            "Microsoft.DBforPostgreSQL/flexibleServers/restart/action",
        ),
        scopes=(names.SUBSCRIPTION_SCOPE,),
    ),
)
_BY_ID = {role.id: role for role in _ROLES}


def role_of(role_definition_id: str) -> Role | None:
    """The role a definition id names: only its last part counts, the prefix varies with the scope."""
    return _BY_ID.get(role_definition_id.rpartition("/")[2].lower())


def every_role(subscription: str | None) -> Iterator[Role]:
    """The roles that can be assigned in a subscription."""
    for role in _ROLES:
        if role.scopes == ("/",) or f"/subscriptions/{subscription}" in role.scopes:
            yield role
