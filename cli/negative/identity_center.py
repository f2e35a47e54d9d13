"""Identity Center: what the access role must be refused for an account, tried.

IAM asks the role's policy about the instance, the permission set and the account that a call names, whether
they are there or not
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamidentitycenter.html).
"""

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from cli.negative.verdict import PAUSES, verdict
from policies.entitlements.identity_center import IdentityCenterAssignment
from policies.least_privilege.listed import listed
from policies.rules import Policy
from workers.clouds.aws.client import Missing
from workers.clouds.cloud import Checkup, CloudError, Refused, Unknown
from workers.clouds.identity_center.client import (
    CREATE,
    DELETE,
    Assignments,
    IdentityCenterClient,
    Operation,
    Operations,
    Status,
    Way,
)
from workers.settings import Settings

NO_ACCOUNT: Final = "000000000000"
"""Nobody's account."""
_DENIED: Final = "AccessDeniedException"
_INVALID: Final = "ValidationException"


def proofs(policy: Policy, settings: Settings, now: Callable[[], datetime]) -> Iterator[Checkup]:
    """One for each account that a role reaches, by each access role."""
    client = IdentityCenterClient(
        instance=settings.instance, now=now, endpoint=settings.identity_center_endpoint
    )
    found = listed(policy, IdentityCenterAssignment)
    for target in {(one.access_role, one.account_id): one for one in found}.values():
        yield prove_refused(client, target)


def prove_refused(
    client: IdentityCenterClient,
    target: IdentityCenterAssignment,
    *,
    elsewhere: str = NO_ACCOUNT,
    pauses: Sequence[float] = PAUSES,
) -> Checkup:
    """Try to assign what the catalogue does not list, as the workers; ok when it was refused. Raises nothing.

    `target` is something that it does list; `elsewhere` is an account that it does not reach.

    Nobody gets anything by it, even where it is let through: it is all assigned to a user id drawn a moment
    ago, which nobody has, and AWS makes no assignment to somebody who is not in the directory. Besides, the
    permission set is made up, and so is the account. Nobody loses anything: nothing else is under this user
    id. What AWS sets to work on all the same is followed to its end, and taken back unless it failed.
    """
    name = f"identity-center {target.alias}: refuses permission sets and accounts outside the catalogue"
    return verdict(name, _Trial(client, target, elsewhere, pauses), cloud="identity-center")


class _Trial:
    """One go at one account."""

    def __init__(
        self,
        client: IdentityCenterClient,
        target: IdentityCenterAssignment,
        elsewhere: str,
        pauses: Sequence[float],
    ) -> None:
        self._client = client
        self._target = target
        self._elsewhere = elsewhere
        self._pauses = pauses
        self._nobody = str(uuid.uuid4())
        self._may_stand: list[IdentityCenterAssignment] = []

    def run(self) -> Iterator[str]:
        """What is let through."""
        self._stands(self._target)  # where we do not get in at all, a refusal says nothing
        sets = self._target.permission_set_arn.rpartition("/")[0]
        made_up = {"permission_set_arn": f"{sets}/ps-{secrets.token_hex(8)}"}
        if not self._refused(self._target.model_copy(update=made_up)):
            yield "a permission set outside the catalogue"
        if not self._refused(self._target.model_copy(update={"account_id": self._elsewhere})):
            yield "an account outside the catalogue"

    def left(self) -> list[str]:
        """The assignments that may be there still, or may come yet."""
        return [
            f"{one.permission_set_arn} in {one.account_id} for {self._nobody}"
            for one in self._may_stand
            if not self._removed(one)
        ]

    def _refused(self, asked: IdentityCenterAssignment) -> bool:
        """Refused by the policy; AWS says of the rest that it is not there, or sets to work on it."""
        try:
            self._settle(asked, self._begin(asked, CREATE))
        except Missing:
            return False
        except Refused as refused:
            if refused.problem not in {_DENIED, _INVALID}:
                raise
            return refused.problem == _DENIED
        except Unknown:
            begun = self._under_way()
            if begun is None:
                raise
            self._settle(asked, begun)
        return False

    def _settle(self, asked: IdentityCenterAssignment, begun: Operation) -> None:
        """Follow what was begun; unless it failed, there is something to take back."""
        if self._followed(CREATE, begun).status is not Status.FAILED:
            self._may_stand.append(asked)

    def _followed(self, way: Way, operation: Operation) -> Operation:
        """The operation when it has ended, or as it was when we stopped looking."""
        for pause in self._pauses:
            if operation.status is not Status.IN_PROGRESS:
                break
            time.sleep(pause)
            with suppress(CloudError):
                operation = self._client.follow(self._target, way, operation.id)
        return operation

    def _under_way(self) -> Operation | None:
        """What AWS is at work on for nobody, which can only be ours."""
        words = {"Filter": {"Status": Status.IN_PROGRESS.value}}
        for page in self._client.pages(self._target, Operations, CREATE.list, **words):
            for one in page.operations:
                operation = self._client.follow(self._target, CREATE, one.id)
                if operation.principal == self._nobody:
                    return operation
        return None

    def _removed(self, asked: IdentityCenterAssignment) -> bool:
        for pause in self._pauses:
            time.sleep(pause)
            try:
                ended = self._followed(DELETE, self._begin(asked, DELETE))
                if ended.status is not Status.IN_PROGRESS and not self._stands(asked):
                    return True
            except Missing:
                return True
            except CloudError:
                continue  # while it is being made it cannot be removed
        return False

    def _begin(self, asked: IdentityCenterAssignment, way: Way) -> Operation:
        return self._client.begin(
            asked,
            way,
            TargetType="AWS_ACCOUNT",
            TargetId=asked.account_id,
            PermissionSetArn=asked.permission_set_arn,
            PrincipalType="USER",
            PrincipalId=self._nobody,
        )

    def _stands(self, asked: IdentityCenterAssignment) -> bool:
        words = {"AccountId": asked.account_id, "PermissionSetArn": asked.permission_set_arn}
        pages = self._client.pages(asked, Assignments, "list_account_assignments", **words)
        return any(one.id == self._nobody for page in pages for one in page.assignees)
