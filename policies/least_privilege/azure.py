"""Azure: the workers may assign and unassign the catalogue's roles, to users, on each scope of `clouds.yaml`.

What Azure refuses by it: any other role, Owner and the workers' own among them; a group, an application.

What Azure cannot be told: which user, and for how long. Removing is held to the same roles as assigning: a
role that leaves the catalogue can no longer be taken back. So end what is held of it first.

PIM, which ends access by itself, is open to User Access Administrator only, which may also write role
definitions and policies, and whether PIM asks the condition is not written down. Without PIM, Role Based
Access Control Administrator is enough, which may do nothing but assign and read.

Sources: https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples,
https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-apis
"""

from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field

from policies.entitlements.azure import AzureAssignment, AzureScope
from policies.least_privilege.listed import listed
from policies.rules import Policy
from policies.values import Value

LONGEST_CONDITION: Final = 8_192
"""In bytes (https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits)."""
_ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments"

WorkerId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""The object id of the workers' service principal; its client id is another one."""


class AdministratorRole(NamedTuple):
    """A built-in role that may assign others."""

    name: str
    id: str


DIRECT: Final = AdministratorRole(
    "Role Based Access Control Administrator", "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
)
THROUGH_PIM: Final = AdministratorRole("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9")


class Delegation(Value):
    """What the workers may assign on one scope; `roles` are ids of role definitions."""

    alias: str
    tenant: str
    scope: str
    roles: tuple[str, ...]

    @property
    def subscription(self) -> str:
        """The id of the subscription it is in."""
        return self.scope.split("/")[2]

    @property
    def condition(self) -> str:
        """These roles, to users only, for assigning and for removing; in version 2.0 of the language."""
        return f"{self._part('write', '@Request')}\nAND\n{self._part('delete', '@Resource')}"

    def _part(self, verb: str, source: str) -> str:
        attribute = f"{source}[{_ASSIGNMENTS}:"
        return "\n".join(
            [
                f"((!(ActionMatches{{'{_ASSIGNMENTS}/{verb}'}})) OR",
                f" ({attribute}RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{', '.join(self.roles)}}}",
                f"  AND {attribute}PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'User'}}))",
            ]
        )


class AzureSetup(Value):
    """The role assignments the workers need."""

    worker: WorkerId
    administrator: AdministratorRole
    delegations: tuple[Delegation, ...]

    @property
    def document(self) -> dict[str, Any]:
        """All of it, for programs: each as the body of a role assignment."""
        return {
            "roleAssignments": [
                {
                    "scope": one.scope,
                    "properties": {
                        "roleDefinitionId": f"/subscriptions/{one.subscription}/providers/"
                        f"Microsoft.Authorization/roleDefinitions/{self.administrator.id}",
                        "principalId": self.worker,
                        "principalType": "ServicePrincipal",
                        "condition": one.condition,
                        "conditionVersion": "2.0",
                    },
                }
                for one in self.delegations
            ]
        }


def azure_setup(policy: Policy, worker: str, *, pim: bool) -> AzureSetup:
    """What Azure needs for this catalogue; nothing on a scope that no role reaches."""
    reached = ((one, _roles(policy, one)) for one in policy.clouds.azure)
    return AzureSetup(
        worker=worker,
        administrator=THROUGH_PIM if pim else DIRECT,
        delegations=tuple(
            Delegation(alias=one.alias, tenant=one.tenant, scope=one.id, roles=roles)
            for one, roles in reached
            if roles
        ),
    )


def _roles(policy: Policy, scope: AzureScope) -> tuple[str, ...]:
    found = (one for one in listed(policy, AzureAssignment) if one.alias == scope.alias)
    return tuple(sorted({one.role_id.rpartition("/")[2] for one in found}))
