"""Who is on call, for a process without a pager's token: another is asked for it, by way of the ledger."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from policies.rules import Policy
from policies.values import RoleName
from workers.around import YOUNG
from workers.ledger import on_call
from workers.ledger.ledger import Ledger

PATIENCE: Final = timedelta(seconds=3)
"""How long somebody at a terminal waits for it; what is not known then counts as not on call."""
_POLL: Final = 0.05


class DutyByLedger:
    """Says what it needs to know, and waits a moment for whoever may ask the pagers."""

    def __init__(
        self, ledger: Ledger, policy: Callable[[], Policy | None], patience: timedelta = PATIENCE
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._patience = patience

    def refresh_for(self, role: RoleName) -> None:
        """Wait until the ledger knows newly who is on call, as far as the rules about a role look at it."""
        policy = self._policy()
        schedules = policy.schedules_for(role) if policy else ()
        if not schedules or self._young(schedules):
            return
        self._ledger.retrying(lambda writing: on_call.want(writing, schedules))
        until = time.monotonic() + self._patience.total_seconds()
        while not self._young(schedules) and time.monotonic() < until:
            time.sleep(_POLL)  # the answer is a row that another process writes

    def _young(self, schedules: tuple[str, ...]) -> bool:
        now = self._ledger.now()
        with self._ledger.reading() as reader:
            known = on_call.find(reader, schedules)
        return all(name in known and now - known[name].as_of < YOUNG for name in schedules)
