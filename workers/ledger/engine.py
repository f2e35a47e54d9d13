"""Opening the ledger's database: what SQLite and PostgreSQL each need to keep a promise.

SQLite: write-ahead log, `synchronous=FULL`, and `BEGIN IMMEDIATE` for writers, who first queue on a lock
file so that none of them starves in SQLite's own busy loop. PostgreSQL: psycopg 3, READ COMMITTED, a short
connect timeout. An engine never crosses a fork: it is keyed by the process that made it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_CONNECT_SECONDS: Final = 3
_BUSY_MS: Final = 15_000
_WRITES: Final = "prod_access_writes"


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`; nothing is connected yet.

    Raises ValueError for any other kind of database.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            message = f"DATABASE_URL names {other}; it can be sqlite:///FILE or postgresql://…"
            raise ValueError(message)


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        hide_parameters=True,
        pool_size=8,
        max_overflow=24,
        connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "prod-access"},
    )


def _sqlite(url: URL) -> Engine:
    if not url.database:
        message = "DATABASE_URL=sqlite:///FILE needs a file: the ledger outlives its process"
        raise ValueError(message)
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        hide_parameters=True,  # what people wrote is in no log
        connect_args={"timeout": _BUSY_MS / 1000},
        pool_size=8,
        max_overflow=24,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state and changes nothing."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection whose changes are committed together, or not at all."""
    with (
        _turn(engine),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait in line for SQLite's only writer; PostgreSQL has row locks instead."""
    if engine.dialect.name != "sqlite":
        yield
        return
    handle = os.open(f"{engine.url.database}.writer", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
