"""The leased-role adapter as tests wire it: the real boto3 over the stand-in, on the movable clock."""

from datetime import datetime, timedelta
from typing import Any

import boto3

from policies.entitlements.aws import LEASED_ROLE, AwsLease, leased_role_key
from policies.grant import Grant
from policies.people import AwsUser
from policies.values import CloudName, GrantId, PersonId, RequestId, RoleName
from sandbox.aws import names
from sandbox.aws.standin import AwsStandIn
from workers.clouds.aws.client import AwsClient
from workers.clouds.aws.leased_role import LeasedRoles
from workers.clouds.labels import Labels

KEY = b"a test key, long enough to sign"
INSTANCE = "prod-access-tests"
SHOP = AwsLease(
    cloud="aws",
    alias="shop-prod",
    account_id=names.SHOP_PROD,
    region=names.REGION,
    spoke_role=names.SPOKE_ROLE,
    external_id=names.EXTERNAL_ID,
    boundary=names.BOUNDARY,
    policies=(names.CATALOGUE["rds-readonly"],),
)


class WorkerClient(AwsClient):
    """The client with the worker's keys given, where a worker has them in its environment."""

    def __init__(self, stand_in: AwsStandIn, **rest: Any) -> None:  # noqa: ANN401
        super().__init__(instance=INSTANCE, now=stand_in.clock.now, endpoint=stand_in.endpoint_url, **rest)
        keys = stand_in.worker
        self._session = boto3.session.Session(
            aws_access_key_id=keys.access_key_id, aws_secret_access_key=keys.secret_access_key
        )


def leased_roles(stand_in: AwsStandIn, *keys: bytes) -> LeasedRoles:
    """The adapter over the stand-in."""
    return LeasedRoles(WorkerClient(stand_in), Labels(INSTANCE, keys or (KEY,)), lambda: (SHOP,))


def shop_grant(number: int, now: datetime, *, last: timedelta = timedelta(minutes=30)) -> Grant:
    """Ana's grant in the stand-in's shop-prod, for half an hour from now."""
    request, role = RequestId(f"pa-{number:04d}"), RoleName("prod-db-readonly")
    start = now.replace(microsecond=0)
    return Grant(
        id=GrantId(f"{request}-1"),
        request=request,
        role=role,
        person=PersonId("ana"),
        cloud=CloudName("aws"),
        adapter=LEASED_ROLE,
        principal=AwsUser(kind="user", arn=names.person_arn("ana")),
        entitlement=SHOP,
        holding=leased_role_key(SHOP, role, request),
        starts_at=start,
        ends_at=start + last,
        due_at=start,
    )
