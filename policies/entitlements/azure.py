"""Azure: one role on one subscription or resource group, assigned to a person."""

import hashlib
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import HoldingKey, Value

ROLE_ASSIGNMENT: Final = "azure-role-assignment"
"""The adapter that assigns a person a role, through PIM where it can."""

BUILT_IN: Final = {
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Log Analytics Reader": "73c42c96-874c-492b-b04d-ab87d138a893",
    "Monitoring Reader": "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Queue Data Reader": "19e7f393-937e-4f77-808e-94535e297925",
    "Key Vault Reader": "21090545-7ca7-4776-b22c-e363652d74d2",
    "SQL DB Contributor": "9b7fa17d-e63e-47b0-bb0a-15c516ac86ec",
    "Azure Kubernetes Service Cluster User Role": "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
}
"""Built-in roles that may be called by name; any other is called by its id
(https://learn.microsoft.com/azure/role-based-access-control/built-in-roles)."""

_NEVER_GRANTED = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": "Key Vault Data Access Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa": "Monitoring Contributor",
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293": "Log Analytics Contributor",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": "Virtual Machine Contributor",
    "36243c78-bf99-498c-9df9-86d9f8d28608": "Resource Policy Contributor",
    "a8889054-8d42-49c9-bc1c-52486c10e7cd": "Reservations Administrator",
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
    "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8": "Azure Kubernetes Service Cluster Admin Role",
    "f353d9bd-d4a6-484e-a77a-8050b599b867": "Automation Contributor",
    "de139f84-1756-47ae-9be6-808fbbe84772": "Website Contributor",
}
_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def never_granted(role: str) -> bool:
    """Whether a role, by its id, could change access, act as an identity or stop the audit."""
    return role.rsplit("/", 1)[-1].lower() in _NEVER_GRANTED


def _grantable(role: str) -> str:
    if role in _NEVER_GRANTED.values() or never_granted(role):
        raise ValueError(f"{role} is never granted: it could change who has access")
    if role not in BUILT_IN and not _GUID.match(role):
        known = ", ".join(sorted(BUILT_IN))
        raise ValueError(f'"{role}" is neither a role id nor one of: {known}')
    return role


GrantableRole = Annotated[str, AfterValidator(_grantable)]
"""A built-in role by its name, or any role definition by its id."""


class AzureAccess(Value):
    """One role on one scope; `try_command` is a harmless first command, as written after `az`."""

    cloud: Literal["azure"]
    scope: str
    role: GrantableRole
    try_command: str | None = Field(default=None, max_length=200)

    @property
    def alias(self) -> str:
        """Where, as `clouds.yaml` calls it."""
        return self.scope


class AzureScope(Value):
    """A subscription, or a resource group of one, by its alias."""

    alias: str = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    tenant: str = Field(pattern=_GUID.pattern)
    id: str = Field(
        pattern=r"^/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/resourceGroups/[\w.()-]{1,90})?$"
    )


class AzureAssignment(Value):
    """An Azure entitlement with every alias resolved; `role_id` is the definition's full id."""

    cloud: Literal["azure"]
    alias: str
    tenant: str
    scope: str
    role_id: str
    role: str

    @property
    def subscription(self) -> str:
        """The id of the subscription it is in."""
        return self.scope.split("/")[2]


def assignment_at(scope: AzureScope, role: str) -> AzureAssignment:
    """What assigning this role there needs to know."""
    subscription = "/".join(scope.id.split("/")[:3])
    definitions = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions"
    return AzureAssignment(
        cloud="azure",
        alias=scope.alias,
        tenant=scope.tenant,
        scope=scope.id,
        role_id=f"{definitions}/{BUILT_IN.get(role, role)}",
        role=role,
    )


def assignment_key(assignment: AzureAssignment, principal: str) -> HoldingKey:
    """The holding's key, which is the id of its role assignment: one for a person, a role and a scope."""
    text = f"{assignment.scope}\n{assignment.role_id}\n{principal}".lower()
    return HoldingKey(f"{assignment.scope}/providers/Microsoft.Authorization/roleAssignments/{_guid(text)}")


def _guid(text: str) -> str:
    """A name of our own making (RFC 9562, version 8) that no other text has, the same for the same text."""
    sign = hashlib.sha256(f"prod-access\n{text}".encode()).hexdigest()
    return f"{sign[:8]}-{sign[8:12]}-8{sign[13:16]}-a{sign[17:20]}-{sign[20:32]}"
