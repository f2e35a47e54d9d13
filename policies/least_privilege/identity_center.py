"""Identity Center: the role that assigns people, limited to the instance, its accounts and permission sets.

What Identity Center refuses by it: another account, another permission set, changing what a set allows.

What it cannot be told: IAM asks about account and permission set apart, so a set that the catalogue lists in
one account could be assigned in another of the listed ones; nor whom, nor for how long. An assignment in the
management account needs permissions on IAM itself: keep that account out of `clouds.yaml`.

Resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamidentitycenter.html
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from policies.entitlements.identity_center import IdentityCenterAccount, IdentityCenterAssignment
from policies.least_privilege.iam import Arn, PolicyDocument, Statement, WorkerArn, assumed_by, may_assume
from policies.least_privilege.listed import listed
from policies.rules import Policy
from policies.values import Value


class Assigner(Value):
    """A role that assigns people, and what it needs."""

    role: str
    region: str
    trust: PolicyDocument
    permissions: PolicyDocument


class IdentityCenterSetup(Value):
    """What the workers, and each role that assigns people, need."""

    worker: WorkerArn
    hub: PolicyDocument
    assigners: tuple[Assigner, ...]

    @property
    def document(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "assigners": [
                {"arn": one.role, "trust": one.trust.document, "policy": one.permissions.document}
                for one in self.assigners
            ],
            "workers": {"arn": self.worker, "policy": self.hub.document},
        }


def identity_center_setup(policy: Policy, worker: str) -> IdentityCenterSetup:
    """What Identity Center needs for this catalogue."""
    by_role = attrgetter("access_role")
    grouped = groupby(sorted(policy.clouds.identity_center, key=by_role), key=by_role)
    assigners = tuple(_assigner(policy, worker, role, tuple(accounts)) for role, accounts in grouped)
    return IdentityCenterSetup(
        worker=worker,
        hub=may_assume("AssignPeople", tuple(one.role for one in assigners), "sts:SetSourceIdentity"),
        assigners=assigners,
    )


def _assigner(
    policy: Policy, worker: str, role: str, accounts: tuple[IdentityCenterAccount, ...]
) -> Assigner:
    found = [one for one in listed(policy, IdentityCenterAssignment) if one.access_role == role]
    partition = Arn.of(role).partition
    instances = _each(one.instance for one in accounts)
    ours = _each(arn for one in accounts for arn in one.permission_sets.values())
    assignable = _each(one.permission_set_arn for one in found)
    reached = _each(f"arn:{partition}:sso:::account/{one.account_id}" for one in found)
    every = _each(f"arn:{partition}:sso:::account/{one.id}" for one in accounts)
    made = Statement(
        sid="AssignTheCatalogue",
        actions=("sso:CreateAccountAssignment",),
        resources=(*instances, *reached, *assignable),
    )
    return Assigner(
        role=role,
        region=accounts[0].region,
        trust=assumed_by(worker, _each(one.external_id for one in accounts)),
        permissions=PolicyDocument(
            statements=(*((made,) if found else ()), *_kept(instances, every, ours)),
        ),
    )


def _kept(
    instances: tuple[str, ...], accounts: tuple[str, ...], permission_sets: tuple[str, ...]
) -> Iterator[Statement]:
    """Taking back reaches every permission set that is ours, listed still or not."""
    status = ("CreationStatus", "DeletionStatus")
    follow = (f"sso:{verb}AccountAssignment{one}" for verb in ("Describe", "List") for one in status)
    yield Statement(
        sid="LookAndTakeBack",
        actions=("sso:ListAccountAssignments", "sso:DeleteAccountAssignment"),
        resources=(*instances, *accounts, *permission_sets),
    )
    yield Statement(sid="SeeHowItWent", actions=(*follow, "sso:ListPermissionSets"), resources=instances)
    yield Statement(
        sid="SeeWhatIsOurs",
        actions=("sso:DescribePermissionSet", "sso:ListTagsForResource"),
        resources=(*instances, *permission_sets),
    )


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
