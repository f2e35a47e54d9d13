"""Using what one holds, at a terminal: asked of the ledger each time, and each time written down."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from bot.logging_in import LoggedIn
from bot.views import HELD
from policies.audit import Event, Json
from policies.grant import Grant, GrantState
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

_STARTING: Final = {GrantState.PLANNED, GrantState.GRANTING}


class InUse(NamedTuple):
    """A grant that is live now, and how much of it is left."""

    grant: Grant
    left: timedelta


class WhichOne(NamedTuple):
    """Several fit, so one has to be named."""

    grants: tuple[Grant, ...]


class NothingLive(NamedTuple):
    """Nothing fits that is live now; `starting` when something is on its way."""

    starting: bool


Use: TypeAlias = InUse | WhichOne | NothingLive


class Using:
    """Says what somebody may use now, over the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def use(self, who: LoggedIn, cloud: str, which: str | None) -> Use:
        """The one grant in a cloud that this person may use now.

        `which` is a request's id, or a grant's where a request reaches several places. LedgerError when it
        cannot be asked or written down: then nothing is used either.
        """
        return self._ledger.retrying(lambda writing: _used(writing, who, cloud, which))


def _used(writing: Writing, who: LoggedIn, cloud: str, which: str | None) -> Use:
    fits = _fitting(cloud, which)
    theirs = writing.grants(states=HELD | _STARTING, person=who.person.id)
    found = tuple(grant for grant in theirs if fits(grant) and grant.ends_at > writing.now)
    live = tuple(grant for grant in found if grant.state in HELD)
    answer = _answer(live, found, writing.now)
    _note(writing, who, cloud, answer)
    return answer


def _fitting(cloud: str, which: str | None) -> Callable[[Grant], bool]:
    def fits(grant: Grant) -> bool:
        return grant.cloud == cloud and which in {None, grant.request, grant.id}

    return fits


def _answer(live: tuple[Grant, ...], found: tuple[Grant, ...], now: datetime) -> Use:
    match live:
        case ():
            return NothingLive(starting=bool(found))
        case (one,):
            return InUse(one, one.ends_at - now)
        case several:
            return WhichOne(several)


def _note(writing: Writing, who: LoggedIn, cloud: str, answer: Use) -> None:
    """Who used what, or was told that there is nothing; the grant's id keeps it out of the card's story."""
    body: dict[str, Json] = {"by": who.person.id, "login": who.login, "cloud": cloud}
    match answer:
        case InUse(grant, _):
            event = Event("access.used", writing.now, {**body, "grant": grant.id})
        case WhichOne():
            event = Event("access.refused", writing.now, {**body, "why": "several"})
        case NothingLive():
            event = Event("access.refused", writing.now, {**body, "why": "nothing_live"})
    writing.record([event])
