"""The roles the pretend Google Cloud has, with the permissions anything here asks for.

Predefined roles: https://cloud.google.com/iam/docs/roles-permissions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.gcp import names

BASIC: Final = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
OWNER: Final = "roles/owner"


@dataclass(frozen=True)
class Role:
    """What holding a role allows, and on what kinds of resource it can be granted."""

    permissions: frozenset[str]
    grantable_on: frozenset[str] = frozenset({"organizations", "folders", "projects"})

    def allows(self, permission: str) -> bool:
        """Whether it holds a permission."""
        return permission in self.permissions or "*" in self.permissions


def _role(*permissions: str, on: str = "") -> Role:
    return Role(frozenset(permissions), frozenset(on.split())) if on else Role(frozenset(permissions))


_GET_PROJECT: Final = "resourcemanager.projects.get"
_READ_SQL: Final = ("cloudsql.instances.list", "cloudsql.instances.get")
_WRITE_SQL: Final = "cloudsql.instances.restart"


def _admin(kind: str) -> tuple[str, ...]:
    return tuple(f"resourcemanager.{kind}.{verb}" for verb in ("get", "getIamPolicy", "setIamPolicy"))


_ADMIN: Final = (*_admin("organizations"), *_admin("folders"), *_admin("projects"))

ROLES: Final[Mapping[str, Role]] = {
    OWNER: _role("*"),
    "roles/editor": _role(_GET_PROJECT, *_READ_SQL, _WRITE_SQL),
    "roles/viewer": _role(_GET_PROJECT, *_READ_SQL),
    "roles/browser": _role(_GET_PROJECT, "resourcemanager.folders.get", "resourcemanager.organizations.get"),
    "roles/cloudsql.viewer": _role(_GET_PROJECT, *_READ_SQL),
    "roles/cloudsql.editor": _role(_GET_PROJECT, *_READ_SQL, _WRITE_SQL),
    "roles/cloudsql.admin": _role(_GET_PROJECT, *_READ_SQL, _WRITE_SQL, "cloudsql.instances.delete"),
    "roles/logging.viewer": _role(_GET_PROJECT, "logging.logEntries.list"),
    "roles/logging.privateLogViewer": _role(_GET_PROJECT, "logging.logEntries.list"),
    "roles/run.developer": _role(_GET_PROJECT, "run.services.update"),
    "roles/compute.viewer": _role(_GET_PROJECT, "compute.instances.list"),
    "roles/resourcemanager.projectIamAdmin": _role(*_admin("projects")),
    "roles/resourcemanager.folderIamAdmin": _role(*_admin("folders"), on="organizations folders"),
    "roles/resourcemanager.organizationAdmin": _role(*_ADMIN, on="organizations"),
    "roles/iam.securityReviewer": _role(*(name for name in _ADMIN if not name.endswith("setIamPolicy"))),
    "roles/iam.serviceAccountTokenCreator": _role(
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.get",
        on="organizations folders projects serviceAccounts",
    ),
    "roles/iam.serviceAccountAdmin": _role(
        *(f"iam.serviceAccounts.{verb}" for verb in ("get", "getIamPolicy", "setIamPolicy")),
        "iam.serviceAccounts.disable",
        "iam.serviceAccounts.enable",
        on="organizations folders projects serviceAccounts",
    ),
    f"projects/{names.SHOP_PROD}/roles/incidentResponder": _role(*_READ_SQL, _WRITE_SQL, on="projects"),
    f"{names.ORGANIZATION}/roles/breakGlass": _role(*_READ_SQL, _WRITE_SQL),
}


def allows(role: str, permission: str) -> bool:
    """Whether a role holds a permission; one that does not exist holds none."""
    return role in ROLES and ROLES[role].allows(permission)
