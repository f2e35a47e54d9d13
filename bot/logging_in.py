"""Logging in at a terminal: the terminal shows a code, Slack says whose it is, the terminal gets a token.

    terminal ──start──▶ code ──/prod-access login CODE──▶ confirm ◀── whoever Slack says it is
       └──────take──────────────────────────────────────────┘ token, once

Slack's identity is the login: whoever confirms a code is who the terminal becomes, and nobody else. Nothing
that a terminal says of itself is believed, and nothing secret passes through Slack.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias, TypeVar

from bot.answers import LedgerAway
from policies.people import Person
from policies.rules import Policy
from policies.values import PersonId
from workers.ledger import budgets, logins
from workers.ledger.errors import Away, Stale
from workers.ledger.ledger import Ledger
from workers.ledger.logins import Login, LoginState
from workers.ledger.writing import Writing

CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""What codes are made of: no vowels, so no words, and nothing that looks like a digit (RFC 8628, 6.1)."""
CODE_LENGTH: Final = 8
_ID_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_STARTS_A_SECOND: Final = 1.0
_STARTS_AT_ONCE: Final = 30
_SECRET_BYTES: Final = 32

Answer = TypeVar("Answer")


class Started(NamedTuple):
    """A login waits: `device` is the terminal's secret, `code` what its person types in Slack."""

    device: str
    code: str


class TooManyLogins(NamedTuple):
    """Too many logins were started just now, or wait; how long until it is worth trying again."""

    wait: timedelta


class LoginAsked(NamedTuple):
    """A terminal waits under this code, and calls itself so."""

    code: str
    client: str


class LoginConfirmed(NamedTuple):
    """The terminal is this person's until then."""

    ends_at: datetime


class LoginTurnedAway(NamedTuple):
    """The terminal gets nothing."""


class NoSuchLogin(NamedTuple):
    """No terminal waits under this code: it is mistyped, too old, or was answered already."""


class LoggedOut(NamedTuple):
    """So many logins of theirs were ended."""

    how_many: int


LoginAnswer: TypeAlias = LoginAsked | LoginConfirmed | LoginTurnedAway | NoSuchLogin | LoggedOut | LedgerAway
"""What somebody in Slack is answered."""


class StillWaiting(NamedTuple):
    """Nobody answered yet."""


class LoginOver(NamedTuple):
    """There is nothing to take: refused, too late, or taken already."""

    refused: bool


class LoggedIn(NamedTuple):
    """Whose terminal it is, until when, and which login."""

    person: Person
    login: str
    ends_at: datetime


class Taken(NamedTuple):
    """The token, handed out this once, and what it stands for."""

    token: str
    logged_in: LoggedIn


class Logins:
    """The verbs of logging in, over the ledger and the policy in force."""

    def __init__(self, ledger: Ledger, policy: Callable[[], Policy | None]) -> None:
        self._ledger = ledger
        self._policy = policy

    def start(self, client: str) -> Started | TooManyLogins:
        """Let a terminal wait under a new code; LedgerError when it cannot be written."""

        def work(writing: Writing) -> Started | TooManyLogins:
            wait = budgets.take(writing, "logins", rate=_STARTS_A_SECOND, burst=_STARTS_AT_ONCE)
            started = Started(secrets.token_urlsafe(_SECRET_BYTES), _code())
            if wait is not None:
                return TooManyLogins(wait)
            kept = logins.start(writing, _login_id(), device=started.device, code=started.code, client=client)
            return started if kept else TooManyLogins(logins.WAITS)

        return self._ledger.retrying(work)

    def asked(self, typed: str) -> LoginAnswer:
        """Which terminal waits under a code, for the person who typed it to look at."""
        code = read_code(typed)

        def work(writing: Writing) -> LoginAnswer:
            found = logins.waiting(writing, code, writing.now)
            return LoginAsked(code, found.client) if found else NoSuchLogin()

        return self._answer(work)

    def confirm(self, person: PersonId, typed: str) -> LoginAnswer:
        """Make the terminal under a code this person's."""

        def work(writing: Writing) -> LoginAnswer:
            found = logins.confirm(writing, read_code(typed), person)
            return LoginConfirmed(found.ends_at) if found and found.ends_at else NoSuchLogin()

        return self._answer(work)

    def refuse(self, person: PersonId, typed: str) -> LoginAnswer:
        """Turn the terminal under a code away."""

        def work(writing: Writing) -> LoginAnswer:
            return LoginTurnedAway() if logins.refuse(writing, read_code(typed), person) else NoSuchLogin()

        return self._answer(work)

    def end_all(self, person: PersonId) -> LoginAnswer:
        """Log every terminal of a person out."""
        return self._answer(lambda writing: LoggedOut(logins.end_all(writing, person)))

    def _answer(self, work: Callable[[Writing], LoginAnswer]) -> LoginAnswer:
        try:
            return self._ledger.retrying(work)
        except (Away, Stale):
            return LedgerAway()

    def take(self, device: str) -> Taken | StillWaiting | LoginOver:
        """Hand a confirmed login to its terminal, once; LedgerError when it cannot be looked up."""
        with self._ledger.reading() as reader:
            found = logins.of_device(reader, device, self._ledger.now())
        if found is None or found.state is not LoginState.CONFIRMED:
            return _untaken(found)
        token = secrets.token_urlsafe(_SECRET_BYTES)
        taken = self._ledger.retrying(lambda writing: logins.take(writing, device, token))
        logged_in = self._in_force(taken)
        return Taken(token, logged_in) if logged_in else LoginOver(refused=False)

    def who(self, token: str) -> LoggedIn | None:
        """Whose terminal a token is, asked of the ledger and the policy as they are now.

        None for a token that nobody has, that ran out or was ended, or of somebody who left. LedgerError when
        it cannot be looked up.
        """
        with self._ledger.reading() as reader:
            found = logins.of_token(reader, token, self._ledger.now())
        return self._in_force(found)

    def end(self, token: str) -> bool:
        """Log the terminal with this token out; False when it was not logged in. LedgerError as above."""
        return self._ledger.retrying(lambda writing: logins.end(writing, token)) is not None

    def _in_force(self, login: Login | None) -> LoggedIn | None:
        """A login whose person is one of us now; without a policy nobody is."""
        policy = self._policy()
        if policy is None or login is None or login.person is None or login.ends_at is None:
            return None
        person = policy.people.get(login.person)
        return LoggedIn(person, login.id, login.ends_at) if person and person.active else None


def _untaken(login: Login | None) -> StillWaiting | LoginOver:
    if login is not None and login.state is LoginState.WAITING:
        return StillWaiting()
    return LoginOver(refused=login is not None and login.state is LoginState.REFUSED)


def say_code(code: str) -> str:
    """The code as it is read and typed: `WDJB-MJHT`."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def read_code(typed: str) -> str:
    """The code somebody typed, however they spaced it; what is no code is nobody's."""
    return "".join(sign for sign in typed.upper() if sign in CODE_LETTERS)


def _code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def _login_id() -> str:
    return "lg-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(8))
