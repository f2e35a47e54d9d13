"""The account assignment: a permission set in one account, assigned to one person.

Permissions the access role needs, nothing more: `sso:CreateAccountAssignment` and
`sso:DeleteAccountAssignment` on the instance, the permission sets of `clouds.yaml` and their accounts; and
to read, `sso:ListAccountAssignments`, `sso:ListAccountAssignmentCreationStatus`,
`sso:ListAccountAssignmentDeletionStatus`, `sso:DescribeAccountAssignmentCreationStatus`,
`sso:DescribeAccountAssignmentDeletionStatus`, `sso:ListPermissionSets`, `sso:DescribePermissionSet` and
`sso:ListTagsForResource`. The hub needs `sts:AssumeRole` and `sts:SetSourceIdentity` on it. In the
management account a delegated administrator can assign nothing.

AWS does the work later and gives no bound. An operation is followed for a few seconds; what takes longer is
looked at again. Nothing is said while AWS is at work on an assignment, because a list shows it as it was.

An assignment is a person, a permission set and an account, and no more: it has no end and no label. So
moving an end takes no call; the ledger alone ends it; and what says that an assignment is ours is its
permission set, which is used by nobody else and says so by its tag. An assignment there that the ledger does
not know ends fifteen minutes after it was first seen: it is written down as a grant that ends then, and that
grant remembers when.

A session that a person has started lives on when the assignment is gone, for as long as the permission set
says (`AccountAssignments.session`). It can be cut by a Deny in the permission set's inline policy, on
`aws:userid` or `identitystore:UserId`, or for everybody who has it on `aws:TokenIssueTime`
(https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html). We do not: it
needs the right to rewrite what a permission set allows, replaces a policy that others may just have changed,
and is itself provisioned later, in every account.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from policies.entitlements.identity_center import (
    IdentityCenterAccount,
    IdentityCenterAssignment,
    assignment_in,
    assignment_key,
)
from policies.people import IdentityCenterUser
from policies.values import CloudName, GrantId, HoldingKey, PersonId, RequestId, RoleName
from workers.clouds.aws.client import Missing
from workers.clouds.cloud import (
    Again,
    Checkup,
    Cloud,
    CloudError,
    Fence,
    Found,
    Holding,
    Place,
    Refused,
    Seen,
    Unknown,
)
from workers.clouds.identity_center.budget import Budget
from workers.clouds.identity_center.client import (
    CREATE,
    DELETE,
    SOON,
    Assignments,
    Conflict,
    IdentityCenterClient,
    OnePermissionSet,
    Operation,
    Operations,
    PermissionSets,
    Status,
    Tags,
    Way,
)
from workers.clouds.identity_center.failures import failure
from workers.clouds.labels import labelled

UNKNOWN_ENDS_AFTER: Final = timedelta(minutes=15)
"""How long an assignment stands on a permission set of ours that the ledger does not know."""
SESSION_LIVES_ON: Final = timedelta(hours=1)
"""How long a session outlives its assignment where its permission set says nothing else; it may say 12 hours
(https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html)."""
MANAGED: Final = ("prod-access:managed", "true")
"""The tag of a permission set that prod-access alone uses."""
WAITS: Final = (0.2, 0.4, 0.8, 1.6, 2.8)
"""Seconds between looks at an operation: 5.8 altogether, and then the thread is given back."""
_IN_PROGRESS: Final = "identity_center_in_progress"
_REMEMBERED: Final = 1_000

_Triple: TypeAlias = tuple[str, str, str]
"""Permission set, account, principal: what an operation is about."""


class AccountAssignments(Cloud):
    """AWS through Identity Center; `accounts` are the places to look through from the cloud's side.

    `known` are those of some holdings that the ledger has grants on; `person` is whose a user id is.
    """

    name = CloudName("identity-center")

    def __init__(
        self,
        client: IdentityCenterClient,
        accounts: Callable[[], Sequence[IdentityCenterAccount]],
        known: Callable[[Iterable[HoldingKey]], Collection[HoldingKey]],
        budget: Budget,
        *,
        now: Callable[[], datetime],
        person: Callable[[str], PersonId | None],
        waits: Sequence[float] = WAITS,
    ) -> None:
        self._client = client
        self._accounts = accounts
        self._known = known
        self._budget = budget
        self._now = now
        self._person = person
        self._waits = waits
        self._about: dict[str, _Triple] = {}

    def session(self, target: IdentityCenterAssignment) -> timedelta:
        """How long a session of this permission set may live on after the end; CloudError."""
        return self._permission_set(target).session

    def _ensure(self, holding: Holding, until: datetime, fence: Fence) -> None:  # noqa: ARG002 (nothing has an end)
        self._budget.visit(_target(holding).instance, start=True)
        try:
            if not self._stands(holding):
                self._operate(holding, CREATE, fence)
        except Missing as error:
            raise Refused("identity_center_not_found") from error

    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:  # noqa: ARG002 (no session is cut)
        self._budget.visit(_target(holding).instance)
        try:
            if self._stands(holding):
                self._operate(holding, DELETE, fence)
        except Missing:
            return  # which says little: the look that follows an end reads what there is

    def _operate(self, holding: Holding, way: Way, fence: Fence) -> None:
        """Begin an operation and follow it to its end, or for as long as a thread may wait."""
        target = _target(holding)
        self._budget.begin(target.instance, holding.key, start=way is CREATE)
        fence.check()
        operation = self._followed(target, way, self._begun(holding, way), fence)
        self._budget.done(target.instance, holding.key)
        if operation.status is Status.FAILED:
            raise failure(operation.reason, start=way is CREATE)

    def _begun(self, holding: Holding, way: Way) -> Operation:
        target = _target(holding)
        try:
            return self._client.begin(
                target,
                way,
                TargetType="AWS_ACCOUNT",
                TargetId=target.account_id,
                PermissionSetArn=target.permission_set_arn,
                PrincipalType="USER",
                PrincipalId=_user(holding),
            )
        except (Conflict, Unknown):
            raise  # an operation is under way, or may be: its place stays taken
        except CloudError:
            self._budget.done(target.instance, holding.key)
            raise

    def _followed(
        self, target: IdentityCenterAssignment, way: Way, operation: Operation, fence: Fence
    ) -> Operation:
        waits = iter(self._waits)
        while operation.status is Status.IN_PROGRESS:
            wait = next(waits, None)
            if wait is None:
                raise Again(_IN_PROGRESS, SOON)
            fence.check()
            time.sleep(wait)
            operation = self._status(target, way, operation.id)
        return operation

    def _status(self, target: IdentityCenterAssignment, way: Way, operation: str) -> Operation:
        try:
            return self._client.follow(target, way, operation)
        except Missing as error:
            raise Again(_IN_PROGRESS, SOON) from error  # begun a moment ago, and not known everywhere yet

    def _look(self, holding: Holding) -> Seen | None:
        """What stands once nothing is under way, asked in this order: what ends in between is then seen."""
        target = _target(holding)
        self._budget.visit(target.instance)
        try:
            if self._under_way(holding):
                raise Again(_IN_PROGRESS, SOON)
            self._budget.done(target.instance, holding.key)
            return Seen(until=None, complete=True) if self._stands(holding) else None
        except Missing as error:
            if self._set_stands(target):
                raise Again(error.problem, SOON) from error
            return None  # a permission set cannot be deleted while anybody is assigned to it

    def _under_way(self, holding: Holding) -> bool:
        """Whether an operation on this very assignment is in progress, whoever began it."""
        target = _target(holding)
        mine = (target.permission_set_arn, target.account_id, _user(holding))
        return any(
            self._triple(target, way, operation.id) == mine
            for way in (CREATE, DELETE)
            for page in self._client.pages(target, Operations, way.list, Filter={"Status": "IN_PROGRESS"})
            for operation in page.operations
        )

    def _triple(self, target: IdentityCenterAssignment, way: Way, operation: str) -> _Triple:
        """What an operation is about, asked once: the list has ids only."""
        if operation not in self._about:
            if len(self._about) > _REMEMBERED:
                self._about.clear()
            found = self._status(target, way, operation)
            self._about[operation] = (found.permission_set, found.account, found.principal)
        return self._about[operation]

    def _set_stands(self, target: IdentityCenterAssignment) -> bool:
        pages = self._client.pages(target, PermissionSets, "list_permission_sets")
        return any(target.permission_set_arn in page.arns for page in pages)

    def _stands(self, holding: Holding) -> bool:
        return _user(holding) in self._assignees(_target(holding), "USER")

    def _assignees(self, target: IdentityCenterAssignment, kind: str) -> list[str]:
        """The users, or the groups, that have this permission set in this account."""
        pages = self._client.pages(
            target,
            Assignments,
            "list_account_assignments",
            AccountId=target.account_id,
            PermissionSetArn=target.permission_set_arn,
        )
        return [one.id for page in pages for one in page.assignees if one.kind == kind]

    def _permission_set(self, target: IdentityCenterAssignment) -> OnePermissionSet.PermissionSet:
        words = {"PermissionSetArn": target.permission_set_arn}
        return self._client.read(target, OnePermissionSet, "describe_permission_set", **words).permission_set

    def _is_marked(self, target: IdentityCenterAssignment) -> bool:
        words = {"ResourceArn": target.permission_set_arn}
        pages = self._client.pages(target, Tags, "list_tags_for_resource", **words)
        return any((tag.key, tag.value) == MANAGED for page in pages for tag in page.tags)

    def _warm(self) -> None:
        for account in self._accounts():
            self._client.warm(account)

    def _targets(self) -> Iterator[IdentityCenterAssignment]:
        for account in self._accounts():
            for name in account.permission_sets:
                yield assignment_in(account, name)

    def _places(self) -> Iterable[Place]:
        return [Place(one.alias, partial(self._found, one)) for one in self._targets()]

    def _found(self, target: IdentityCenterAssignment) -> Iterable[Found]:
        """Every person on our permission set; whom the ledger does not know is ours on a marked one."""
        users = {assignment_key(target, user): user for user in self._assignees(target, "USER")}
        known = set(self._known(users))
        for key in users:
            if key in known:
                yield Found(key, {}, None, genuine=True)
        unknown = {key: user for key, user in users.items() if key not in known}
        if unknown:
            yield from self._unknown(target, unknown)

    def _unknown(self, target: IdentityCenterAssignment, users: dict[HoldingKey, str]) -> Iterator[Found]:
        if not self._is_marked(target):
            yield from (Found(key, {}, None, genuine=False) for key in users)
            return
        ends_at = self._now() + UNKNOWN_ENDS_AFTER
        for key, user in users.items():
            yield Found(key, _labels(key, target, self._person(user) or user), ends_at, genuine=True)

    def _describe(self, found: Found) -> Holding | None:
        for target in self._targets():
            user = found.key.removeprefix(assignment_key(target, ""))
            if user != found.key and found.labels:
                holding = labelled(found.key, found.labels, IdentityCenterUser(user_id=user), target)
                return holding if self._stands(holding) else None
        return None

    def _doctor(self) -> Iterable[Checkup]:
        for account in self._accounts():
            yield self._needs_external_id(account)
        for target in self._targets():
            yield self._is_ready(target)

    def _needs_external_id(self, account: IdentityCenterAccount) -> Checkup:
        name = f"identity-center {account.alias}: nobody gets in without the external id"
        try:
            open_to_all = self._client.gets_in_without_the_external_id(account)
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"could not be tried: {error.problem}")
        wrong = f"{account.access_role} does not require sts:ExternalId; add it to its trust"
        return Checkup(name, ok=not open_to_all, detail=wrong if open_to_all else "refused, as it should be")

    def _is_ready(self, target: IdentityCenterAssignment) -> Checkup:
        name = f"identity-center {target.alias}: {target.permission_set} is ours alone"
        try:
            wrong = "; ".join(self._wrong(target))
            held = len(self._assignees(target, "USER"))
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"{error.problem}; check {target.access_role}")
        return Checkup(name, ok=not wrong, detail=wrong or f"{held} people have it now")

    def _wrong(self, target: IdentityCenterAssignment) -> Iterator[str]:
        found = self._permission_set(target)
        if found.name != target.permission_set:
            yield f"its ARN is that of {found.name}"
        if not self._is_marked(target):
            yield f"tag it {'='.join(MANAGED)}: until then, what the ledger does not know there is left alone"
        if found.session > SESSION_LIVES_ON:
            yield f"sessions live on for {found.session} after the end; set its session duration to 1 hour"
        if groups := self._assignees(target, "GROUP"):
            yield f"groups have it too, and are left alone: {', '.join(groups)}"


def _labels(key: HoldingKey, target: IdentityCenterAssignment, person: str) -> dict[str, str]:
    """What nobody wrote on an assignment, so that it can be written down as a grant of its own."""
    request = RequestId(f"pa-{hashlib.sha256(key.encode()).hexdigest()[:10]}")
    return {
        "request": request,
        "grant": GrantId(f"{request}-1"),
        "person": PersonId(person),
        "role": RoleName(target.permission_set),
    }


def _target(holding: Holding) -> IdentityCenterAssignment:
    if not isinstance(holding.entitlement, IdentityCenterAssignment):
        raise TypeError(f"{holding.key} is not an account assignment")
    return holding.entitlement


def _user(holding: Holding) -> str:
    if not isinstance(holding.principal, IdentityCenterUser):
        raise TypeError(f"{holding.key} is not held by a user of Identity Center")
    return holding.principal.user_id
