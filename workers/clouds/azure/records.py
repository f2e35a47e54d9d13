"""What Azure says about assignments and people, read defensively; the rest of each answer is left alone."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policies.entitlements.azure import AzureAssignment
from policies.people import EntraUser
from workers.clouds.cloud import Holding

_DEAD: Final = frozenset(
    {
        "AdminDenied",
        "Canceled",
        "Denied",
        "Failed",
        "FailedAsResourceIsLocked",
        "Invalid",
        "Revoked",
        "TimedOut",
    }
)
_NEEDS_SOMEBODY: Final = frozenset({"PendingAdminDecision", "PendingApproval", "PendingApprovalProvisioning"})


def last_part(text: str | None) -> str:
    """The last part of a resource id, in lower case: what comes before it varies from answer to answer."""
    return (text or "").rsplit("/", 1)[-1].lower()


def _plain(text: str | None) -> str:
    return (text or "").rstrip("/").lower()


LastPart = Annotated[str | None, AfterValidator(last_part)]
Plain = Annotated[str | None, AfterValidator(_plain)]


class Triple(NamedTuple):
    """What there can be only one assignment of, as it is compared: a place, a role, somebody."""

    scope: str
    role: str
    principal: str

    @classmethod
    def of(cls, holding: Holding) -> "Triple":
        """The triple of a holding."""
        target = target_of(holding)
        return cls(_plain(target.scope), last_part(target.role_id), principal_of(holding).lower())


class Record(BaseModel):
    """Something Azure answered about one triple."""

    model_config = ConfigDict(from_attributes=True, extra="ignore", frozen=True, populate_by_name=True)

    name: str
    scope: Plain
    role: LastPart = Field(alias="role_definition_id")
    principal: Plain = Field(alias="principal_id")

    @property
    def triple(self) -> Triple:
        """What it is about."""
        return Triple(self.scope or "", self.role or "", self.principal or "")


class Assignment(Record):
    """A role assignment; `maker` is the object id of who made it."""

    id: str
    description: str | None = None
    condition: str | None = None
    maker: str | None = Field(alias="created_by", default=None)


class Request(Record):
    """Something PIM was asked for; `schedule` is the name of the schedule it is about."""

    kind: str = Field(alias="request_type")
    status: str
    schedule: LastPart = Field(alias="target_role_assignment_schedule_id", default=None)
    justification: str | None = None
    maker: str | None = Field(alias="requestor_id", default=None)
    asked_at: datetime = Field(alias="created_on")

    @property
    def assigns(self) -> bool:
        """Whether it asked for access, and may still bring it."""
        return self.kind == "AdminAssign" and self.status not in _DEAD

    @property
    def tells(self) -> bool:
        """Whether its text is about access its schedule gives: not a removal's, nor a refused change's."""
        return self.kind != "AdminRemove" and (self.kind == "AdminAssign" or self.status not in _DEAD)

    @property
    def waits(self) -> bool:
        """Whether it can be taken back."""
        return self.status.startswith("Pending") or self.status in {"Accepted", "Granted"}

    @property
    def problem(self) -> str | None:
        """Why nothing will come of it, for all we can do; None when something will."""
        if self.status in _NEEDS_SOMEBODY:
            return "azure_pim_needs_approval"
        return f"azure_pim_{self.status}" if self.status in _DEAD else None


class Instance(Record):
    """What PIM's list shows as active; `backing` is the id of the role assignment that gives the access."""

    schedule: LastPart = Field(alias="role_assignment_schedule_id", default=None)
    backing: str | None = Field(alias="origin_role_assignment_id", default=None)
    starts_at: datetime | None = Field(alias="start_date_time", default=None)
    ends_at: datetime | None = Field(alias="end_date_time", default=None)


class User(BaseModel):
    """Somebody in the directory."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    kind: str | None = Field(alias="userType", default=None)
    enabled: bool | None = Field(alias="accountEnabled", default=None)


class Identity(NamedTuple):
    """Who we are: our own object id, and the tenant we signed in to."""

    object_id: str
    tenant: str


def target_of(holding: Holding) -> AzureAssignment:
    """The role and scope that a holding is about."""
    if not isinstance(holding.entitlement, AzureAssignment):
        raise TypeError(f"{holding.key} is not a role assignment")
    return holding.entitlement


def principal_of(holding: Holding) -> str:
    """The object id of who holds it."""
    if not isinstance(holding.principal, EntraUser):
        raise TypeError(f"{holding.key} is not held by a user of Entra ID")
    return holding.principal.object_id
