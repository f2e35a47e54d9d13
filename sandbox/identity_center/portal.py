"""The access portal: what a signed-in person may use now, and sessions of it.

https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/. Without an assignment the answer is
"ForbiddenException: No access" (https://github.com/ministryofjustice/aws-root-account/pull/581).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sandbox.identity_center import names
from sandbox.identity_center.callers import Standing
from sandbox.identity_center.center import Center
from sandbox.identity_center.errors import AwsError

Answer = dict[str, Any]
Query = Mapping[str, str]


def role_credentials(center: Center, user: str, query: Query, now: datetime) -> Answer:
    """A session of a permission set in an account, for as long as the permission set says."""
    account, name = query.get("account_id", ""), query.get("role_name", "")
    found = center.allows(user, account, name)
    if found is None:
        raise AwsError("ForbiddenException", "No access", 403)
    who = f"arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{name}/{center.directory.users[user]}"
    session = center.callers.session(
        who, Standing.PERSON, now + found.session, account=account, permission_set=found.arn
    )
    return {
        "roleCredentials": {
            "accessKeyId": session.keys.access_key_id,
            "secretAccessKey": session.keys.secret_access_key,
            "sessionToken": session.keys.session_token,
            "expiration": int((now + found.session).timestamp() * 1_000),
        }
    }


def accounts(center: Center, user: str, _query: Query, _now: datetime) -> Answer:
    """The accounts in which a person may use anything."""
    found = [account for account in names.ACCOUNTS if any(_usable(center, user, account))]
    return {"accountList": [{"accountId": account, "accountName": account} for account in found]}


def account_roles(center: Center, user: str, query: Query, _now: datetime) -> Answer:
    """The permission sets a person may use in an account."""
    account = query.get("account_id", "")
    return {"roleList": [{"roleName": name, "accountId": account} for name in _usable(center, user, account)]}


def _usable(center: Center, user: str, account: str) -> Iterator[str]:
    for one in center.directory.sets.values():
        if center.allows(user, account, one.name):
            yield one.name


def signed_in(center: Center, token: str) -> str:
    """Whose sign-in a token is."""
    user = center.portal.get(token)
    if user is None or user not in center.directory.users:
        raise AwsError("UnauthorizedException", "Session token not found or invalid", 401)
    return user
