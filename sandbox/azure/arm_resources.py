"""Something to use: a subscription, its resource groups, a database server, and the activity log."""

from typing import Any

from sandbox.azure import names
from sandbox.azure.arm_assignments import page
from sandbox.azure.azure import Asking
from sandbox.azure.scopes import Scope
from sandbox.azure.wire import Answer, json_answer

_DATABASE_SCOPE = Scope(names.DATABASE_SCOPE)


def read_subscription(asking: Asking) -> Answer:
    """GET: the subscription."""
    found = {"subscriptionId": asking.scope.subscription, "state": "Enabled", "tenantId": names.TENANT}
    return json_answer({"id": asking.scope.text, **found})


def read_group(asking: Asking) -> Answer:
    """GET: the resource group."""
    found = {"name": asking.scope.group, "type": "Microsoft.Resources/resourceGroups"}
    return json_answer({"id": asking.scope.text, "location": "westeurope", **found})


def list_servers(asking: Asking) -> Answer:
    """GET: the database servers of a resource group.

    https://learn.microsoft.com/rest/api/postgresql/servers/list-by-resource-group.
    """
    covered = [_server()] if asking.scope.covers(_DATABASE_SCOPE) else []
    return page(asking, covered)


def read_server(asking: Asking) -> Answer:
    """GET: one database server."""
    del asking
    return json_answer(_server())


def restart_server(asking: Asking) -> Answer:
    """POST restart: accepted, as https://learn.microsoft.com/rest/api/postgresql/servers/restart says."""
    del asking
    return Answer(202, b"", {"Retry-After": "15"})


def list_activity(asking: Asking) -> Answer:
    """GET: the activity log of a subscription."""
    azure = asking.azure
    lag = azure.settings.activity_lag
    found = azure.activity.found(asking.scope.subscription, asking.filter, azure.timing.now(), lag)
    return page(asking, found)


def list_blobs(asking: Asking) -> Answer:
    """GET at the data plane: the blobs of a container (https://learn.microsoft.com/rest/api/storageservices/list-blobs)."""
    blobs = f"<Blobs><Blob><Name>{names.REPORT}</Name></Blob></Blobs>"
    body = (
        f'<?xml version="1.0"?><EnumerationResults ContainerName="{asking.name}">{blobs}</EnumerationResults>'
    )
    return Answer(200, body.encode(), {"Content-Type": "application/xml"})


def _server() -> dict[str, Any]:
    return {
        "id": names.DATABASE_SCOPE,
        "name": names.DATABASE,
        "type": "Microsoft.DBforPostgreSQL/flexibleServers",
        "location": "westeurope",
        "properties": {"state": "Ready", "version": "17"},
    }
