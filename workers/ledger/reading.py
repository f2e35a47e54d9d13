"""Reading the ledger: every question the product asks of it, each one short query."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Executable, Row, Select, and_, exists, func, or_, select

from policies.audit import Entry
from policies.grant import Grant, GrantState
from policies.holding import Direction
from policies.request import AccessRequest, RequestState
from policies.values import CloudName, GrantId, HoldingKey, IncidentId, PersonId, RequestId
from workers.ledger import schema

_ENDS_ON_TIME: Final = ("planned", "granting", "live", "extending")
_ENTRY: Final = ("seq", "at", "kind", "body", "prev", "hash")


class Card(NamedTuple):
    """Where a request is shown and how much of its story is told; `message` is None until it is posted."""

    request: RequestId
    channel: str
    message: str | None = None
    drawn: str = ""
    told: int = 0
    lines: int = 0
    direct_channel: str | None = None
    direct_message: str | None = None
    direct_drawn: str = ""
    problem: str | None = None


class Token(NamedTuple):
    """What one button of a card carries, and what it is good for."""

    token: str
    request: RequestId
    version: int
    message: str | None


class Alive(NamedTuple):
    """A process of ours and when it was last heard of."""

    name: str
    kind: str
    seen_at: datetime


class Switched(NamedTuple):
    """Something an operator switched on."""

    set_by: str
    set_at: datetime


FREEZE: Final = "freeze"
"""The switch that stops new access; what is live still ends on time."""


class Reader:
    """Questions over one consistent state of the ledger."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def scalars(self, statement: Executable) -> list[Any]:
        """The first column of what a statement returns; for this package's own use."""
        return list(self._connection.execute(statement).scalars())

    def rows(self, statement: Executable) -> list[Row[Any]]:
        """The rows a statement returns; for this package's own use."""
        return list(self._connection.execute(statement))

    def request(self, request: RequestId) -> AccessRequest | None:
        """The request, or None."""
        found = self._requests(select(schema.requests.c.body).where(schema.requests.c.id == request))
        return found[0] if found else None

    def requests(
        self,
        *,
        states: Iterable[RequestState] = (),
        person: PersonId | None = None,
        most: int = 200,
    ) -> tuple[AccessRequest, ...]:
        """Requests in these states (all when none is given), newest first; of one person, made or held."""
        table = schema.requests
        query = select(table.c.body).order_by(table.c.asked_at.desc()).limit(most)
        if wanted := [state.value for state in states]:
            query = query.where(table.c.state.in_(wanted))
        if person is not None:
            query = query.where(or_(table.c.requester == person, table.c.beneficiary == person))
        return self._requests(query)

    def requests_in(self, incident: IncidentId, states: Iterable[RequestState]) -> tuple[AccessRequest, ...]:
        """Requests in these states that hang on an incident, by id."""
        table = schema.requests
        wanted = table.c.state.in_([state.value for state in states])
        query = select(table.c.body).where(table.c.incident == incident, wanted).order_by(table.c.id)
        return self._requests(query)

    def requests_due(self, now: datetime, most: int = 100) -> tuple[AccessRequest, ...]:
        """Requests whose alarm has come."""
        table = schema.requests
        due = and_(table.c.due_at.is_not(None), table.c.due_at <= now)
        return self._requests(select(table.c.body).where(due).order_by(table.c.due_at).limit(most))

    def _requests(self, query: Select[str]) -> tuple[AccessRequest, ...]:
        bodies = self._connection.execute(query).scalars()
        return tuple(AccessRequest.model_validate_json(body) for body in bodies)

    def grant(self, grant: GrantId) -> Grant | None:
        """The grant, or None."""
        found = self._grants(select(schema.grants.c.body).where(schema.grants.c.id == grant))
        return found[0] if found else None

    def grants_of(self, request: RequestId) -> tuple[Grant, ...]:
        """A request's grants, in their order."""
        table = schema.grants
        return self._grants(select(table.c.body).where(table.c.request == request).order_by(table.c.id))

    def grants_of_each(self, requests: Iterable[RequestId]) -> dict[RequestId, tuple[Grant, ...]]:
        """The grants of each of these requests, in their order."""
        table = schema.grants
        names = sorted(requests)
        found: dict[RequestId, list[Grant]] = {name: [] for name in names}
        for grant in self._grants(
            select(table.c.body).where(table.c.request.in_(names)).order_by(table.c.id)
        ):
            found[grant.request].append(grant)
        return {name: tuple(grants) for name, grants in found.items()}

    def grants_on(self, holdings: Iterable[HoldingKey]) -> tuple[Grant, ...]:
        """The grants that hang on these holdings."""
        table = schema.grants
        keys = sorted(holdings)
        return self._grants(select(table.c.body).where(table.c.holding.in_(keys)).order_by(table.c.id))

    def grants(
        self, *, states: Iterable[GrantState] = (), person: PersonId | None = None, most: int = 500
    ) -> tuple[Grant, ...]:
        """Grants in these states (all when none is given), soonest end first."""
        table = schema.grants
        query = select(table.c.body).order_by(table.c.ends_at, table.c.id).limit(most)
        if wanted := [state.value for state in states]:
            query = query.where(table.c.state.in_(wanted))
        if person is not None:
            query = query.where(table.c.person == person)
        return self._grants(query)

    def _grants(self, query: Select[str]) -> tuple[Grant, ...]:
        bodies = self._connection.execute(query).scalars()
        return tuple(Grant.model_validate_json(body) for body in bodies)

    def due(self, cloud: CloudName, direction: Direction, now: datetime) -> bool:
        """True when a holding waits for this drain now and nobody has it."""
        query = select(schema.holdings.c.key).where(claimable(cloud, direction, now)).limit(1)
        return self._connection.execute(query).first() is not None

    def holders(self, states: Iterable[GrantState]) -> tuple[PersonId, ...]:
        """Everybody who has a grant in one of these states, by id."""
        table = schema.grants
        query = select(table.c.person).where(table.c.state.in_([state.value for state in states]))
        found = self._connection.execute(query.distinct().order_by(table.c.person)).scalars()
        return tuple(PersonId(person) for person in found)

    def clouds_with_alarms(self) -> frozenset[CloudName]:
        """The clouds in which something is still to be looked at."""
        table = schema.holdings
        query = select(table.c.cloud).where(table.c.due_at.is_not(None)).distinct()
        return frozenset(CloudName(cloud) for cloud in self._connection.execute(query).scalars())

    def next_alarm(self, after: datetime) -> datetime | None:
        """The next moment at which something is due."""
        tables = (schema.requests, schema.holdings, schema.incidents, schema.reviews)
        rows = [table.c.due_at for table in tables]
        queries = [select(func.min(column)).where(column > after) for column in rows]
        found = [self._connection.execute(query).scalar_one() for query in queries]
        return min((moment for moment in found if moment is not None), default=None)

    def text(self, ref: str | None) -> str | None:
        """What somebody wrote, or None once it was erased."""
        query = select(schema.texts.c.text).where(schema.texts.c.ref == ref)
        return self._connection.execute(query).scalar_one_or_none()

    def entries(self, *, request: RequestId | None = None, after: int = 0) -> Iterator[Entry]:
        """Entries of the audit log in order, those of one request when it is named."""
        table = schema.events
        query = select(*(table.c[name] for name in _ENTRY)).where(table.c.seq > after).order_by(table.c.seq)
        if request is not None:
            query = query.where(table.c.request == request)
        rows = self._connection.execute(query.execution_options(yield_per=1000))
        return (Entry(*row) for row in rows)

    def entries_of(self, kinds: Iterable[str], *, after: int) -> tuple[Entry, ...]:
        """Entries of these kinds after a number, in order."""
        table = schema.events
        query = select(*(table.c[name] for name in _ENTRY)).where(table.c.seq > after)
        query = query.where(table.c.kind.in_(sorted(kinds))).order_by(table.c.seq)
        return tuple(Entry(*row) for row in self._connection.execute(query))

    def head(self) -> tuple[int, str]:
        """The number and hash of the newest audit entry."""
        row = self._connection.execute(select(schema.chain.c.seq, schema.chain.c.hash)).one()
        return row.seq, row.hash

    def untold(self, cursor: int) -> tuple[tuple[int, RequestId], ...]:
        """The requests with audit entries after the cursor: the newest number of each, oldest first."""
        table = schema.events
        newest = func.max(table.c.seq)
        query = (
            select(newest, table.c.request)
            .where(table.c.seq > cursor, table.c.request.is_not(None))
            .group_by(table.c.request)
            .order_by(newest)
        )
        return tuple((seq, RequestId(name)) for seq, name in self._connection.execute(query))

    def cursor(self, name: str) -> int:
        """How far a reader of the audit log has come; 0 at first."""
        query = select(schema.cursors.c.seq).where(schema.cursors.c.name == name)
        return self._connection.execute(query).scalar_one_or_none() or 0

    def card(self, request: RequestId) -> Card | None:
        """Where a request is shown, or None before its card was planned."""
        row = self._connection.execute(
            select(schema.cards).where(schema.cards.c.request == request)
        ).one_or_none()
        return None if row is None else Card(**_named(row))

    def cards_with_problems(self) -> tuple[Card, ...]:
        """Cards that could not be posted or edited the last time."""
        rows = self._connection.execute(select(schema.cards).where(schema.cards.c.problem.is_not(None)))
        return tuple(Card(**_named(row)) for row in rows)

    def token(self, token: str) -> Token | None:
        """What a button's token is good for, or None for one we never made."""
        row = self._connection.execute(
            select(schema.tokens).where(schema.tokens.c.token == token)
        ).one_or_none()
        return None if row is None else Token(**_named(row))

    def switch(self, name: str) -> Switched | None:
        """Who switched something on and when, or None while it is off."""
        table = schema.switches
        query = select(table.c.set_by, table.c.set_at).where(table.c.name == name)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else Switched(row.set_by, row.set_at)

    def alive(self, since: datetime) -> tuple[Alive, ...]:
        """The processes heard of since a moment."""
        rows = self._connection.execute(
            select(schema.processes)
            .where(schema.processes.c.seen_at >= since)
            .order_by(schema.processes.c.name)
        )
        return tuple(Alive(**_named(row)) for row in rows)


def claimable(cloud: CloudName, direction: Direction, now: datetime) -> ColumnElement[bool]:
    """The condition that a holding is due for a drain and nobody has it."""
    return waits_for(direction, now, schema.holdings.c.cloud == cloud)


def waits_for(direction: Direction, now: datetime, *among: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that this drain looks at a holding; an end waits for no start of the same one.

    Each side of the `or` names all columns of an index, so that what is due is all that is read.
    """

    def due(way: Direction) -> ColumnElement[bool]:
        return and_(*among, schema.holdings.c.direction == way.value, unclaimed(now))

    if direction is Direction.GRANT:
        return due(direction)
    return or_(due(Direction.REVOKE), and_(due(Direction.GRANT), _has_an_end(now)))


def _has_an_end(now: datetime) -> ColumnElement[bool]:
    table = schema.grants
    ending = and_(table.c.state == GrantState.ENDING.value, table.c.due_at <= now)
    ended = and_(table.c.state.in_(_ENDS_ON_TIME), table.c.ends_at <= now)
    return exists().where(table.c.holding == schema.holdings.c.key, or_(ending, ended))


def unclaimed(now: datetime) -> ColumnElement[bool]:
    """The condition that a holding is due and nobody has it."""
    table = schema.holdings
    return and_(
        table.c.due_at.is_not(None),
        table.c.due_at <= now,
        table.c.claimed_until <= now,
    )


def _named(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 (the public mapping of a SQLAlchemy row)
