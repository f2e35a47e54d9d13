"""AWS: IAM policies in one account, held through a role leased to one person."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import HoldingKey, RequestId, RoleName, Value

LEASED_ROLE: Final = "aws-leased-role"
"""The adapter that makes one IAM role per grant."""
ROLE_PATH: Final = "/prod-access/"
"""Every leased role lives under this path, and the bot may touch nothing outside it."""
_LONGEST_NAME: Final = 64 - len(ROLE_PATH)

_NEVER_GRANTED = frozenset(
    name.lower()
    for name in (
        "AdministratorAccess",
        "AdministratorAccess-Amplify",
        "AdministratorAccess-AWSElasticBeanstalk",
        "IAMFullAccess",
        "IAMSelfManageServiceSpecificCredentials",
        "IAMUserChangePassword",
        "IAMUserSSHKeys",
        "AWSOrganizationsFullAccess",
        "AWSAccountManagementFullAccess",
        "AWSSSODirectoryAdministrator",
        "AWSSSOMasterAccountAdministrator",
        "AWSSSOMemberAccountAdministrator",
        "AWSCloudTrail_FullAccess",
        "AWSConfigUserAccess",
        "PowerUserAccess",
        "SystemAdministrator",
    )
)
_NEVER_IN_A_NAME = re.compile(r"\*|iam-?(full|write|admin)|full-?admin|administrator-?access", re.IGNORECASE)
_OURS = re.compile(r"prod-?access", re.IGNORECASE)


def never_granted(policy: str) -> bool:
    """Whether an IAM policy, by its ARN, could change IAM, the bot or the audit: no role may hold it."""
    return too_powerful(policy.rsplit("/", 1)[-1]) or "*" in policy or bool(_OURS.search(policy))


def too_powerful(name: str) -> bool:
    """Whether the name of a policy or permission set says that it could change who has access."""
    return name.lower() in _NEVER_GRANTED or bool(_NEVER_IN_A_NAME.search(name))


_POLICY_ARN = re.compile(r"^arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]+$")


def _grantable(policy: str) -> str:
    if never_granted(policy):
        raise ValueError(f"{policy} is never granted: it could change who has access")
    if not _POLICY_ARN.match(policy):
        raise ValueError(f'"{policy}" is not the ARN of an IAM policy')
    return policy


GrantablePolicy = Annotated[str, AfterValidator(_grantable)]
"""The ARN of an IAM policy a role may hold."""


class AwsAccess(Value):
    """IAM policies in one account, held through a role leased to one person.

    `try_command` is a harmless first command, as written after `aws --profile …`.
    """

    cloud: Literal["aws"]
    account: str
    policies: tuple[GrantablePolicy, ...] = Field(min_length=1, max_length=10)
    try_command: str | None = Field(default=None, max_length=200)

    @property
    def alias(self) -> str:
        """Where, as `clouds.yaml` calls it."""
        return self.account


class AwsAccount(Value):
    """An AWS account by its alias, and how the hands reach it."""

    alias: str = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    id: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    spoke_role: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")
    external_id: str = Field(pattern=r"^[\w+=,.@:/-]+$", min_length=2, max_length=1224)
    boundary: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:policy/[\w+=,.@/-]+$")

    @model_validator(mode="after")
    def _is_one_account(self) -> Self:
        for arn in (self.spoke_role, self.boundary):
            if f":{self.id}:" not in arn:
                raise ValueError(f"{arn} is not in account {self.id}")
        return self


class AwsLease(Value):
    """An AWS entitlement with every alias resolved: all that giving and taking back need to know.

    It is read back from the ledger for as long as a grant exists, so it checks nothing that a later version
    could judge differently.
    """

    cloud: Literal["aws"]
    alias: str
    account_id: str
    region: str
    spoke_role: str
    external_id: str
    boundary: str
    policies: tuple[str, ...]


def lease_in(account: AwsAccount, policies: tuple[str, ...] = ()) -> AwsLease:
    """What giving these policies in this account needs to know; without policies, how to reach it."""
    return AwsLease(
        cloud="aws",
        alias=account.alias,
        account_id=account.id,
        region=account.region,
        spoke_role=account.spoke_role,
        external_id=account.external_id,
        boundary=account.boundary,
        policies=policies,
    )


def leased_role_name(role: RoleName, request: RequestId) -> str:
    """The IAM role's name: the catalogue role and the request's mark, short enough for the console's link."""
    mark = request.removeprefix("pa-")
    return f"{role[: _LONGEST_NAME - len(mark) - 1]}-{mark}"


def leased_role_key(lease: AwsLease, role: RoleName, request: RequestId) -> HoldingKey:
    """The holding's key, which is the role's ARN: known before the role exists, never used twice."""
    name = leased_role_name(role, request)
    partition = lease.spoke_role.split(":")[1]  # aws, aws-cn, aws-us-gov
    return HoldingKey(f"arn:{partition}:iam::{lease.account_id}:role{ROLE_PATH}{name}")
