"""Google Cloud: the workers may read a policy, and change the grants of the catalogue's roles in it.

What Google refuses by it: a change that touches any other role, owner and the workers' own among them.

What Google cannot be told: whom a role is given to, and for how long. And a change is judged by the roles it
touches, when it takes away as when it gives: a role that leaves the catalogue can no longer be taken back. So
end what is held of it first.

Source, for the condition and its limit of ten roles: https://cloud.google.com/iam/docs/setting-limits-on-granting-roles
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from policies.entitlements.gcp import GcpBinding, GcpResource
from policies.least_privilege.listed import listed
from policies.rules import Policy
from policies.values import Value

MOST_ROLES: Final = 10
"""How many roles one such condition may name."""
MOST_LIMITS: Final = 20
"""How many bindings of one member to one role may differ in their condition (https://cloud.google.com/iam/quotas)."""
_CUSTOM: Final = "prodAccess"
_ROLES: Final = {
    "projects": "roles/resourcemanager.projectIamAdmin",
    "folders": "roles/resourcemanager.folderIamAdmin",
}
"""The least of Google's own roles that may change a policy. For an organisation there is none that small."""

WorkerEmail = Annotated[str, Field(pattern=r"^[a-z0-9][\w.-]*@[\w.-]+\.gserviceaccount\.com$")]
"""The service account that the workers run as."""


class RoleLimit(Value):
    """The workers' binding on one resource: what it may change there."""

    alias: str
    resource: str
    role: str
    roles: tuple[str, ...]
    number: int
    of: int

    @property
    def title(self) -> str:
        """What the condition is called."""
        part = f", {self.number} of {self.of}" if self.of > 1 else ""
        return f"prod-access: the roles of the catalogue only{part}"

    @property
    def expression(self) -> str:
        """Only grants of these roles are changed."""
        names = ", ".join(f"'{role}'" for role in self.roles)
        return f"api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([{names}])"


class OwnRole(Value):
    """A custom role of an organisation's, where Google has none that is small enough."""

    organization: str
    id: str
    permissions: tuple[str, ...]

    @property
    def name(self) -> str:
        """As a binding names it."""
        return f"{self.organization}/roles/{self.id}"


class GcpSetup(Value):
    """The bindings the workers need, and the custom roles in them."""

    worker: WorkerEmail
    own_roles: tuple[OwnRole, ...]
    limits: tuple[RoleLimit, ...]

    @property
    def member(self) -> str:
        """The workers as a policy names them."""
        return f"serviceAccount:{self.worker}"

    @property
    def document(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "customRoles": [
                {"name": one.name, "includedPermissions": list(one.permissions)} for one in self.own_roles
            ],
            "bindings": [
                {
                    "resource": one.resource,
                    "role": one.role,
                    "members": [self.member],
                    "condition": {"title": one.title, "expression": one.expression},
                }
                for one in self.limits
            ],
        }


def gcp_setup(policy: Policy, worker: str) -> GcpSetup:
    """What Google Cloud needs for this catalogue; nothing on a resource that no role reaches."""
    reached = {one.resource for one in listed(policy, GcpBinding)}
    resources = [one for one in policy.clouds.gcp if one.name in reached]
    return GcpSetup(
        worker=worker,
        own_roles=tuple(_own_role(one) for one in resources if _kind(one) == "organizations"),
        limits=tuple(limit for one in resources for limit in _limits(policy, one)),
    )


def grouped(bundles: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Few groups of at most ten that hold each bundle whole, so that no grant needs roles of two groups.

    A change that mixes roles of two groups is refused, and has to be made in two.
    """
    groups: list[set[str]] = []
    for bundle in sorted(set(bundles), key=lambda one: (-len(one), one)):
        room = (group for group in groups if len(group | set(bundle)) <= MOST_ROLES)
        group = next(room, None)
        if group is None:
            groups.append(set(bundle))
        else:
            group |= set(bundle)
    return tuple(tuple(sorted(group)) for group in groups)


def _limits(policy: Policy, resource: GcpResource) -> Iterator[RoleLimit]:
    role = _ROLES.get(_kind(resource)) or _own_role(resource).name
    groups = grouped(one.roles for one in listed(policy, GcpBinding) if one.resource == resource.name)
    for number, roles in enumerate(groups, start=1):
        yield RoleLimit(
            alias=resource.alias,
            resource=resource.name,
            role=role,
            roles=roles,
            number=number,
            of=len(groups),
        )


def _own_role(resource: GcpResource) -> OwnRole:
    verbs = ("getIamPolicy", "setIamPolicy")
    permissions = tuple(f"resourcemanager.organizations.{verb}" for verb in verbs)
    return OwnRole(organization=resource.name, id=_CUSTOM, permissions=permissions)


def _kind(resource: GcpResource) -> str:
    return resource.name.partition("/")[0]
