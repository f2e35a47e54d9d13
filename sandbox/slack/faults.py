"""Trouble on demand: calls that fail, hang, arrive late, or are applied and never answered."""

import asyncio
from dataclasses import asdict, dataclass

from sandbox.slack.clock import Clock
from sandbox.slack.shapes import Json

KINDS = ("error", "reset", "timeout", "ratelimited", "lose_reply", "delay")


@dataclass
class Fault:
    """One kind of trouble for some methods, for a while or a number of times."""

    id: str
    kind: str
    methods: tuple[str, ...] = ("*",)
    until: float | None = None
    times: int | None = None
    status: int = 503
    retry_after: int = 30
    delay: float = 1.0

    def covers(self, method: str, now: float) -> bool:
        """Whether this call meets the trouble."""
        alive = (self.until is None or now < self.until) and (self.times is None or self.times > 0)
        return alive and ("*" in self.methods or method in self.methods)


class Faults:
    """The troubles in force."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._all: list[Fault] = []

    def add(self, told: Json) -> Fault:
        """Put a trouble in force; `seconds` bounds it in time, `times` in number."""
        if told.get("kind") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self._count += 1
        seconds, methods = told.get("seconds"), told.get("methods") or ("*",)
        fields = {name: told[name] for name in ("times", "status", "retry_after", "delay") if name in told}
        until = None if seconds is None else self._clock.real() + float(seconds)
        fault = Fault(f"F{self._count}", told["kind"], tuple(methods), until=until, **fields)
        self._all.append(fault)
        return fault

    def clear(self, which: str | None = None) -> None:
        """End one trouble, or all of them."""
        self._all = [fault for fault in self._all if which is not None and fault.id != which]

    def meet(self, method: str) -> Fault | None:
        """The trouble this call runs into, if any; counts down `times`."""
        now = self._clock.real()
        for fault in self._all:
            if fault.covers(method, now):
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def listed(self) -> list[Json]:
        """The troubles still in force."""
        now = self._clock.real()
        return [asdict(fault) for fault in self._all if any(fault.covers(m, now) for m in fault.methods)]

    async def hold(self, fault: Fault) -> None:
        """Sit on a call as long as the trouble says."""
        await asyncio.sleep(fault.delay)
