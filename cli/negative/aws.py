"""AWS: what the spoke of an account must be refused, tried."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final

from cli.negative.verdict import verdict
from policies.entitlements.aws import ROLE_PATH, AwsLease
from policies.least_privilege.iam import Arn
from policies.least_privilege.listed import listed
from policies.rules import Policy
from workers.clouds.aws import documents
from workers.clouds.aws.client import AwsClient, Missing, OneRole
from workers.clouds.cloud import Checkup, CloudError, Refused
from workers.settings import Settings

_NOBODY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
"""A trust that takes nobody on."""
_DENIED: Final = "AccessDenied"


def proofs(policy: Policy, settings: Settings, now: Callable[[], datetime]) -> Iterator[Checkup]:
    """One for each account that a role reaches."""
    client = AwsClient(instance=settings.instance, now=now, endpoint=settings.aws_endpoint)
    for lease in {one.account_id: one for one in listed(policy, AwsLease)}.values():
        yield prove_refused(client, lease)


def prove_refused(client: AwsClient, account: AwsLease) -> Checkup:
    """Try what the account must refuse, as its spoke; ok when it refused all of it. Raises nothing.

    Nobody gets anything by it: the roles take nobody on, and the policy does not exist. It makes one role,
    under the boundary, that takes nobody on and denies everything, and removes it again: IAM judges a policy
    against the catalogue only where the role to attach it to is there.
    """
    name = f"aws {account.alias}: refuses what the catalogue does not list"
    return verdict(name, _Trial(client, account), cloud="aws")


class _Trial:
    """One go at one account."""

    def __init__(self, client: AwsClient, account: AwsLease) -> None:
        self._client = client
        self._account = account
        self._mark = secrets.token_hex(4)
        self._made: set[str] = set()

    def run(self) -> Iterator[str]:
        """What is let through."""
        self._client.spoke(self._account)  # where we do not get in at all, nothing was made either
        tries: dict[str, Callable[[], None]] = {
            "a role without the boundary": partial(self._create, "unbounded", Path=ROLE_PATH),
            f"a role outside {ROLE_PATH}": partial(self._create, "outside", Path="/", **self._bounded),
            "more for the spoke itself": partial(self._attach, Arn.of(self._account.spoke_role).name),
        }
        yield from (what for what, attempt in tries.items() if not _refused(attempt))
        self._make_ours()
        if not _refused(partial(self._attach, self._name("ours"))):
            yield "a policy outside the catalogue"

    def left(self) -> list[str]:
        """The roles that are there still and cannot be removed."""
        return sorted(name for name in self._made if not self._removed(name))

    @property
    def _bounded(self) -> dict[str, str]:
        return {"PermissionsBoundary": self._account.boundary}

    def _make_ours(self) -> None:
        """What is allowed, so that the next refusal is about the policy and about nothing else."""
        self._create("ours", Path=ROLE_PATH, **self._bounded)
        document = documents.text(documents.deny_now())
        words = {"PolicyName": documents.END_POLICY, "PolicyDocument": document}
        self._change("put_role_policy", self._name("ours"), **words)

    def _create(self, which: str, **words: str) -> None:
        """Make a role that nobody may take on; it is remembered unless it was refused."""
        name = self._name(which)
        self._made.add(name)
        try:
            self._change("create_role", name, AssumeRolePolicyDocument=_NOBODY, **words)
        except Refused:
            self._made.discard(name)
            raise

    def _attach(self, role: str) -> None:
        """Attach a policy that does not exist; where that is all there is to say, it was let through."""
        account = Arn.of(self._account.spoke_role)
        nothing = f"arn:{account.partition}:iam::{account.account}:policy/{self._name('none')}"
        self._change("attach_role_policy", role, PolicyArn=nothing)

    def _change(self, call: str, role: str, **words: str) -> None:
        self._client.change(self._account, call, RoleName=role, **words)

    def _name(self, which: str) -> str:
        return f"prod-access-proof-{which}-{self._mark}"

    def _removed(self, name: str) -> bool:
        if self._is_absent(name):
            return True
        with suppress(CloudError):
            self._change("delete_role_policy", name, PolicyName=documents.END_POLICY)
        with suppress(CloudError):
            self._change("delete_role", name)
        return self._is_absent(name)

    def _is_absent(self, name: str) -> bool:
        try:
            self._client.read(self._account, OneRole, "get_role", RoleName=name)
        except Missing:
            return True
        except CloudError:
            return False
        return False


def _refused(attempt: Callable[[], None]) -> bool:
    """Refused for want of permission, and for nothing else."""
    try:
        attempt()
    except Refused as refused:
        if refused.problem != _DENIED:
            raise
        return True
    except Missing:
        return False
    return False
