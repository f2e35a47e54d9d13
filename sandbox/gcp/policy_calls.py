"""getIamPolicy, setIamPolicy and testIamPermissions, on whatever has a policy.

https://cloud.google.com/resource-manager/reference/rest/v3/projects/setIamPolicy and the comments of
https://github.com/googleapis/googleapis/blob/master/google/iam/v1/iam_policy.proto.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from sandbox.gcp import rules
from sandbox.gcp.context import Context
from sandbox.gcp.directory import Resource
from sandbox.gcp.errors import invalid
from sandbox.gcp.policy import Message, Policy, delta

_DEFAULT_MASK: Final = "bindings,etag"
_MOST_PERMISSIONS: Final = 100
Answer = dict[str, Any]
Body = TypeVar("Body", bound=Message)


class _Options(Message):
    requested_policy_version: int = 0


class _Get(Message):
    resource: str = ""
    options: _Options = _Options()


class _Set(Message):
    resource: str = ""
    policy: Policy
    update_mask: str = _DEFAULT_MASK


class _Test(Message):
    resource: str = ""
    permissions: tuple[str, ...] = ()


def get(context: Context, resource: Resource) -> Answer:
    """The policy; below version 3 a conditional binding looks like a role that does not exist."""
    asked = _read(_Get, context.body)
    rules.check_version(asked.options.requested_policy_version)
    context.require("getIamPolicy", resource)
    context.use_quota("Read")
    lag = timedelta(seconds=context.cloud.settings.read_lag_seconds)
    found = context.cloud.policies.read(resource.name, context.now, lag)
    return found.seen_with(asked.options.requested_policy_version).json_form()


def set_(context: Context, resource: Resource) -> Answer:
    """Replaces the policy; answers it, which is the only proof there is that it was written."""
    asked = _read(_Set, context.body)
    context.require("setIamPolicy", resource)
    context.use_quota("Write")
    before = context.cloud.policies.current(resource.name)
    policy = _permitted(context, resource, _masked(before, asked))
    rules.check_policy(policy, resource, context.cloud.directory, context.cloud.settings)
    rules.check_new_owners(before, policy, resource)
    stored, context.delta = context.cloud.put(resource, policy, context.now)
    return stored.json_form()


def test(context: Context, resource: Resource) -> Answer:
    """Those of the permissions the caller has: never anybody else's."""
    asked = _read(_Test, context.body)
    if len(asked.permissions) > _MOST_PERMISSIONS or any("*" in one for one in asked.permissions):
        raise invalid(why="at most a hundred permissions, none with a wildcard")
    held = [permission for permission in asked.permissions if context.may(permission, resource)]
    return {"permissions": held} if held else {}


def _permitted(context: Context, resource: Resource, asked: Policy) -> Policy:
    """The policy to store, when the caller may make the change and nobody else was faster.

    A limited administrator is asked about the bindings the request changes
    (https://cloud.google.com/iam/docs/setting-limits-on-granting-roles), which are other people's too when
    the policy was read before theirs. Which refusal comes first then is not documented: see the settings.
    """
    policies = context.cloud.policies
    if not context.cloud.settings.permission_before_etag:
        policies.compare(resource.name, asked)
    policy = rules.check_compatible(policies.current(resource.name), asked)
    context.delta = delta(policies.current(resource.name), policy)
    context.require("setIamPolicy", resource, modified=context.delta.roles)
    policies.compare(resource.name, asked)
    return policy


def _masked(stored: Policy, asked: _Set) -> Policy:
    """What the update mask leaves of the request: audit configs stay as they are unless it names them."""
    mask = {field.strip() for field in asked.update_mask.split(",")}
    kept: dict[str, Any] = {}
    if not mask & {"auditConfigs", "audit_configs", "*"}:
        kept["audit_configs"] = stored.audit_configs
    if not mask & {"bindings", "*"}:
        kept["bindings"] = stored.bindings
    return asked.policy.model_copy(update=kept)


def _read(kind: type[Body], body: Mapping[str, Any]) -> Body:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise invalid(f"Invalid JSON payload received. {first['msg']} at '{where}'.") from error
