"""All of the pretend Azure's state, in one place, and its rules about one request."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.azure.access import Access
from sandbox.azure.activity import ActivityLog
from sandbox.azure.assignments import Assignments
from sandbox.azure.directory import Directory, Principal
from sandbox.azure.pim import Schedules
from sandbox.azure.scopes import Scope
from sandbox.azure.settings import Settings
from sandbox.azure.throttling import Buckets
from sandbox.azure.timing import Timing
from sandbox.azure.tokens import Caller, Tokens
from sandbox.azure.wire import Request


class Azure:
    """One tenant."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.timing = Timing()
        self.directory = Directory()
        self.tokens = Tokens(self.timing.now)
        self.assignments = Assignments()
        self.access = Access(self.assignments, self.directory, self.timing, lambda: self.settings)
        self.schedules = Schedules(self.assignments, self.timing, lambda: self.settings)
        self.buckets = Buckets(self.timing.now)
        self.activity = ActivityLog()

    def principal(self, principal_id: str, kind: str | None) -> Principal | None:
        """Somebody to assign to; one who is new is known only when their kind is given."""
        found = self.directory.find(principal_id)
        if found is None or kind is not None:
            return found
        known = found.created_at + timedelta(seconds=self.settings.principal_lag)
        return found if known <= self.timing.now() else None


@dataclass(frozen=True)
class Asking:
    """One request, by a caller, about a scope, perhaps about something by name."""

    azure: Azure
    request: Request
    caller: Caller
    scope: Scope
    name: str = ""
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    """What ties an answer to its activity log record."""

    @property
    def filter(self) -> str:
        """The request's `$filter`."""
        return self.request.query.get("$filter", "")
