"""Bringing the ledger's tables up to date."""

import secrets
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, insert, select, text

from policies.audit import GENESIS
from workers.ledger import schema
from workers.ledger.engine import read_transaction, write_transaction

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 7_215_004
"""An arbitrary number: the PostgreSQL advisory lock that lets one process migrate at a time."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables; safe to run by several processes at once."""
    with write_transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _begin_chain(connection)


def _begin_chain(connection: Connection) -> None:
    """A new ledger has an epoch of its own and an empty chain."""
    if connection.execute(select(schema.chain.c.id)).first() is None:
        row = {"id": 1, "epoch": secrets.token_hex(8), "seq": 0, "hash": GENESIS}
        connection.execute(insert(schema.chain).values(**row))


def is_current(engine: Engine) -> bool:
    """True when the tables are those this version expects."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with read_transaction(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest
