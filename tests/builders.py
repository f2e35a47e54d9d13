"""Plain values for tests: a request, a grant, a moment."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import policies
from policies.approval import Approval, ApprovalSlot
from policies.catalogue import Catalogue, Risk
from policies.entitlements.aws import LEASED_ROLE, AwsLease, leased_role_key
from policies.files import load
from policies.grant import Grant
from policies.people import AwsUser
from policies.request import AccessRequest, Terms
from policies.rules import Policy
from policies.values import CloudName, GrantId, GroupName, PersonId, RequestId, RoleName, RuleId

NOW = datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)
AWS = CloudName("aws")
ANA, BEN, EMI = PersonId("ana"), PersonId("ben"), PersonId("emi")
ROLE = RoleName("prod-db-readonly")
LEASE = AwsLease(
    cloud="aws",
    alias="shop-prod",
    account_id="111122223333",
    region="eu-central-1",
    spoke_role="arn:aws:iam::111122223333:role/prod-access-spoke",
    external_id="meridian-prod-access",
    boundary="arn:aws:iam::111122223333:policy/prod-access-boundary",
    policies=("arn:aws:iam::111122223333:policy/rds-readonly",),
)
PRINCIPAL = AwsUser(kind="user", arn="arn:aws:iam::777788889999:user/ana")


def terms(*groups: str, count: int = 1) -> Terms:
    """Terms with one slot, from these groups."""
    names = tuple(GroupName(group) for group in groups or ("db-oncall",))
    return Terms(
        rule=RuleId("engineers-read"),
        policy_hash="3fa9c1" + "0" * 58,
        slots=(ApprovalSlot(groups=names, count=count),),
        answer_within=timedelta(minutes=30),
    )


def request(number: int = 1, **changes: object) -> AccessRequest:
    """Ana's request, not yet in any ledger."""
    made = AccessRequest(
        id=RequestId(f"pa-{number:04d}"),
        requester=ANA,
        beneficiary=ANA,
        role=ROLE,
        role_hash="r" * 64,
        risk=Risk.LOW,
        duration=HOUR,
        reason="ref",
        channel="C0DB",
        asked_at=NOW,
        terms=terms(),
    )
    return made.model_copy(update=changes)


def yes(person: str = "ben", at: datetime = NOW) -> Approval:
    """Somebody's yes."""
    return Approval(person=PersonId(person), at=at, groups=(GroupName("db-oncall"),), digest="d" * 64)


def grant(number: int = 1, **changes: object) -> Grant:
    """A planned grant of that request, due now, for an hour."""
    name = RequestId(f"pa-{number:04d}")
    made = Grant(
        id=GrantId(f"{name}-1"),
        request=name,
        role=ROLE,
        person=ANA,
        cloud=AWS,
        adapter=LEASED_ROLE,
        principal=PRINCIPAL,
        entitlement=LEASE,
        holding=leased_role_key(LEASE, ROLE, name),
        starts_at=NOW,
        ends_at=NOW + HOUR,
        due_at=NOW,
    )
    return made.model_copy(update=changes)


def meridian(*clouds: str) -> Policy:
    """The example organisation; its roles reach these clouds only, or AWS alone where none is named."""
    org = load(Path(policies.__file__).parent / "org")
    wanted = clouds or ("aws",)
    roles = tuple(
        role.model_copy(
            update={"entitlements": tuple(one for one in role.entitlements if one.cloud in wanted)}
        )
        for role in org.catalogue.roles
    )
    parts = {name: getattr(org, name) for name in Policy.model_fields}
    return Policy(**{**parts, "catalogue": Catalogue(roles=roles)})


class StoppedClock:
    """A clock that only moves when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.moment

    def move(self, by: timedelta) -> None:
        """Move it forward."""
        self.moment += by
