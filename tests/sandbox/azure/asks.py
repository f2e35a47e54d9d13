"""What is asked of Azure, as an adapter asks it."""

# ruff: noqa: ANN401 - the SDK takes and makes anything

from datetime import datetime, timedelta
from typing import Any

from azure.identity import ClientSecretCredential

from sandbox.azure import names
from sandbox.azure.standin import Application, AzureStandIn
from sandbox.azure.use import Refused

SCOPE = names.GROUP_SCOPE


def credential(azure: AzureStandIn, application: Application, **changed: Any) -> ClientSecretCredential:
    """A credential as an adapter makes it."""
    return ClientSecretCredential(
        changed.get("tenant_id", application.tenant_id),
        changed.get("client_id", application.client_id),
        changed.get("client_secret", application.client_secret),
        authority=azure.endpoint_url,
        disable_instance_discovery=True,
        connection_verify=str(azure.ca_bundle),
        retry_total=0,
    )


def reader(person: str = "ana", **changed: Any) -> dict[str, Any]:
    """What makes somebody a reader."""
    return {
        "role_definition_id": names.role_id(names.READER),
        "principal_id": names.PEOPLE.get(person, person),
        "principal_type": "User",
        **changed,
    }


def until(end: datetime | timedelta, kind: str = "AdminAssign", **changed: Any) -> dict[str, Any]:
    """What asks PIM to make ana a reader."""
    asked = {
        "role_definition_id": names.role_id(names.READER),
        "principal_id": names.PEOPLE["ana"],
        "request_type": kind,
        "schedule_info": {"expiration": _expiration(end)},
        "justification": "INC-42",
        "ticket_info": {"ticket_system": "prod-access", "ticket_number": "g-1"},
    }
    return asked | changed


def _expiration(end: datetime | timedelta) -> dict[str, Any]:
    if isinstance(end, datetime):
        return {"type": "AfterDateTime", "end_date_time": end}
    return {"type": "AfterDuration", "duration": f"PT{int(end.total_seconds() // 60)}M"}


def code_of(outcome: object) -> str:
    """The code somebody was refused with."""
    assert isinstance(outcome, Refused), outcome
    return outcome.code
