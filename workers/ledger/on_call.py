"""Who is on call, as far as whoever may ask the pagers has told us, and as of when.

Workers hold no token of a pager: they decide by what stands here. What is too old for them they mark as
wanted, and a process that may ask brings it up to date.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from policies.values import PersonId
from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

_table = schema.on_call


class Known(NamedTuple):
    """Who was on call by a schedule; without people nobody could say."""

    schedule: str
    people: tuple[PersonId, ...] | None
    as_of: datetime
    problem: str | None = None


def find(reader: Reader, schedules: Iterable[str]) -> dict[str, Known]:
    """What is known of these schedules, by name."""
    query = select(_table).where(_table.c.schedule.in_(sorted(schedules)))
    return {
        row.schedule: _known(row.schedule, row.people, row.as_of, row.problem) for row in reader.rows(query)
    }


def _known(schedule: str, people: str | None, as_of: datetime, problem: str | None) -> Known:
    named = None if people is None else tuple(PersonId(person) for person in json.loads(people))
    return Known(schedule, named, as_of, problem)


def put(writing: Writing, known: Known) -> None:
    """This is known now, and wanted no more."""
    people = None if known.people is None else json.dumps(sorted(known.people))
    row = {**known._asdict(), "people": people, "wanted_at": None}
    writing.put(_table, row, "schedule")


def want(writing: Writing, schedules: Iterable[str]) -> None:
    """Somebody needs newer answers about these."""
    for schedule in sorted(schedules):
        writing.put_new(_table, {"schedule": schedule, "as_of": schema.NEVER}, "schedule")
        writing.rows(
            update(_table)
            .where(_table.c.schedule == schedule)
            .values(wanted_at=writing.now)
            .returning(_table.c.schedule)
        )


def wanted(reader: Reader) -> tuple[str, ...]:
    """The schedules of which a newer answer is needed."""
    query = select(_table.c.schedule).where(_table.c.wanted_at.is_not(None))
    return tuple(reader.scalars(query.order_by(_table.c.schedule)))
