"""What the pretend Identity Center calls things: accounts, permission sets, people, groups."""

import uuid
from typing import Final

from sandbox.aws import names as aws

REGION: Final = aws.REGION
INSTANCE: Final = "arn:aws:sso:::instance/ssoins-7223d4e5f6a7b8c9"
IDENTITY_STORE: Final = "d-99671a2b3c"

SHOP_PROD: Final = aws.SHOP_PROD
"""The account people ask access to."""
PAY_PROD: Final = "222233334444"
"""Another one."""
MANAGEMENT: Final = "100020003000"
"""The organisation's management account: nobody but itself assigns anything in it."""
ADMINISTRATION: Final = "888899990000"
"""The delegated administrator: the account that administers assignments."""
TOOLING: Final = aws.TOOLING
"""The account the workers live in."""
ACCOUNTS: Final = (SHOP_PROD, PAY_PROD, MANAGEMENT, ADMINISTRATION, TOOLING)

WORKER: Final = aws.WORKER
"""The workers' user, in the tooling account: it may assume the access role and nothing else."""
OPERATOR: Final = aws.OPERATOR
"""May do anything in Identity Center: the hand behind our back in a test."""
ACCESS_ROLE: Final = f"arn:aws:iam::{ADMINISTRATION}:role/prod-access-assignments"
"""Reads Identity Center, and assigns the catalogue's permission sets in the two production accounts."""
EXTERNAL_ID: Final = aws.EXTERNAL_ID

MANAGED: Final = "prod-access:managed"
"""The tag of a permission set that is used by prod-access alone."""


def _set_arn(number: int) -> str:
    return f"arn:aws:sso:::permissionSet/{INSTANCE.rpartition('/')[2]}/ps-{number:016x}"


CATALOGUE: Final = {"ProdDatabaseRead": _set_arn(0xA1), "ProdDatabaseWrite": _set_arn(0xA2)}
"""The permission sets the worker may assign."""
EVERYDAY: Final = "EverydayReadOnly"
EVERYDAY_ARN: Final = _set_arn(0xE1)
"""A permission set that is not ours: the engineers have it everywhere."""

PEOPLE: Final = ("ana", "ben", "chloe", "dev", "emi", "ivy")
ENGINEERS: Final = "engineers"
SRE: Final = "sre"
GROUPS: Final = {ENGINEERS: PEOPLE, SRE: ("ben", "emi")}

DATABASES: Final = ("orders", "payments")


def user_id(person: str) -> str:
    """A person's id in the identity store."""
    return _id(f"user/{person}")


def group_id(group: str) -> str:
    """A group's id in the identity store."""
    return _id(f"group/{group}")


def _id(name: str) -> str:
    return f"{IDENTITY_STORE.removeprefix('d-')}-{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def assignment(permission_set_arn: str, account: str, kind: str, principal: str) -> str:
    """An assignment in one text: all that it is."""
    return f"{permission_set_arn}/account/{account}/{kind.lower()}/{principal}"
