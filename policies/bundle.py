"""A request and its grants as one thing: planned together, live together, over together.

One role may mean several entitlements. On the way in it is all of them or none: a cloud that refuses for
good takes every sibling back. On the way out each ends on its own, and the request is over with the last.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from policies.catalogue import Role
from policies.entitlements import ADAPTERS, Clouds, Target, holding_key, resolve
from policies.extension import settled_more
from policies.grant import EndCause, Grant, GrantState, ending, planned
from policies.holding import Overruled, RefusedForGood
from policies.moves import Moved
from policies.people import Person, Principal
from policies.request import AccessRequest, RequestState, activated, ended, failed, overruled
from policies.rules import Policy
from policies.values import CloudName, GrantId


def held_as(role: Role, clouds: Clouds, holder: Person) -> tuple[tuple[Target, Principal], ...] | CloudName:
    """What a role means for somebody, in each cloud, and who they are there; or where they have no account.

    Raises:
        LookupError: a place is not in `clouds`; a loaded policy has no such role.
    """
    held: list[tuple[Target, Principal]] = []
    for entitlement in role.entitlements:
        principal = holder.principal_in(entitlement.cloud)
        if principal is None:
            return CloudName(entitlement.cloud)
        held.append((resolve(entitlement, clouds), principal))
    return tuple(held)


def plan_grants(
    request: AccessRequest, targets: Sequence[tuple[Target, Principal]], at: datetime
) -> tuple[Moved[Grant], ...]:
    """The grants of an approved request, one for each target and who holds it there, each due now."""
    if request.ends_at is None:
        message = "a request is approved before its grants are planned"
        raise ValueError(message)
    return tuple(
        planned(
            Grant(
                id=GrantId(f"{request.id}-{number}"),
                request=request.id,
                role=request.role,
                person=request.beneficiary,
                cloud=CloudName(target.cloud),
                adapter=ADAPTERS[target.cloud],
                principal=principal,
                entitlement=target,
                holding=holding_key(target, principal, request.role, request.id),
                starts_at=at,
                ends_at=request.ends_at,
                due_at=at,
            )
        )
        for number, (target, principal) in enumerate(targets, start=1)
    )


def progress(request: AccessRequest, grants: Sequence[Grant], at: datetime) -> Moved[AccessRequest] | None:
    """The request's own move once its grants have all arrived somewhere, or None."""
    if request.state.over or not grants:
        return None
    if all(grant.over for grant in grants):
        return ended(request, at)
    if request.state is RequestState.APPROVED and all(grant.state is GrantState.LIVE for grant in grants):
        return activated(request, at)
    return settled_more(request, grants, at)


def taken_back(
    request: AccessRequest, cloud: CloudName, no: RefusedForGood | Overruled, at: datetime
) -> Moved[AccessRequest] | None:
    """A no on the way in ends the request: the cloud's, or the rules'; None when it was in already."""
    if request.state is not RequestState.APPROVED:
        return None
    match no:
        case RefusedForGood(code):
            return failed(request, cloud, code, at)
        case Overruled(why, policy_hash):
            return overruled(request, why, policy_hash, at)
        case _:
            assert_never(no)


def take_back(grants: Sequence[Grant], cause: EndCause, at: datetime) -> tuple[Moved[Grant], ...]:
    """All or nothing on the way in: every grant of the bundle that wants presence ends."""
    return tuple(ending(grant, cause, at) for grant in grants if grant.wants_presence)


def still_means(policy: Policy, request: AccessRequest, grants: Sequence[Grant]) -> bool:
    """Whether the role still is, for its holder, what these grants gave: only that lasts longer."""
    role, holder = policy.catalogue.get(request.role), policy.people.get(request.beneficiary)
    held = held_as(role, policy.clouds, holder) if role and holder else None
    wanted = held if isinstance(held, tuple) else ()
    return all((grant.entitlement, grant.principal) in wanted for grant in grants if grant.wants_presence)
