"""Google Cloud: roles on one project, folder or organisation, bound to a person until a moment."""

import hashlib
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import HoldingKey, Value

CONDITIONAL_BINDING: Final = "gcp-conditional-binding"
"""The adapter that binds a person to roles under a condition on the time."""

_NEVER_GRANTED = frozenset(
    {
        *("roles/owner", "roles/editor", "roles/viewer", "roles/admin", "roles/writer", "roles/reader"),
        *("roles/accesscontextmanager.policyAdmin", "roles/cloudbuild.builds.editor"),
        *("roles/cloudkms.admin", "roles/compute.admin", "roles/compute.instanceAdmin"),
        *("roles/compute.instanceAdmin.v1", "roles/composer.admin", "roles/container.admin"),
        *("roles/container.clusterAdmin", "roles/composer.environmentAndStorageObjectAdmin"),
        *("roles/dataflow.admin", "roles/dataproc.admin", "roles/dataproc.editor"),
        *("roles/deploymentmanager.editor", "roles/config.admin", "roles/iap.admin"),
        *("roles/bigquery.admin", "roles/bigquery.dataOwner", "roles/cloudfunctions.admin"),
        *("roles/run.admin", "roles/privilegedaccessmanager.admin"),
        *("roles/logging.admin", "roles/logging.configWriter", "roles/orgpolicy.policyAdmin"),
        *("roles/resourcemanager.tagAdmin", "roles/secretmanager.admin", "roles/storage.admin"),
    }
)
"""Basic roles carry no condition; the rest set somebody's access, act as a service account, or stop the audit
log (https://cloud.google.com/iam/docs/understanding-roles and
https://cloud.google.com/iam/docs/best-practices-service-accounts)."""
_NEVER_IN_A_NAME = re.compile(
    r"^roles/iam\."
    r"|IamAdmin$|\.securityAdmin$|(organization|folder)Admin$|(project|folder)Mover$|projectCreator$"
    r"|serviceAccount|serviceAgent$|prod-?access",
    re.IGNORECASE,
)
_ROLE = re.compile(r"^(roles|(projects|organizations)/[a-z0-9.:-]+/roles)/[A-Za-z0-9_.]{3,64}$")


def never_granted(role: str) -> bool:
    """Whether a Google role could change access, act as somebody else or stop the audit: nobody gets it."""
    return role in _NEVER_GRANTED or bool(_NEVER_IN_A_NAME.search(role))


def _grantable(role: str) -> str:
    if never_granted(role):
        raise ValueError(f"{role} is never granted: it could change who has access, or cannot carry an end")
    if not _ROLE.match(role):
        raise ValueError(f'"{role}" is not the name of a Google Cloud role')
    return role


GrantableRole = Annotated[str, AfterValidator(_grantable)]
"""The name of a Google role a role of ours may hold."""


class GcpAccess(Value):
    """Google roles on one project, folder or organisation.

    `try_command` is a harmless first command, as written after `gcloud --project …`.
    """

    cloud: Literal["gcp"]
    resource: str
    roles: tuple[GrantableRole, ...] = Field(min_length=1, max_length=10)
    try_command: str | None = Field(default=None, max_length=200)

    @property
    def alias(self) -> str:
        """Where, as `clouds.yaml` calls it."""
        return self.resource


class GcpResource(Value):
    """A project, folder or organisation by its alias; access is given on it and below."""

    alias: str = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    name: str = Field(
        pattern=r"^(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]|folders/\d{6,20}|organizations/\d{6,20})$"
    )


class GcpBinding(Value):
    """A Google entitlement with every alias resolved: all that giving and taking back need to know."""

    cloud: Literal["gcp"]
    alias: str
    resource: str
    roles: tuple[str, ...]


def binding_on(resource: GcpResource, roles: tuple[str, ...] = ()) -> GcpBinding:
    """What binding these roles there needs to know."""
    return GcpBinding(cloud="gcp", alias=resource.alias, resource=resource.name, roles=tuple(sorted(roles)))


def binding_key(binding: GcpBinding, member: str) -> HoldingKey:
    """The holding's key: the resource, and a mark made of the person and the roles, which its title bears."""
    text = "\n".join([binding.resource, member, *binding.roles])
    return HoldingKey(f"{binding.resource}/bindings/{hashlib.sha256(text.encode()).hexdigest()[:20]}")
