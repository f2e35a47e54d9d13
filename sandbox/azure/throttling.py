"""The Resource Manager's limits: a bucket of tokens per principal, subscription and kind of call.

https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling: 250 reads
and 25 more each second, 200 deletes and 10, 200 writes and 10. Every answer says what is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sandbox.azure.errors import AzureError
from sandbox.azure.settings import Settings

_Key = tuple[str, str, str, int]
"""Kind of call, subscription, principal, and the size: a bucket of another size is another bucket."""
_REFILL = {"reads": 25, "writes": 10, "deletes": 10}


@dataclass
class _Bucket:
    left: float
    at: datetime


class Buckets:
    """What every principal has left."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._buckets: dict[_Key, _Bucket] = {}

    def take(self, method: str, subscription: str, principal: str, settings: Settings) -> dict[str, str]:
        """Takes one call; answers the headers that say what is left, or 429."""
        kind = {"GET": "reads", "DELETE": "deletes"}.get(method, "writes")
        size = {"reads": 250, "writes": settings.write_bucket}.get(kind, 200)
        bucket = self._filled((kind, subscription, principal, size))
        if bucket.left < 1:
            raise _throttled(kind, subscription, principal, (1 - bucket.left) / _REFILL[kind])
        bucket.left -= 1
        return {
            f"x-ms-ratelimit-remaining-subscription-{kind}": str(int(bucket.left)),
            f"x-ms-ratelimit-remaining-subscription-global-{kind}": str(int(bucket.left) + 14 * size),
        }

    def _filled(self, key: _Key) -> _Bucket:
        now, size = self._now(), key[3]
        bucket = self._buckets.setdefault(key, _Bucket(size, now))
        refilled = bucket.left + (now - bucket.at).total_seconds() * _REFILL[key[0]]
        bucket.left, bucket.at = min(size, refilled), now
        return bucket


def _throttled(kind: str, subscription: str, principal: str, wait: float) -> AzureError:
    seconds = str(ceil(wait))
    return AzureError(
        429,
        "SubscriptionRequestsThrottled",
        f"Number of '{kind.removesuffix('s')}' requests for subscription '{subscription}' actor "
        f"'{principal}' exceeded. Please try again after '{seconds}' seconds after additional tokens are "
        "available. Refer to https://aka.ms/arm-throttling for additional information.",
        {"Retry-After": seconds, f"x-ms-ratelimit-remaining-subscription-{kind}": "0"},
    )
