"""The ways a call to Azure goes wrong, on demand.

What azure-core does with each is in its retry policy (azure/core/pipeline/policies/_retry.py): with the
defaults it retries PUT, GET and DELETE at 408, 429 and 5xx, and anything that has a Retry-After, which it
sleeps whole.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from sandbox.azure.calls import Call
from sandbox.azure.errors import AzureError
from sandbox.azure.wire import Answer


class Kind(StrEnum):
    """What goes wrong, and whether Azure did what it was asked."""

    SLOW = "slow"
    """Done, `milliseconds` later."""
    THROTTLE = "throttle"
    """Not done: 429 TooManyRequests, with `retry_after` in Retry-After."""
    UNAVAILABLE = "unavailable"
    """Not done: 503 ServiceUnavailable."""
    ERROR = "error"
    """Not done: `status` and `code` as given."""
    RESET = "reset"
    """Not done: the connection is reset."""
    SILENT = "silent"
    """Not done: no answer ever comes."""
    LOST = "lost"
    """Done, and the connection is reset before the answer."""
    LATE = "late"
    """Done, and no answer ever comes."""
    TORN = "torn"
    """Done, and the connection is reset in the middle of the answer."""
    TRUNCATED = "truncated"
    """Done, and the answer is whole HTTP around half of its text."""


class Fault(BaseModel):
    """What goes wrong, for which calls, how often. Without filters: every call, until it is mended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    actions: frozenset[str] = frozenset()
    """With the provider or without: `roleAssignments/write`."""
    who: str = ""
    """A part of the caller's name: `prod-access` breaks the workers only."""
    after: int = 0
    """How many matching calls pass unharmed first."""
    times: int | None = None
    milliseconds: int = 0
    status: int = 400
    code: str = "InjectedFault"
    message: str = "Injected by the sandbox"
    retry_after: int | None = None
    """Seconds to put into Retry-After; a throttled call always has it, 1 when nothing is said."""

    def matches(self, call: Call) -> bool:
        """Whether the call is one of those it may break."""
        named = not self.actions or bool(self.actions & {call.action, call.short})
        return named and self.who in call.who

    def refusal(self, service: str) -> Answer:
        """The answer of a call that is not done."""
        error = {
            Kind.THROTTLE: AzureError(429, "TooManyRequests", "Too many requests."),
            Kind.UNAVAILABLE: AzureError(503, "ServiceUnavailable", "The service is unavailable."),
        }.get(self.kind, AzureError(self.status, self.code, self.message))
        wait = self.retry_after or (1 if self.kind is Kind.THROTTLE else None)
        return error.answer(service).with_headers({"Retry-After": str(wait)} if wait else {})


@dataclass
class _Placed:
    fault: Fault
    met: int = 0
    hits: int = 0

    def strikes(self) -> bool:
        """Counts a matching call; answers whether it is broken."""
        self.met += 1
        struck = self.met > self.fault.after and (self.fault.times is None or self.hits < self.fault.times)
        self.hits += struck
        return struck


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._placed: dict[int, _Placed] = {}
        self._numbers = itertools.count(1)

    def place(self, fault: Fault) -> int:
        """Puts a fault in force; answers its number."""
        number = next(self._numbers)
        self._placed[number] = _Placed(fault)
        return number

    def mend(self, number: int | None = None) -> None:
        """Takes one fault away, or all of them."""
        if number is None:
            self._placed.clear()
        else:
            self._placed.pop(number, None)

    def strike(self, call: Call) -> tuple[float, Fault | None]:
        """The seconds a call is slowed by, and the first fault that breaks it."""
        struck = [placed.fault for placed in self._placed.values() if _strikes(placed, call)]
        slow = sum(fault.milliseconds for fault in struck if fault.kind is Kind.SLOW)
        return slow / 1_000, next((fault for fault in struck if fault.kind is not Kind.SLOW), None)

    def json(self) -> Iterator[dict[str, object]]:
        """The faults in force, and how often each struck."""
        for number, placed in self._placed.items():
            yield {"id": number, "hits": placed.hits, **placed.fault.model_dump(mode="json")}


def _strikes(placed: _Placed, call: Call) -> bool:
    return placed.fault.matches(call) and placed.strikes()
