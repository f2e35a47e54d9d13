"""Two clocks: the wall clock stamps messages and may be moved; the real one keeps Slack's limits."""

import time


class Clock:
    """Wall time that can be moved forward, beside real time that cannot."""

    def __init__(self) -> None:
        self.offset = 0.0

    def wall(self) -> float:
        """Seconds since the epoch, as messages and payloads state them."""
        return time.time() + self.offset

    def real(self) -> float:
        """Monotonic seconds: acks, trigger_ids, response_urls and rate limits use only these."""
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move the wall clock forward; backward is not possible."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self.offset += seconds
