"""A process says that it is alive, so that people can be told when nobody is."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Final, Self

from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger

EVERY: Final = timedelta(seconds=5)
SILENT_AFTER: Final = timedelta(seconds=20)
"""A process not heard of for so long is taken for gone."""


class Heartbeat:
    """Renews a process's row in the ledger in the background, between `with` and its end."""

    def __init__(self, ledger: Ledger, name: str, kind: str) -> None:
        self._ledger = ledger
        self._name = name
        self._kind = kind
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(timeout=1)

    def _beat(self) -> None:
        # when the ledger is away, the silence itself is the message
        while not self._stop.is_set():
            with suppress(LedgerError):
                self._ledger.retrying(lambda writing: writing.heard_of(self._name, self._kind))
            self._stop.wait(EVERY.total_seconds())
