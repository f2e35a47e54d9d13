"""Who and what there is: the identity store's users and groups, and the permission sets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sandbox.identity_center import names

_DATABASE_READ: Final = frozenset({"DescribeDBInstances"})
_HOUR: Final = timedelta(hours=1)


@dataclass
class PermissionSet:
    """A permission set: what its sessions may do, and for how long."""

    name: str
    arn: str
    allows: frozenset[str]
    session: timedelta = _HOUR
    tags: dict[str, str] = field(default_factory=dict)


class Directory:
    """The identity store and the permission sets, as seeded."""

    def __init__(self) -> None:
        self.users = {names.user_id(person): person for person in names.PEOPLE}
        self.groups = {names.group_id(group): group for group in names.GROUPS}
        self.sets = {one.arn: one for one in _seeded()}

    def set_named(self, name: str) -> PermissionSet | None:
        """The permission set of a name."""
        return next((one for one in self.sets.values() if one.name == name), None)

    def principals_of(self, user: str) -> frozenset[str]:
        """A user and the groups they are in."""
        person = self.users.get(user)
        groups = (names.group_id(group) for group, people in names.GROUPS.items() if person in people)
        return frozenset({user, *groups})


def _seeded() -> Iterator[PermissionSet]:
    managed = {names.MANAGED: "true"}
    read, write = names.CATALOGUE
    yield PermissionSet(read, names.CATALOGUE[read], _DATABASE_READ, tags=dict(managed))
    allows = _DATABASE_READ | {"RebootDBInstance"}
    yield PermissionSet(write, names.CATALOGUE[write], allows, tags=dict(managed))
    yield PermissionSet(names.EVERYDAY, names.EVERYDAY_ARN, _DATABASE_READ, session=8 * _HOUR)
