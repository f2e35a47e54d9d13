"""The ledger's tables, the same on SQLite and PostgreSQL.

A row holds the columns that queries need and, in `body`, the whole frozen value as JSON. Moments in columns
are whole microseconds since 1970 in UTC, so that both databases order and compare them alike.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.types import TypeDecorator

metadata: Final = MetaData()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class MomentColumn(TypeDecorator[datetime]):
    """A moment, stored as whole microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """The microseconds of a moment."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """The moment of the microseconds."""
        return None if value is None else _EPOCH + value * _MICROSECOND


NEVER: Final = _EPOCH
"""A moment before every other: what `claimed_until` holds while nobody has a claim."""

chain: Final = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
"""One row: the ledger's epoch and the head of the audit chain; locked last in every transaction."""

events: Final = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("request", Text),
    Index("events_by_request", "request", "seq"),
)
"""The append-only audit log; the database itself refuses UPDATE and DELETE."""

texts: Final = Table(
    "texts",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("salt", Text, nullable=False),
    Column("text", Text, nullable=False),
)
"""What people wrote, by salted hash: a row can be erased and the chain still verifies."""

requests: Final = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("beneficiary", Text, nullable=False),
    Column("asked_at", MomentColumn, nullable=False),
    Column("due_at", MomentColumn),
    Column("body", Text, nullable=False),
    Column("incident", Text),
    Index("requests_by_incident", "incident", "state"),
    Index("requests_by_beneficiary", "beneficiary", "state"),
    Index("requests_by_requester", "requester", "state"),
    Index("requests_by_state", "state", "asked_at"),
    Index(
        "requests_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

grants: Final = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("cloud", Text, nullable=False),
    Column("holding", Text, nullable=False),
    Column("ends_at", MomentColumn, nullable=False),
    Column("due_at", MomentColumn),
    Column("body", Text, nullable=False),
    Index("grants_by_request", "request"),
    Index("grants_by_holding", "holding"),
    Index("grants_by_person", "person", "state"),
    Index("grants_by_state", "state", "ends_at"),
)

holdings: Final = Table(
    "holdings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("cloud", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("due_at", MomentColumn),
    Column("urgent", Boolean, nullable=False),
    Column("claim", Integer, nullable=False),
    Column("claimed_until", MomentColumn, nullable=False),
    Column("claimed_by", Text),
    Column("together", Text),
    Index(
        "holdings_together",
        "together",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL AND together IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL AND together IS NOT NULL"),
    ),
    Index(
        "holdings_due",
        "cloud",
        "direction",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "holdings_alarm",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)
"""The units of cloud work: when each is next due, and the numbered claim a worker has on it.

`together` names what its cloud changes in one piece, where that is more than the holding itself.
"""

seen: Final = Table(
    "seen",
    metadata,
    Column("operation", Text, primary_key=True),
    Column("at", MomentColumn, nullable=False),
    Column("outcome", Text, nullable=False),
)
"""Operations that were already done, so that a repeated one has no second effect."""

decisions: Final = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("request", Text, nullable=False),
    Column("at", MomentColumn, nullable=False),
    Column("policy", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("decisions_by_request", "request"),
)
"""Every decision with its complete resolved input, so that it can be replayed."""

cards: Final = Table(
    "cards",
    metadata,
    Column("request", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("message", Text),
    Column("drawn", Text, nullable=False),
    Column("told", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("direct_channel", Text),
    Column("direct_message", Text),
    Column("direct_drawn", Text, nullable=False),
    Column("problem", Text),
)
"""Where a request is shown: its card, how much of its story is told, and the requester's own message."""

tokens: Final = Table(
    "tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("message", Text),
    Index("tokens_by_request", "request"),
)
"""What a card's buttons carry: opaque, good for one version of one request on one message.

A version is decided once (compare-and-set), so a token cannot be used twice.
"""

cursors: Final = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("held_by", Text),
    Column("held_until", MomentColumn, nullable=False),
)
"""How far a reader of the audit log has come, and who reads on now: one at a time, so in order."""

switches: Final = Table(
    "switches",
    metadata,
    Column("name", Text, primary_key=True),
    Column("set_by", Text, nullable=False),
    Column("set_at", MomentColumn, nullable=False),
)
"""What an operator switched on, by whom and when; a row that is not there is off."""

processes: Final = Table(
    "processes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("seen_at", MomentColumn, nullable=False),
)
"""Who is alive: each process renews its row."""

budgets: Final = Table(
    "budgets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("until", MomentColumn, nullable=False),
    Column("holder", Text),
)
"""What a cloud allows all workers together: see `workers.ledger.budgets`.

A rate is one row: it is paid for until that moment. So is each place for an operation under way: its holder
has it until then, and whoever comes after that may take it.
"""

logins: Final = Table(
    "logins",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("waits_until", MomentColumn, nullable=False),
    Column("device", Text, nullable=False),
    Column("code", Text),
    Column("token", Text),
    Column("person", Text),
    Column("ends_at", MomentColumn),
    Index("logins_by_device", "device", unique=True),
    Index("logins_by_code", "code", unique=True),
    Index("logins_by_token", "token", unique=True),
    Index("logins_by_person", "person"),
    Index("logins_by_wait", "waits_until"),
)
"""People at a terminal: a login that waits to be confirmed, or one that is open; see `workers.ledger.logins`.

`device` and `token` are digests: what they are of is known to the terminal alone.
"""

incidents: Final = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("pager", Text),
    Column("key", Text),
    Column("opened_at", MomentColumn, nullable=False),
    Column("due_at", MomentColumn),
    Column("body", Text, nullable=False),
    Index("incidents_by_key", "pager", "key", unique=True),
    Index("incidents_by_state", "state", "opened_at"),
    Index(
        "incidents_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)
"""What is broken; a row is locked before access that hangs on it is given, made longer or ended."""

reviews: Final = Table(
    "reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("ends_at", MomentColumn, nullable=False),
    Column("due_at", MomentColumn),
    Column("body", Text, nullable=False),
    Index("reviews_by_holder", "holder", "state"),
    Index("reviews_by_state", "state", "ends_at"),
    Index(
        "reviews_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)
"""What nobody had to approve and somebody looks at afterwards, by the id of its request."""

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("pager", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("at", MomentColumn, nullable=False),
    Column("body", Text),
    Index("deliveries_by_name", "pager", "delivery", unique=True),
    Index(
        "deliveries_waiting",
        "number",
        sqlite_where=text("body IS NOT NULL"),
        postgresql_where=text("body IS NOT NULL"),
    ),
)
"""What pagers said, verified; the body stays until it was acted on, the name for longer: pagers repeat."""

on_call: Final = Table(
    "on_call",
    metadata,
    Column("schedule", Text, primary_key=True),
    Column("people", Text),
    Column("as_of", MomentColumn, nullable=False),
    Column("wanted_at", MomentColumn),
    Column("problem", Text),
)
"""Who was on call and as of when; without people nobody could say. Wanted: a worker needs a newer answer."""

notices: Final = Table(
    "notices",
    metadata,
    Column("name", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("message", Text),
    Column("drawn", Text, nullable=False),
)
"""Messages that are drawn again and are no request's card: of incidents and reviews."""
