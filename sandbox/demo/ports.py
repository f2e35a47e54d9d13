"""What the demo page needs of the world it shows: one protocol and the values it answers with.

People are named by their Slack user id (`U0ANA`) everywhere: the page finds their names in Slack. Requests
are named as people read them (`pa-7k3m`). Moments are aware datetimes of the world's own, movable time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

Moment = Literal["warning", "end"]


class NotPossibleError(Exception):
    """The world cannot do that now; the message is the sentence the person at the page reads."""


@dataclass(frozen=True)
class Shortcut:
    """A message shortcut of the app, found under a message's "More" menu."""

    callback_id: str
    name: str


@dataclass(frozen=True)
class Config:
    """What never changes while the demo runs."""

    slack_url: str
    """Where the Slack stand-in is: `http://127.0.0.1:8911`, without a slash at the end."""
    org: str
    """The organisation's name: Meridian."""
    strip: str
    """The line above everything, which says what is pretend here and what is real."""
    shortcuts: tuple[Shortcut, ...] = (Shortcut("ask_from_message", "Ask for access"),)


@dataclass(frozen=True)
class CloudObject:
    """Something a cloud really holds for somebody, as the cloud itself tells it."""

    id: str
    """What `World.remove_by_hand` calls it."""
    kind: str
    """What the cloud calls it: role, binding, assignment."""
    name: str
    """The role; that of AWS is its own, the others' is what is bound or assigned."""
    holding: str
    """What the ledger would call it: `policies.entitlements.holding_key`."""
    request: str
    """The label it carries, `pa-7k3m`; "" when it carries none."""
    person: str
    """Whose it is, by Slack user id; "" when the cloud does not say."""
    detail: str = ""
    """Who the cloud says holds it, under which title."""
    ends_at: datetime | None = None
    """When the cloud stops honouring it by itself; None: never."""
    denied: bool = False
    """Whether the cloud refuses it already, although it is still there."""
    in_force: bool = True
    """False while the cloud has it and does not honour it yet."""


@dataclass(frozen=True)
class CloudReading:
    """One cloud as it was when it was last read."""

    cloud: str
    """`aws`, `gcp`, `azure`."""
    title: str
    """As people read it: AWS."""
    place: str
    """The account, project or subscription: shop-prod."""
    objects: tuple[CloudObject, ...]
    """What has come since the demo started."""
    read_at: datetime
    others: str = ""
    """In a sentence, what stood there at the start and is nobody's of ours; "" where there is nothing."""
    may_add: bool = False
    """Whether `World.add_by_hand` works here."""
    problem: str = ""
    """Why it could not be read just now; the objects are then those of `read_at`."""


@dataclass(frozen=True)
class LedgerLine:
    """A request as our ledger has it."""

    request: str
    state: str
    """waiting, starting, live, ending, stuck, ended, denied, withdrawn, lapsed or not_given."""
    person: str
    """Who holds it or would, by Slack user id."""
    role: str
    ends_at: datetime | None
    """When it ends or ended; None before it was given."""
    clouds: tuple[str, ...] = ()
    """The clouds its role reaches."""


@dataclass(frozen=True)
class Fault:
    """Something that can go wrong here, with the sentence of what one should then see."""

    name: str
    title: str
    sentence: str
    on: bool
    momentary: bool = False
    """Done once when switched on, and never on afterwards: killing a worker."""


@dataclass(frozen=True)
class Process:
    """One process of ours."""

    name: str
    alive: bool
    since: datetime
    """When it started, or died."""


@dataclass(frozen=True)
class Queue:
    """How much work waits for a worker."""

    name: str
    waiting: int


@dataclass(frozen=True)
class State:
    """The world at one moment, each part read from where it is true."""

    now: datetime
    offset: timedelta
    """How far the world's clock is ahead of the machine's."""
    clouds: tuple[CloudReading, ...]
    ledger: tuple[LedgerLine, ...]
    """Every request, the oldest first."""
    agrees: bool
    """Whether the clouds hold what the ledger says they hold."""
    differences: tuple[str, ...]
    """One sentence each: "AWS still holds pa-7k3m; the ledger says ending."."""
    faults: tuple[Fault, ...]
    processes: tuple[Process, ...]
    queues: tuple[Queue, ...] = ()


@dataclass(frozen=True)
class Tried:
    """What came of a real call somebody made with their own keys."""

    allowed: bool
    code: str
    """The cloud's own error code, or ""."""
    message: str
    """The cloud's own words; for an allowed call, what was seen."""
    call: str
    """What was called: rds:DescribeDBInstances."""


@dataclass(frozen=True)
class Used:
    """How printed lines went: what a terminal showed, and whether the last line succeeded."""

    output: str
    ok: bool
    cloud: str
    request: str | None
    """The request they used; None when it cannot be told."""


@dataclass(frozen=True)
class AuditEntry:
    """One entry of the audit log."""

    seq: int
    at: datetime
    kind: str
    body: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class Audit:
    """The last entries of the audit log, newest first, and whether the whole chain holds."""

    entries: tuple[AuditEntry, ...]
    verified: bool
    problem: str = ""
    """Where and how the chain is broken."""
    total: int = field(default=0)
    """How many entries were checked."""


class World(Protocol):
    """Everything around the page but Slack.

    Methods may block: the server calls each in a thread, several at once, so they must be safe to call
    together. Any of them may raise `NotPossibleError` with a sentence for the person at the page.
    """

    def config(self) -> Config:
        """What never changes; asked once per page load."""
        ...

    def state(self) -> State:
        """The world as it is now: clouds read from their stand-ins, requests from the ledger.

        The server never has two of these under way. One that takes longer than a second is not waited for
        (the page shows the last one and how old it is), so the read should not itself suffer from faults
        meant for the workers.
        """
        ...

    def move_clock(self, by: timedelta) -> None:
        """Moves all clocks together ahead: bot, workers, ledger, every stand-in."""
        ...

    def move_clock_to(self, moment: Moment) -> None:
        """Moves all clocks to the next warning, or to just after the next end, of anybody's live access.

        Raises `NotPossibleError` when nothing is live.
        """
        ...

    def try_access(self, person: str, cloud: str, request: str | None) -> Tried:
        """Makes the real call in a cloud, as that person, with what `request` gave there.

        Without a request, or where it gave nothing, the person's everyday rights are tried. A cloud that does
        not answer is neither allowed nor refused: raise `NotPossibleError`.
        """
        ...

    def use(self, person: str, lines: Sequence[str]) -> Used:
        """Runs the lines a message printed in that person's terminal, exactly as they are.

        Where their program is not here, the same call is made without it, and the output says so.
        """
        ...

    def remove_by_hand(self, cloud: str, object_id: str) -> None:
        """Takes an object of a cloud away behind our back, as the cloud's own operator."""
        ...

    def add_by_hand(self, cloud: str, person: str) -> None:
        """Gives a person access for good behind our back, as the cloud's own operator."""
        ...

    def compare(self) -> None:
        """Has the product compare clouds and ledger now, and not in a quarter of an hour."""
        ...

    def set_fault(self, name: str, *, on: bool) -> None:
        """Switches a fault on or off; a momentary one simply happens when switched on."""
        ...

    def audit(self) -> Audit:
        """Checks the whole audit chain now, and answers its last fifty entries."""
        ...
