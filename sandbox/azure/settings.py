"""What can be set about the pretend Azure: delays, limits, licences; seconds, unless said otherwise.

The delays of Azure are long and vary; the ones that matter to a test are switched on by it.
"""

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Everything that can be set; changed by `AzureStandIn.configure`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    propagation: float = Field(default=0, ge=0)
    """From a change of an assignment to access following it: up to 600 at Azure
    (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting, "Access changes")."""
    listing_lag: float = Field(default=0, ge=0)
    """How long a new assignment is not found by GET and list, and a deleted one still listed (the resource
    provider of Terraform waits for five readings in a row)."""
    principal_lag: float = Field(default=0, ge=0)
    """How long a new principal is PrincipalNotFound unless `principalType` is given."""
    token_lifetime: int = Field(default=3_599, gt=0)
    """Of an access token; 60 to 90 minutes at Azure
    (https://learn.microsoft.com/entra/identity-platform/access-tokens)."""
    assignment_limit: int = Field(default=4_000, ge=0)
    """Assignments per subscription
    (https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits)."""
    page_size: int = Field(default=100, gt=0)
    """Entries a list answers at once; the rest is behind `nextLink`."""
    activity_lag: float = Field(default=0, ge=0)
    """From a call to its activity log record: 180 to 1200 at Azure
    (https://learn.microsoft.com/azure/azure-monitor/platform/activity-log)."""
    write_bucket: int = Field(default=200, gt=0)
    """Writes a principal may make at once; 10 more each second
    (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling)."""

    licensed: bool = True
    """Whether the tenant has Entra ID P2 or ID Governance, without which there is no PIM."""
    pim_needs_approval: bool = False
    """Every request waits as PendingApproval, for ever."""
    pim_provisioning: float = Field(default=0, ge=0)
    """How long a request is PendingProvisioning."""
    pim_unseen: float = Field(default=60, ge=0)
    """How long removing what was just assigned answers RoleAssignmentDoesNotExist (seen live at 44 s)."""
    pim_floor: float = Field(default=300, ge=0)
    """Nothing is assigned for less, nor removed sooner
    (https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-assign-roles)."""
    pim_exists_after: float = Field(default=105, ge=0)
    """How long after an end the same request is RoleAssignmentExists (seen live: 90 to 117 s)."""
    pim_schedule_lag: float = Field(default=300, ge=0)
    """How long after an end the schedule is still listed (seen live: more than 180 s, less than 420 s)."""
    pim_instance_lag: float = Field(default=25, ge=0)
    """How long after an end the instance is still listed (seen live: about 25 s)."""
    pim_longest_days: int = Field(default=180, gt=0)
    """What the policy allows at most: Expiration_Admin_Assignment."""
    pim_rules: frozenset[str] = frozenset({"Justification"})
    """What the policy wants of every request, `Justification` or `Ticketing`: Enablement_Admin_Assignment."""
    pim_backed_delete: bool = False
    """Whether DELETE of the assignment behind a PIM schedule works. Nobody wrote down whether it does at
    Azure: an adapter does not rely on it."""
