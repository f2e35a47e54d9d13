"""The one place where workers and clock get their concrete parts; nothing is made at import."""

import os
import threading
from datetime import timedelta
from functools import cached_property
from typing import Final

import structlog

from policies.holding import Direction
from policies.values import CloudName
from workers.adapters import ADAPTERS
from workers.clock import Chore
from workers.clouds.cloud import Cloud, CloudError
from workers.jobs import Drain
from workers.leavers import LOOK_EVERY, Leavers
from workers.ledger.errors import LedgerError
from workers.paging import Paging
from workers.recheck import StillAllowed
from workers.reconciler import Reconciler
from workers.settings import DATABASE_SKEW, Settings
from workers.shared import Shared

log = structlog.get_logger(__name__)

CLOUDS: Final = tuple(ADAPTERS)
"""The clouds there are adapters for."""


class Hands(Shared):
    """Everything a worker or a clock needs, each part made when it is first used."""

    @cached_property
    def _clouds(self) -> dict[CloudName, Cloud]:
        return {}

    def cloud(self, name: CloudName) -> Cloud:
        """The adapter of a cloud; its SDK is imported on first use. LookupError for an unknown name."""
        if name not in self._clouds:
            self._clouds[name] = self._make_cloud(name)
        return self._clouds[name]

    def _make_cloud(self, name: CloudName) -> Cloud:
        if name not in ADAPTERS:
            raise LookupError(f"there is no cloud called {name}")
        return ADAPTERS[name](self.settings, self.ledger, self.policy)

    def clouds_in_use(self) -> tuple[CloudName, ...]:
        """The clouds that the policy names a place in, or that hold something the ledger still knows of."""
        in_force = self.policy()
        named = in_force.clouds.used if in_force else CLOUDS
        try:
            with self.ledger.reading() as reader:
                held = reader.clouds_with_alarms()
        except LedgerError:
            held = frozenset()
        return tuple(cloud for cloud in CLOUDS if cloud in named or cloud in held)

    def warm(self, queue: str) -> None:
        """Import what a queue's first job would otherwise wait for."""
        _, _, cloud = queue.partition("-")
        threading.Thread(target=_warm, args=(self.cloud(CloudName(cloud)),), name="warm", daemon=True).start()

    def drain(self, direction: Direction, cloud: CloudName) -> int:
        """Do what is due for one cloud in one direction; how many holdings were worked on."""
        if direction is Direction.GRANT and self.clock_is_wrong():
            return 0
        return Drain(
            self.ledger,
            self.cloud(cloud),
            direction,
            worker=self.name,
            threads=self.settings.threads,
            recheck=StillAllowed(self.ledger, self.policy, self.clock_is_wrong),
        ).run()

    def reconciler(self, cloud: CloudName) -> Reconciler:
        """Compares one cloud with the ledger."""
        return Reconciler(self.ledger, self.cloud(cloud), self.policy)

    def reconcile(self, cloud: CloudName) -> None:
        """Put right what differs between one cloud and the ledger; an unreachable cloud is tried again."""
        if cloud not in self.clouds_in_use():
            return
        try:
            self.reconciler(cloud).run()
        except CloudError as error:
            log.warning("not_reconciled", cloud=cloud, problem=error.problem)

    def chores(self) -> dict[str, Chore]:
        """What the clock sees to besides the alarms."""
        paging = Paging(self.ledger, self.settings.page_webhook.get_secret_value(), name=self.name)
        return {
            "leavers": Chore(LOOK_EVERY, Leavers(self.ledger, self.policy).run),
            "paging": Chore(timedelta(seconds=5), paging.run),
        }

    def clock_is_wrong(self) -> bool:
        """True when our clock and the database's are too far apart for anything new to be granted."""
        skew = self.ledger.skew()
        if skew > DATABASE_SKEW:
            log.error("clock_skew", seconds=skew.total_seconds())
        return skew > DATABASE_SKEW


def _warm(cloud: Cloud) -> None:
    try:
        cloud.warm()
    except Exception as error:  # noqa: BLE001 (the boundary of warming: the first job finds out what is wrong)
        log.info("not_warmed", cloud=cloud.name, problem=type(error).__name__)


class _PerProcess:
    """One `Hands` for each process: a fork gets its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[int, Hands] = {}

    def __call__(self) -> Hands:
        with self._lock:
            mine = self._made.get(os.getpid())
            if mine is None:
                mine = self._made[os.getpid()] = Hands(Settings())
            return mine


hands = _PerProcess()
"""This process's hands, wired from the environment on first use."""
