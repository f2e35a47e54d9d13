"""When a source is asked, and when it is left alone: a circuit breaker.

    closed ──3 failures in a row, or told to wait──▶ open ──its time is over──▶ one trial ──answers──▶ closed
                                                      ▲────────────fails───────────┘

After the third failure in a row a circuit is open for 30 seconds, or for as long as the source said where
that is longer. A question that is refused was answered: the source works.
"""

import threading
from datetime import datetime, timedelta
from typing import Final, NamedTuple

FAILURES_MOST: Final = 3
OPEN_FOR: Final = timedelta(seconds=30)
TRIAL_LASTS: Final = timedelta(seconds=30)
"""A trial that nobody came back from is over."""


class Circuit(NamedTuple):
    """How a source has been answering; closed where it is not open until some moment."""

    failures: int = 0
    """In a row."""
    open_until: datetime | None = None
    trial_until: datetime | None = None

    def lets_ask(self, now: datetime) -> bool:
        """Whether the source may be asked now."""
        waiting = self.open_until is not None and now < self.open_until
        on_trial = self.trial_until is not None and now < self.trial_until
        return not (waiting or on_trial)

    def asked(self, now: datetime) -> "Circuit":
        """The source is being asked; where the circuit was open this is the trial."""
        return self._replace(trial_until=now + TRIAL_LASTS) if self.open_until else self

    def answered(self) -> "Circuit":
        """It answered."""
        return Circuit()

    def failed(self, now: datetime, after: timedelta) -> "Circuit":
        """It did not answer, or told us to wait for so long; a wait that was told before is not shortened."""
        failures = self.failures + 1
        pause = max(after, OPEN_FOR if failures >= FAILURES_MOST else timedelta())
        return Circuit(failures, max(now + pause, self.open_until or now) if pause else self.open_until)


class Breaker:
    """The circuit of one source, safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._circuit = Circuit()

    def may_ask(self, now: datetime) -> bool:
        """Whether to ask the source now; whoever is told so has to say what came of it."""
        with self._lock:
            lets_ask = self._circuit.lets_ask(now)
            if lets_ask:
                self._circuit = self._circuit.asked(now)
            return lets_ask

    def answered(self) -> None:
        """The source answered, be it with a no."""
        with self._lock:
            self._circuit = self._circuit.answered()

    def failed(self, now: datetime, after: timedelta) -> None:
        """The source did not answer, or told us to wait."""
        with self._lock:
            self._circuit = self._circuit.failed(now, after)
