"""Messages that are drawn again and are no request's card: where each is, and what it shows."""

from typing import NamedTuple

from sqlalchemy import select

from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

_table = schema.notices


class Notice(NamedTuple):
    """One message: `incident/INC-42`, `review/pa-7k3m`; without a message id it was never posted."""

    name: str
    channel: str
    message: str | None = None
    drawn: str = ""


def find(reader: Reader, name: str) -> Notice | None:
    """Where the message of this name is, or None before it was posted."""
    rows = reader.rows(select(_table).where(_table.c.name == name))
    return next((Notice(row.name, row.channel, row.message, row.drawn) for row in rows), None)


def put(writing: Writing, notice: Notice) -> None:
    """Where a message is now, and what it shows."""
    writing.put(_table, notice._asdict(), "name")
