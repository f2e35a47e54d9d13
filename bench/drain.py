"""`ends`, first half: many ends at once against a cloud in memory whose calls take a known time.

Taking a leased role apart takes five calls and a read that shows its absence; the cloud in memory waits
as long as these would. What is left beside the waiting is ours: claims, threads, settling, on each
database.
"""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bench.databases import Database, TickingClock
from bench.measure import SECONDS, Row, p99, spread
from policies.grant import Grant, GrantState, planned
from policies.holding import Direction
from policies.request import approved, asked
from policies.values import HoldingKey
from tests.builders import HOUR, NOW, grant, request, yes
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.cloud import Holding
from workers.jobs import Drain
from workers.ledger.ledger import Ledger

CALL_SECONDS: Final = 0.05
CHANGES, READS = 5, 1
"""The calls that end one leased role with one policy on time."""
THREADS: Final = 64
GOAL: Final = 1.2
"""Times the ideal: what a drain of this kind was measured to reach is 1.07."""
_CHUNK: Final = 100


class Ended(NamedTuple):
    """How late each end began, and when the last was settled, in seconds after they were due."""

    late: list[float]
    total: float


def ideal(ends: int) -> float:
    """Calls times latency over threads."""
    return ends * (CHANGES + READS) * CALL_SECONDS / min(THREADS, ends)


def rows(databases: Iterable[Database], ends: int) -> tuple[list[Row], dict[str, object]]:
    """A row for each database, and how late the ends began."""
    found: list[Row] = []
    facts: dict[str, object] = {}
    for database in databases:
        ended = drained(database, ends)
        what = f"{ends} ends at once, cloud in memory, {database.name}, all settled"
        met = ended.total <= GOAL * ideal(ends)
        found.append(
            Row(what, ideal(ends), ended.total, SECONDS, f"≤ {GOAL:g} × calls × latency ÷ threads", met)
        )
        facts[f"{database.name}: lateness, s"] = spread(ended.late)
        facts[f"{database.name}: ideal lateness p99, s"] = round(p99(_ideal_lateness(ends)), 2)
    return found, facts


def _ideal_lateness(ends: int) -> list[float]:
    """When each would begin if threads did nothing but wait."""
    each = (CHANGES + READS) * CALL_SECONDS
    return [number // THREADS * each for number in range(ends)]


def drained(database: Database, ends: int) -> Ended:
    """Make them all live, let them all be due, and drain them once."""
    clock = TickingClock()
    with database.ledger("ends", clock) as ledger:
        cloud = SimulatedCloud()
        _plan(ledger, ends)
        _run(ledger, cloud, Direction.GRANT)
        began = _slow_down(cloud, clock)
        due = NOW + HOUR
        clock.move_to(due)
        _run(ledger, cloud, Direction.REVOKE)
        with ledger.reading() as reader:
            gone = reader.grants(states=[GrantState.GONE], most=ends + 1)
        if len(gone) != ends:
            raise RuntimeError(f"{len(gone)} of {ends} are gone")
        return Ended([(at - due).total_seconds() for at in began.values()], _last(gone, due))


def _last(gone: Iterable[Grant], due: datetime) -> float:
    return max((one.gone_at - due).total_seconds() for one in gone if one.gone_at is not None)


def _plan(ledger: Ledger, ends: int) -> None:
    for first in range(0, ends, _CHUNK):
        with ledger.writing() as writing:
            for number in range(first, min(first + _CHUNK, ends)):
                waiting = writing.add_request(asked(request(number)))
                writing.save_request(approved(waiting, yes(), NOW))
                writing.add_grants([planned(grant(number))])


def _run(ledger: Ledger, cloud: SimulatedCloud, direction: Direction) -> None:
    linger = timedelta(seconds=0.1)
    Drain(ledger, cloud, direction, worker="bench", threads=THREADS, linger=linger).run()


def _slow_down(cloud: SimulatedCloud, clock: Callable[[], datetime]) -> dict[HoldingKey, datetime]:
    """From now on calls take their time; answers when each holding's first call began."""
    began: dict[HoldingKey, datetime] = {}
    lock = threading.Lock()

    def change(_verb: str, holding: Holding) -> None:
        with lock:
            began.setdefault(holding.key, clock())
        time.sleep(CHANGES * CALL_SECONDS)

    cloud.before = change
    cloud.reading = lambda _holding: time.sleep(READS * CALL_SECONDS)
    return began
