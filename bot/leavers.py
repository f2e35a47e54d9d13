"""Whoever is deactivated in Slack loses what they hold: Slack is asked about the holders, again and again."""

import time
from collections.abc import Callable, Iterator

import structlog

from bot.slack.client import Conversation, SlackError, SlackRefused
from policies.people import Person
from policies.rules import Policy
from policies.values import PersonId
from workers.leavers import LOOK_EVERY, end_for, holders
from workers.ledger.ledger import Ledger

log = structlog.get_logger(__name__)

_NOBODY = {"user_not_found", "users_not_found"}


class SlackLeavers:
    """Looks at everybody who holds something, as Slack knows them now."""

    def __init__(
        self,
        ledger: Ledger,
        policy: Callable[[], Policy | None],
        conversation: Conversation,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._conversation = conversation
        self._monotonic = monotonic
        self._next_at = 0.0

    def look(self) -> int:
        """End what leavers hold, when it is time to look; how many there were.

        What Slack cannot say now is asked again at the next look.

        LedgerError when the ledger cannot be read or written.
        """
        policy = self._policy()
        if policy is None or self._monotonic() < self._next_at:
            return 0
        self._next_at = self._monotonic() + LOOK_EVERY.total_seconds()
        try:
            left = list(self._left(policy))
        except SlackError as error:
            log.warning("holders_not_looked_up", problem=str(error))
            self._next_at = 0.0
            return 0
        return end_for(self._ledger, left)

    def _left(self, policy: Policy) -> Iterator[PersonId]:
        for name in holders(self._ledger):
            person = policy.people.get(name)
            if person is not None and person.slack and not self._has_an_account(person):
                yield name

    def _has_an_account(self, person: Person) -> bool:
        """Whether any of their accounts is still in use: one of two may have been closed on purpose."""
        return any(self._in_use(account.user) for account in person.slack)

    def _in_use(self, user: str) -> bool:
        try:
            return not self._conversation.user(user).get("deleted", False)
        except SlackRefused as refused:
            if refused.code in _NOBODY:
                return False
            raise
