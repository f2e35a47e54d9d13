"""People at a terminal: a login waits, is confirmed in Slack, is taken once, and lasts for a working day.

    waiting ─confirm─▶ confirmed ─take─▶ open ─end─▶ ended
       └─refuse─▶ refused

Three secrets are never one. The **code** is short, for reading out, and all it can do is to be confirmed by
somebody whom Slack knows. The **device code** stays in the terminal that asked; the **token** is handed to
it, once. Of the last two only a digest is stored: reading the ledger logs nobody in. What has run out is out
by its time alone, whatever its row says. Modelled on https://www.rfc-editor.org/rfc/rfc8628.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update

from policies.audit import Event, Json, moment_text
from policies.values import PersonId
from workers.ledger import schema
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

WAITS: Final = timedelta(minutes=10)
"""How long a code can be confirmed, and the login it stands for be taken."""
LASTS: Final = timedelta(hours=12)
"""How long a login lasts from its confirmation on."""
WAITING_MOST: Final = 500
"""How many logins wait at once: anybody who reaches us can start one."""
_KEPT: Final = timedelta(days=1)
"""How long the row of a login that is over is kept; what was confirmed stands in the audit log for good."""

_logins = schema.logins
_SHOWN: Final = (_logins.c.id, _logins.c.state, _logins.c.client, _logins.c.person, _logins.c.ends_at)


class LoginState(StrEnum):
    """Where a login stands."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    OPEN = "open"
    REFUSED = "refused"
    ENDED = "ended"


class Login(NamedTuple):
    """A login as it stands; `person` and `ends_at` are known once somebody confirmed it."""

    id: str
    state: LoginState
    client: str
    """What the terminal calls itself; anybody may call themselves anything."""
    person: PersonId | None
    ends_at: datetime | None


def digest(secret: str) -> str:
    """What is stored of a secret with 256 random bits: nobody finds it again from this."""
    return hashlib.sha256(secret.encode()).hexdigest()


def start(writing: Writing, login: str, *, device: str, code: str, client: str) -> bool:
    """Let a login wait; False when too many do. IntegrityError when its code is taken."""
    _forget(writing)
    if _how_many_wait(writing) >= WAITING_MOST:
        return False
    row = {
        "id": login,
        "state": LoginState.WAITING.value,
        "client": client,
        "waits_until": writing.now + WAITS,
        "device": digest(device),
        "code": code,
    }
    writing.rows(insert(_logins).values(**row).returning(_logins.c.id))
    return True


def waiting(reader: Reader, code: str, now: datetime) -> Login | None:
    """The login that waits under this code, or None."""
    return _one(reader, and_(*_waits(code, now)))


def confirm(writing: Writing, code: str, person: PersonId) -> Login | None:
    """Make the login under this code this person's; None when none waits, or somebody was first."""
    ends_at = writing.now + LASTS
    login = _answered(writing, code, state=LoginState.CONFIRMED.value, person=person, ends_at=ends_at)
    if login is not None:
        client = writing.keep_text(login.client)
        _note(writing, "confirmed", login, by=person, client=client, ends_at=moment_text(ends_at))
    return login


def refuse(writing: Writing, code: str, person: PersonId) -> Login | None:
    """Turn the terminal under this code away; None when none waits."""
    login = _answered(writing, code, state=LoginState.REFUSED.value)
    if login is not None:
        _note(writing, "refused", login, by=person, client=writing.keep_text(login.client))
    return login


def of_device(reader: Reader, device: str, now: datetime) -> Login | None:
    """The login that a terminal waits for, or None once it has waited too long."""
    return _one(reader, and_(_logins.c.device == digest(device), _logins.c.waits_until > now))


def take(writing: Writing, device: str, token: str) -> Login | None:
    """Hand a confirmed login to its terminal under a token; None when there is none to take, or no more."""
    state, waits_until = _logins.c.state, _logins.c.waits_until
    confirmed = and_(state == LoginState.CONFIRMED.value, waits_until > writing.now)
    login = _changed(
        writing,
        and_(_logins.c.device == digest(device), confirmed),
        state=LoginState.OPEN.value,
        token=digest(token),
    )
    if login is not None:
        _note(writing, "taken", login, person=login.person)
    return login


def of_token(reader: Reader, token: str, now: datetime) -> Login | None:
    """The open login that this token stands for, or None."""
    wanted = digest(token)
    query = select(*_SHOWN, _logins.c.token).where(_logins.c.token == wanted, _open(now))
    found = reader.rows(query)
    if not found or not hmac.compare_digest(str(found[0].token), wanted):
        return None
    return _login(found[0])


def end(writing: Writing, token: str) -> Login | None:
    """End the login of this token; None when it is not open."""
    login = _changed(
        writing, and_(_logins.c.token == digest(token), _open(writing.now)), state=LoginState.ENDED.value
    )
    if login is not None:
        _note(writing, "ended", login, by=login.person)
    return login


def end_all(writing: Writing, person: PersonId, *, by: str = "") -> int:
    """End every login of a person, also those confirmed and not yet taken; how many there were."""
    theirs = and_(_logins.c.person == person, or_(_open(writing.now), _untaken(writing.now)))
    ended = writing.rows(
        update(_logins).where(theirs).values(state=LoginState.ENDED.value).returning(*_SHOWN)
    )
    for row in ended:
        _note(writing, "ended", _login(row), by=by or person)
    return len(ended)


def people(reader: Reader, now: datetime) -> tuple[PersonId, ...]:
    """Everybody with a login that is open, or confirmed and not yet taken."""
    theirs = or_(_open(now), _untaken(now))
    found = reader.scalars(select(_logins.c.person).where(theirs).distinct())
    return tuple(PersonId(person) for person in found if person)


def _waits(code: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _logins.c.code == code, _logins.c.state == LoginState.WAITING.value, _logins.c.waits_until > now


def _open(now: datetime) -> ColumnElement[bool]:
    return and_(_logins.c.state == LoginState.OPEN.value, _logins.c.ends_at > now)


def _untaken(now: datetime) -> ColumnElement[bool]:
    return and_(_logins.c.state == LoginState.CONFIRMED.value, _logins.c.waits_until > now)


def _answered(writing: Writing, code: str, **changes: object) -> Login | None:
    """The login that waited under a code, changed by the first who answers; the code is free again."""
    return _changed(writing, and_(*_waits(code, writing.now)), code=None, **changes)


def _changed(writing: Writing, which: ColumnElement[bool], **changes: object) -> Login | None:
    """One statement finds and changes it, so of two who try at once one is too late."""
    rows = writing.rows(update(_logins).where(which).values(**changes).returning(*_SHOWN))
    return _login(rows[0]) if rows else None


def _one(reader: Reader, which: ColumnElement[bool]) -> Login | None:
    rows = reader.rows(select(*_SHOWN).where(which))
    return _login(rows[0]) if rows else None


def _login(row: Row[Any]) -> Login:
    return Login(row.id, LoginState(row.state), row.client, row.person, row.ends_at)


def _how_many_wait(writing: Writing) -> int:
    waits = and_(_logins.c.state == LoginState.WAITING.value, _logins.c.waits_until > writing.now)
    return int(writing.scalars(select(func.count()).select_from(_logins).where(waits))[0])


def _forget(writing: Writing) -> None:
    """Delete what has been over for a while, so that old codes come free."""
    before = writing.now - _KEPT
    over = or_(_logins.c.ends_at.is_(None), _logins.c.ends_at < before)
    writing.rows(delete(_logins).where(_logins.c.waits_until < before, over).returning(_logins.c.id))


def _note(writing: Writing, word: str, login: Login, **body: Json) -> None:
    writing.record([Event(f"login.{word}", writing.now, {"login": login.id, **body})])
