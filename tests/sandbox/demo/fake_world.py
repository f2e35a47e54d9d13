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

STRIP = (
    "A pretend Slack and three pretend clouds on your machine. The bot, workers and SDKs are the real ones."
)
CLOUDS = {
    "aws": ("AWS", "shop-prod", "role", "rds:DescribeDBInstances", "AccessDenied"),
    "gcp": ("Google Cloud", "shop-prod", "binding", "cloudsql.instances.list", "notAuthorized"),
    "azure": ("Azure", "prod", "assignment", "flexibleServers/read", "AuthorizationFailed"),
}
"""Each cloud's title, place, kind of object, call and refusal."""
PROGRAMS = {"aws": "aws", "gcloud": "gcp", "az": "azure"}
SENTENCES = {
    "azure_refuses": ("Azure says no", "The card says Not given; the others take it back."),
    "gcp_away": ("Google Cloud away", "Starting waits; on the way out the card says stuck and tries on."),
    "aws_slow": ("AWS slow, 3 s a call", "The card says starting for longer; nothing else changes."),
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
        self.by_hand: list[tuple[str, str, str]] = []
        self.gone: set[str] = set()
        self.compared = 0

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
            clouds=tuple(self._cloud(cloud, now) for cloud in CLOUDS),
            ledger=tuple(
                LedgerLine(one.request, one.state, one.person, one.role, one.ends_at, tuple(CLOUDS))
                for one in self.held
            ),
            agrees=not self.problem,
            differences=(self.problem,) if self.problem else (),
            faults=tuple(self._faults()),
            processes=tuple(
                Process(name, alive=True, since=now - timedelta(minutes=3))
                for name in ("bot", "announcer", "worker-grant-aws", "clock")
            ),
            queues=(Queue("grant-aws", 0), Queue("announce", 0)),
        )

    def _end_what_is_over(self, now: datetime) -> None:
        for one in self.held:
            if one.state == "live" and one.ends_at and one.ends_at <= now:
                one.state = "ended"

    def _cloud(self, cloud: str, now: datetime) -> CloudReading:
        title, place, kind, *_ = CLOUDS[cloud]
        objects = tuple(self._object(cloud, kind, one) for one in self.held if one.state == "live")
        there = tuple(one for one in objects if one.id not in self.gone)
        others = "" if cloud == "aws" else "6 from before untouched."
        return CloudReading(cloud, title, place, there, now, others, cloud != "aws", self.problem)

    def _object(self, cloud: str, kind: str, one: Held) -> CloudObject:
        name = f"{one.role}-{one.request[3:]}"
        ends = None if cloud == "azure" else one.ends_at
        return CloudObject(
            f"{cloud}/{name}", kind, name, name, one.request, one.person, "user:ana@meridian.example", ends
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
        title, _place, _kind, call, code = CLOUDS[cloud]
        if live:
            return Tried(allowed=True, code="", message="orders", call=call)
        message = f"User: {person} is not authorized to perform: {call} in {title}"
        return Tried(allowed=False, code=code, message=message, call=call)

    def use(self, person: str, lines: Sequence[str]) -> Used:
        """See `World`."""
        self.used.append((person, list(lines)))
        newest = next((one.request for one in reversed(self.held) if one.person == person), None)
        cloud = PROGRAMS[lines[-1].partition(" ")[0]]
        return Used(
            '{"DBInstances": [{"DBInstanceIdentifier": "orders"}]}\n', ok=True, cloud=cloud, request=newest
        )

    def remove_by_hand(self, cloud: str, object_id: str) -> None:
        """See `World`."""
        self.by_hand.append(("remove", cloud, object_id))
        self.gone.add(object_id)

    def add_by_hand(self, cloud: str, person: str) -> None:
        """See `World`."""
        self.by_hand.append(("add", cloud, person))

    def compare(self) -> None:
        """See `World`."""
        self.compared += 1

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
