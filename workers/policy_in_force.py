"""The policy this process goes by: read on first use, read again every few seconds, kept while refused."""

import threading
import time
from pathlib import Path
from typing import Final

import structlog

from policies.files import FileRefused, PolicySource
from policies.rules import Policy

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 2.0


class PolicyInForce:
    """The organisation's policy, safe to ask from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._source: PolicySource | None = None
        self._read_at = -FRESH_SECONDS
        self._refusal: FileRefused | None = None

    def __call__(self) -> Policy | None:
        """The policy in force, or None when no file was ever right."""
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH_SECONDS:
                self._read_at = time.monotonic()
                self._refresh()
            return self._source.current if self._source else None

    @property
    def refusal(self) -> FileRefused | None:
        """Why the files as they are now are not in force; None when they are."""
        return self._refusal

    def _refresh(self) -> None:
        before = self._refusal
        try:
            self._read()
        except FileRefused as refused:
            self._refusal = refused
        else:
            self._refusal = self._source.last_refusal if self._source else None
        if self._refusal is not None and str(self._refusal) != str(before):
            log.error("policy_refused", problem=str(self._refusal), kept=self._source is not None)

    def _read(self) -> None:
        if self._source is None:
            self._source = PolicySource.of_folder(self._folder)
        elif self._source.refresh():
            log.info("policy_changed", policy=self._source.current.hash[:12])
