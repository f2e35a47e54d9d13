"""A fresh ledger on each database there is, and a clock that runs from a given moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg

from sandbox.postgres import running_postgres
from tests.builders import NOW
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import migrate


class TickingClock:
    """A clock that runs at the machine's speed, from the builders' moment, and can be moved forward."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._moved = timedelta()

    def __call__(self) -> datetime:
        """The moment it is."""
        return NOW + self._moved + timedelta(seconds=time.monotonic() - self._started)

    def move_to(self, moment: datetime) -> None:
        """Jump ahead."""
        self._moved += moment - self()


class Database(NamedTuple):
    """A kind of database, and where fresh ones of it are made."""

    name: str
    url: str
    folder: Path

    @contextmanager
    def ledger(self, name: str, clock: TickingClock) -> Iterator[Ledger]:
        """An empty ledger."""
        engine = open_engine(self._fresh(name))
        migrate(engine)
        opened = Ledger(engine, now=clock)
        try:
            yield opened
        finally:
            opened.close()

    def _fresh(self, name: str) -> str:
        if not self.url:
            file = self.folder / f"{name}.db"
            for left in self.folder.glob(f"{name}.db*"):
                left.unlink()
            return f"sqlite:///{file}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url.replace("/postgres?", f"/{name}?")


@contextmanager
def databases(home: Path) -> Iterator[tuple[Database, ...]]:
    """SQLite, and a PostgreSQL server of our own."""
    home.mkdir(parents=True, exist_ok=True)
    with running_postgres() as server:
        yield Database("SQLite", "", home), Database("PostgreSQL", server.url, home)
