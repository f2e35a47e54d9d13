"""Rate limits: one bucket per method and app, and chat.postMessage's own per channel.

docs: rate limits; tiers per method of reference B5. A tier says "n+ per minute" and Slack tolerates
bursts; here a bucket holds one minute's worth, so the first n calls pass and then n per minute.
"""

import math
from dataclasses import dataclass

from sandbox.slack.clock import Clock
from sandbox.slack.shapes import Refusal

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
TIER_1_BURST = 10
"""apps.connections.open allows as many at once as an app may hold connections (docs: using Socket Mode)."""

POSTS_PER_CHANNEL_SECOND = 1
POSTS_PER_CHANNEL_BURST = 4
"""docs: "short bursts of >1 allowed" for chat.postMessage; how short is not said."""

POSTS_PER_WORKSPACE_MINUTE = 300
"""docs: "several hundred messages per minute" for chat.postMessage."""

TIERS = {
    "apps.connections.open": TIER_1,
    "users.list": TIER_2,
    "conversations.list": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "conversations.info": TIER_3,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "users.lookupByEmail": TIER_3,
    "chat.postEphemeral": TIER_4,
    "views.open": TIER_4,
    "views.update": TIER_4,
    "views.push": TIER_4,
    "views.publish": TIER_4,
    "users.info": TIER_4,
    "conversations.members": TIER_4,
}
"""Per app and minute; auth.test and chat.getPermalink have special limits too high to meet here."""


@dataclass
class Bucket:
    """So many at once, then so many a second."""

    size: float
    per_second: float
    left: float
    seen: float

    def fill(self, now: float) -> None:
        """Let time pass."""
        self.left = min(self.size, self.left + (now - self.seen) * self.per_second)
        self.seen = now

    def wait(self) -> float:
        """Seconds until one more is allowed."""
        return max(0.0, (1 - self.left) / self.per_second)


class Rates:
    """Counts calls and refuses with Retry-After; `scale` multiplies every allowance, 0 lifts them."""

    def __init__(self, clock: Clock, scale: float = 1.0) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self.scale = scale

    def set_scale(self, scale: float) -> None:
        """Change the allowances and start counting afresh."""
        self.scale = scale
        self._buckets.clear()

    def spend(self, app: str, method: str, channel: str = "") -> None:
        """Count one call, or refuse it as `ratelimited`."""
        if self.scale <= 0:
            return
        buckets = [self._bucket(app, name, *size) for name, size in _allowances(method, channel)]
        wait = max((bucket.wait() for bucket in buckets), default=0.0)
        if wait > 0:
            raise Refusal("ratelimited", retry_after=math.ceil(wait))
        for bucket in buckets:
            bucket.left -= 1

    def _bucket(self, app: str, name: str, size: float, per_second: float) -> Bucket:
        now = self._clock.real()
        size, per_second = size * self.scale, per_second * self.scale
        bucket = self._buckets.setdefault((app, name), Bucket(size, per_second, size, now))
        bucket.fill(now)
        return bucket


def _allowances(method: str, channel: str) -> list[tuple[str, tuple[float, float]]]:
    if method == "chat.postMessage":
        return [
            (f"{method} {channel}", (POSTS_PER_CHANNEL_BURST, POSTS_PER_CHANNEL_SECOND)),
            (method, (POSTS_PER_WORKSPACE_MINUTE, POSTS_PER_WORKSPACE_MINUTE / 60)),
        ]
    tier = TIERS.get(method)
    if tier is None:
        return []
    return [(method, (max(tier, TIER_1_BURST) if tier == TIER_1 else tier, tier / 60))]
