"""Incidents in the ledger: found by what people call them or by their pager's id, and locked before use."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, insert, select

from policies.incident import Incident, IncidentState, PagerName
from policies.moves import Moved
from policies.values import IncidentId
from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

_table = schema.incidents


def find(reader: Reader, incident: IncidentId) -> Incident | None:
    """The incident that people call so, or None."""
    return _one(reader, select(_table.c.body).where(_table.c.id == incident))


def of_pager(reader: Reader, pager: PagerName, key: str) -> Incident | None:
    """The incident that a pager knows by this id, or None."""
    return _one(reader, select(_table.c.body).where(_table.c.pager == pager, _table.c.key == key))


def lock(writing: Writing, incident: IncidentId) -> Incident | None:
    """The incident, held against every other writer until this transaction ends."""
    return _one(writing, select(_table.c.body).where(_table.c.id == incident).with_for_update())


def in_states(reader: Reader, states: Iterable[IncidentState], most: int = 50) -> tuple[Incident, ...]:
    """Incidents in these states, newest first."""
    wanted = _table.c.state.in_([state.value for state in states])
    query = select(_table.c.body).where(wanted).order_by(_table.c.opened_at.desc(), _table.c.id).limit(most)
    return _all(reader, query)


def due(reader: Reader, now: datetime, most: int = 100) -> tuple[Incident, ...]:
    """Incidents whose grace time is over."""
    late = (_table.c.due_at.is_not(None), _table.c.due_at <= now)
    return _all(reader, select(_table.c.body).where(*late).order_by(_table.c.due_at).limit(most))


def add(writing: Writing, moved: Moved[Incident]) -> Incident:
    """A new incident; Stale when its name or its pager's id is taken."""
    incident = moved.value
    row = {
        "id": incident.id,
        "pager": incident.pager,
        "key": incident.key,
        "opened_at": incident.opened_at,
        **_columns(incident),
    }
    writing.rows(insert(_table).values(**row).returning(_table.c.id))
    writing.record(moved.events)
    return incident


def save(writing: Writing, moved: Moved[Incident]) -> Incident:
    """The incident as it now is; Stale when somebody changed it first."""
    incident = moved.value
    writing.compare_and_set(_table, incident.id, incident.version, _columns(incident))
    writing.record(moved.events)
    return incident


def _columns(incident: Incident) -> dict[str, object]:
    return {
        "version": incident.version,
        "state": incident.state.value,
        "due_at": incident.due_at,
        "body": incident.model_dump_json(),
    }


def _one(reader: Reader, query: Select[str]) -> Incident | None:
    found = _all(reader, query)
    return found[0] if found else None


def _all(reader: Reader, query: Select[str]) -> tuple[Incident, ...]:
    return tuple(Incident.model_validate_json(body) for body in reader.scalars(query))
