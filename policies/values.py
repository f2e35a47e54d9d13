"""The small values everything else is made of: typed ids, and the frozen model they travel in."""

from datetime import UTC, datetime
from typing import Annotated, NewType

from pydantic import AfterValidator, BaseModel, ConfigDict

PersonId = NewType("PersonId", str)
"""One human being, whatever accounts they have: `ana`."""
GroupName = NewType("GroupName", str)
"""A group of people: `db-oncall`."""
RoleName = NewType("RoleName", str)
"""An organisation-level role, the same in every cloud: `prod-db-readonly`."""
RuleId = NewType("RuleId", str)
"""A rule of the policy: `engineers-read`."""
RequestId = NewType("RequestId", str)
"""What a person quotes: `pa-7k3m`."""
GrantId = NewType("GrantId", str)
"""One entitlement of one request: `pa-7k3m-1`."""
IncidentId = NewType("IncidentId", str)
"""What people call an incident, in capitals: `INC-42`."""
HoldingKey = NewType("HoldingKey", str)
"""The unit of cloud work: adapter, principal and target in one deterministic string."""
CloudName = NewType("CloudName", str)
"""`aws`, `identity-center`, `gcp` or `azure`."""


class Value(BaseModel):
    """A frozen, strictly checked value: an unknown or misspelt field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = "a moment needs a time zone"
        raise ValueError(message)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "a moment lies outside of all years"
        raise ValueError(message) from None


Moment = Annotated[datetime, AfterValidator(_utc)]
"""An aware datetime, always held in UTC."""


class PolicyError(Exception):
    """What the rules can raise.

    ```
    PolicyError
    ├── IllegalMove      a verb was tried in a state that does not have it
    └── FileRefused      a file of the organisation's policy cannot be loaded (policies.files)
    ```

    Refusals of people's requests are values (`policies.decision.Refuse`), never exceptions.
    """
