"""AWS: the workers' own policy, and in each account a boundary, and a spoke that can do little.

What AWS refuses by it: a role outside `/prod-access/`, a role without the boundary, attaching a policy the
catalogue does not list, touching anything that is not ours.

What AWS cannot be told: IAM has no condition on what an inline policy says, or on whom a trust lets in. Who
has the spoke could write either, so the boundary is the most that a stolen spoke is worth. Narrow it.

Keys and resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from typing import Any, Final

from policies.entitlements.aws import ROLE_PATH, AwsAccount, AwsLease
from policies.least_privilege.iam import (
    Arn,
    Condition,
    PolicyDocument,
    Statement,
    WorkerArn,
    account_of,
    assumed_by,
    may_assume,
)
from policies.least_privilege.listed import listed
from policies.people import AwsRoleSession, AwsUser
from policies.rules import Policy
from policies.values import Value

_NEVER: Final = (
    *("iam:*", "organizations:*", "account:*", "sso:*", "sso-directory:*", "identitystore:*"),
    *("sts:AssumeRole", "sts:AssumeRoot", "rolesanywhere:*"),
    *("cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail"),
    "cloudtrail:PutEventSelectors",
)
"""What lengthens an access, moves on into one without an end, or stops the record of it."""


class SpokeAccount(Value):
    """What one account needs."""

    account: AwsAccount
    boundary: PolicyDocument
    trust: PolicyDocument
    permissions: PolicyDocument


class AwsSetup(Value):
    """What the workers, each account, and the accounts people sign in to need."""

    worker: WorkerArn
    hub: PolicyDocument
    accounts: tuple[SpokeAccount, ...]
    people: PolicyDocument
    people_accounts: tuple[str, ...]

    @property
    def document(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "accounts": [
                {
                    "alias": one.account.alias,
                    "id": one.account.id,
                    "boundary": {"arn": one.account.boundary, "policy": one.boundary.document},
                    "spoke": {
                        "arn": one.account.spoke_role,
                        "trust": one.trust.document,
                        "policy": one.permissions.document,
                    },
                }
                for one in self.accounts
            ],
            "workers": {"arn": self.worker, "policy": self.hub.document},
            "people": {"accounts": list(self.people_accounts), "policy": self.people.document},
        }


def aws_setup(policy: Policy, worker: str) -> AwsSetup:
    """What AWS needs for this catalogue; an account that no role reaches may only be taken back from."""
    accounts = policy.clouds.aws
    return AwsSetup(
        worker=worker,
        hub=may_assume(
            "ActThroughTheSpokes", tuple(one.spoke_role for one in accounts), "sts:SetSourceIdentity"
        ),
        accounts=tuple(_spoke(one, worker, _policies(policy, one)) for one in accounts),
        people=may_assume("TakeOnWhatIsLeased", tuple(_ours(one) for one in accounts)),
        people_accounts=tuple(sorted(_sign_in_accounts(policy))),
    )


def _policies(policy: Policy, account: AwsAccount) -> tuple[str, ...]:
    leases = (lease for lease in listed(policy, AwsLease) if lease.alias == account.alias)
    return tuple(sorted({arn for lease in leases for arn in lease.policies}))


def _spoke(account: AwsAccount, worker: str, policies: tuple[str, ...]) -> SpokeAccount:
    made = _made(account, policies) if policies else ()
    return SpokeAccount(
        account=account,
        boundary=suggested_boundary(),
        trust=assumed_by(worker, (account.external_id,)),
        permissions=PolicyDocument(statements=(*made, *_kept(account))),
    )


def suggested_boundary() -> PolicyDocument:
    """The most a leased role can do: everything but what would outlive it. To be narrowed."""
    return PolicyDocument(
        statements=(
            Statement(sid="NarrowThis", actions=("*",), resources=("*",)),
            Statement(sid="NothingThatLasts", effect="Deny", actions=_NEVER, resources=("*",)),
        )
    )


def _made(account: AwsAccount, policies: tuple[str, ...]) -> tuple[Statement, ...]:
    bounded = Condition("StringEquals", "iam:PermissionsBoundary", (account.boundary,))
    return (
        Statement(
            sid="MakeUnderTheBoundary",
            actions=("iam:CreateRole", "iam:PutRolePolicy"),
            resources=(_ours(account),),
            conditions=(bounded,),
        ),
        Statement(
            sid="AttachTheCatalogue",
            actions=("iam:AttachRolePolicy",),
            resources=(_ours(account),),
            conditions=(bounded, Condition("ArnEquals", "iam:PolicyARN", policies)),
        ),
    )


def _kept(account: AwsAccount) -> tuple[Statement, ...]:
    """Taking back knows no catalogue: what was attached may have left it since.

    Reads go to every role, because IAM cannot know the path of a role that is gone.
    """
    changes = ("UpdateAssumeRolePolicy", "TagRole", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole")
    reads = ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies", "ListRoleTags")
    every_role = f"{_iam(account)}:role/*"
    return (
        Statement(sid="KeepAndTakeBack", actions=_named(changes), resources=(_ours(account),)),
        Statement(sid="Look", actions=_named(reads), resources=(every_role,)),
        Statement(sid="FindOurs", actions=("iam:ListRoles",), resources=("*",)),
    )


def _named(calls: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"iam:{call}" for call in calls)


def _ours(account: AwsAccount) -> str:
    return f"{_iam(account)}:role{ROLE_PATH}*"


def _iam(account: AwsAccount) -> str:
    return f"arn:{Arn.of(account.spoke_role).partition}:iam::{account.id}"


def _sign_in_accounts(policy: Policy) -> set[str]:
    """Where the people sign in who may take on a leased role."""
    identities = (person.principal_in("aws") for person in policy.people.people if person.active)
    return {account_of(one) for one in identities if isinstance(one, AwsUser | AwsRoleSession)}
