"""What the pretend Azure calls things: tenant, subscriptions, people, applications, roles.

Built-in roles have their real ids
(https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
"""

from typing import Final

TENANT: Final = "aaaabbbb-0000-cccc-1111-dddd2222eeee"

SHOP_PROD: Final = "10000000-0000-4000-8000-000000000001"
"""The subscription people ask access in."""
SHOP_DEV: Final = "20000000-0000-4000-8000-000000000002"
"""Another subscription of the tenant; the workers have nothing in it."""
RESOURCE_GROUP: Final = "prod"
STAGING: Final = "staging"
"""Another resource group of the same subscription."""

SUBSCRIPTION_SCOPE: Final = f"/subscriptions/{SHOP_PROD}"
GROUP_SCOPE: Final = f"{SUBSCRIPTION_SCOPE}/resourceGroups/{RESOURCE_GROUP}"
DATABASE: Final = "orders"
DATABASE_SCOPE: Final = f"{GROUP_SCOPE}/providers/Microsoft.DBforPostgreSQL/flexibleServers/{DATABASE}"
STORAGE_ACCOUNT: Final = "shopprodexports"
STORAGE_SCOPE: Final = f"{GROUP_SCOPE}/providers/Microsoft.Storage/storageAccounts/{STORAGE_ACCOUNT}"
CONTAINER: Final = "reports"
REPORT: Final = "orders.csv"

PEOPLE: Final = {
    "ana": "a0000000-0000-4000-8000-0000000000a1",
    "ben": "b0000000-0000-4000-8000-0000000000b2",
    "chloe": "c0000000-0000-4000-8000-0000000000c3",
    "dev": "d0000000-0000-4000-8000-0000000000d4",
    "emi": "e1000000-0000-4000-8000-0000000000e1",
    "ivy": "e0000000-0000-4000-8000-0000000000e5",
}
"""Everybody's object id."""
DOMAIN: Final = "meridian.example"
GUEST: Final = "f0000000-0000-4000-8000-0000000000f6"
"""A guest: ivy's other account, from the partner's tenant."""
DATABASE_TEAM: Final = "90000000-0000-4000-8000-000000000090"
"""A group with ben in it and standing access to the database's logs."""

WORKER: Final = "prod-access-worker"
"""The workers' application: User Access Administrator under the delegation condition, which opens PIM."""
DIRECT_WORKER: Final = "prod-access-direct"
"""The least a worker can be: Role Based Access Control Administrator under the condition, and no PIM."""
OPERATOR: Final = "operator"
"""Owner of both subscriptions: the hand behind our back in a test."""
APPLICATIONS: Final = {
    WORKER: ("1aaaaaaa-0000-4000-8000-00000000aa01", "70000000-0000-4000-8000-000000000071"),
    DIRECT_WORKER: ("2aaaaaaa-0000-4000-8000-00000000aa02", "70000000-0000-4000-8000-000000000072"),
    OPERATOR: ("3aaaaaaa-0000-4000-8000-00000000aa03", "70000000-0000-4000-8000-000000000073"),
}
"""Each application's client id and its service principal's object id."""

OWNER: Final = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR: Final = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ACCESS_ADMINISTRATOR: Final = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC_ADMINISTRATOR: Final = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
LOG_READER: Final = "73c42c96-874c-492b-b04d-ab87d138a893"
BLOB_READER: Final = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
DATABASE_OPERATOR: Final = "5a1e0000-0000-4000-8000-00000000d0b0"
"""The organisation's own role: reads and restarts database servers."""

CATALOGUE: Final = (READER, LOG_READER, BLOB_READER, DATABASE_OPERATOR)
"""The roles a worker may hand out; Contributor and Owner are not among them."""

ARM_AUDIENCE: Final = "https://management.azure.com"
GRAPH_AUDIENCE: Final = "https://graph.microsoft.com"
STORAGE_AUDIENCE: Final = "https://storage.azure.com"


def role_id(role: str) -> str:
    """A role definition's full id, as an assignment in shop-prod names it."""
    return f"{SUBSCRIPTION_SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{role}"
