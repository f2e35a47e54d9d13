"""The account-assignment adapter as tests wire it: the real boto3 over the stand-in, on the movable clock."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import boto3

from policies.entitlements.identity_center import (
    ACCOUNT_ASSIGNMENT,
    IdentityCenterAccount,
    assignment_in,
    assignment_key,
)
from policies.grant import Grant
from policies.people import IdentityCenterUser
from policies.values import CloudName, GrantId, HoldingKey, PersonId, RequestId, RoleName
from sandbox.aws.keys import Keys
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from workers.clouds.identity_center.account_assignment import AccountAssignments
from workers.clouds.identity_center.budget import Budget
from workers.clouds.identity_center.client import IdentityCenterClient

INSTANCE = "prod-access-tests"
READ, WRITE = names.CATALOGUE
PLACE = IdentityCenterAccount(
    alias="shop-prod",
    id=names.SHOP_PROD,
    region=names.REGION,
    instance=names.INSTANCE,
    access_role=names.ACCESS_ROLE,
    external_id=names.EXTERNAL_ID,
    permission_sets=dict(names.CATALOGUE),
)
TARGET = assignment_in(PLACE, READ)
QUICK = (0.0, 0.01, 0.02)
"""Looks at an operation for tests that do not want to wait."""


class WorkerClient(IdentityCenterClient):
    """The client with the worker's keys given, where a worker has them in its environment."""

    def __init__(self, stand_in: IdentityCenterStandIn) -> None:
        super().__init__(instance=INSTANCE, now=stand_in.clock.now, endpoint=stand_in.endpoint_url)
        self._hub._session = session_of(stand_in.worker)


def client_of(stand_in: IdentityCenterStandIn, keys: Keys, service: str = "sso-admin") -> Any:  # noqa: ANN401 (boto3 makes its clients up)
    """A client with somebody's own keys."""
    return session_of(keys).client(service, region_name=names.REGION, endpoint_url=stand_in.endpoint_url)  # type: ignore[call-overload]


@lru_cache
def session_of(keys: Keys) -> boto3.session.Session:
    """A boto3 session with somebody's own keys."""
    return boto3.session.Session(
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
    )


class Free:
    """A budget that is never used up."""

    def visit(self, instance: str, *, start: bool = False) -> None:
        """Let it through."""

    def begin(self, instance: str, key: HoldingKey, *, start: bool) -> None:
        """Let it through."""

    def done(self, instance: str, key: HoldingKey) -> None:
        """Nothing was held."""


def assignment_of(person: str, **changes: str) -> dict[str, str]:
    """An assignment of the reading permission set in shop-prod, as create and delete want it."""
    return {
        "InstanceArn": names.INSTANCE,
        "TargetType": "AWS_ACCOUNT",
        "TargetId": names.SHOP_PROD,
        "PermissionSetArn": names.CATALOGUE[READ],
        "PrincipalType": "USER",
        "PrincipalId": names.user_id(person),
        **changes,
    }


def nothing(_keys: Iterable[HoldingKey]) -> Collection[HoldingKey]:
    """A ledger that knows nothing."""
    return ()


def account_assignments(
    stand_in: IdentityCenterStandIn,
    *,
    known: Callable[[Iterable[HoldingKey]], Collection[HoldingKey]] = nothing,
    budget: Budget | None = None,
    places: Sequence[IdentityCenterAccount] = (PLACE,),
    client: IdentityCenterClient | None = None,
    now: Callable[[], datetime] | None = None,
) -> AccountAssignments:
    """The adapter over the stand-in."""
    people = {names.user_id(person): PersonId(person) for person in names.PEOPLE[:5]}
    return AccountAssignments(
        client or WorkerClient(stand_in),
        lambda: places,
        known,
        budget or Free(),
        now=now or stand_in.clock.now,
        person=people.get,
        waits=QUICK,
    )


def center_grant(number: int, now: datetime, *, person: str = "ana", **changes: Any) -> Grant:  # noqa: ANN401
    """A person's grant of the stand-in's shop-prod databases, for half an hour from now."""
    request = RequestId(f"pa-{number:04d}")
    start = now.replace(microsecond=0)
    user = names.user_id(person)
    made = Grant(
        id=GrantId(f"{request}-1"),
        request=request,
        role=RoleName("prod-db-readonly"),
        person=PersonId(person),
        cloud=CloudName("identity-center"),
        adapter=ACCOUNT_ASSIGNMENT,
        principal=IdentityCenterUser(user_id=user),
        entitlement=TARGET,
        holding=assignment_key(TARGET, user),
        starts_at=start,
        ends_at=start + timedelta(minutes=30),
        due_at=start,
    )
    return made.model_copy(update=changes)
