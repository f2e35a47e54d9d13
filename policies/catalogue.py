"""What people can ask for: organisation-level roles, and what each means in each cloud.

A role names accounts, projects and subscriptions by alias; `policies.entitlements` knows what they are.
"""

import hashlib
import re
from collections.abc import Iterable
from enum import Enum
from functools import cached_property, total_ordering
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from policies.entitlements import Entitlement
from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import RoleName, Value
from policies.window import Duration

RESERVED_WORDS = frozenset(
    {
        *("mine", "waiting", "roles", "why", "end", "extend", "emergency", "incident", "help"),
        *("login", "logout"),
        *("for", "until", "tonight", "now", "open", "list", "all"),
    }
)
"""Words of the command line; a role of such a name could not be asked for."""

_UNIT_WORDS = frozenset(
    {
        *("s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes"),
        *("h", "hr", "hrs", "hour", "hours", "d", "day", "days"),
    }
)
_REFERENCE = re.compile(r"^[a-z]+-\d+$|^pa-[a-z0-9]+$")


@total_ordering
class Risk(Enum):
    """How much harm a role can do, from least to most."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Risk):
            return NotImplemented
        ladder = list(Risk)
        return ladder.index(self) < ladder.index(other)


_MERGEABLE = {"policies", "roles", "try_command"}
"""What two entitlements in one place may not differ in alone: they would be one."""


def _role_name(name: RoleName) -> RoleName:
    if name in RESERVED_WORDS:
        raise ValueError(f'a role cannot be called "{name}": it is a word of the command')
    if name in _UNIT_WORDS:
        raise ValueError(f'a role cannot be called "{name}": it reads as a duration')
    if _REFERENCE.match(name):
        raise ValueError(f'a role cannot be called "{name}": it reads as a reference')
    return name


class Role(Value):
    """What people ask for by name: the same risk, time and approval in every cloud it reaches."""

    name: Annotated[RoleName, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH), AfterValidator(_role_name)]
    title: str = Field(min_length=1, max_length=60)
    environment: str = Field(pattern=NAME_PATTERN)
    risk: Risk
    default_duration: Duration
    max_duration: Duration
    entitlements: tuple[Entitlement, ...] = Field(min_length=1)
    channel: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    reads_only: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.default_duration > self.max_duration:
            raise ValueError("default_duration is longer than max_duration")
        marks = [one.model_dump(exclude=_MERGEABLE) for one in self.entitlements]
        for one, mark in zip(self.entitlements, marks, strict=True):
            if marks.count(mark) > 1:
                raise ValueError(f"{one.alias} in {one.cloud} is here twice; make it one entitlement")
        return self


def role_hash(role: Role) -> str:
    """The sha256 of the role in canonical form: it changes when anything about the role does."""
    return hashlib.sha256(role.model_dump_json().encode()).hexdigest()


def _sorted_roles(roles: Iterable[Role]) -> tuple[Role, ...]:
    return tuple(sorted(roles, key=lambda role: role.name))


class Catalogue(Value):
    """Every role of the organisation, by name."""

    roles: Annotated[tuple[Role, ...], AfterValidator(_sorted_roles)] = ()

    @cached_property
    def _by_name(self) -> dict[RoleName, Role]:
        return {role.name: role for role in self.roles}

    @property
    def names(self) -> tuple[RoleName, ...]:
        """The names of all roles, sorted."""
        return tuple(role.name for role in self.roles)

    def get(self, name: RoleName) -> Role | None:
        """The role of this name."""
        return self._by_name.get(name)
