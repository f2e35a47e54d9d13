"""Whoever has left the organisation loses what they hold, long before its end."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from policies.grant import EndCause, GrantState, ending
from policies.rules import Policy
from policies.values import PersonId
from workers.ledger import logins
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = timedelta(minutes=5)
"""How often is looked; a leaver is promised to hold nothing after fifteen minutes."""
_HOLDING: Final = (GrantState.PLANNED, GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING)


class Leavers:
    """Ends what people hold who are no longer in `people.yaml`, or no longer active in it."""

    def __init__(self, ledger: Ledger, policy: Callable[[], Policy | None]) -> None:
        self._ledger = ledger
        self._policy = policy

    def run(self) -> int:
        """End it; how many people that was about. Without a policy nobody is known to have left.

        LedgerError when the ledger cannot be read or written.
        """
        policy = self._policy()
        if policy is None:
            return 0
        left = [person for person in holders(self._ledger) if not policy.people.is_active(person)]
        return end_for(self._ledger, left)


def holders(ledger: Ledger) -> tuple[PersonId, ...]:
    """Everybody who holds something or is getting it."""
    with ledger.reading() as reader:
        logged_in = logins.people(reader, ledger.now())
        return tuple(sorted({*reader.holders(_HOLDING), *logged_in}))


def end_for(ledger: Ledger, people: Iterable[PersonId]) -> int:
    """End everything these people hold; how many there were."""
    ended = 0
    for person in people:
        ledger.retrying(partial(_end_all, person=person))
        log.warning("leaver_loses_access", person=person)
        ended += 1
    return ended


def _end_all(writing: Writing, person: PersonId) -> None:
    logins.end_all(writing, person, by="prod-access")
    for grant in writing.grants(states=_HOLDING, person=person):
        writing.save_grant(ending(grant, EndCause.LEFT, writing.now))
