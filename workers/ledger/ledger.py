"""The ledger: the one place where what is true about access is written down.

Everything else (Redis, Slack, a worker's memory) may be lost at any moment. A change is one transaction:
rows by compare-and-set, audit entries in the hash chain, alarms. Bells are rung after the commit and only
after it; a bell that is lost costs a moment, never a grant.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from workers.ledger import schema
from workers.ledger.engine import read_transaction, write_transaction
from workers.ledger.errors import Away, Repeated, Stale
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

Answer = TypeVar("Answer")
Now = Callable[[], datetime]
Ring = Callable[[frozenset[str]], None]

_TRIES: Final = 8
_SERIALIZATION: Final = {"40001", "40P01"}


def utc_now() -> datetime:
    """The process's clock, in UTC."""
    return datetime.now(UTC)


class Ledger:
    """The ledger over one database; safe to share between threads, not across a fork."""

    def __init__(self, engine: Engine, *, ring: Ring | None = None, now: Now = utc_now) -> None:
        self._engine = engine
        self._ring = ring or _silence
        self._now = now
        self._epoch: str | None = None

    @property
    def engine(self) -> Engine:
        """The database behind it."""
        return self._engine

    def now(self) -> datetime:
        """The process's clock, in UTC."""
        return self._now()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One consistent state to ask questions of; Away when the database is."""
        with _translated(), read_transaction(self._engine) as connection:
            yield Reader(connection)

    @contextmanager
    def writing(self, operation: str | None = None, outcome: str = "done") -> Iterator[Writing]:
        """One transaction; with an operation's name, a second try raises Repeated and changes nothing.

        Raises Stale, Repeated, WrongEpoch or Away; in each case nothing was written.
        """
        epoch = self.epoch()
        with _translated(), write_transaction(self._engine) as connection:
            writing = Writing(connection, epoch=epoch, now=self._now())
            if operation is not None:
                _once(writing, operation, outcome)
            yield writing
            writing.finish()
        if writing.bells:
            self._ring(frozenset(writing.bells))

    def retrying(self, work: Callable[[Writing], Answer]) -> Answer:
        """The answer of a transaction that is simply run again when it lost a race."""
        for attempt in range(_TRIES):
            try:
                with self.writing() as writing:
                    answer = work(writing)
            except Stale:
                time.sleep(0.002 * attempt)
            else:
                return answer
        raise Stale(f"lost the race {_TRIES} times")

    def epoch(self) -> str:
        """Which ledger this is; a process keeps the one it first met."""
        if self._epoch is None:
            with _translated(), read_transaction(self._engine) as connection:
                self._epoch = connection.execute(select(schema.chain.c.epoch)).scalar_one()
        return self._epoch

    def skew(self) -> timedelta:
        """How far the database's clock is from ours; SQLite has no clock of its own."""
        if self._engine.dialect.name != "postgresql":
            return timedelta(0)
        with _translated(), read_transaction(self._engine) as connection:
            theirs: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return abs(self._now() - theirs)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def _silence(_bells: frozenset[str]) -> None:
    """Ring nobody: whoever polls will see it."""


def _once(writing: Writing, operation: str, outcome: str) -> None:
    before = writing.operation(operation)
    if before is not None:
        raise Repeated(before)
    writing.note_operation(operation, outcome)


@contextmanager
def _translated() -> Iterator[None]:
    """Let only our own errors out: a lost race is Stale, a database that is not there is Away."""
    try:
        yield
    except IntegrityError as error:
        raise Stale("somebody else wrote the same row first") from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _SERIALIZATION:
            raise Stale("the database chose the other transaction") from error
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise Away("the ledger's database cannot be reached") from error
        raise
