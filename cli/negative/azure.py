"""Azure: what the workers must be refused at a scope, tried.

Azure asks the condition of a delegation about the body of a request, so a role and the kind of somebody who
does not exist are enough to see it (https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview;
that it is the body: https://github.com/hashicorp/terraform-provider-azurerm/pull/24271).
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Final

from cli.negative.verdict import untried, verdict
from policies.entitlements.azure import BUILT_IN, AzureAssignment, AzureScope, assignment_at
from policies.least_privilege.listed import listed
from policies.rules import Policy
from workers.clouds.azure.client import AzureClient, Missing
from workers.clouds.cloud import Checkup, CloudError, Refused
from workers.settings import Settings

_WHY: Final = "Made by prod-access doctor --prove to see that it is refused; it is nobody's, delete it"
_DENIED: Final = "AuthorizationFailed"
_NOBODY: Final = "PrincipalNotFound"


def proofs(policy: Policy, settings: Settings, now: Callable[[], datetime]) -> Iterator[Checkup]:
    """One for each scope that a role reaches."""
    found = listed(policy, AzureAssignment)
    roles = {one.role_id for one in found}
    client = AzureClient(
        instance=settings.instance,
        now=now,
        endpoint=settings.azure_endpoint,
        authority=settings.azure_authority,
        ca_bundle=settings.ca_bundle,
    )
    with closing(client):
        for assignment in {one.scope: one for one in found}.values():
            yield prove_refused(client, assignment, roles)


def prove_refused(client: AzureClient, place: AzureAssignment, roles: Collection[str]) -> Checkup:
    """Try to assign what a scope must refuse, as the workers; ok when all of it was refused. Raises nothing.

    `place` is something the catalogue lists there. `roles` are the ids of those of the whole catalogue: what
    may be assigned above this scope may be assigned here too.

    Nobody gets anything by it, even where it is let through: each attempt is for an object id that was drawn
    a moment ago, and Entra ID draws the ids of its people itself, so nobody has this one and nobody will.
    Nobody loses anything: the names are new too, so no assignment that is there can be changed. What is let
    through is deleted at once.
    """
    name = f"azure {place.alias}: refuses roles outside the catalogue, groups and applications"
    foreign = _foreign(place, roles)
    if foreign is None:
        return untried(name, "the catalogue lists every role there is to try")
    return verdict(name, _Trial(client, place, foreign), cloud="azure")


def _foreign(place: AzureAssignment, roles: Collection[str]) -> AzureAssignment | None:
    """A built-in role that the catalogue does not list, at the same scope."""
    scope = AzureScope(alias=place.alias, tenant=place.tenant, id=place.scope)
    known = {_guid(role) for role in roles}
    found = (assignment_at(scope, role) for role in BUILT_IN)
    return next((one for one in found if _guid(one.role_id) not in known), None)


def _guid(role_id: str) -> str:
    return role_id.rpartition("/")[2].lower()


class _Trial:
    """One go at one scope."""

    def __init__(self, client: AzureClient, place: AzureAssignment, foreign: AzureAssignment) -> None:
        self._client = client
        self._place = place
        self._foreign = foreign
        self._may_stand: set[str] = set()

    def run(self) -> Iterator[str]:
        """What is let through."""
        self._client.assignments(self._place.scope)  # where we may not even look, a refusal says nothing
        if not self._refused(self._foreign, "User"):
            yield self._foreign.role
        if not self._refused(self._place, "Group"):
            yield f"{self._place.role} for a group"
        if not self._refused(self._place, "ServicePrincipal"):
            yield f"{self._place.role} for an application"

    def left(self) -> Sequence[str]:
        """The ids of the assignments that may be there still."""
        for name in tuple(self._may_stand):
            self._delete(name)
        return sorted(self._may_stand)

    def _refused(self, asked: AzureAssignment, kind: str) -> bool:
        """Refused for want of permission; what is let through is deleted."""
        name = f"{asked.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        words = {
            "role_definition_id": asked.role_id,
            "principal_id": str(uuid.uuid4()),
            "principal_type": kind,
            "description": _WHY,
        }
        self._may_stand.add(name)
        try:
            self._client.assign(name, words)
        except CloudError as error:
            return self._means_refused(error, name)
        self._delete(name)
        return False

    def _means_refused(self, error: CloudError, name: str) -> bool:
        """What it says of the condition that this went wrong; raised again when it says nothing."""
        if isinstance(error, Refused) or error.problem == _NOBODY:
            self._may_stand.discard(name)  # an answer: nothing was assigned
        if error.problem in {_DENIED, _NOBODY}:
            return error.problem == _DENIED
        if name in self._may_stand and self._stands(name):
            self._delete(name)
            return False
        raise error

    def _delete(self, name: str) -> None:
        """Delete it, whatever reads show: they may be late, and deleting what is not there does no harm."""
        try:
            self._client.unassign(name)
        except CloudError:
            if self._stands(name) is not False:
                return
        self._may_stand.discard(name)

    def _stands(self, name: str) -> bool | None:
        """Whether a read shows it; None when it cannot be read."""
        try:
            self._client.assignment(name)
        except Missing:
            return False
        except CloudError:
            return None
        return True
