"""The ways a call to AWS goes wrong, on demand.

Codes and statuses: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html; what botocore
does with each is in its retry code (botocore/retries/standard.py).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict

from sandbox.aws.calls import Call
from sandbox.aws.wire import answer


class Kind(StrEnum):
    """What goes wrong, and whether AWS did what it was asked."""

    SLOW = "slow"
    """Done, `milliseconds` later."""
    THROTTLE = "throttle"
    """Not done: 400 Throttling."""
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
    who: str = ""
    """A part of the caller's name: `prod-access` breaks the workers only."""
    after: int = 0
    """How many matching calls pass unharmed first."""
    times: int | None = None
    milliseconds: int = 0
    status: int = 400
    code: str = "AccessDenied"
    message: str = "Injected by the sandbox"

    def matches(self, call: Call) -> bool:
        """Whether the call is one of those it may break."""
        return (not self.actions or call.action in self.actions) and self.who in call.who

    def refusal(self, service: str) -> bytes:
        """The answer of a call that is not done."""
        status, reason, code, message = {
            Kind.THROTTLE: (400, "Bad Request", "Throttling", "Rate exceeded"),
            Kind.UNAVAILABLE: (503, "Service Unavailable", "ServiceUnavailable", "Service is unavailable"),
        }.get(self.kind, (self.status, "Refused", self.code, self.message))
        return (
            _xml(status, reason, code, message) if service in {"iam", "sts", "rds"} else _json(status, code)
        )


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


def _xml(status: int, reason: str, code: str, message: str) -> bytes:
    error = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    body = f"<ErrorResponse><Error>{error}</Error><RequestId>sandbox</RequestId></ErrorResponse>"
    return answer(status, reason, body.encode(), "text/xml")


def _json(status: int, code: str) -> bytes:
    return answer(status, "Refused", f'{{"__type":"{code}"}}'.encode(), "application/x-amz-json-1.1")
