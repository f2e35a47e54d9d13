"""A process says that it is alive, so that people can be told when nobody is."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, Self

import structlog

from workers.ledger.errors import LedgerError, WrongEpoch
from workers.ledger.ledger import Ledger

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(seconds=5)
SILENT_AFTER: Final = timedelta(seconds=20)
"""A process not heard of for so long is taken for gone."""


class Heartbeat:
    """Renews a process's row in the ledger in the background, between `with` and its end.

    A process that meets another ledger than the one it opened is ended: its supervisor starts a fresh one.
    """

    def __init__(
        self, ledger: Ledger, name: str, kind: str, *, end_process: Callable[[], None] | None = None
    ) -> None:
        self._ledger = ledger
        self._name = name
        self._kind = kind
        self._end_process = end_process or end_this_process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(timeout=1)
        with suppress(LedgerError):
            self._ledger.retrying(lambda writing: writing.forget_process(self._name))

    def _beat(self) -> None:
        while not self._stop.is_set():
            try:
                self._ledger.retrying(lambda writing: writing.heard_of(self._name, self._kind))
            except WrongEpoch:
                log.critical("ledger_was_replaced", process=self._name)
                self._end_process()
                return
            except LedgerError as error:  # the silence itself is the message
                log.debug("not_heard", problem=type(error).__name__)
            self._stop.wait(EVERY.total_seconds())


def end_this_process() -> None:
    """Ask our own process to end, as an operator would."""
    os.kill(os.getpid(), signal.SIGTERM)
