"""What people can ask for: organisation-level roles, and what each means in each cloud.

A role names accounts by alias. `resolve` turns an entitlement into everything the hands need to give it and
to take it back; that is stored on the grant, so that ending reads neither this catalogue nor any file.
"""

import hashlib
import re
from collections.abc import Iterable
from enum import Enum
from functools import cached_property, total_ordering
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import RoleName, Value
from policies.window import Duration

RESERVED_WORDS = frozenset(
    {
        *("mine", "waiting", "roles", "why", "end", "extend", "emergency", "incident", "help"),
        *("for", "until", "tonight", "now", "open", "list", "all"),
    }
)
"""Words of the command line; a role of such a name could not be asked for."""

_UNIT_WORDS = frozenset(
    {
        *("s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes"),
        *("h", "hr", "hrs", "hour", "hours", "d", "day", "days"),
    }
)
_REFERENCE = re.compile(r"^[a-z]+-\d+$|^pa-[a-z0-9]+$")


@total_ordering
class Risk(Enum):
    """How much harm a role can do, from least to most."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Risk):
            return NotImplemented
        ladder = list(Risk)
        return ladder.index(self) < ladder.index(other)


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
_NEVER_IN_A_NAME = re.compile(
    r"\*|iam-?(full|write|admin)|full-?admin|administrator-?access|prod-?access", re.IGNORECASE
)


def never_granted(policy: str) -> bool:
    """Whether an IAM policy, by its ARN, could change IAM, the bot or the audit: no role may hold it."""
    name = policy.rsplit("/", 1)[-1]
    return name.lower() in _NEVER_GRANTED or bool(_NEVER_IN_A_NAME.search(policy))


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


Entitlement = AwsAccess
"""What a role means in one cloud; a union discriminated on `cloud` as soon as there is a second cloud."""


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


def _sorted_accounts(accounts: Iterable[AwsAccount]) -> tuple[AwsAccount, ...]:
    return tuple(sorted(accounts, key=lambda account: account.alias))


class Clouds(Value):
    """The accounts, projects and subscriptions of the organisation."""

    aws: Annotated[tuple[AwsAccount, ...], AfterValidator(_sorted_accounts)] = ()

    def aws_account(self, alias: str) -> AwsAccount | None:
        """The AWS account of this alias."""
        return next((account for account in self.aws if account.alias == alias), None)


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


def resolve(entitlement: Entitlement, clouds: Clouds) -> AwsLease:
    """The entitlement with its account filled in.

    Raises:
        LookupError: the account is not in `clouds`; a loaded policy has no such entitlement.
    """
    account = clouds.aws_account(entitlement.account)
    if account is None:
        raise LookupError(f'no AWS account has the alias "{entitlement.account}"')
    return lease_in(account, entitlement.policies)


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


def _role_name(name: RoleName) -> RoleName:
    if name in RESERVED_WORDS:
        raise ValueError(f'a role cannot be called "{name}": it is a word of the command')
    if name in _UNIT_WORDS:
        raise ValueError(f'a role cannot be called "{name}": it reads as a duration')
    if _REFERENCE.match(name):
        raise ValueError(f'a role cannot be called "{name}": it reads as a reference')
    return name


class Role(Value):
    """What people ask for by name: the same risk, time and approval in every cloud it reaches."""

    name: Annotated[RoleName, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH), AfterValidator(_role_name)]
    title: str = Field(min_length=1, max_length=60)
    environment: str = Field(pattern=NAME_PATTERN)
    risk: Risk
    default_duration: Duration
    max_duration: Duration
    entitlements: tuple[Entitlement, ...] = Field(min_length=1)
    channel: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    reads_only: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.default_duration > self.max_duration:
            raise ValueError("default_duration is longer than max_duration")
        accounts = [entitlement.account for entitlement in self.entitlements]
        for account in accounts:
            if accounts.count(account) > 1:
                raise ValueError(f"AWS account {account} is here twice; put its policies in one entitlement")
        return self


def role_hash(role: Role) -> str:
    """The sha256 of the role in canonical form: it changes when anything about the role does."""
    return hashlib.sha256(role.model_dump_json().encode()).hexdigest()


def _sorted_roles(roles: Iterable[Role]) -> tuple[Role, ...]:
    return tuple(sorted(roles, key=lambda role: role.name))


class Catalogue(Value):
    """Every role of the organisation, by name."""

    roles: Annotated[tuple[Role, ...], AfterValidator(_sorted_roles)] = ()

    @cached_property
    def _by_name(self) -> dict[RoleName, Role]:
        return {role.name: role for role in self.roles}

    @property
    def names(self) -> tuple[RoleName, ...]:
        """The names of all roles, sorted."""
        return tuple(role.name for role in self.roles)

    def get(self, name: RoleName) -> Role | None:
        """The role of this name."""
        return self._by_name.get(name)
