"""What a cloud allows all of us together, as rows that every worker reads and writes.

A **rate** is one row that says until when it is paid for: each call moves that moment on by what one call
costs, and may be made while the moment is no further ahead than a burst allows (the generic cell rate
algorithm, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).

**Places** are a row each, for operations that a cloud counts while they are under way. A place has a holder
until a moment: who gives it back frees it at once, and after a crash it frees itself.

Each function is one step of a transaction: rows are locked as they are read, and a row that two make at once
is made by one of them, while the other's transaction is Stale and runs again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

_budgets = schema.budgets


def take(writing: Writing, name: str, *, rate: float, burst: int, kept: int = 0) -> timedelta | None:
    """Pay for one call of `rate` a second, `burst` at once at most; None when it may be made.

    Otherwise how long to wait before asking again, and nothing was paid. The last `kept` calls of a burst are
    left to those who keep none: however many ask this way, another finds that many at once.
    """
    if not 0 <= kept < burst:
        raise ValueError(f"{kept} of {burst} cannot be kept")
    cost = timedelta(seconds=1 / rate)
    known = _locked(writing, [name]).get(name)
    paid_until = max(known or writing.now, writing.now)
    ahead = paid_until - writing.now
    allowed = (burst - kept - 1) * cost
    if ahead > allowed:
        return ahead - allowed
    _put(writing, name, paid_until + cost, None, new=known is None)
    return None


def hold(writing: Writing, name: str, holder: str, *, most: int, lasts: timedelta) -> bool:
    """Hold one of the first `most` places until it is given back or has lasted; False when all are taken.

    A holder has one place at most: asking again makes the same one last longer.
    """
    places = [f"{name}/{number}" for number in range(most)]
    known = _locked(writing, places)
    for place in places:
        if place not in known:
            _put(writing, place, schema.NEVER, None, new=True)
    mine = _held(writing, name, holder)
    free = [place for place in places if known.get(place, schema.NEVER) <= writing.now]
    if not (mine or free):
        return False
    _put(writing, (mine or free)[0], writing.now + lasts, holder, new=False)
    return True


def holds(reader: Reader, name: str, holder: str) -> bool:
    """Whether somebody holds a place, run out or not."""
    return bool(_held(reader, name, holder))


def give_back(writing: Writing, name: str, holder: str) -> None:
    """Free the place that somebody holds; nothing when they hold none."""
    for place in _held(writing, name, holder):
        _put(writing, place, schema.NEVER, None, new=False)


def _held(reader: Reader, name: str, holder: str) -> list[str]:
    here = _budgets.c.name.startswith(f"{name}/", autoescape=True)
    return reader.scalars(select(_budgets.c.name).where(here, _budgets.c.holder == holder))


def _locked(writing: Writing, names: Sequence[str]) -> dict[str, datetime]:
    """Until when each of these rows goes, held against every other writer; no entry where there is no row."""
    query = select(_budgets.c.name, _budgets.c.until).where(_budgets.c.name.in_(names))
    rows = writing.rows(query.order_by(_budgets.c.name).with_for_update())
    return {row.name: row.until for row in rows}


def _put(writing: Writing, name: str, until: datetime, holder: str | None, *, new: bool) -> None:
    columns = {"until": until, "holder": holder}
    if new:
        writing.scalars(insert(_budgets).values(name=name, **columns).returning(_budgets.c.name))
        return
    writing.scalars(
        update(_budgets).where(_budgets.c.name == name).values(**columns).returning(_budgets.c.name)
    )
