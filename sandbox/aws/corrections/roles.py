"""Roles: what a listing leaves out, what there may be too much of, what does not exist.

Limits: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html ("IAM does not count
white space"). Listings: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html ("this
operation does not return PermissionsBoundary, RoleLastUsed, Tags").
"""

import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from sandbox.aws.corrections import trust
from sandbox.aws.corrections.inside import Answer, Handler, Params, guarded, inside, own_role, param, refusal

_TRUST_CHARACTERS = 2_048
_INLINE_CHARACTERS = 10_240
_MANAGED_CHARACTERS = 6_144
_MANAGED_POLICIES = 10
_TAGS = 50
_ROLES = 1_000
_PAGE = 100


def correct() -> None:
    """From now on roles keep AWS's limits and listings say as little as AWS's."""
    iam = inside("services.iam")
    iam["_role_xml"] = _briefly_in_lists(iam["_role_xml"])
    handlers = iam["_IAM_HANDLERS"]
    handlers["ListRoles"] = _list_roles
    handlers["CreateRole"] = _description_escaped(guarded(handlers["CreateRole"], _may_create))
    for action, rule in {
        "UpdateAssumeRolePolicy": lambda params: _trustworthy(param(params, "PolicyDocument")),
        "AttachRolePolicy": _may_attach,
        "PutRolePolicy": _may_put,
        "CreatePolicy": _policy_fits,
        "CreatePolicyVersion": _policy_fits,
        "TagRole": _may_tag,
    }.items():
        handlers[action] = guarded(handlers[action], rule)


def _briefly_in_lists(role_xml: Callable[..., str]) -> Callable[..., str]:
    def brief(name: str, boundary: bool = True) -> str:  # noqa: FBT001, FBT002 - the emulator's signature
        whole = role_xml(name, boundary)
        return whole if boundary else re.sub("<Tags>.*</Tags>", "", whole)

    return brief


def _list_roles(params: Params) -> Answer:
    """One page, by name: `MaxItems` at a time, from `Marker` on."""
    iam = inside("services.iam")
    prefix, marker = param(params, "PathPrefix") or "/", param(params, "Marker")
    found = sorted(
        name for name, role in iam["_roles"].items() if role["Path"].startswith(prefix) and name > marker
    )
    page = found[: int(param(params, "MaxItems") or _PAGE)]
    more = len(page) < len(found)
    members = "".join(f"<member>{iam['_role_xml'](name, boundary=False)}</member>" for name in page)
    following = f"<IsTruncated>{str(more).lower()}</IsTruncated>" + (
        f"<Marker>{page[-1]}</Marker>" if more else ""
    )
    inner = f"<ListRolesResult><Roles>{members}</Roles>{following}</ListRolesResult>"
    answer: Answer = iam["_xml"](200, "ListRolesResponse", inner, ns="iam")
    return answer


def _description_escaped(handler: Handler) -> Handler:
    """Here, ministack writes a description into its XML as it came: "&" would break every later reading."""

    def escaped(params: Params) -> Answer:
        if "Description" in params:
            params["Description"] = [escape(param(params, "Description"))]
        return handler(params)

    return escaped


def _may_create(params: Params) -> Answer | None:
    if len(inside("services.iam")["_roles"]) >= _ROLES:
        return _too_much(f"Cannot exceed quota for RolesPerAccount: {_ROLES}")
    return _trustworthy(param(params, "AssumeRolePolicyDocument"))


def _trustworthy(document: str) -> Answer | None:
    wrong = trust.problem(document)
    if wrong:
        return refusal(400, "MalformedPolicyDocument", wrong)
    if _size(document) > _TRUST_CHARACTERS:
        return _too_much(f"Cannot exceed quota for ACLSizePerRole: {_TRUST_CHARACTERS}")
    return None


def _may_attach(params: Params) -> Answer | None:
    role, arn = own_role(params), param(params, "PolicyArn")
    if role is None or arn in role["AttachedPolicies"]:
        return None
    if not inside("services.iam")["_policy_exists"](arn):
        return refusal(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    if len(role["AttachedPolicies"]) >= _MANAGED_POLICIES:
        return _too_much(f"Cannot exceed quota for PoliciesPerRole: {_MANAGED_POLICIES}")
    return None


def _may_put(params: Params) -> Answer | None:
    role = own_role(params)
    if role is None:
        return None
    after = role["InlinePolicies"] | {param(params, "PolicyName"): param(params, "PolicyDocument")}
    if sum(map(_size, after.values())) > _INLINE_CHARACTERS:
        name = role["RoleName"]
        return _too_much(f"Maximum policy size of {_INLINE_CHARACTERS} bytes exceeded for role {name}")
    return None


def _policy_fits(params: Params) -> Answer | None:
    if _size(param(params, "PolicyDocument")) > _MANAGED_CHARACTERS:
        return _too_much(f"Cannot exceed quota for PolicySize: {_MANAGED_CHARACTERS}")
    return None


def _may_tag(params: Params) -> Answer | None:
    role = own_role(params) or {}
    kept = {tag["Key"].lower() for tag in role.get("Tags", [])}
    added = {tag["Key"].lower() for tag in inside("services.iam")["_extract_tags"](params)}
    return _too_much(f"Cannot exceed quota for TagsPerRole: {_TAGS}") if len(kept | added) > _TAGS else None


def _too_much(message: str) -> Answer:
    return refusal(409, "LimitExceeded", message)


def _size(document: Any) -> int:  # noqa: ANN401 - stored as text, whoever stored it
    return len(re.sub(r"\s", "", str(document)))
