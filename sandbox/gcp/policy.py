"""Allow policies, as JSON has them and as sets of single grants.

https://github.com/googleapis/googleapis/blob/master/google/iam/v1/policy.proto
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic.alias_generators import to_camel

CONDITIONAL: Final = 3
"""The policy version that has conditions."""
_LOG_TYPES: Final = ("LOG_TYPE_UNSPECIFIED", "ADMIN_READ", "DATA_WRITE", "DATA_READ")


class Message(BaseModel):
    """A protobuf message in its JSON form: a field it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def json_form(self) -> dict[str, Any]:
        """The message as Google answers it: empty fields are left out."""
        return {name: value for name, value in self.model_dump(mode="json", by_alias=True).items() if value}


class Condition(Message):
    """When a binding grants (google.type.Expr)."""

    expression: str = ""
    title: str = ""
    description: str = ""
    location: str = ""


class Binding(Message):
    """Members who hold a role."""

    role: str = ""
    members: tuple[str, ...] = ()
    condition: Condition | None = None

    def json_form(self) -> dict[str, Any]:
        """The binding as Google answers it."""
        condition = {"condition": self.condition.json_form()} if self.condition else {}
        return {"role": self.role, "members": list(self.members), **condition}

    def grants(self) -> Iterator["Grant"]:
        """Each member's own grant."""
        for member in self.members:
            yield Grant(self.role, member, self.condition)

    def without_condition(self) -> "Binding":
        """What a reader who did not ask for version 3 sees: a role that does not exist.

        https://cloud.google.com/iam/docs/troubleshooting-withcond
        """
        if self.condition is None:
            return self
        digest = hashlib.sha256(self.condition.model_dump_json().encode()).hexdigest()[:20]
        return Binding(role=f"{self.role}_withcond_{digest}", members=self.members)


class AuditLogConfig(Message):
    """A kind of access that is written to the Data Access log."""

    log_type: str
    exempted_members: tuple[str, ...] = ()

    @field_validator("log_type", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """Google's clients send an enum's number; it is answered by its name."""
        return _LOG_TYPES[value] if isinstance(value, int) and 0 <= value < len(_LOG_TYPES) else value


class AuditConfig(Message):
    """What of a service is written to the Data Access log."""

    service: str
    audit_log_configs: tuple[AuditLogConfig, ...] = ()


class Policy(Message):
    """Everything that is granted on one resource."""

    version: int = 0
    bindings: tuple[Binding, ...] = ()
    audit_configs: tuple[AuditConfig, ...] = ()
    etag: str = ""

    @property
    def conditional(self) -> bool:
        """Whether any binding has a condition."""
        return any(binding.condition is not None for binding in self.bindings)

    def grants(self) -> frozenset["Grant"]:
        """Every grant in it."""
        return frozenset(grant for binding in self.bindings for grant in binding.grants())

    def seen_with(self, version: int) -> "Policy":
        """The policy for a reader who asked for a version: 3 only when there are conditions."""
        if version == CONDITIONAL:
            return self.model_copy(update={"version": CONDITIONAL if self.conditional else 1})
        plain = tuple(binding.without_condition() for binding in self.bindings)
        return self.model_copy(update={"version": 1, "bindings": plain})

    def json_form(self) -> dict[str, Any]:
        """The policy as Google answers it."""
        audited = [config.model_dump(mode="json", by_alias=True) for config in self.audit_configs]
        configs = {"auditConfigs": audited} if audited else {}
        bindings = [binding.json_form() for binding in self.bindings]
        return {"version": self.version, "etag": self.etag, "bindings": bindings, **configs}


@dataclass(frozen=True)
class Grant:
    """One member, one role, one condition."""

    role: str
    member: str
    condition: Condition | None

    def json(self) -> dict[str, Any]:
        """The grant as the log and a policy delta show it."""
        condition = {"condition": self.condition.json_form()} if self.condition else {}
        return {"role": self.role, "member": self.member, **condition}


@dataclass(frozen=True)
class Delta:
    """What a change of a policy changes."""

    added: frozenset[Grant]
    removed: frozenset[Grant]

    @property
    def roles(self) -> frozenset[str]:
        """The roles whose grants it changes: what `modifiedGrantsByRole` holds."""
        return frozenset(grant.role for grant in self.added | self.removed)

    def json(self) -> list[dict[str, Any]]:
        """The delta as an audit log entry has it (google.iam.v1.BindingDelta)."""
        removed = [{"action": "REMOVE", **grant.json()} for grant in ordered(self.removed)]
        return removed + [{"action": "ADD", **grant.json()} for grant in ordered(self.added)]


def delta(before: Policy, after: Policy) -> Delta:
    """What changes between two policies."""
    old, new = before.grants(), after.grants()
    return Delta(added=new - old, removed=old - new)


def ordered(grants: frozenset[Grant]) -> list[Grant]:
    """Grants in an order that is always the same."""
    return sorted(grants, key=lambda grant: (grant.role, grant.member, str(grant.condition)))
