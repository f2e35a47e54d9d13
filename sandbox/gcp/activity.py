"""Cloud Audit Logs of what happens: the entries `entries.list` of Cloud Logging would answer.

Entries: https://cloud.google.com/logging/docs/audit/understanding-audit-logs; the payload:
https://github.com/googleapis/googleapis/blob/master/google/cloud/audit/audit_log.proto; a policy's delta:
google/iam/v1/logging/audit_data.proto. Admin Activity is always written; Data Access only where an
auditConfig of the resource, or of something above it, asks for it.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from sandbox.gcp.directory import Resource
from sandbox.gcp.errors import GoogleError
from sandbox.gcp.policy import AuditConfig, Delta
from sandbox.gcp.tokens import Caller


@dataclass(frozen=True)
class Method:
    """How an action is called in the audit log."""

    service: str
    name: str
    permission: str
    log: str = "activity"
    """`activity`, or `data_access`."""
    log_type: str = ""
    """What an auditConfig must enable."""


_ADMIN_READ: Final = ("data_access", "ADMIN_READ")
_SQL: Final = "cloudsql.googleapis.com"
_IAM: Final = "iam.googleapis.com"
METHODS: Final = {
    "ListInstances": Method(_SQL, "cloudsql.instances.list", "cloudsql.instances.list", *_ADMIN_READ),
    "GetInstance": Method(_SQL, "cloudsql.instances.get", "cloudsql.instances.get", *_ADMIN_READ),
    "RestartInstance": Method(_SQL, "cloudsql.instances.restart", "cloudsql.instances.restart"),
    "DisableServiceAccount": Method(
        _IAM, "google.iam.admin.v1.DisableServiceAccount", "iam.serviceAccounts.disable"
    ),
    "EnableServiceAccount": Method(
        _IAM, "google.iam.admin.v1.EnableServiceAccount", "iam.serviceAccounts.enable"
    ),
    "GenerateAccessToken": Method(
        "iamcredentials.googleapis.com",
        "GenerateAccessToken",
        "iam.serviceAccounts.getAccessToken",
        *_ADMIN_READ,
    ),
}


@dataclass(frozen=True)
class Deed:
    """Something that was done, or refused for want of a permission."""

    at: datetime
    action: str
    caller: Caller
    resource: Resource
    target: str
    """The name of what it was done to."""
    reason: str = ""
    user_agent: str = ""
    delta: Delta | None = None
    error: GoogleError | None = None


class Activity:
    """Every entry, in order."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def record(self, deed: Deed, audit_configs: Iterable[AuditConfig]) -> None:
        """Writes the entry of a deed, where there is one to write."""
        method = _method(deed)
        if method is None or (method.log_type and not _enabled(method, audit_configs)):
            return
        self._entries.append(_entry(deed, method, f"sandbox{next(self._numbers):08d}"))

    def json(self, since: int = 0) -> list[dict[str, Any]]:
        """The entries from a number on."""
        return self._entries[since:]


def _method(deed: Deed) -> Method | None:
    if deed.action == "SetIamPolicy":
        permission = deed.resource.permission("setIamPolicy")
        if deed.resource.kind == "serviceAccounts":
            return Method(_IAM, "google.iam.admin.v1.SetIAMPolicy", permission)
        return Method("cloudresourcemanager.googleapis.com", "SetIamPolicy", permission)
    return METHODS.get(deed.action)


def _enabled(method: Method, audit_configs: Iterable[AuditConfig]) -> bool:
    return any(
        config.service in {"allServices", method.service, _IAM if "iam" in method.service else ""}
        and any(one.log_type == method.log_type for one in config.audit_log_configs)
        for config in audit_configs
    )


def _entry(deed: Deed, method: Method, insert_id: str) -> dict[str, Any]:
    at = deed.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    owner = deed.resource.parent if deed.resource.kind == "serviceAccounts" else deed.resource.name
    return {
        "logName": f"{owner}/logs/{quote(f'cloudaudit.googleapis.com/{method.log}', safe='')}",
        "insertId": insert_id,
        "timestamp": at,
        "receiveTimestamp": at,
        "severity": "ERROR" if deed.error else "INFO" if method.log_type else "NOTICE",
        "resource": {"type": _monitored(deed.resource), "labels": _labels(deed.resource)},
        "protoPayload": _payload(deed, method, at),
    }


def _payload(deed: Deed, method: Method, at: str) -> dict[str, Any]:
    granted = deed.error is None
    permission = {"resource": deed.target, "permission": method.permission, "granted": granted}
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": method.service,
        "methodName": method.name,
        "resourceName": deed.target,
        "authenticationInfo": _authentication(deed.caller),
        "authorizationInfo": [permission],
        "requestMetadata": {
            "callerIp": "127.0.0.1",
            "callerSuppliedUserAgent": deed.user_agent,
            "requestAttributes": {"time": at} | ({"reason": deed.reason} if deed.reason else {}),
        },
        "status": deed.error.rpc if deed.error else {},
    }
    return payload | ({"serviceData": _policy_delta(deed.delta)} if deed.delta and granted else {})


def _authentication(caller: Caller) -> dict[str, Any]:
    kind = "serviceAccount" if caller.email.endswith("gserviceaccount.com") else "user"
    found: dict[str, Any] = {"principalEmail": caller.email, "principalSubject": f"{kind}:{caller.email}"}
    if caller.delegation:
        chain = [{"firstPartyPrincipal": {"principalEmail": email}} for email in caller.delegation]
        found["serviceAccountDelegationInfo"] = chain
    return found


def _policy_delta(delta: Delta) -> dict[str, Any]:
    kind = "type.googleapis.com/google.iam.v1.logging.AuditData"
    return {"@type": kind, "policyDelta": {"bindingDeltas": delta.json()}}


def _monitored(resource: Resource) -> str:
    return {"serviceAccounts": "service_account"}.get(resource.kind, resource.kind.removesuffix("s"))


def _labels(resource: Resource) -> dict[str, str]:
    owner = resource.parent if resource.kind == "serviceAccounts" else resource.name
    kind, _, identifier = str(owner).partition("/")
    return {f"{kind.removesuffix('s')}_id": identifier}
