"""What the catalogue lists in one cloud."""

from typing import TypeVar

from policies.entitlements import Target, resolve
from policies.rules import Policy

Listed = TypeVar("Listed", bound=Target)


def listed(policy: Policy, kind: type[Listed]) -> tuple[Listed, ...]:
    """Every entitlement of one kind that any role has, resolved, in the order of the roles."""
    targets = (resolve(one, policy.clouds) for role in policy.catalogue.roles for one in role.entitlements)
    return tuple(target for target in targets if isinstance(target, kind))
