"""`ends`: 500 grants that are due at once, until the last one is read as gone.

Against a cloud in memory (`bench.drain`) on each database, and against the stand-in over the real
processes, whose every call is slowed by a known time. The stand-in shares the machine's cores with the
worker and takes one call after the other, so there the floor is measured: the same adapter on as many
threads, without ledger or queue.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from bench import drain
from bench.cpu import Meter
from bench.databases import Database
from bench.measure import SECONDS, Measure, Row, rounded, spread
from bench.sizes import Size
from bench.stage import Stage
from policies.grant import Grant, GrantState
from policies.holding import Absent, Outcome, Present
from sandbox.aws.faults import Kind
from tests.aws import leased_roles, shop_grant
from workers.clouds.cloud import Holding
from workers.jobs import Unfenced

_LONG: Final = timedelta(minutes=30)
_FIRST: Final = 1_000
_TRIES: Final = 20
_MS: Final = round(drain.CALL_SECONDS * 1000)
_LAST_LOOK: Final = timedelta(milliseconds=50)


def measure(databases: Iterable[Database], stage: Stage, size: Size) -> Measure:
    """A mass end in memory on each database, and one at the stand-in."""
    in_memory, facts = drain.rows(databases, size.ends)
    at_stand_in, more = _at_stand_in(stage, size)
    how = (
        f"Calls take {_MS} ms, {drain.THREADS} threads. Floor in memory: calls × latency ÷ threads. Floor at "
        f"the stand-in: the same adapter on {drain.THREADS} threads, without ledger or queue, takes "
        f"{size.ends_bare} roles away, and as much longer for more."
    )
    headline = (
        f"{size.ends} ends at once, {_MS} ms a call: all gone after {rounded(in_memory[0].ours):g} s, "
        f"{rounded(in_memory[0].ratio or 0):g} × calls × latency ÷ threads"
    )
    return Measure("ends", how, (*in_memory, at_stand_in), headline, {**facts, **more})


def _at_stand_in(stage: Stage, size: Size) -> tuple[Row, dict[str, object]]:
    stage.fill_up(size.ends, _LONG)
    stage.quiet_down()
    slow = stage.world.aws.break_calls(Kind.SLOW, who="prod-access", milliseconds=_MS)
    try:
        floor = _bare_pool(stage, size.ends_bare) * size.ends / size.ends_bare
        meter = Meter(stage)
        late, total = _end_all(stage)
        spent = meter.per(len(late))
    finally:
        stage.world.aws.mend(slow)
    what = f"{len(late)} ends at once, the stand-in, real processes, all gone"
    row = Row(what, floor, total, SECONDS, f"≤ {drain.GOAL:g} × the bare pool", total <= drain.GOAL * floor)
    return row, {
        "stand-in: lateness, s": spread(late),
        "stand-in: processor time of an end, ms": spent,
        "stand-in: calls × latency ÷ threads, s": rounded(drain.ideal(len(late))),
    }


def _end_all(stage: Stage) -> tuple[list[float], float]:
    """Move time to the latest end of all; how late each began, and when the last was gone, in seconds."""
    with stage.ledger.reading() as reader:
        ending = reader.grants(states=[GrantState.LIVE], most=100_000)
    due = stage.world.clock.move_to(max(one.ends_at for one in ending) + _LAST_LOOK)
    gone = stage.until([one.request for one in ending], GrantState.GONE)
    stage.look()
    late = [stage.waited(one, due) for one in ending]
    return late, max((one.gone_at - due).total_seconds() for one in gone if one.gone_at is not None)


def _again(call: Callable[[], Outcome], wanted: type[Present | Absent]) -> Outcome:
    """What a call says once it says what is wanted; a busy machine may let one time out, as it may for us."""
    outcome = call()
    for _ in range(_TRIES):
        if isinstance(outcome, wanted):
            break
        outcome = call()
    return outcome


def _bare_pool(stage: Stage, count: int) -> float:
    """Seconds in which the adapter alone takes so many roles away, on as many threads as a drain has."""
    aws = leased_roles(stage.world.aws)
    holdings = [Holding.of([_grant(stage, number)]) for number in range(_FIRST, _FIRST + count)]
    until = stage.now().replace(microsecond=0) + _LONG
    with ThreadPoolExecutor(drain.THREADS) as pool:
        made = list(
            pool.map(lambda one: _again(lambda: aws.ensure(one, until, Unfenced()), Present), holdings)
        )
        started = time.monotonic()
        removed = list(
            pool.map(lambda one: _again(lambda: aws.remove(one, Unfenced(), early=False), Absent), holdings)
        )
        took = time.monotonic() - started
    stage.look()
    if not all(isinstance(one, Present) for one in made) or not all(
        isinstance(one, Absent) for one in removed
    ):
        raise RuntimeError("the bare pool did not make and remove its roles")
    return took


def _grant(stage: Stage, number: int) -> Grant:
    return shop_grant(number, stage.now())
