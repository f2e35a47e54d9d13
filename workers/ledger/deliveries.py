"""What pagers said: taken in at once, acted on afterwards, remembered while a pager may repeat itself."""

from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import and_, delete, select, update

from policies.incident import PagerEvent
from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import ANNOUNCE, Writing

REMEMBERED: Final = timedelta(hours=72)
"""PagerDuty repeats for 48 hours (https://developer.pagerduty.com/docs/webhooks-overview)."""
_table = schema.deliveries


class Waiting(NamedTuple):
    """An event that nobody has acted on yet."""

    number: int
    pager: str
    delivery: str
    body: str

    @property
    def event(self) -> PagerEvent:
        """What was said; ValidationError where another version of ours wrote it down."""
        return PagerEvent.model_validate_json(self.body)


def take_in(writing: Writing, event: PagerEvent) -> bool:
    """Keep what a pager said until somebody acts on it; False for what it said before."""
    row = {
        "pager": event.pager,
        "delivery": event.delivery,
        "at": writing.now,
        "body": event.model_dump_json(),
    }
    new = writing.put_new(_table, row, "pager", "delivery")
    if new:
        writing.bells.add(ANNOUNCE)
    return new


def waiting(reader: Reader, most: int = 100) -> tuple[Waiting, ...]:
    """What nobody has acted on yet, in the order it came."""
    columns = (_table.c.number, _table.c.pager, _table.c.delivery, _table.c.body)
    query = select(*columns).where(_table.c.body.is_not(None))
    rows = reader.rows(query.order_by(_table.c.number).limit(most))
    return tuple(Waiting(row.number, row.pager, row.delivery, row.body) for row in rows)


def done(writing: Writing, number: int) -> bool:
    """It was acted on, in this transaction; False when somebody else was faster."""
    waits = and_(_table.c.number == number, _table.c.body.is_not(None))
    return bool(writing.rows(update(_table).where(waits).values(body=None).returning(_table.c.number)))


def forget(writing: Writing) -> int:
    """Delete what no pager repeats any more; how many there were."""
    old = and_(_table.c.body.is_(None), _table.c.at < writing.now - REMEMBERED)
    return len(writing.rows(delete(_table).where(old).returning(_table.c.number)))
