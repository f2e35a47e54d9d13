"""All of the pretend Google Cloud in one place: what a call reads and changes."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sandbox.gcp import seed
from sandbox.gcp.access import Access
from sandbox.gcp.activity import Activity
from sandbox.gcp.calls import CallLog
from sandbox.gcp.cel import Request
from sandbox.gcp.directory import Directory, Resource
from sandbox.gcp.enforcement import Enforcement
from sandbox.gcp.faults import Faults
from sandbox.gcp.keys import Key
from sandbox.gcp.policies import Policies
from sandbox.gcp.policy import AuditConfig, Delta, Policy, delta
from sandbox.gcp.quota import Quota
from sandbox.gcp.settings import Settings
from sandbox.gcp.tokens import Tokens


class Cloud:
    """The state of everything."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.directory = Directory()
        self.policies = Policies()
        self.enforcement = Enforcement()
        self.access = Access(self.directory, self.enforcement)
        self.quota = Quota()
        self.activity = Activity()
        self.log = CallLog()
        self.faults = Faults()
        self.keys = self._make_keys()
        self.tokens = Tokens(self.directory, self._certificates())
        self.dates_stopped_at: datetime | None = None
        """Since when no date in a condition comes due any more."""
        self.restarts: list[str] = []
        """The databases that were restarted."""
        self._seed()

    def now(self) -> datetime:
        """The time it is: the movable clock's, when the process follows it."""
        return datetime.now(UTC)

    def put(self, resource: Resource, policy: Policy, now: datetime) -> tuple[Policy, Delta]:
        """Stores a policy, and sends the change on its way to the services."""
        change = delta(self.policies.current(resource.name), policy)
        stored = self.policies.set(resource.name, policy, now)
        self.enforcement.changed(
            resource.name,
            change,
            now,
            grant_lag=timedelta(seconds=self.settings.grant_lag_seconds),
            removal_lag=timedelta(seconds=self.settings.removal_lag_seconds),
        )
        return stored, change

    def request(
        self, resource: Resource, now: datetime, *, name: str = "", modified: frozenset[str] | None = None
    ) -> Request:
        """What a condition is asked about, for a call on a resource or on something in it."""
        service, kind = resource.type.split("/")
        if name:  # the only thing in a resource here is a database of a project
            service, kind = "sqladmin.googleapis.com", "Instance"
        time = self.dates_stopped_at or now
        return Request(time, name or resource.name, f"{service}/{kind}", service, modified)

    def audit_configs(self, resource: Resource) -> Iterator[AuditConfig]:
        """What Data Access logs a resource inherits."""
        for above in self.directory.upwards(resource):
            yield from self.policies.current(above.name).audit_configs

    def _make_keys(self) -> tuple[Key, ...]:
        numbers = itertools.count(1)
        return tuple(
            Key(self.directory.service_accounts[email], f"{next(numbers):040x}") for email in seed.KEYED
        )

    def _certificates(self) -> dict[str, dict[str, str]]:
        return {key.account.email: {key.key_id: key.certificate()} for key in self.keys}

    def _seed(self) -> None:
        now = self.now()
        for name, policy in seed.POLICIES.items():
            resource = self.directory.resource(name)
            if resource is None:
                raise LookupError(name)
            self.put(resource, policy, now)
