"""IAM policy documents as frozen values.

The language: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from policies.people import AwsIdentity, AwsRoleSession
from policies.values import Value

WorkerArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")]
"""The IAM role or user that the workers run as; never a whole account."""


class Condition(NamedTuple):
    """What has to hold of a call: one of these values for this key."""

    operator: str
    key: str
    values: tuple[str, ...]


class Statement(Value):
    """One statement; `principal` is there in a trust only, `resources` everywhere else."""

    sid: str
    effect: Literal["Allow", "Deny"] = "Allow"
    principal: str | None = None
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The statement as IAM takes it."""
        document: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principal:
            document["Principal"] = {"AWS": self.principal}
        document["Action"] = _one_or_more(self.actions)
        if self.resources:
            document["Resource"] = _one_or_more(self.resources)
        for condition in self.conditions:
            tests = document.setdefault("Condition", {}).setdefault(condition.operator, {})
            tests[condition.key] = _one_or_more(condition.values)
        return document


class PolicyDocument(Value):
    """A whole document."""

    statements: tuple[Statement, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The document as IAM takes it."""
        return {"Version": "2012-10-17", "Statement": [one.document for one in self.statements]}


class Arn(NamedTuple):
    """A role, user or policy of IAM, taken apart."""

    partition: str
    account: str
    kind: str
    path: str
    name: str

    @classmethod
    def of(cls, arn: str) -> "Arn":
        """The parts of `arn:aws:iam::111122223333:role/path/name`."""
        _, partition, _, _, account, rest = arn.split(":", 5)
        kind, _, path_and_name = rest.partition("/")
        path, _, name = f"/{path_and_name}".rpartition("/")
        return cls(partition, account, kind, f"{path}/", name)


def assumed_by(worker: str, external_ids: tuple[str, ...]) -> PolicyDocument:
    """The trust of a role the workers act through: them alone, and only with an external id.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
    """
    return PolicyDocument(
        statements=(
            Statement(
                sid="OnlyTheWorkers",
                principal=worker,
                actions=("sts:AssumeRole",),
                conditions=(Condition("StringEquals", "sts:ExternalId", external_ids),),
            ),
            Statement(sid="UnderTheirName", principal=worker, actions=("sts:SetSourceIdentity",)),
        )
    )


def may_assume(sid: str, roles: tuple[str, ...], *more: str) -> PolicyDocument:
    """Who has this may assume these roles, and nothing else."""
    actions = ("sts:AssumeRole", *more)
    return PolicyDocument(statements=(Statement(sid=sid, actions=actions, resources=roles),))


def account_of(identity: AwsIdentity) -> str:
    """The account somebody signs in to."""
    arn = identity.role_arn if isinstance(identity, AwsRoleSession) else identity.arn
    return Arn.of(arn).account


def _one_or_more(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
