"""All of the pretend Identity Center in one place: what a call reads and changes."""

import secrets
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.aws.keys import Keys
from sandbox.identity_center import names
from sandbox.identity_center.assignments import Assignment, Assignments
from sandbox.identity_center.callers import Callers, Standing
from sandbox.identity_center.calls import CallLog
from sandbox.identity_center.directory import Directory, PermissionSet
from sandbox.identity_center.errors import AwsError
from sandbox.identity_center.faults import Faults
from sandbox.identity_center.settings import Settings

_SECOND: Final = timedelta(seconds=1)


class Center:
    """The state of everything."""

    def __init__(self, worker: Keys | None = None) -> None:
        """`worker`: the workers' keys, where those of another stand-in are to be good here too."""
        self.log = CallLog()
        self.faults = Faults()
        self.callers = Callers()
        self.worker = self.callers.user(f"{names.TOOLING}/{names.WORKER}", Standing.WORKER, worker)
        self.operator = self.callers.user(f"{names.ADMINISTRATION}/{names.OPERATOR}", Standing.OPERATOR)
        self.portal = {secrets.token_urlsafe(40): names.user_id(person) for person in names.PEOPLE}
        """The sign-in of each person, by the token of their access portal."""
        self._calls: deque[datetime] = deque()
        self.restarts: list[str] = []
        self.renew()

    def renew(self) -> None:
        """Everything as it was at the start, but for the keys, the log and the faults."""
        self.settings = Settings()
        self.directory = Directory()
        self.assignments = Assignments(self._exists)
        now = self.now()
        everyday = Assignment(names.EVERYDAY_ARN, "", "GROUP", names.group_id(names.ENGINEERS))
        for account in (names.SHOP_PROD, names.PAY_PROD):
            self.assignments.put(everyday._replace(account=account), now, names.OPERATOR, stands=True)

    def _exists(self, assignment: Assignment) -> bool:
        known = self.directory.users if assignment.kind == "USER" else self.directory.groups
        return assignment.principal in known

    def now(self) -> datetime:
        """The time it is: the movable clock's, when the process follows it."""
        return datetime.now(UTC)

    def seen(self, now: datetime) -> Iterator[Assignment]:
        """The assignments a list answers now."""
        moment = now - timedelta(seconds=self.settings.read_lag_seconds)
        return (assignment for assignment, _, _ in self.assignments.seen_at(moment))

    def allows(self, user: str, account: str, name: str) -> PermissionSet | None:
        """The permission set of this name, when the user has it in this account, or a group of theirs."""
        found = self.directory.set_named(name)
        if found is None or user not in self.directory.users:
            return None
        ways = [
            Assignment(found.arn, account, kind, principal)
            for kind in ("USER", "GROUP")
            for principal in self.directory.principals_of(user)
        ]
        return found if any(self.assignments.stands(way) for way in ways) else None

    def count_call(self, now: datetime) -> None:
        """Refuses a call of sso-admin when there were too many in the last second; it is not counted then.

        https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html
        """
        while self._calls and self._calls[0] <= now - _SECOND:
            self._calls.popleft()
        if len(self._calls) >= self.settings.calls_a_second:
            raise AwsError("ThrottlingException", "Rate exceeded")
        self._calls.append(now)
