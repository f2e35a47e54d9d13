"""The one place where workers and clock get their concrete parts; nothing is made at import."""

import os
import threading
from collections.abc import Callable
from functools import cached_property

import structlog

from policies.entitlements.aws import AwsLease, lease_in
from policies.holding import Direction
from policies.rules import Policy
from policies.values import CloudName
from workers.clouds.cloud import Cloud, CloudError
from workers.jobs import Drain
from workers.ledger.ledger import Ledger
from workers.recheck import StillAllowed
from workers.reconciler import Reconciler
from workers.settings import DATABASE_SKEW, Settings
from workers.shared import Shared

log = structlog.get_logger(__name__)

CLOUDS = (CloudName("aws"),)
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
        match name:
            case "aws":
                return aws_cloud(self.settings, self.ledger, self.policy)
            case _:
                raise LookupError(f"there is no cloud called {name}")

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
            recheck=StillAllowed(self.ledger, self.policy),
        ).run()

    def reconciler(self, cloud: CloudName) -> Reconciler:
        """Compares one cloud with the ledger."""
        return Reconciler(self.ledger, self.cloud(cloud), self.policy)

    def reconcile(self, cloud: CloudName) -> None:
        """Put right what differs between one cloud and the ledger; an unreachable cloud is tried again."""
        try:
            self.reconciler(cloud).run()
        except CloudError as error:
            log.warning("not_reconciled", cloud=cloud, problem=error.problem)

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


def aws_cloud(settings: Settings, ledger: Ledger, policy: Callable[[], Policy | None]) -> Cloud:
    """The leased-role adapter; the accounts it looks through are those of the policy in force."""
    from workers.clouds.aws.client import AwsClient  # noqa: PLC0415 (lazy: boto3 takes 0.3 s to import)
    from workers.clouds.aws.leased_role import LeasedRoles  # noqa: PLC0415 (lazy, as above)
    from workers.clouds.labels import Labels  # noqa: PLC0415 (lazy, as above)

    client = AwsClient(
        instance=settings.instance,
        now=ledger.now,
        endpoint=settings.aws_endpoint,
        connections=settings.threads,
    )

    def accounts() -> tuple[AwsLease, ...]:
        in_force = policy()
        return tuple(lease_in(account) for account in in_force.clouds.aws) if in_force else ()

    return LeasedRoles(client, Labels(settings.instance, settings.keys), accounts)


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
