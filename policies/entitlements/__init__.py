"""What a role means in each cloud: as the catalogue writes it, as `clouds.yaml` places it, and resolved.

    Entitlement (roles.yaml, with an alias) ─┐
    Clouds      (clouds.yaml, what an alias is) ─┴─resolve──▶ Target (stored on the grant)

A target is everything the hands need to give an entitlement and to take it back, so that ending reads
neither the catalogue nor any file. `holding_key` names the one thing in its cloud that stands for it.
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Annotated, Any, Final, TypeAlias, TypeVar, assert_never

from pydantic import AfterValidator, Field

from policies.entitlements import aws, azure, gcp, identity_center
from policies.entitlements.aws import AwsAccess, AwsAccount, AwsLease
from policies.entitlements.azure import AzureAccess, AzureAssignment, AzureScope
from policies.entitlements.gcp import GcpAccess, GcpBinding, GcpResource
from policies.entitlements.identity_center import (
    IdentityCenterAccess,
    IdentityCenterAccount,
    IdentityCenterAssignment,
)
from policies.people import EntraUser, GoogleMember, IdentityCenterUser, Principal
from policies.values import CloudName, HoldingKey, RequestId, RoleName, Value

Entitlement = Annotated[
    AwsAccess | IdentityCenterAccess | GcpAccess | AzureAccess, Field(discriminator="cloud")
]
"""What a role means in one cloud, as `roles.yaml` writes it."""

Target = Annotated[
    AwsLease | IdentityCenterAssignment | GcpBinding | AzureAssignment, Field(discriminator="cloud")
]
"""An entitlement with every alias resolved, as a grant keeps it."""

Place: TypeAlias = AwsAccount | IdentityCenterAccount | GcpResource | AzureScope
"""Where an entitlement can be: an account, a project, a subscription."""

ADAPTERS: Final[Mapping[str, str]] = {
    "aws": aws.LEASED_ROLE,
    "identity-center": identity_center.ACCOUNT_ASSIGNMENT,
    "gcp": gcp.CONDITIONAL_BINDING,
    "azure": azure.ROLE_ASSIGNMENT,
}
"""How each cloud's entitlements are given."""

Placed = TypeVar("Placed", bound=Place)


def _sorted(places: Iterable[Placed]) -> tuple[Placed, ...]:
    return tuple(sorted(places, key=attrgetter("alias")))


_InOrder = AfterValidator(_sorted)


class Clouds(Value):
    """The accounts, projects and subscriptions of the organisation; the order they are written in is lost."""

    aws: Annotated[tuple[AwsAccount, ...], _InOrder] = ()
    identity_center: Annotated[tuple[IdentityCenterAccount, ...], _InOrder] = ()
    gcp: Annotated[tuple[GcpResource, ...], _InOrder] = ()
    azure: Annotated[tuple[AzureScope, ...], _InOrder] = ()

    @property
    def used(self) -> tuple[CloudName, ...]:
        """The clouds that have any place at all."""
        return tuple(CloudName(cloud) for cloud in ADAPTERS if self.places(cloud))

    def places(self, cloud: str) -> tuple[Place, ...]:
        """Every place in one cloud."""
        return tuple(getattr(self, cloud.replace("-", "_")))

    def place(self, cloud: str, alias: str) -> Place:
        """The place of this alias in one cloud; LookupError where there is none."""
        for place in self.places(cloud):
            if place.alias == alias:
                return place
        raise LookupError(f'nothing in {cloud} has the alias "{alias}"')


def resolve(entitlement: Entitlement, clouds: Clouds) -> Target:
    """The entitlement with its place filled in.

    Raises:
        LookupError: the place is not in `clouds`; a loaded policy has no such entitlement.
    """
    place: Any = clouds.place(entitlement.cloud, entitlement.alias)
    match entitlement:
        case AwsAccess():
            return aws.lease_in(place, entitlement.policies)
        case IdentityCenterAccess():
            return identity_center.assignment_in(place, entitlement.permission_set)
        case GcpAccess():
            return gcp.binding_on(place, entitlement.roles)
        case AzureAccess():
            return azure.assignment_at(place, entitlement.role)
        case _:
            assert_never(entitlement)


def holding_key(target: Target, principal: Principal, role: RoleName, request: RequestId) -> HoldingKey:
    """The unit of cloud work that gives this target to this principal.

    Raises:
        TypeError: the principal is not one of the target's cloud.
    """
    match target, principal:
        case AwsLease(), _:
            return aws.leased_role_key(target, role, request)
        case IdentityCenterAssignment(), IdentityCenterUser():
            return identity_center.assignment_key(target, principal.user_id)
        case GcpBinding(), GoogleMember():
            return gcp.binding_key(target, principal.member)
        case AzureAssignment(), EntraUser():
            return azure.assignment_key(target, principal.object_id)
        case _:
            raise TypeError(f"{type(principal).__name__} holds nothing in {target.cloud}")


def changed_together(target: Target) -> str | None:
    """What this target's cloud changes in one piece: holdings of one such piece are worked on together."""
    return target.resource if isinstance(target, GcpBinding) else None


def never_granted(target: Target) -> bool:
    """Whether what a grant holds could change who has access, by what is known now."""
    match target:
        case AwsLease():
            return any(aws.never_granted(policy) for policy in target.policies)
        case IdentityCenterAssignment():
            return identity_center.never_granted(target.permission_set)
        case GcpBinding():
            return any(gcp.never_granted(role) for role in target.roles)
        case AzureAssignment():
            return azure.never_granted(target.role_id)
        case _:
            assert_never(target)


def place_id(place: Place) -> str:
    """What a place really is: two aliases of one place would let a role mean it twice."""
    match place:
        case AwsAccount() | IdentityCenterAccount() | AzureScope():
            return place.id
        case GcpResource():
            return place.name
        case _:
            assert_never(place)
