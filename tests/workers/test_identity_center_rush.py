"""Two starts a second for ten minutes, which is all that AWS allows: ends are on time all the same."""

import heapq
from datetime import datetime, timedelta
from random import Random

import pytest

from policies.holding import backoff
from policies.values import HoldingKey
from sandbox.identity_center import names
from tests.builders import NOW, StoppedClock
from workers.clouds.cloud import Again
from workers.clouds.identity_center.budget import LedgerBudget
from workers.ledger.ledger import Ledger

HERE = names.INSTANCE
RUSH = 600
"""Seconds."""
SECOND = timedelta(seconds=1)
OPERATION = 2 * SECOND


class Rush:
    """Starts and ends as drains try them: a change, its operation, a look; after a no, all of it again."""

    def __init__(self, budget: LedgerBudget, clock: StoppedClock) -> None:
        self._budget = budget
        self._clock = clock
        self._due: list[tuple[datetime, str, int]] = []
        self._wanted: dict[str, datetime] = {}
        self._looking: set[str] = set()
        self._standing: set[str] = set()
        self.late: dict[str, timedelta] = {}

    def put(self, name: str, at: datetime) -> None:
        """Something is due at a moment."""
        self._wanted[name] = at
        heapq.heappush(self._due, (at, name, 0))

    def run(self, until: datetime) -> None:
        """Do everything that is due until a moment, in the order of time."""
        while self._due[0][0] <= until:
            at, name, tries = heapq.heappop(self._due)
            self._clock.moment = at
            try:
                wait = self._step(name)
            except Again as no:
                wait = max(backoff(tries, name), no.after or timedelta())
                tries += 1
            if wait is not None:
                heapq.heappush(self._due, (at + wait, name, tries))

    def _step(self, name: str) -> timedelta | None:
        """The change, or the look that follows it; how long until the next step, if there is one."""
        if name in self._looking:
            self._looking.remove(name)
            self._look(name)
            return None
        start = name.startswith("start")
        self._budget.visit(HERE, start=start)
        self._looking.add(name)
        if name in self._standing:
            return timedelta()
        self._budget.begin(HERE, HoldingKey(name), start=start)
        self._standing.add(name)
        return OPERATION

    def _look(self, name: str) -> None:
        self._budget.visit(HERE)
        self._budget.done(HERE, HoldingKey(name))
        self.late[name] = self._clock.moment - self._wanted[name] - OPERATION


def rush_of(ledger: Ledger, clock: StoppedClock) -> tuple[Rush, list[str]]:
    """Two starts a second, at any moment of it, and the names of the ends that are due every few seconds."""
    rush, chance = Rush(LedgerBudget(ledger), clock), Random(7)  # noqa: S311 (nothing is secret)
    for number in range(2 * RUSH):
        rush.put(f"start {number}", NOW + (number + chance.random()) * SECOND / 2)
    ends = [f"end {number}" for number in range(30, RUSH, 5)]
    for number, name in enumerate(ends):
        rush.put(name, NOW + (30 + 5 * (number + chance.random())) * SECOND)
    return rush, ends


@pytest.mark.timeout(180)
def test_ends_are_late_by_a_few_seconds_at_most_and_starts_get_what_is_left(
    ledger: Ledger, clock: StoppedClock
):
    rush, ends = rush_of(ledger, clock)
    rush.run(NOW + (RUSH + 15) * SECOND)
    assert set(ends) <= set(rush.late)
    assert max(rush.late[name] for name in ends) <= 3 * SECOND
    assert len(rush.late) - len(ends) > RUSH
