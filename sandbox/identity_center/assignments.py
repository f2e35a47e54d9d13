"""Assignments, and the operations that make and remove them: AWS does both later.

- An operation is IN_PROGRESS, then SUCCEEDED or FAILED with a reason in words
  (https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_AccountAssignmentOperationStatus.html).
- Creating what is there already succeeds and makes no second one: the service does not refuse duplicates
  (said in terraform-provider-aws, internal/service/ssoadmin/account_assignment.go).
- A principal who has left the directory cannot be removed either: "Received a 404 status error: the USER
  assignee ... was not found in directory ..." (https://github.com/hashicorp/terraform-provider-aws/issues/19341).
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sandbox.identity_center import names


class Assignment(NamedTuple):
    """One permission set in one account, for one principal."""

    permission_set: str
    account: str
    kind: str
    principal: str

    @property
    def text(self) -> str:
        """All that it is, in one line."""
        return names.assignment(*self)


class Way(StrEnum):
    """What an operation does."""

    CREATION = "creation"
    DELETION = "deletion"


class Status(StrEnum):
    """Where an operation stands."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass
class Operation:
    """One creation or deletion."""

    way: Way
    assignment: Assignment
    by: str
    begun_at: datetime
    ends_at: datetime
    id: str
    status: Status = Status.IN_PROGRESS
    reason: str = ""


@dataclass(frozen=True)
class _Change:
    """Since when an assignment stands, or does not, and by whom."""

    at: datetime
    stands: bool
    by: str


class Assignments:
    """All assignments and all operations."""

    def __init__(self, exists: Callable[[Assignment], bool]) -> None:
        self._exists = exists
        self._changes: dict[Assignment, list[_Change]] = {}
        self._operations: dict[str, Operation] = {}

    def begin(
        self, way: Way, assignment: Assignment, by: str, now: datetime, *, lasts: timedelta, reason: str
    ) -> Operation:
        """A new operation; with a reason it will fail."""
        operation = Operation(way, assignment, by, now, now + lasts, str(uuid.uuid4()), reason=reason)
        self._operations[operation.id] = operation
        return operation

    def advance(self, now: datetime) -> None:
        """Ends every operation whose time has come, in their order."""
        due = [one for one in self.under_way() if one.ends_at <= now]
        for operation in sorted(due, key=lambda one: one.ends_at):
            self._finish(operation)

    def _finish(self, operation: Operation) -> None:
        operation.reason = operation.reason or self._why_not(operation)
        operation.status = Status.FAILED if operation.reason else Status.SUCCEEDED
        if not operation.reason:
            self.put(operation.assignment, operation.ends_at, operation.by, operation.way is Way.CREATION)

    def _why_not(self, operation: Operation) -> str:
        one = operation.assignment
        if not self._exists(one):
            return (
                f"Received a 404 status error: the {one.kind} assignee {one.principal} "
                f"was not found in directory {names.IDENTITY_STORE}"
            )
        if operation.way is Way.DELETION and not self.stands(one):
            return "Received a 404 status error: the account assignment was not found"
        return ""

    def put(self, assignment: Assignment, at: datetime, by: str, stands: bool) -> None:  # noqa: FBT001 - its state
        """From a moment on it stands, or does not."""
        if self.stands(assignment) != stands:
            self._changes.setdefault(assignment, []).append(_Change(at, stands, by))

    def stands(self, assignment: Assignment) -> bool:
        """Whether it stands, by the last that happened to it."""
        changes = self._changes.get(assignment, [])
        return bool(changes) and changes[-1].stands

    def seen_at(self, moment: datetime) -> Iterator[tuple[Assignment, datetime, str]]:
        """What stood at a moment, since when, and by whom."""
        for assignment, changes in self._changes.items():
            before = [change for change in changes if change.at <= moment]
            if before and before[-1].stands:
                yield assignment, before[-1].at, before[-1].by

    def find(self, way: Way, name: str) -> Operation | None:
        """An operation by its request id; the ids of the two ways are not interchangeable."""
        found = self._operations.get(name)
        return found if found and found.way is way else None

    def operations(self, way: Way) -> list[Operation]:
        """All operations of one way, the newest first."""
        return [one for one in reversed(self._operations.values()) if one.way is way]

    def under_way(self, way: Way | None = None) -> list[Operation]:
        """The operations that have not ended."""
        return [
            one
            for one in self._operations.values()
            if one.status is Status.IN_PROGRESS and way in {None, one.way}
        ]
