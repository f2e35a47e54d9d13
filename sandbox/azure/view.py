"""The cloud view: what Azure holds at this moment, read from its own state and nothing of ours."""

from typing import Any

from sandbox.azure.assignments import Assignment
from sandbox.azure.azure import Azure
from sandbox.azure.roles import role_of


def assignments(azure: Azure) -> list[dict[str, Any]]:
    """Every assignment that is there, standing ones too, whatever the lists show yet."""
    azure.schedules.settle()
    now, settings = azure.timing.now(), azure.settings
    in_force = {one.name for one in azure.assignments.in_force(now, settings)}
    return [_seen(azure, one, in_force) for one in azure.assignments.present()]


def _seen(azure: Azure, one: Assignment, in_force: set[str]) -> dict[str, Any]:
    who, role = azure.directory.find(one.principal), role_of(one.role)
    schedule = azure.schedules.schedule(one.schedule) if one.schedule else None
    return {
        "name": one.name,
        "scope": one.scope.text,
        "role": role.title if role else one.role,
        "principal": one.principal,
        "who": who.name if who else "",
        "description": one.description,
        "condition": one.condition,
        "standing": one.seeded,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "in_force": one.name in in_force,
        "pim": schedule is not None,
        "request": schedule.request if schedule else None,
        "ends_at": schedule.ends_at.isoformat() if schedule and schedule.ends_at else None,
    }
