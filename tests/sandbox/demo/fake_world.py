"""A world of a few lines that answers what the page asks, for tests of the page and its server."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sandbox.demo.ports import (
    Audit,
    AuditEntry,
    CloudObject,
    CloudReading,
    Config,
    Fault,
    LedgerLine,
    Moment,
    NotPossibleError,
    Process,
    Queue,
    State,
    Tried,
    Used,
)

STRIP = "A pretend Slack and a pretend AWS on your machine. The bot, workers and SDKs are the real ones."
CALL = "rds:DescribeDBInstances"
SENTENCES = {
    "aws_away": ("AWS away", "Starting waits; on the way out the card says stuck and tries on."),
    "aws_slow": ("AWS slow, 8 s a call", "The card says starting for longer; nothing else changes."),
    "aws_throttles": ("AWS throttles", "Workers wait as long as AWS asks, then go on."),
    "slack_drops": ("Slack drops our calls", "Work goes on; cards catch up in order."),
}
MOMENTARY = {
    "kill_worker": ("Kill a worker", "Nothing changes: another one takes over what it held."),
    "empty_redis": ("Empty Redis", "Nothing changes: the ledger knows what is due."),
}


@dataclass
class Held:
    """A request somebody made."""

    request: str
    person: str
    role: str
    state: str = "waiting"
    ends_at: datetime | None = None


class FakeWorld:
    """Every part of it can be set by a test; it follows its own clock only."""

    def __init__(self, slack_url: str = "http://127.0.0.1:9") -> None:
        self.slack_url = slack_url
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Nothing happened yet."""
        self.offset = timedelta()
        self.held: list[Held] = []
        self.on: set[str] = set()
        self.happened: list[str] = []
        self.used: list[tuple[str, list[str]]] = []
        self.open = threading.Event()
        self.open.set()
        self.reads = 0
        self.problem = ""

    def now(self) -> datetime:
        """The time it is here."""
        return datetime.now(UTC) + self.offset

    def ask(self, request: str, person: str, role: str) -> None:
        """Somebody asked."""
        with self._lock:
            self.held.append(Held(request, person, role))

    def give(self, request: str, length: timedelta = timedelta(minutes=15)) -> datetime:
        """Somebody approved; answers when it ends."""
        one = self._find(request)
        one.state, one.ends_at = "live", self.now() + length
        return one.ends_at

    def deny(self, request: str) -> None:
        """Somebody denied."""
        self._find(request).state = "denied"

    def _find(self, request: str) -> Held:
        return next(one for one in self.held if one.request == request)

    def config(self) -> Config:
        """See `World`."""
        return Config(self.slack_url, "Meridian", STRIP)

    def state(self) -> State:
        """See `World`."""
        self.reads += 1
        self.open.wait(10)
        now = self.now()
        self._end_what_is_over(now)
        return State(
            now=now,
            offset=self.offset,
            clouds=(CloudReading("aws", "AWS", "shop-prod", self._objects(), now, self.problem),),
            ledger=tuple(
                LedgerLine(one.request, one.state, one.person, one.role, one.ends_at) for one in self.held
            ),
            agrees=not self.problem,
            differences=(self.problem,) if self.problem else (),
            faults=tuple(self._faults()),
            processes=tuple(
                Process(name, alive=True, since=now - timedelta(minutes=3))
                for name in ("bot", "announcer", "worker aws", "clock")
            ),
            queues=(Queue("aws", 0), Queue("announce", 0)),
        )

    def _end_what_is_over(self, now: datetime) -> None:
        for one in self.held:
            if one.state == "live" and one.ends_at and one.ends_at <= now:
                one.state = "ended"

    def _objects(self) -> tuple[CloudObject, ...]:
        return tuple(
            CloudObject(
                "role", f"{one.role}-{one.request[3:]}", one.request, one.person, one.ends_at, denied=False
            )
            for one in self.held
            if one.state == "live"
        )

    def _faults(self) -> list[Fault]:
        lasting = [Fault(name, *told, on=name in self.on) for name, told in SENTENCES.items()]
        return lasting + [Fault(name, *told, on=False, momentary=True) for name, told in MOMENTARY.items()]

    def move_clock(self, by: timedelta) -> None:
        """See `World`."""
        self.offset += by

    def move_clock_to(self, moment: Moment) -> None:
        """See `World`."""
        ends = [one.ends_at for one in self.held if one.state == "live" and one.ends_at]
        if not ends:
            raise NotPossibleError("Nothing is live now, so there is no end to go to.")
        goal = min(ends) - timedelta(minutes=5) if moment == "warning" else min(ends) + timedelta(seconds=1)
        self.offset += max(goal - self.now(), timedelta())

    def try_access(self, person: str, cloud: str, request: str | None) -> Tried:
        """See `World`."""
        live = any(
            one.person == person and one.request == request and one.state == "live" for one in self.held
        )
        if live:
            return Tried(allowed=True, code="", message="orders", call=CALL)
        return Tried(
            allowed=False,
            code="AccessDenied",
            message=f"User: {person} is not authorized to perform: {CALL} in {cloud}",
            call=CALL,
        )

    def use(self, person: str, lines: Sequence[str]) -> Used:
        """See `World`."""
        self.used.append((person, list(lines)))
        return Used('{"DBInstances": [{"DBInstanceIdentifier": "orders"}]}\n', ok=True)

    def set_fault(self, name: str, *, on: bool) -> None:
        """See `World`."""
        if name in MOMENTARY:
            self.happened.append(name)
            return
        if name not in SENTENCES:
            raise NotPossibleError(f"There is no fault called {name}.")
        (self.on.add if on else self.on.discard)(name)

    def audit(self) -> Audit:
        """See `World`."""
        entries = [
            AuditEntry(
                seq,
                self.now(),
                "request.asked",
                {"request": one.request, "role": one.role, "by": one.person},
                hashlib.sha256(one.request.encode()).hexdigest(),
            )
            for seq, one in enumerate(self.held, 1)
        ]
        return replace(Audit((), verified=True), entries=tuple(reversed(entries)), total=len(entries))
