"""Whoever is deactivated in Slack loses what they hold: Slack is asked about the holders, again and again."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.client import Conversation, SlackBusy, SlackError, SlackRefused
from policies.people import Person
from policies.rules import Policy
from policies.values import PersonId
from workers.leavers import LOOK_EVERY, end_for, holders
from workers.ledger.ledger import Ledger

log = structlog.get_logger(__name__)

_NOBODY: Final = {"user_not_found", "users_not_found"}
_SOON: Final = timedelta(seconds=30)
"""How long Slack is left alone when it does not answer."""


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
        self._waiting: list[PersonId] = []

    def look(self) -> int:
        """End what leavers hold, when it is time to look; how many there were.

        Whoever Slack does not speak of now is looked up the next time; the others do not wait for that.

        LedgerError when the ledger cannot be read or written.
        """
        policy = self._policy()
        if policy is None or self._monotonic() < self._next_at:
            return 0
        self._waiting = self._waiting or list(holders(self._ledger))
        left: list[PersonId] = []
        wait = self._look_up(policy, left)
        self._next_at = self._monotonic() + wait.total_seconds()
        return end_for(self._ledger, left)

    def _look_up(self, policy: Policy, left: list[PersonId]) -> timedelta:
        """Add to `left` who is not in Slack any more, from where it stopped; how long to wait now."""
        try:
            team = self._conversation.whoami().team if self._waiting else ""
            while self._waiting:
                person = policy.people.get(self._waiting[0])
                if person is not None and self._has_left(person, team):
                    left.append(person.id)
                self._waiting.pop(0)
        except SlackBusy as busy:
            return timedelta(seconds=busy.after)
        except SlackError as error:
            log.warning("holders_not_looked_up", problem=str(error))
            return _SOON
        return LOOK_EVERY

    def _has_left(self, person: Person, team: str) -> bool:
        """Whether none of their accounts in our workspace is in use: one of two may be closed on purpose."""
        ours = [account.user for account in person.slack if account.team == team]
        try:
            return bool(ours) and not any(self._in_use(user) for user in ours)
        except SlackRefused as refused:
            log.warning("holder_not_looked_up", person=person.id, problem=refused.code)
            return False

    def _in_use(self, user: str) -> bool:
        try:
            return not self._conversation.user(user).get("deleted", False)
        except SlackRefused as refused:
            if refused.code in _NOBODY:
                return False
            raise
