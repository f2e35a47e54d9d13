"""What a policy must be to be set: members, roles, conditions, limits. Each refusal is a 400.

The words are Google's where somebody quoted them in public (linked at each); elsewhere Google says only
"Request contains an invalid argument." and so does this, with the reason in the stand-in's own log.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from sandbox.gcp import cel, roles
from sandbox.gcp.cel_syntax import CelError, logical_operators
from sandbox.gcp.directory import Directory, Resource
from sandbox.gcp.errors import INVALID, GoogleError, invalid
from sandbox.gcp.policy import CONDITIONAL, Binding, Condition, Policy
from sandbox.gcp.settings import Settings

_VERSIONS: Final = frozenset({0, 1, CONDITIONAL})
_SEE_VERSIONS: Final = (
    "For more information, please refer to https://cloud.google.com/iam/docs/policies#versions."
)
_PUBLIC: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_FEDERATED: Final = re.compile(
    r"principal(Set)?://iam\.googleapis\.com/(locations/global/workforcePools|projects/\d+/locations/global/"
    r"workloadIdentityPools)/[a-z0-9-]{4,63}/\S+"
)
_DELETED: Final = re.compile(r"deleted:(user|group|serviceAccount):\S+@\S+\?uid=\d+")
_ADDRESS: Final = re.compile(r"(user|group|serviceAccount|domain):(\S+)")


def check_version(version: int) -> None:
    """0, 1 and 3 are versions (policy.proto)."""
    if version not in _VERSIONS:
        raise invalid(why=f"there is no policy version {version}")


def check_compatible(stored: Policy, asked: Policy) -> Policy:
    """The policy as it will be stored, by the rules of policy.proto for versions.

    With an etag, a lower version than what has conditions is refused
    (https://github.com/hashicorp/vault-plugin-secrets-gcp/issues/88). Without one nothing is compared: below
    version 3 every condition is lost, and what was temporary is permanent.
    """
    check_version(asked.version)
    if asked.version == CONDITIONAL:
        return asked
    if not asked.etag:
        return asked.model_copy(update={"bindings": tuple(_unconditional(one) for one in asked.bindings)})
    if stored.conditional or asked.conditional:
        existing = f"the existing policy version ({CONDITIONAL})"
        version = max(asked.version, 1)
        raise invalid(f"Specified policy version ({version}) cannot be less than {existing}. {_SEE_VERSIONS}")
    return asked


def check_policy(policy: Policy, resource: Resource, directory: Directory, limits: Settings) -> None:
    """Refuses what may not be in a policy of this resource."""
    _check_size(policy, limits)
    for binding in policy.bindings:
        _check_role(binding, resource)
        _check_members(binding, resource, directory)
        if binding.condition is not None:
            _check_condition(binding.condition, binding, limits)
    _check_expressions(policy, limits)


def check_new_owners(before: Policy, after: Policy, resource: Resource) -> None:
    """A person becomes owner of a project by an invitation, not by setIamPolicy.

    https://cloud.google.com/resource-manager/reference/rest/v3/projects/setIamPolicy; the detail is quoted in
    https://github.com/hashicorp/terraform-provider-google/issues/4276.
    """
    new = after.grants() - before.grants()
    asked = [one.member for one in new if one.role == roles.OWNER and one.member.startswith("user:")]
    if asked and resource.kind == "projects":
        kind = "type.googleapis.com/google.cloudresourcemanager.v1.ProjectIamPolicyError"
        detail: dict[str, Any] = {"@type": kind, "type": "SOLO_MUST_INVITE_OWNERS", "member": min(asked)}
        raise GoogleError(
            "INVALID_ARGUMENT", INVALID, [{**detail, "role": roles.OWNER}], why="an owner is invited"
        )


def _unconditional(binding: Binding) -> Binding:
    return binding.model_copy(update={"condition": None})


def _check_size(policy: Policy, limits: Settings) -> None:
    """https://cloud.google.com/iam/quotas; the words: https://github.com/kubeflow/pipelines/issues/1146."""
    members = [member for binding in policy.bindings for member in binding.members]
    if len(members) > limits.principals:
        raise invalid(
            f"The number of members in the policy ({len(members):,}) is larger than the maximum allowed size "
            f"{limits.principals:,}."
        )
    groups = sum(member.startswith(("group:", "domain:")) for member in members)
    if groups > limits.groups:
        raise invalid(why=f"{groups} groups and domains, {limits.groups} at most")
    size = len(json.dumps(policy.json_form(), separators=(",", ":")))
    if size > limits.policy_bytes:
        raise invalid(why=f"{size} bytes, {limits.policy_bytes} at most")


def _check_role(binding: Binding, resource: Resource) -> None:
    """https://github.com/hashicorp/terraform/issues/25623 for the words."""
    role = roles.ROLES.get(binding.role)
    owned = binding.role.startswith(("projects/", "organizations/"))
    elsewhere = (
        owned and binding.role.startswith("projects/") and not binding.role.startswith(resource.name + "/")
    )
    if role is None or resource.kind not in role.grantable_on or elsewhere:
        raise invalid(f"Role {binding.role} is not supported for this resource.")


def _check_members(binding: Binding, resource: Resource, directory: Directory) -> None:
    if not binding.members:
        raise invalid(why=f"{binding.role} has no members")
    repeated = [member for member, times in Counter(binding.members).items() if times > 1]
    if repeated:
        raise invalid(why=f"{repeated[0]} twice in one binding")
    for member in binding.members:
        _check_member(member, resource, directory)


def _check_member(member: str, resource: Resource, directory: Directory) -> None:
    """The forms are policy.proto's; public members: on a service account only (projects.setIamPolicy)."""
    if member in _PUBLIC:
        if resource.kind == "serviceAccounts":
            return
        raise invalid(why=f"{member} on {resource.kind}")
    if _FEDERATED.fullmatch(member) or _DELETED.fullmatch(member):
        return
    address = _ADDRESS.fullmatch(member)
    if address is None:
        # https://github.com/googleapis/google-api-python-client/issues/819
        raise invalid('Policy members must be of the form "<type>:<value>".', why=member)
    _check_exists(address[1], address[2], directory)


def _check_exists(kind: str, address: str, directory: Directory) -> None:
    """Words: https://github.com/GoogleCloudPlatform/generative-ai/issues/944. Letter case is no matter."""
    known = {
        "user": directory.people,
        "group": directory.groups,
        "serviceAccount": directory.service_accounts,
        "domain": set(_domains(directory)),
    }[kind]
    if address.lower() not in known:
        called = {"user": "User", "group": "Group", "serviceAccount": "Service account", "domain": "Domain"}[
            kind
        ]
        raise invalid(f"{called} {address} does not exist.")


def _domains(directory: Directory) -> Iterator[str]:
    for person in directory.people:
        yield person.partition("@")[2]


def _check_condition(condition: Condition, binding: Binding, limits: Settings) -> None:
    """https://cloud.google.com/iam/docs/conditions-overview#limitations."""
    if binding.role in roles.BASIC:
        raise invalid(why=f"{binding.role} with a condition")
    if not condition.title or not condition.expression:
        raise invalid(why="a condition has a title and an expression")
    if len(condition.title) > limits.title_characters:
        raise invalid(why=f"a title of {len(condition.title)} characters")
    if len(condition.description) > limits.description_characters:
        raise invalid(why=f"a description of {len(condition.description)} characters")
    try:
        operators = logical_operators(cel.compiled(condition.expression))
    except CelError as error:
        raise invalid(why=f"{condition.expression}: {error}") from error
    if operators > limits.logical_operators:
        raise invalid(why=f"{operators} logical operators, {limits.logical_operators} at most")


def _check_expressions(policy: Policy, limits: Settings) -> None:
    """The same member and role under twenty different expressions at most (https://cloud.google.com/iam/quotas)."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for grant in policy.grants():
        if grant.condition is not None:
            found[grant.role, grant.member].add(grant.condition.expression)
    for (role, member), expressions in found.items():
        if len(expressions) > limits.same_member_conditions:
            raise invalid(why=f"{member} has {role} under {len(expressions)} expressions")
