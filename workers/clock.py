"""The only scheduler: it wakes what is due, lapses what is late and closes what is resolved, from the ledger.

Any number of clocks may run: a nudge too many is harmless, and a lapse is compare-and-set. When work has
waited longer than `PATIENCE` (Redis is away, or no worker lives) the clock drains it in its own process;
numbered claims keep two drains off the same holding, so nobody has to be elected for that.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

import structlog

from policies.extension import lapsed_more, warned
from policies.holding import Direction
from policies.moves import Moved
from policies.request import AccessRequest, RequestState, lapsed
from policies.review import reminded
from policies.values import CloudName, IncidentId, RequestId
from workers.ending import close
from workers.ledger import incidents, reviews
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=3)
"""How long due work may wait for a worker before the clock does it itself."""
LONGEST_SLEEP: Final = 0.25
RENUDGE: Final = timedelta(milliseconds=500)
"""How long a nudge is given to be heard before it is repeated."""

LAST_MOMENT: Final = timedelta(seconds=5)
"""How long background work may go on once the clock was told to stop."""
RECONCILE_EVERY: Final = timedelta(minutes=15)

Nudge = Callable[[str], bool]
DrainOnce = Callable[[Direction, CloudName], object]


class Chore(NamedTuple):
    """Something to do again and again, and how often."""

    every: timedelta
    work: Callable[[], object]


class Clock:
    """Looks at the ledger's alarms, again and again."""

    def __init__(
        self,
        ledger: Ledger,
        clouds: Iterable[CloudName],
        *,
        nudge: Nudge,
        drain: DrainOnce,
        reconcile: Callable[[CloudName], object] | None = None,
        chores: Mapping[str, Chore] = MappingProxyType({}),
    ) -> None:
        """`chores` are done in the background by their names, each as often as it says."""
        self._ledger = ledger
        self._clouds = tuple(clouds)
        self._nudge = nudge
        self._drain = drain
        self._nudged: dict[str, float] = {}
        self._waiting: dict[str, float] = {}
        self._draining: dict[str, threading.Thread] = {}
        self._reconcile = reconcile
        self._reconcile_at = 0.0
        self._chores = dict(chores)
        self._chores_at: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Tick until told to stop; an unreachable ledger is tried again."""
        while not stop.is_set():
            self._reconcile_when_due()
            self._do_chores()
            try:
                wait = self.tick()
            except LedgerError as error:
                log.exception("clock_cannot_read", problem=type(error).__name__)
                wait = 1.0
            stop.wait(wait)
        self._let_finish()

    def _let_finish(self) -> None:
        """Give what is under way in the background a moment before the process ends."""
        until = time.monotonic() + LAST_MOMENT.total_seconds()
        for thread in self._draining.values():
            thread.join(max(until - time.monotonic(), 0.0))

    def _reconcile_when_due(self) -> None:
        """Compare clouds and ledger in the background, at once and then every quarter of an hour."""
        if self._reconcile is None or time.monotonic() < self._reconcile_at:
            return
        self._reconcile_at = time.monotonic() + RECONCILE_EVERY.total_seconds()
        for cloud in self._clouds:
            self._in_background(f"reconcile-{cloud}", partial(self._reconcile, cloud))

    def _do_chores(self) -> None:
        now = time.monotonic()
        for name, chore in self._chores.items():
            if now >= self._chores_at.get(name, 0.0):
                self._chores_at[name] = now + chore.every.total_seconds()
                self._in_background(name, chore.work)

    def tick(self) -> float:
        """Lapse and wake what is due; the seconds until the next look."""
        now = self._ledger.now()
        with self._ledger.reading() as reader:
            late = [partial(look_at, name=request.id) for request in reader.requests_due(now)]
            late += [partial(close_in_time, name=incident.id) for incident in incidents.due(reader, now)]
            late += [partial(remind, name=review.id) for review in reviews.due(reader, now)]
            waiting = [
                (direction, cloud)
                for direction in Direction
                for cloud in self._clouds
                if reader.due(cloud, direction, now)
            ]
            alarm = reader.next_alarm(now)
        for look in late:
            self._ledger.retrying(look)
        bells = {_bell(*which): which for which in waiting}
        self._waiting = {bell: self._waiting.get(bell, time.monotonic()) for bell in bells}
        for bell, (direction, cloud) in bells.items():
            self._wake(bell, direction, cloud)
        return _seconds_until(alarm, self._ledger.now())

    def _wake(self, bell: str, direction: Direction, cloud: CloudName) -> None:
        """Nudge, again when it was not heard; what nobody took within our patience is done here."""
        now = time.monotonic()
        if now - self._nudged.get(bell, 0.0) >= RENUDGE.total_seconds():
            self._nudged[bell] = now
            self._nudge(bell)
        if now - self._waiting[bell] >= PATIENCE.total_seconds():
            self._drain_here(bell, direction, cloud)

    def _drain_here(self, bell: str, direction: Direction, cloud: CloudName) -> None:
        """Do the work in this process, one drain of a kind at a time."""
        if self._in_background(bell, partial(self._drain, direction, cloud)):
            log.warning("clock_drains", queue=bell)

    def _in_background(self, name: str, work: Callable[[], object]) -> bool:
        """Start work in a thread of its own, unless the last of its name still runs."""
        running = self._draining.get(name)
        if running is not None and running.is_alive():
            return False
        thread = threading.Thread(target=_safely, args=(name, work), name=name, daemon=True)
        self._draining[name] = thread
        thread.start()
        return True


def _safely(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # the boundary of background work: the clock ticks on and tries again
        log.exception("background_work_failed", work=name)


def _bell(direction: Direction, cloud: CloudName) -> str:
    return f"{direction.value}-{cloud}"


def look_at(writing: Writing, name: RequestId) -> None:
    """Do what the alarm of a request is for: it lapses, its extension does, or its end is near."""
    request = writing.request(name)
    if request is None or request.due_at is None or request.due_at > writing.now:
        return
    moved = _on_alarm(request, writing.now)
    if moved is not None:
        writing.save_request(moved)


def close_in_time(writing: Writing, name: IncidentId) -> None:
    """Close an incident whose grace time is over, and end what hangs on it."""
    incident = incidents.lock(writing, name)
    if incident is not None and incident.due_at is not None and incident.due_at <= writing.now:
        close(writing, incident, None)


def remind(writing: Writing, name: RequestId) -> None:
    """Let the reviewers be told again that a review waits."""
    review = reviews.find(writing, name)
    if review is not None and review.due_at is not None and review.due_at <= writing.now:
        reviews.save(writing, reminded(review, writing.now))


def _on_alarm(request: AccessRequest, now: datetime) -> Moved[AccessRequest] | None:
    if request.state is RequestState.PENDING:
        return lapsed(request, now)
    if request.state is not RequestState.ACTIVE:
        return None
    more = request.extension
    if more is not None and more.allowed_at is None and more.lapses_at <= now:
        return lapsed_more(request, now)
    return warned(request, now)


def _seconds_until(alarm: datetime | None, now: datetime) -> float:
    if alarm is None:
        return LONGEST_SLEEP
    return min(max((alarm - now).total_seconds(), 0.001), LONGEST_SLEEP)
