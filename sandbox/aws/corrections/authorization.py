"""What an IAM or STS call is checked against: the role's whole ARN, and the condition keys AWS gives.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.corrections.inside import account, inside, own_role, param

_BOUNDARY_KEY_ACTIONS = frozenset(
    {
        "CreateRole",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "PutRolePolicy",
        "DeleteRolePolicy",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
    }
)


def correct() -> None:
    """From now on paths count in role ARNs, and boundary, policy and session keys are there."""
    actions = inside("core.iam_actions")
    actions["extract_resource_arn"] = _with_paths(actions["extract_resource_arn"])
    actions["request_tag_context"] = _with_keys(actions["request_tag_context"])


def _with_paths(arn_of: Callable[..., str]) -> Callable[..., str]:
    def resource_arn(service: str, *args: Any) -> str:  # noqa: ANN401 - the emulator's own shapes
        params = args[4]
        is_role = service == "iam" and param(params, "RoleName")
        return _role_arn(params) if is_role else arn_of(service, *args)

    return resource_arn


def _role_arn(params: Mapping[str, Any]) -> str:
    """A role to be made has the path asked for; one that is not there has none that IAM could know.

    So a caller limited to a path is told AccessDenied about a role that is gone, not NoSuchEntity: seen at
    https://github.com/keikoproj/iam-manager/pull/35.
    """
    if param(params, "Action") == "CreateRole":
        path = param(params, "Path") or "/"
        return f"arn:aws:iam::{account()}:role{path}{param(params, 'RoleName')}"
    role = own_role(params)
    return str(role["Arn"]) if role else f"arn:aws:iam::{account()}:role/{param(params, 'RoleName')}"


def _with_keys(context_of: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(service: str, action: str, body: bytes, params: Mapping[str, Any]) -> dict[str, Any]:
        known = context_of(service, action, body, params)
        keys_of = {"iam": _iam_keys, "sts": _sts_keys}.get(service)
        return known | {key: value for key, value in (keys_of(params) if keys_of else {}).items() if value}

    return context


def _iam_keys(params: Mapping[str, Any]) -> dict[str, str]:
    role = own_role(params) or {}
    tags = {f"iam:ResourceTag/{tag['Key']}": tag["Value"] for tag in role.get("Tags", [])}
    return {
        "iam:PermissionsBoundary": _boundary(params, role),
        "iam:PolicyARN": param(params, "PolicyArn"),
        **tags,
    }


def _boundary(params: Mapping[str, Any], role: Mapping[str, Any]) -> str:
    """The boundary asked for, else the one the role has."""
    if param(params, "Action") not in _BOUNDARY_KEY_ACTIONS:
        return ""
    return param(params, "PermissionsBoundary") or str(role.get("PermissionsBoundary") or "")


def _sts_keys(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        "sts:ExternalId": param(params, "ExternalId"),
        "sts:RoleSessionName": param(params, "RoleSessionName"),
        "sts:SourceIdentity": param(params, "SourceIdentity"),
    }
