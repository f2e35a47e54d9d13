"""The leased role: one IAM role per grant, which ends by itself.

Permissions the spoke role needs, nothing more (all but the reads on `role/prod-access/*` only):
`iam:CreateRole`, `iam:PutRolePolicy`, `iam:AttachRolePolicy` (each only with our permissions boundary),
`iam:UpdateAssumeRolePolicy`, `iam:TagRole`, `iam:DetachRolePolicy`, `iam:DeleteRolePolicy`,
`iam:DeleteRole`; and on any role, because IAM cannot know the path of a role that is gone: `iam:GetRole`,
`iam:GetRolePolicy`, `iam:ListAttachedRolePolicies`, `iam:ListRolePolicies`, `iam:ListRoleTags`,
`iam:ListRoles`. The hub needs `sts:AssumeRole` and `sts:SetSourceIdentity` on the spoke roles.

Made in the order trust, Deny, policies: at no moment does the role allow anything that has no end. Taken
away in the order Deny (when it ends early), policies, Deny, role. A name is never used twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from policies.entitlements.aws import ROLE_PATH, AwsLease
from policies.people import AwsIdentity, AwsRoleSession, AwsUser
from policies.values import CloudName, HoldingKey
from workers.clouds.aws import documents
from workers.clouds.aws.client import (
    Attached,
    AwsClient,
    Inline,
    InlinePolicy,
    Missing,
    Model,
    OneRole,
    Role,
    Roles,
    Tags,
    Taken,
)
from workers.clouds.cloud import Checkup, Cloud, CloudError, Fence, Found, Holding, Place, Refused, Seen
from workers.clouds.labels import Labels, labelled, read_moment

_PREFIX: Final = "prod-access:"
SESSION_SECONDS: Final = 3600
"""The longest session of a leased role: IAM's own minimum for that setting."""


class LeasedRoles(Cloud):
    """AWS through leased roles; `accounts` are the ones to look through from the cloud's side."""

    name = CloudName("aws")

    def __init__(self, client: AwsClient, labels: Labels, accounts: Callable[[], Sequence[AwsLease]]) -> None:
        self._client = client
        self._labels = labels
        self._accounts = accounts

    def _ensure(self, holding: Holding, until: datetime, fence: Fence) -> None:
        fence.check()
        try:
            self._create(holding, until)
        except Taken:
            self._adopt(holding, until, fence)
        fence.check()
        self._deny(holding, documents.deny_after(until))
        for policy in _lease(holding).policies:
            fence.check()
            self._attach(holding, policy)

    def _attach(self, holding: Holding, policy: str) -> None:
        try:
            self._change(holding, "attach_role_policy", PolicyArn=policy)
        except Missing:
            self._role(holding)  # the role stands, so it is the policy that does not exist
            raise Refused("policy_does_not_exist") from None

    def _create(self, holding: Holding, until: datetime) -> None:
        self._change(
            holding,
            "create_role",
            Path=ROLE_PATH,
            AssumeRolePolicyDocument=documents.text(documents.trust(_identity(holding), until)),
            Description=f"{holding.role} for {holding.person}, {holding.request}",
            MaxSessionDuration=SESSION_SECONDS,
            PermissionsBoundary=_lease(holding).boundary,
            Tags=_tags(self._labels.of(holding, until)),
        )

    def _adopt(self, holding: Holding, until: datetime, fence: Fence) -> None:
        """A role of this name exists: ours from an earlier try (a reply was lost), or somebody else's."""
        role = self._role(holding)
        labels = _labels(role.labels)
        if not self._labels.genuine(holding.key, labels) or labels["grant"] != holding.grant:
            raise Refused("name_taken_by_another")
        if documents.end_of_trust(role.trust) == until and read_moment(labels["ends"]) == until:
            return
        fence.check()
        wanted = documents.text(documents.trust(_identity(holding), until))
        self._change(holding, "update_assume_role_policy", PolicyDocument=wanted)
        fence.check()
        self._change(holding, "tag_role", Tags=_tags(self._labels.of(holding, until)))

    def _deny(self, holding: Holding, document: documents.Document) -> None:
        self._change(
            holding,
            "put_role_policy",
            PolicyName=documents.END_POLICY,
            PolicyDocument=documents.text(document),
        )

    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:
        try:
            if early:
                fence.check()
                self._deny(holding, documents.deny_now())
            self._strip(holding, fence)
            fence.check()
            self._change(holding, "delete_role")
        except Missing:
            return

    def _strip(self, holding: Holding, fence: Fence) -> None:
        """Take every policy off, the Deny last."""
        for policy in self._read(holding, Attached, "list_attached_role_policies").policies:
            fence.check()
            self._change(holding, "detach_role_policy", PolicyArn=policy.arn)
        names = self._read(holding, Inline, "list_role_policies").names
        for name in sorted(names, key=lambda name: name == documents.END_POLICY):
            fence.check()
            self._change(holding, "delete_role_policy", PolicyName=name)

    def _look(self, holding: Holding) -> Seen | None:
        try:
            role = self._role(holding)
        except Missing:
            return None
        until = documents.end_of_trust(role.trust)
        labelled_until = read_moment(_labels(role.labels).get("ends", ""))
        return Seen(until, self._is_complete(holding, until), labelled_until)

    def _is_complete(self, holding: Holding, until: datetime | None) -> bool:
        """True when the Deny stands at the same end as the trust, and every policy is attached."""
        try:
            deny = self._read(holding, InlinePolicy, "get_role_policy", PolicyName=documents.END_POLICY)
            attached = self._read(holding, Attached, "list_attached_role_policies")
        except Missing:
            return False
        wanted = set(_lease(holding).policies)
        ends_alike = until is not None and documents.end_of_deny(deny.document) == until
        return ends_alike and wanted == {policy.arn for policy in attached.policies}

    def _role(self, holding: Holding) -> Role:
        return self._read(holding, OneRole, "get_role").role

    def _read(self, holding: Holding, model: type[Model], call: str, **words: object) -> Model:
        return self._client.read(_lease(holding), model, call, RoleName=_role_name(holding.key), **words)

    def _change(self, holding: Holding, call: str, **words: object) -> None:
        self._client.change(_lease(holding), call, RoleName=_role_name(holding.key), **words)

    def _warm(self) -> None:
        for account in self._accounts():
            self._client.spoke(account)

    def _places(self) -> Iterable[Place]:
        return [Place(account.alias, partial(self._found, account)) for account in self._accounts()]

    def _found(self, account: AwsLease) -> Iterable[Found]:
        for role in self._roles(account):
            tags = self._client.read(account, Tags, "list_role_tags", RoleName=role.name)
            labels = _labels({tag.key: tag.value for tag in tags.tags})
            genuine = self._labels.genuine(role.arn, labels)
            ends_at = read_moment(labels.get("ends", ""))
            yield Found(HoldingKey(role.arn), labels, ends_at, genuine)

    def _roles(self, account: AwsLease) -> Iterable[Role]:
        words: dict[str, object] = {"PathPrefix": ROLE_PATH}
        while True:
            page = self._client.read(account, Roles, "list_roles", **words)
            yield from page.roles
            if not page.more:
                return
            words["Marker"] = page.marker

    def _describe(self, found: Found) -> Holding | None:
        account = next((one for one in self._accounts() if f":{one.account_id}:" in found.key), None)
        if account is None:
            return None
        name = _role_name(found.key)
        try:
            role = self._client.read(account, OneRole, "get_role", RoleName=name).role
            attached = self._client.read(account, Attached, "list_attached_role_policies", RoleName=name)
        except Missing:
            return None
        principal = documents.principal_of(role.trust)
        if principal is None or not self._labels.genuine(found.key, _labels(role.labels)):
            return None
        policies = tuple(policy.arn for policy in attached.policies)
        return labelled(found.key, found.labels, principal, account.model_copy(update={"policies": policies}))

    def _doctor(self) -> Iterable[Checkup]:
        for account in self._accounts():
            yield self._reaches(account)
            yield self._needs_external_id(account)

    def _reaches(self, account: AwsLease) -> Checkup:
        name = f"aws {account.alias}: the spoke role lets us in and shows our roles"
        try:
            count = len(list(self._roles(account)))
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"{error.problem}; check {account.spoke_role}")
        return Checkup(name, ok=True, detail=f"{count} leased roles there now")

    def _needs_external_id(self, account: AwsLease) -> Checkup:
        name = f"aws {account.alias}: nobody gets in without the external id"
        try:
            self._client.assume(account, external_id=None)
        except Refused:
            return Checkup(name, ok=True, detail="refused, as it should be")
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"could not be tried: {error.problem}")
        detail = f"{account.spoke_role} does not require sts:ExternalId; add it to its trust"
        return Checkup(name, ok=False, detail=detail)


def _role_name(key: HoldingKey) -> str:
    return key.rsplit("/", 1)[1]


def _tags(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": f"{_PREFIX}{name}", "Value": value} for name, value in labels.items()]


def _labels(tags: Mapping[str, str]) -> dict[str, str]:
    """What we wrote, of all the tags of a role."""
    return {name.removeprefix(_PREFIX): value for name, value in tags.items() if name.startswith(_PREFIX)}


def _lease(holding: Holding) -> AwsLease:
    if not isinstance(holding.entitlement, AwsLease):
        raise TypeError(f"{holding.key} is not a leased role")
    return holding.entitlement


def _identity(holding: Holding) -> AwsIdentity:
    if not isinstance(holding.principal, AwsUser | AwsRoleSession):
        raise TypeError(f"{holding.key} is not held by an AWS identity")
    return holding.principal
