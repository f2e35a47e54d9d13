"""The drains: claim what is due, call the cloud, write down what was seen.

    ledger ──claim (numbered, begun)──▶ threads ──cloud calls under a fence──▶ settler ──batches──▶ ledger

A drain runs until nothing has been due for a while, or its time is up. Claims are renewed while calls run; a
claim that could not be renewed in time stops its thread before the next changing call. Nothing here decides:
the plan comes from `policies.holding`, and what an outcome means is decided there too.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from queue import Empty, Queue
from typing import Final, TypeAlias, assert_never

import structlog

from policies.holding import Direction, Ensure, LookAgain, Outcome, Overruled, Remove, Unreachable
from workers.clouds.cloud import ClaimLost, Cloud, Holding
from workers.ledger.claims import CLAIM, Claim, Settled, claim_due, renew_claims, settle_claims
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger

log = structlog.get_logger(__name__)

RENEW_EVERY: Final = timedelta(seconds=5)
CALL_SECONDS: Final = 8.0
"""The longest one cloud call can take; a call is not begun with less than this left of the claim."""
STOP_CLAIMING_AFTER: Final = timedelta(seconds=45)
_BATCH: Final = 64
_BATCH_WAIT: Final = 0.02
_POLL: Final = 0.02


Recheck: TypeAlias = Callable[[Claim], Overruled | Unreachable | None]
"""Asks the rules once more before the first cloud call; None when they still say yes."""


class Hold:
    """The fence of one claim: good until a moment of the monotonic clock, which renewing moves on."""

    def __init__(self, claim: Claim, asked_at: float) -> None:
        """The claim was made by a transaction that began at `asked_at` (monotonic): it counts from there."""
        self.claim = claim
        self._good_until = asked_at + CLAIM.total_seconds()

    def renewed(self, asked_at: float) -> None:
        """The claim was renewed by a transaction that began at `asked_at` (monotonic)."""
        self._good_until = asked_at + CLAIM.total_seconds()

    def lost(self) -> None:
        """Somebody else holds the work now."""
        self._good_until = 0.0

    def check(self) -> None:
        """Raise ClaimLost unless there is time for one more cloud call."""
        if time.monotonic() + CALL_SECONDS > self._good_until:
            raise ClaimLost("claim_lost")


class Unfenced:
    """The fence of work that no claim guards: taking away what nobody wants is always allowed."""

    def check(self) -> None:
        """Allow it."""


class Drain:
    """One run over the work that is due for one cloud in one direction."""

    def __init__(
        self,
        ledger: Ledger,
        cloud: Cloud,
        direction: Direction,
        *,
        worker: str,
        threads: int,
        recheck: Recheck | None = None,
        linger: timedelta = timedelta(seconds=3),
    ) -> None:
        self._ledger = ledger
        self._cloud = cloud
        self._direction = direction
        self._worker = worker
        self._threads = threads
        self._recheck = recheck
        self._linger = linger.total_seconds()
        self._seen: Queue[tuple[Hold, Outcome | None]] = Queue()
        self._holds: dict[Claim, Hold] = {}
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"{direction}-{cloud.name}")

    def run(self) -> int:
        """Drain until nothing is due for a while or the time is up; how many holdings were worked on.

        Raises LedgerError when the ledger cannot be read or written; what was claimed is claimed again later.
        """
        renewer = threading.Thread(target=self._keep_renewing, name="renew", daemon=True)
        renewer.start()
        try:
            return self._loop()
        finally:
            self._closing.set()
            self._pool.shutdown(wait=False)  # a stuck call must not hold the worker past its time
            renewer.join(timeout=1)

    def _loop(self) -> int:
        stop_at = time.monotonic() + STOP_CLAIMING_AFTER.total_seconds()
        idle_until = time.monotonic() + self._linger
        worked = 0
        while self._holds or time.monotonic() < min(stop_at, idle_until):
            worked += self._take_on(stop_at, finished=0)
            busy = bool(self._holds)
            batch = self._gather()
            if batch:
                worked += self._take_on(stop_at, finished=len(batch))
                self._settle(batch)
            if busy:
                idle_until = time.monotonic() + self._linger
        return worked

    def _take_on(self, stop_at: float, *, finished: int) -> int:
        """Claim work for every thread that is free; one that has finished is, before its work is settled."""
        free = self._threads - len(self._holds) + finished if time.monotonic() < stop_at else 0
        asked_at = time.monotonic()
        claims = self._claim(min(free, _BATCH))
        for claim in claims:
            self._start(claim, asked_at)
        return len(claims)

    def _claim(self, most: int) -> tuple[Claim, ...]:
        if most <= 0:
            return ()
        with self._ledger.reading() as reader:
            if not reader.due(self._cloud.name, self._direction, self._ledger.now()):
                return ()
        return self._ledger.retrying(
            lambda writing: claim_due(
                writing, self._cloud.name, self._direction, worker=self._worker, most=most
            )
        )

    def _start(self, claim: Claim, asked_at: float) -> None:
        hold = Hold(claim, asked_at)
        self._holds[claim] = hold
        future = self._pool.submit(self._work, hold)
        future.add_done_callback(lambda done: self._finished(hold, done))

    def _finished(self, hold: Hold, done: "Future[Outcome | None]") -> None:
        """Pass on what a thread saw; a bug in an adapter is an outcome too, and never ends the drain."""
        problem = done.exception()
        if problem is None:
            self._seen.put((hold, done.result()))
            return
        log.error("cloud_call_broke", holding=hold.claim.holding, problem=repr(problem))
        self._seen.put((hold, Unreachable(f"bug:{type(problem).__name__}")))

    def _work(self, hold: Hold) -> Outcome | None:
        """What the cloud showed once the plan was carried out; None when the claim was lost on the way."""
        claim = hold.claim
        holding = Holding.of(claim.grants)
        if isinstance(claim.plan, Ensure) and self._recheck and (no := self._recheck(claim)):
            return no
        try:
            match claim.plan:
                case Ensure(until):
                    return self._cloud.ensure(holding, until, hold)
                case Remove(early):
                    return self._cloud.remove(holding, hold, early=early)
                case LookAgain():
                    return self._cloud.look(holding)
                case _:
                    assert_never(claim.plan)
        except ClaimLost:
            log.warning("claim_lost", holding=claim.holding, claim=claim.number)
            return None

    def _settle(self, batch: Sequence[tuple[Hold, Outcome | None]]) -> None:
        settled = [Settled(hold.claim, outcome) for hold, outcome in batch if outcome is not None]
        overtaken = {hold.claim for hold, outcome in batch if outcome is None}
        try:
            if settled:
                overtaken |= set(self._ledger.retrying(lambda writing: settle_claims(writing, settled)))
        finally:
            for hold, _ in batch:
                self._holds.pop(hold.claim, None)
        for claim in overtaken:
            self._undo(claim)

    def _gather(self) -> list[tuple[Hold, Outcome | None]]:
        """What threads have seen: the first within a poll's time, then all that comes within a batch's."""
        try:
            batch = [self._seen.get(timeout=_POLL)]
        except Empty:
            return []
        until = time.monotonic() + _BATCH_WAIT
        while len(batch) < _BATCH and (left := until - time.monotonic()) > 0:
            try:
                batch.append(self._seen.get(timeout=left))
            except Empty:
                break
        return batch

    def _undo(self, claim: Claim) -> None:
        """A create may have come after its claim was lost: take it away again unless somebody wants it."""
        if not isinstance(claim.plan, Ensure):
            return
        with self._ledger.reading() as reader:
            grants = reader.grants_on([claim.holding])
        if any(grant.wants_presence for grant in grants):
            return
        outcome = self._cloud.remove(Holding.of(claim.grants), Unfenced(), early=True)
        log.warning("late_create_undone", holding=claim.holding, outcome=type(outcome).__name__)
        self._ledger.retrying(lambda writing: writing.look_again(claim.holding, writing.now))

    def _keep_renewing(self) -> None:
        """Renew every claim under way, until the drain closes."""
        while not self._closing.wait(RENEW_EVERY.total_seconds()):
            holds = dict(self._holds)
            if holds:
                self._renew(holds)

    def _renew(self, holds: Mapping[Claim, Hold]) -> None:
        asked_at = time.monotonic()
        try:
            held = self._ledger.retrying(lambda writing: renew_claims(writing, holds))
        except LedgerError as error:
            log.warning("renew_failed", problem=type(error).__name__)
            return
        for claim, hold in holds.items():
            if claim in held:
                hold.renewed(asked_at)
            else:
                hold.lost()
