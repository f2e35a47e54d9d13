"""The cloud view: who is assigned what, and what is still on its way."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.identity_center.assignments import Assignment, Way
from sandbox.identity_center.center import Center


@dataclass(frozen=True)
class AssignmentView:
    """One assignment as Identity Center has it now, or is about to have it."""

    key: str
    """All that it is, in one line: see `names.assignment`."""
    permission_set: str
    permission_set_arn: str
    account: str
    kind: str
    principal: str
    name: str
    """The person or group, or nothing when they are in the directory no more."""
    since: str
    """When it was made, or nothing while it is on its way."""
    by: str
    under_way: str
    """`creation` or `deletion` while one is in progress."""


def assignments(center: Center, now: datetime) -> dict[str, Any]:
    """Everything that stands or is on its way."""
    center.assignments.advance(now)
    return {"assignments": [asdict(one) for one in sorted(_seen(center, now), key=lambda one: one.key)]}


def _seen(center: Center, now: datetime) -> Iterator[AssignmentView]:
    under_way = {operation.assignment: operation for operation in center.assignments.under_way()}
    standing = {one: (since, by) for one, since, by in center.assignments.seen_at(now)}
    for one, (since, by) in standing.items():
        way = under_way[one].way.value if one in under_way else ""
        yield _view(center, one, since.isoformat(), by, way)
    for one, operation in under_way.items():
        if one not in standing and operation.way is Way.CREATION:
            yield _view(center, one, "", operation.by, operation.way.value)


def _view(center: Center, one: Assignment, since: str, by: str, under_way: str) -> AssignmentView:
    directory = center.directory
    found = directory.sets.get(one.permission_set)
    known = directory.users if one.kind == "USER" else directory.groups
    return AssignmentView(
        key=one.text,
        permission_set=found.name if found else "",
        permission_set_arn=one.permission_set,
        account=one.account,
        kind=one.kind,
        principal=one.principal,
        name=known.get(one.principal, ""),
        since=since,
        by=by,
        under_way=under_way,
    )
