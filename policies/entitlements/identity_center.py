"""AWS IAM Identity Center: one permission set in one account, assigned to a person."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from policies.entitlements.aws import too_powerful
from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import HoldingKey, Value

ACCOUNT_ASSIGNMENT: Final = "aws-account-assignment"
"""The adapter that assigns a person a permission set."""
_SET_NAME = re.compile(r"^[\w+=,.@-]{1,32}$")


_NEVER_A_NAME = re.compile(r"^(admin|administrator|adminaccess)$", re.IGNORECASE)
"""No boundary stands around a permission set, so its name is all there is to judge by."""


def never_granted(name: str) -> bool:
    """Whether a permission set, by its name, could change who has access: no role may hold it."""
    return too_powerful(name) or bool(_NEVER_A_NAME.match(name))


def _grantable(name: str) -> str:
    if never_granted(name):
        raise ValueError(f"{name} is never granted: it could change who has access")
    if not _SET_NAME.match(name):
        raise ValueError(f'"{name}" is not the name of a permission set')
    return name


GrantableSet = Annotated[str, AfterValidator(_grantable)]
"""The name of a permission set a role may hold."""
SetArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:sso:::permissionSet/ssoins-[0-9a-f]{16}/ps-[0-9a-f]{16}$")
]
"""The ARN of a permission set."""


class IdentityCenterAccess(Value):
    """One permission set in one account.

    `try_command` is a harmless first command, as written after `aws --profile …`.
    """

    cloud: Literal["identity-center"]
    account: str
    permission_set: GrantableSet
    try_command: str | None = Field(default=None, max_length=200)

    @property
    def alias(self) -> str:
        """Where, as `clouds.yaml` calls it."""
        return self.account


class IdentityCenterAccount(Value):
    """An account people reach through Identity Center, and the permission sets that are ours alone.

    The permission sets must be used by nobody else: an assignment of a person to one of them that we do not
    know is ended. `access_role` is assumed to manage assignments, in the account that administers them.
    """

    alias: str = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    id: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    instance: str = Field(pattern=r"^arn:aws[a-z-]*:sso:::instance/ssoins-[0-9a-f]{16}$")
    access_role: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")
    external_id: str = Field(pattern=r"^[\w+=,.@:/-]+$", min_length=2, max_length=1224)
    permission_sets: dict[GrantableSet, SetArn] = Field(min_length=1)


class IdentityCenterAssignment(Value):
    """An entitlement through Identity Center with every alias resolved."""

    cloud: Literal["identity-center"]
    alias: str
    account_id: str
    region: str
    instance: str
    access_role: str
    external_id: str
    permission_set: str
    permission_set_arn: str


def assignment_in(account: IdentityCenterAccount, permission_set: str) -> IdentityCenterAssignment:
    """What assigning this permission set there needs to know.

    Raises:
        LookupError: the account has no such permission set; a loaded policy has no such entitlement.
    """
    arn = account.permission_sets.get(permission_set)
    if arn is None:
        raise LookupError(f'{account.alias} has no permission set "{permission_set}"')
    return IdentityCenterAssignment(
        cloud="identity-center",
        alias=account.alias,
        account_id=account.id,
        region=account.region,
        instance=account.instance,
        access_role=account.access_role,
        external_id=account.external_id,
        permission_set=permission_set,
        permission_set_arn=arn,
    )


def assignment_key(assignment: IdentityCenterAssignment, user: str) -> HoldingKey:
    """The holding's key: permission set, account and user, which is all an assignment is."""
    return HoldingKey(f"{assignment.permission_set_arn}/account/{assignment.account_id}/user/{user}")
