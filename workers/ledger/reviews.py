"""Reviews in the ledger, each by the id of the request that it is about."""

from datetime import datetime

from sqlalchemy import Select, insert, select

from policies.moves import Moved
from policies.review import Review, ReviewState
from policies.values import PersonId, RequestId
from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

_table = schema.reviews


def find(reader: Reader, request: RequestId) -> Review | None:
    """The review of a request, or None where it needs none."""
    found = _all(reader, select(_table.c.body).where(_table.c.id == request))
    return found[0] if found else None


def waiting(reader: Reader, holder: PersonId | None = None) -> tuple[Review, ...]:
    """Reviews that nobody has answered, of one holder or of all, the one due first first."""
    query = select(_table.c.body).where(_table.c.state == ReviewState.OPEN.value)
    if holder is not None:
        query = query.where(_table.c.holder == holder)
    return _all(reader, query.order_by(_table.c.ends_at, _table.c.id))


def due(reader: Reader, now: datetime, most: int = 100) -> tuple[Review, ...]:
    """Reviews of which somebody is to be reminded."""
    late = (_table.c.due_at.is_not(None), _table.c.due_at <= now)
    return _all(reader, select(_table.c.body).where(*late).order_by(_table.c.due_at).limit(most))


def add(writing: Writing, moved: Moved[Review]) -> Review:
    """A new review; Stale when its request has one already."""
    review = moved.value
    row = {"id": review.id, "holder": review.holder, **_columns(review)}
    writing.rows(insert(_table).values(**row).returning(_table.c.id))
    writing.record(moved.events)
    return review


def save(writing: Writing, moved: Moved[Review]) -> Review:
    """The review as it now is; Stale when somebody changed it first."""
    review = moved.value
    writing.compare_and_set(_table, review.id, review.version, _columns(review))
    writing.record(moved.events)
    return review


def _columns(review: Review) -> dict[str, object]:
    return {
        "version": review.version,
        "state": review.state.value,
        "ends_at": review.ends_at,
        "due_at": review.due_at,
        "body": review.model_dump_json(),
    }


def _all(reader: Reader, query: Select[str]) -> tuple[Review, ...]:
    return tuple(Review.model_validate_json(body) for body in reader.scalars(query))
