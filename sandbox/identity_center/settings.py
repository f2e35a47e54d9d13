"""What can be turned while it runs. `PATCH /_sandbox/settings`."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Absent(StrEnum):
    """What deleting an assignment that is not there comes to: AWS does not document it."""

    NOT_FOUND = "not_found"
    """ResourceNotFoundException at once, as terraform-provider-aws expects it
    (https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ssoadmin/account_assignment.go)."""
    FAILED = "failed"
    """An operation that fails."""


class Settings(BaseModel):
    """The knobs, at what they are when it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation_seconds: float = 0.3
    """How long an assignment or its removal is IN_PROGRESS. AWS gives no bound; tens of seconds are usual."""
    read_lag_seconds: float = 0
    """How long a list may still answer what was before an operation ended."""
    failure_reason: str = ""
    """When not empty: operations begun from now on end as FAILED, with this reason."""
    absent: Absent = Absent.NOT_FOUND
    calls_a_second: int = 20
    """All calls of sso-admin together (https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html)."""
    outstanding: int = 10
    """Creations under way at once (the same page; account access manager, which is newer, says 15)."""
    page: int = 100
    """The most that one page of a list holds."""
