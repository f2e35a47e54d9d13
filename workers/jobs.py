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
from typing import Final, TypeAlias

import structlog

from policies.holding import Direction, Ensure, Limit, LookAgain, Noes, Outcome, Unreachable, plan
from workers.clouds.cloud import ClaimLost, Cloud, Holding, Work
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


Recheck: TypeAlias = Callable[[Claim], Noes]
"""Asks the rules once more before the first cloud call; the requests that get nothing now, and why."""


_Unit: TypeAlias = "list[tuple[Hold, Outcome | None, Noes]]"
"""What one thread saw: of one holding, or of all that its cloud changes in one piece."""


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


def _units(claims: Sequence[Claim]) -> list[list[Claim]]:
    """The claims as threads take them: alone, or with everything in the same piece."""
    units: dict[str, list[Claim]] = {}
    for claim in claims:
        units.setdefault(claim.together or claim.holding, []).append(claim)
    return list(units.values())


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
        self._seen: Queue[_Unit] = Queue()
        self._holds: dict[Claim, Hold] = {}
        self._running = 0
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
            units = self._gather()
            if units:
                worked += self._take_on(stop_at, finished=len(units))
                self._settle([seen for unit in units for seen in unit])
            if busy:
                idle_until = time.monotonic() + self._linger
        return worked

    def _take_on(self, stop_at: float, *, finished: int) -> int:
        """Claim work for every thread that is free; one that has finished is, before its work is settled."""
        self._running -= finished
        free = self._threads - self._running if time.monotonic() < stop_at else 0
        asked_at = time.monotonic()
        claims = self._claim(min(free, _BATCH))
        for unit in _units(claims):
            self._start(unit, asked_at)
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

    def _start(self, claims: Sequence[Claim], asked_at: float) -> None:
        holds = [Hold(claim, asked_at) for claim in claims]
        self._holds.update({hold.claim: hold for hold in holds})
        self._running += 1
        future = self._pool.submit(self._work, holds)
        future.add_done_callback(lambda done: self._finished(holds, done))

    def _finished(self, holds: Sequence[Hold], done: "Future[_Unit]") -> None:
        """Pass on what a thread saw; a bug in an adapter is an outcome too, and never ends the drain."""
        problem = done.exception()
        if problem is None:
            self._seen.put(done.result())
            return
        log.error("cloud_call_broke", holding=holds[0].claim.holding, problem=repr(problem))
        self._seen.put([(hold, Unreachable(f"bug:{type(problem).__name__}"), {}) for hold in holds])

    def _work(self, holds: Sequence[Hold]) -> "_Unit":
        """What the cloud showed of each once the plans were carried out; None where a claim was lost."""
        noes = {hold: self._noes(hold.claim) for hold in holds}
        plans = {hold: plan(hold.claim.grants, noes[hold]) for hold in holds}
        nothing = [hold for hold in holds if noes[hold] and plans[hold] == LookAgain()]
        going = [hold for hold in holds if hold not in nothing]
        works = [Work(Holding.of(hold.claim.grants), plans[hold], hold) for hold in going]
        outcomes = self._cloud.carry_out(works) if works else ()
        seen: _Unit = [(hold, next(iter(noes[hold].values())), noes[hold]) for hold in nothing]
        seen += [(hold, outcome, noes[hold]) for hold, outcome in zip(going, outcomes, strict=True)]
        for hold, outcome, _ in seen:
            if outcome is None:
                log.warning("claim_lost", holding=hold.claim.holding, claim=hold.claim.number)
        return seen

    def _noes(self, claim: Claim) -> Noes:
        if not isinstance(claim.plan, Ensure) or self._recheck is None:
            return {}
        try:
            return self._recheck(claim)
        except Exception as error:  # the boundary: what cannot be asked is not given
            log.exception("not_asked_again", holding=claim.holding)
            no = Unreachable(f"bug:{type(error).__name__}")
            return {grant.request: no for grant in claim.grants if grant.wants_presence}

    def _settle(self, batch: _Unit) -> None:
        for first in range(0, len(batch), _BATCH):
            self._settle_some(batch[first : first + _BATCH])

    def _settle_some(self, batch: _Unit) -> None:
        settled = [Settled(hold.claim, outcome, noes) for hold, outcome, noes in batch if outcome is not None]
        overtaken = {hold.claim for hold, outcome, _ in batch if outcome is None}
        try:
            if settled:
                overtaken |= set(self._ledger.retrying(lambda writing: settle_claims(writing, settled)))
        finally:
            for hold, *_ in batch:
                self._holds.pop(hold.claim, None)
        for claim in overtaken:
            self._undo(claim)

    def _gather(self) -> "list[_Unit]":
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
        if not isinstance(claim.plan, Ensure | Limit):
            return
        with self._ledger.reading() as reader:
            grants = reader.grants_on([claim.holding])
        if any(grant.wants_presence for grant in grants):
            self._ledger.retrying(lambda writing: writing.look_soon(claim.holding))
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
