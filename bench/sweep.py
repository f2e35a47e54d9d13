"""`sweep`: whether a look at what is due costs what is due, and not what is live.

Two ledgers alike but for the number of live grants; in each ten are due. Timed are one tick of the clock
(with a nudge that goes nowhere) and one claim, committed. The ten due ones are fresh each time.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, text, update

from bench.databases import Database, TickingClock
from bench.measure import MS, Measure, Row, p50, rounded, spread
from bench.sizes import Size
from policies.grant import Grant, GrantState
from policies.holding import Direction
from policies.request import RequestState
from tests.builders import AWS, HOUR, NOW, grant, request
from workers.clock import Clock
from workers.ledger import schema
from workers.ledger.claims import claim_due
from workers.ledger.engine import write_transaction
from workers.ledger.ledger import Ledger
from workers.ledger.schema import NEVER

DUE: Final = 10
_FEW: Final = 10
_GOAL: Final = 1.5
_CHUNK: Final = 2_000
_FAR: Final = NOW + timedelta(days=30)
_MARK: Final = "0001"
"""What the builders' request is numbered."""


class _Rows(NamedTuple):
    """What the ledger holds of one grant: its row, its holding's and its request's."""

    granted: dict[str, Any]
    holding: dict[str, Any]
    asked: dict[str, Any]


class Timed(NamedTuple):
    """Milliseconds of each tick and of each claim."""

    ticks: list[float]
    claims: list[float]


def measure(databases: Iterable[Database], size: Size) -> Measure:
    """A tick and a claim over many live grants, against the same over ten."""
    rows: list[Row] = []
    facts: dict[str, object] = {}
    headline = ""
    for database in databases:
        few, many = _both(database, size)
        for what, floor, ours in (("tick", few.ticks, many.ticks), ("claim", few.claims, many.claims)):
            facts[f"{database.name} {what}, ms"] = {"few": spread(floor), "many": spread(ours)}
            words = f"{what} with {DUE} due of {size.live:,} live, {database.name}, p50"
            ratio = p50(ours) / p50(floor)
            rows.append(
                Row(words, p50(floor), p50(ours), MS, f"≤ {_GOAL:g} × with {_FEW} live", ratio <= _GOAL)
            )
            if what == "claim" and not headline:
                headline = (
                    f"Claiming what is due with {size.live:,} live grants: {rounded(p50(ours)):g} ms, "
                    f"{rounded(ratio):g} × the time with {_FEW}"
                )
    how = f"Floor: the same ledger with {_FEW} live grants; the two take turns."
    return Measure("sweep", how, tuple(rows), headline, facts)


def _both(database: Database, size: Size) -> tuple[Timed, Timed]:
    clock = TickingClock()
    with database.ledger("sweep_few", clock) as few, database.ledger("sweep_many", clock) as many:
        spare = DUE * size.sweeps
        fill(few, _FEW, spare)
        fill(many, size.live, spare)
        timed = {id(ledger): Timed([], []) for ledger in (few, many)}
        for turn in range(size.sweeps):
            for ledger in (few, many):
                _sweep(ledger, turn, timed[id(ledger)])
        return timed[id(few)], timed[id(many)]


def _sweep(ledger: Ledger, turn: int, timed: Timed) -> None:
    """Make ten due, tick, claim them."""
    with write_transaction(ledger.engine) as connection:
        keys = [one.holding["key"] for one in _spare(turn * DUE, DUE)]
        due = update(schema.holdings).where(schema.holdings.c.key.in_(keys)).values(due_at=NOW)
        connection.execute(due)
    clock = Clock(ledger, [AWS], nudge=lambda _bell: True, drain=lambda _direction, _cloud: None)
    started = time.perf_counter()
    clock.tick()
    ticked = time.perf_counter()
    claims = ledger.retrying(
        lambda writing: claim_due(writing, AWS, Direction.REVOKE, worker="bench", most=64)
    )
    claimed = time.perf_counter()
    if len(claims) != DUE:
        raise RuntimeError(f"{len(claims)} holdings were claimed, not {DUE}")
    timed.ticks.append((ticked - started) * 1000)
    timed.claims.append((claimed - ticked) * 1000)


def fill(ledger: Ledger, live: int, spare: int) -> None:
    """A ledger of so many live grants, and some whose window is over but whose alarm is not set yet."""
    with write_transaction(ledger.engine) as connection:
        _insert(connection, _live(live))
        _insert(connection, _spare(0, spare))
    if ledger.engine.dialect.name == "postgresql":  # as autovacuum does after a while
        with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def _live(count: int) -> Iterator[_Rows]:
    """Grants that end one after the other, a month from now."""
    template = _rows_of(grant(state=GrantState.LIVE, version=2, live_at=NOW, ends_at=_FAR, due_at=_FAR))
    for number in range(count):
        yield _numbered(template, f"{number:07d}", _FAR + timedelta(seconds=number))


def _spare(first: int, count: int) -> Iterator[_Rows]:
    """Grants whose window is over, and whose alarm is still far."""
    template = _rows_of(grant(state=GrantState.LIVE, version=2, live_at=NOW - HOUR, ends_at=NOW, due_at=NOW))
    for number in range(first, first + count):
        yield _numbered(template, f"s{number:06d}", _FAR)


def _numbered(template: _Rows, mark: str, due_at: datetime) -> _Rows:
    """The same rows for another request; as text, since there are a hundred thousand of them."""
    granted, holding, asked = (
        {name: _renamed(value, mark) for name, value in row.items()} for row in template
    )
    return _Rows({**granted, "due_at": due_at}, {**holding, "due_at": due_at}, asked)


def _renamed(value: object, mark: str) -> object:
    return value.replace(_MARK, mark) if isinstance(value, str) else value


def _rows_of(one: Grant) -> _Rows:
    granted = {
        "id": one.id,
        "version": one.version,
        "request": one.request,
        "state": one.state.value,
        "person": one.person,
        "cloud": one.cloud,
        "holding": one.holding,
        "ends_at": one.ends_at,
        "body": one.model_dump_json(),
    }
    holding = {
        "key": one.holding,
        "cloud": one.cloud,
        "direction": Direction.REVOKE.value,
        "urgent": False,
        "claim": 1,
        "claimed_until": NEVER,
    }
    made = request(state=RequestState.ACTIVE, version=2, ends_at=one.ends_at)
    asked = {
        "id": made.id,
        "version": made.version,
        "state": made.state.value,
        "requester": made.requester,
        "beneficiary": made.beneficiary,
        "asked_at": made.asked_at,
        "due_at": None,
        "body": made.model_dump_json(),
    }
    return _Rows(granted, holding, asked)


def _insert(connection: Connection, rows: Iterable[_Rows]) -> None:
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        for table, number in ((schema.grants, 0), (schema.holdings, 1), (schema.requests, 2)):
            connection.execute(insert(table), [one[number] for one in chunk])
