"""How often one caller may call: in this process's memory, because it protects this process and nothing else.

What must hold for all processes together (logins that are started) is paid for in the ledger.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

KNOWN_MOST: Final = 10_000
"""How many callers are remembered; whoever was not heard of for longest is forgotten first."""


class Pace:
    """So many calls a second for each caller, and so many at once (the generic cell rate algorithm)."""

    def __init__(self, rate: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cost = 1 / rate
        self._room = (burst - 1) / rate
        self._clock = clock
        self._lock = threading.Lock()
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    def wait(self, caller: str) -> float:
        """How many seconds this caller has to wait; 0 when the call may be made, which is then counted."""
        now = self._clock()
        with self._lock:
            paid_until = max(self._paid_until.pop(caller, now), now)
            late = paid_until - now - self._room
            self._paid_until[caller] = paid_until if late > 0 else paid_until + self._cost
            if len(self._paid_until) > KNOWN_MOST:
                self._paid_until.popitem(last=False)
        return max(late, 0.0)
