"""Calls a minute, counted for the project that calls: https://cloud.google.com/iam/quotas.

The words and the consumer: https://github.com/kubernetes/test-infra/issues/2291 and, as they are today,
https://github.com/GoogleCloudPlatform/python-docs-samples/issues/3482.
"""

from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import Final

from sandbox.gcp.errors import GoogleError, error_info

_WINDOW: Final = timedelta(minutes=1)


class Quota:
    """The calls of the last minute, by consumer and kind."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)

    def use(self, consumer: str, kind: str, limit: int, now: datetime) -> None:
        """Counts a call; refuses it when there were too many, and a refused one is not counted."""
        calls = self._calls[consumer, kind]
        while calls and calls[0] <= now - _WINDOW:
            calls.popleft()
        if len(calls) >= limit:
            free_at = calls[0] + _WINDOW if calls else now + _WINDOW
            raise _exceeded(consumer, kind, limit, free_at - now)
        calls.append(now)


def _exceeded(consumer: str, kind: str, limit: int, wait: timedelta) -> GoogleError:
    service, metric = "cloudresourcemanager.googleapis.com", f"{kind} requests"
    message = (
        f"Quota exceeded for quota metric '{metric}' and limit '{metric} per minute' of service '{service}' "
        f"for consumer 'project_number:{consumer}'."
    )
    info = error_info(
        "RATE_LIMIT_EXCEEDED",
        "googleapis.com",
        consumer=f"projects/{consumer}",
        quota_metric=f"{service}/{kind.lower()}_requests",
        quota_limit_value=str(limit),
        service=service,
    )
    retry = {
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": f"{wait.total_seconds():.3f}s",
    }
    return GoogleError("RESOURCE_EXHAUSTED", message, [info, retry])
