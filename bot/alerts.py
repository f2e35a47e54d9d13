"""Tells the channel of those who look after access what they have to look at: stuck, missing, not ours.

audit log ──cursor──▶ stuck, missing, unsigned ──▶ one message each, in order
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from bot.slack import replies
from bot.slack.client import Conversation, SlackError
from bot.views import AlertView
from policies.audit import Entry
from policies.rules import Policy
from policies.values import GrantId
from workers.ledger.ledger import Ledger
from workers.paging import PAGED, recent

log = structlog.get_logger(__name__)

CURSOR: Final = "alerted"
HOLD: Final = timedelta(seconds=30)


class Alerts:
    """One reader of the audit log, with a voice in one channel."""

    def __init__(
        self,
        ledger: Ledger,
        policy: Callable[[], Policy | None],
        conversation: Conversation,
        *,
        channel: str,
        name: str,
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._conversation = conversation
        self._channel = channel
        self._name = name

    def look(self) -> int:
        """Tell what is new; how much that was. What Slack cannot take now is told at the next look.

        LedgerError when the ledger cannot be read or written.
        """
        if not self._channel:
            return 0
        with self._ledger.reading() as reader:
            cursor, (head, _) = reader.cursor(CURSOR), reader.head()
            urgent = recent(reader.entries_of(PAGED, after=cursor), self._ledger.now())
        if head == cursor or not self._hold():
            return 0
        told = 0
        for entry in urgent:
            if not self._tell(entry):
                head = entry.seq - 1
                break
            told += 1
        self._ledger.retrying(lambda writing: writing.move_cursor(CURSOR, self._name, max(head, cursor)))
        return told

    def _hold(self) -> bool:
        return self._ledger.retrying(
            lambda writing: writing.hold_cursor(CURSOR, self._name, writing.now + HOLD)
        )

    def _tell(self, entry: Entry) -> bool:
        try:
            self._conversation.post(self._channel, replies.say_alert(self._about(entry)))
        except SlackError as error:
            log.warning("alert_not_told", problem=str(error))
            return False
        return True

    def _about(self, entry: Entry) -> AlertView:
        """What it is about, as far as the ledger and the policy know it."""
        body = json.loads(entry.body)
        policy = self._policy()
        with self._ledger.reading() as reader:
            grant = reader.grant(GrantId(body["grant"])) if "grant" in body else None
        holder = policy.people.name_of(grant.person) if policy and grant else ""
        return AlertView(entry.kind, str(body.get("holding", "")), grant, holder)
