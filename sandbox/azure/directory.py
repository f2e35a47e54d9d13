"""Entra ID: people, groups, applications, and when they became known."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.azure import names

_LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Principal:
    """Somebody, or something, roles are assigned to."""

    id: str
    kind: str
    """User, Group or ServicePrincipal."""
    name: str
    """What a log calls it: a user principal name, or an application's."""
    title: str = ""
    mail: str | None = None
    other_mails: tuple[str, ...] = ()
    guest: bool = False
    enabled: bool = True
    members: frozenset[str] = frozenset()
    app_id: str | None = None
    app_roles: tuple[str, ...] = ()
    """Permissions at Graph an administrator has consented to."""
    created_at: datetime = field(default=_LONG_AGO)

    def json(self) -> dict[str, Any]:
        """A user as Graph shows them."""
        return {
            "id": self.id,
            "userPrincipalName": self.name,
            "displayName": self.title,
            "mail": self.mail,
            "otherMails": list(self.other_mails),
            "proxyAddresses": [f"SMTP:{self.mail}"] if self.mail and not self.guest else [],
            "userType": "Guest" if self.guest else "Member",
            "accountEnabled": self.enabled,
        }


class Directory:
    """The principals of the tenant."""

    def __init__(self) -> None:
        self._principals = {one.id: one for one in _seeded()}

    def find(self, principal_id: str) -> Principal | None:
        """Somebody by object id."""
        return self._principals.get(principal_id.lower())

    def application(self, client_id: str) -> Principal | None:
        """A service principal by its application's client id."""
        return next((one for one in self._principals.values() if one.app_id == client_id.lower()), None)

    def users(self) -> Iterator[Principal]:
        """Every user."""
        return (one for one in self._principals.values() if one.kind == "User")

    def add(self, principal: Principal) -> None:
        """Somebody new."""
        self._principals[principal.id] = principal

    def remove(self, principal_id: str) -> None:
        """Somebody is gone; their assignments stay."""
        self._principals.pop(principal_id, None)

    def memberships(self, principal_id: str) -> set[str]:
        """An object id and those of every group it is in, through groups too."""
        known = {principal_id}
        while more := {group for group in self._groups_with(known) if group not in known}:
            known |= more
        return known

    def _groups_with(self, ids: set[str]) -> Iterator[str]:
        return (one.id for one in self._principals.values() if one.members & ids)


def _seeded() -> Iterator[Principal]:
    for name, object_id in names.PEOPLE.items():
        address = f"{name}@{names.DOMAIN}"
        yield Principal(object_id, "User", address, name.title(), address)
    yield Principal(
        names.GUEST,
        "User",
        f"ivy_partner.example#EXT#@{names.DOMAIN}",
        "Ivy (partner)",
        "ivy@partner.example",
        other_mails=(f"ivy@{names.DOMAIN}",),
        guest=True,
    )
    yield Principal(names.DATABASE_TEAM, "Group", "database-team", members=frozenset({names.PEOPLE["ben"]}))
    for name, (client_id, object_id) in names.APPLICATIONS.items():
        roles = ("User.Read.All",) if name != names.DIRECT_WORKER else ()
        yield Principal(object_id, "ServicePrincipal", name, name, app_id=client_id, app_roles=roles)
