"""The ways a call to Identity Center goes wrong, on demand: the kinds of `sandbox.aws.faults`.

Codes: https://docs.aws.amazon.com/singlesignon/latest/APIReference/CommonErrors.html and the errors of each
action. What botocore makes of them is in its retry code (botocore/retries/standard.py).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from sandbox.aws.faults import Kind
from sandbox.identity_center.calls import Call
from sandbox.identity_center.errors import AwsError

BEFORE = frozenset({Kind.THROTTLE, Kind.UNAVAILABLE, Kind.ERROR})
"""Not done, and answered."""
AFTER = frozenset({Kind.LOST, Kind.LATE, Kind.TORN, Kind.TRUNCATED})
"""Done, and not answered, or not wholly."""


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
    code: str = "AccessDeniedException"
    message: str = "Injected by the sandbox"

    def matches(self, call: Call) -> bool:
        """Whether the call is one of those it may break."""
        return (not self.actions or call.action in self.actions) and self.who in call.who

    def refusal(self) -> AwsError:
        """The answer of a call that is not done."""
        if self.kind is Kind.THROTTLE:
            return AwsError("ThrottlingException", "Rate exceeded")
        if self.kind is Kind.UNAVAILABLE:
            return AwsError("ServiceUnavailableException", "Service is unavailable", 503)
        return AwsError(self.code, self.message, self.status)


@dataclass
class _Placed:
    fault: Fault
    met: int = 0
    hits: int = 0

    def strikes(self, call: Call) -> bool:
        """Counts a call it matches; answers whether it breaks it."""
        if not self.fault.matches(call):
            return False
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
        struck = [placed.fault for placed in self._placed.values() if placed.strikes(call)]
        slow = sum(fault.milliseconds for fault in struck if fault.kind is Kind.SLOW)
        return slow / 1_000, next((fault for fault in struck if fault.kind is not Kind.SLOW), None)

    def json(self) -> Iterator[dict[str, object]]:
        """The faults in force, and how often each struck."""
        for number, placed in self._placed.items():
            yield {"id": number, "hits": placed.hits, **placed.fault.model_dump(mode="json")}
