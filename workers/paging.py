"""Somebody is paged when access does not end: over a webhook, by the clock, so it works with Slack down.

audit log ──cursor──▶ grant.stuck ──POST──▶ the webhook          tried until it is taken, in order
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog

from policies.audit import Entry
from workers.ledger.ledger import Ledger

log = structlog.get_logger(__name__)

CURSOR: Final = "paged"
HOLD: Final = timedelta(seconds=30)
PAGED: Final = frozenset({"grant.stuck", "reconcile.foreign", "grant.missing"})
"""What somebody has to look at now; told in channels too, where Slack is there."""
_SECONDS: Final = 5.0
_RECENT: Final = timedelta(days=1)
_THIS_ONE_ALONE: Final = frozenset({400, 413, 422})
"""Refusals of one message, which must not hold up those after it."""


class Paging:
    """One reader of the audit log, with a webhook."""

    def __init__(self, ledger: Ledger, webhook: str, *, name: str) -> None:
        self._ledger = ledger
        self._webhook = webhook
        self._name = name

    def run(self) -> int:
        """Page for everything new that is worth it; how often. What is not taken is tried next time.

        LedgerError when the ledger cannot be read or written.
        """
        if not self._webhook or not self._hold():
            return 0
        with self._ledger.reading() as reader:
            cursor = reader.cursor(CURSOR)
            head, _ = reader.head()
            urgent = recent(reader.entries_of(PAGED, after=cursor), self._ledger.now())
        paged = 0
        for entry in urgent:
            if not self._post(entry):
                head = entry.seq - 1
                break
            paged += 1
        self._ledger.retrying(lambda writing: writing.move_cursor(CURSOR, self._name, max(head, cursor)))
        return paged

    def _hold(self) -> bool:
        return self._ledger.retrying(
            lambda writing: writing.hold_cursor(CURSOR, self._name, writing.now + HOLD)
        )

    def _post(self, entry: Entry) -> bool:
        """Whether the webhook took it; what it is called twice for has the same `id`."""
        body = {"id": entry.hash, "at": entry.at, "what": entry.kind, **json.loads(entry.body)}
        try:
            answer = httpx.post(self._webhook, json=body, timeout=_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("not_paged", problem=type(error).__name__)
            return False
        if answer.status_code in _THIS_ONE_ALONE:
            log.error("page_refused", status=answer.status_code, entry=entry.seq)
            return True
        if not answer.is_success:
            log.warning("not_paged", status=answer.status_code)
        return answer.is_success


def recent(entries: Iterable[Entry], now: datetime) -> tuple[Entry, ...]:
    """Those of the last day: a webhook or channel that is set up later is not sent the whole history."""
    return tuple(entry for entry in entries if datetime.fromisoformat(entry.at) > now - _RECENT)
