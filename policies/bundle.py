"""A request and its grants as one thing: planned together, live together, over together.

One role may mean several entitlements. On the way in it is all of them or none: a cloud that refuses for
good takes every sibling back. On the way out each ends on its own, and the request is over with the last.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

from policies.catalogue import AwsLease
from policies.grant import EndCause, Grant, GrantState, ending, planned
from policies.holding import Overruled, RefusedForGood
from policies.moves import Moved
from policies.people import AwsIdentity
from policies.request import AccessRequest, RequestState, activated, ended, failed, overruled
from policies.values import CloudName, GrantId, HoldingKey, RequestId, RoleName

LEASED_ROLE: Final = "aws-leased-role"
"""The adapter that makes one IAM role per grant."""
ROLE_PATH: Final = "/prod-access/"
"""Every leased role lives under this path, and the bot may touch nothing outside it."""
_LONGEST_NAME: Final = 64 - len(ROLE_PATH)


def leased_role_name(role: RoleName, request: RequestId) -> str:
    """The IAM role's name: the catalogue role and the request's mark, short enough for the console's link."""
    mark = request.removeprefix("pa-")
    return f"{role[: _LONGEST_NAME - len(mark) - 1]}-{mark}"


def leased_role_key(lease: AwsLease, role: RoleName, request: RequestId) -> HoldingKey:
    """The holding's key, which is the role's ARN: known before the role exists, never used twice."""
    name = leased_role_name(role, request)
    partition = lease.spoke_role.split(":")[1]  # aws, aws-cn, aws-us-gov
    return HoldingKey(f"arn:{partition}:iam::{lease.account_id}:role{ROLE_PATH}{name}")


def plan_grants(
    request: AccessRequest, leases: Sequence[AwsLease], principal: AwsIdentity, at: datetime
) -> tuple[Moved[Grant], ...]:
    """The grants of an approved request, each due now."""
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
                cloud=CloudName(lease.cloud),
                adapter=LEASED_ROLE,
                principal=principal,
                entitlement=lease,
                holding=leased_role_key(lease, request.role, request.id),
                starts_at=at,
                ends_at=request.ends_at,
                due_at=at,
            )
        )
        for number, lease in enumerate(leases, start=1)
    )


def progress(request: AccessRequest, grants: Sequence[Grant], at: datetime) -> Moved[AccessRequest] | None:
    """The request's own move once its grants have all arrived somewhere, or None."""
    if request.state.over or not grants:
        return None
    if all(grant.over for grant in grants):
        return ended(request, at)
    if request.state is RequestState.APPROVED and all(grant.state is GrantState.LIVE for grant in grants):
        return activated(request, at)
    return None


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
