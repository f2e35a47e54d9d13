"""What can be turned while it runs: lags, quotas and limits. `PATCH /_sandbox/settings`.

Limits: https://cloud.google.com/iam/quotas. Lags:
https://cloud.google.com/iam/docs/access-change-propagation (typically two minutes, seven or more possible).
"""

from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

REAL_LAG: Final = timedelta(minutes=7)
"""As long as a change of access may take, either way."""


class Settings(BaseModel):
    """The knobs, at what they are when it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grant_lag_seconds: float = 0
    """How long an added grant is not in force yet."""
    removal_lag_seconds: float = 0
    """How long a removed grant is still in force."""
    read_lag_seconds: float = 0
    """How long a read of a policy may answer the one before (https://cloud.google.com/iam/docs/retry-strategy)."""
    writes_per_minute: int = 600
    """Changes of policies a minute for each project that calls."""
    reads_per_minute: int = 6_000
    principals: int = 1_500
    """Members of a policy, counted each time they appear."""
    groups: int = 250
    same_member_conditions: int = 20
    """Bindings of one member to one role under different expressions."""
    logical_operators: int = 12
    """In one condition."""
    policy_bytes: int = 64 * 1024
    """The documentation says "a few 10s of KB"."""
    title_characters: int = 100
    """Not documented: what is refused here may pass at Google."""
    description_characters: int = 256
    """Not documented either."""
    permission_before_etag: bool = False
    """A stale change that would undo somebody else's is 403 instead of 409: which one Google says first is
    not documented."""
    long_lifetimes: frozenset[str] = frozenset()
    """Service accounts whose tokens may live twelve hours (constraints/
    iam.allowServiceAccountCredentialLifetimeExtension)."""
