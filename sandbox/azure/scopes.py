"""Scopes: where in the hierarchy something is, and what is above it.

https://learn.microsoft.com/azure/role-based-access-control/scope-overview. There are no management groups
here.
"""

from dataclasses import dataclass

from sandbox.azure import names
from sandbox.azure.errors import AzureError

_GROUPS = {names.SHOP_PROD: (names.RESOURCE_GROUP, names.STAGING), names.SHOP_DEV: ("dev",)}
_STORAGE = f"Microsoft.Storage/storageAccounts/{names.STORAGE_ACCOUNT}"
_RESOURCES = {
    f"{names.GROUP_SCOPE}/providers/{resource}".lower()
    for resource in (
        f"Microsoft.DBforPostgreSQL/flexibleServers/{names.DATABASE}",
        _STORAGE,
        f"{_STORAGE}/blobServices/default/containers/{names.CONTAINER}",
    )
}


@dataclass(frozen=True)
class Scope:
    """A place: `text` as it was written, compared in lower case."""

    text: str

    @property
    def key(self) -> str:
        """The scope as it is compared."""
        return self.text.lower().rstrip("/")

    @property
    def subscription(self) -> str | None:
        """The subscription's id, when it is in one."""
        parts = self.key.split("/")
        return parts[2] if parts[1:2] == ["subscriptions"] and parts[2:] else None

    @property
    def group(self) -> str | None:
        """The resource group's name, when it is in one."""
        parts = self.key.split("/")
        return parts[4] if parts[3:4] == ["resourcegroups"] and parts[4:] else None

    def covers(self, other: "Scope") -> bool:
        """Whether it is the other scope or above it."""
        return other.key == self.key or other.key.startswith(self.key + "/")

    def check_subscription(self) -> None:
        """AzureError when it is in no subscription there is."""
        if self.subscription is None:
            raise AzureError(400, "InvalidScope", f"The scope '{self.text}' is not valid.")
        if self.subscription not in _GROUPS:
            name = self.subscription
            raise AzureError(404, "SubscriptionNotFound", f"The subscription '{name}' could not be found.")

    def check(self) -> None:
        """AzureError when there is no such place."""
        if self.group is not None and self.group not in _GROUPS[self.subscription or ""]:
            message = f"Resource group '{self.group}' could not be found."
            raise AzureError(404, "ResourceGroupNotFound", message)
        self._check_resource()

    def _check_resource(self) -> None:
        if len(self.key.split("/")) in {3, 5} or self.key in _RESOURCES:
            return
        if "/providers/" in self.key:
            raise AzureError(
                404,
                "ResourceNotFound",
                f"The Resource '{self.text.partition('/providers/')[2]}' under resource group "
                f"'{self.group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            )
        raise AzureError(400, "InvalidScope", f"The scope '{self.text}' is not valid.")
