"""The cloud view: the bindings there are, when each ends by itself, and who is believed to hold it now."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.gcp import cel
from sandbox.gcp.cloud import Cloud
from sandbox.gcp.directory import Resource
from sandbox.gcp.policy import Binding, ordered


@dataclass(frozen=True)
class BindingView:
    """One binding as the policy has it now."""

    resource: str
    role: str
    members: tuple[str, ...]
    title: str
    description: str
    expression: str
    ends_at: str | None
    """When its condition stops granting, or None: never by itself."""
    over: bool
    """Its end is past; the binding stays until somebody removes it."""
    in_force: tuple[str, ...]
    """The members the services believe hold it: all of them, once the change has arrived everywhere."""


def bindings(cloud: Cloud, resource: str, now: datetime) -> dict[str, Any]:
    """The bindings of one resource, or of all; and the grants that are removed and still in force."""
    chosen = [one for one in cloud.directory.resources() if resource in {"", one.name}]
    return {
        "bindings": [asdict(seen) for one in chosen for seen in _seen(cloud, one, now)],
        "lingering": [grant for one in chosen for grant in _lingering(cloud, one, now)],
    }


def _seen(cloud: Cloud, resource: Resource, now: datetime) -> Iterator[BindingView]:
    believed = frozenset(cloud.enforcement.on(resource.name, now))
    for binding in cloud.policies.current(resource.name).bindings:
        condition = binding.condition
        ends = cel.ends_at(condition.expression) if condition else None
        yield BindingView(
            resource=resource.name,
            role=binding.role,
            members=binding.members,
            title=condition.title if condition else "",
            description=condition.description if condition else "",
            expression=condition.expression if condition else "",
            ends_at=ends.isoformat() if ends else None,
            over=ends is not None and ends <= now,
            in_force=_holding(binding, believed),
        )


def _holding(binding: Binding, believed: frozenset[Any]) -> tuple[str, ...]:
    return tuple(grant.member for grant in binding.grants() if grant in believed)


def _lingering(cloud: Cloud, resource: Resource, now: datetime) -> list[dict[str, Any]]:
    gone = (
        frozenset(cloud.enforcement.on(resource.name, now)) - cloud.policies.current(resource.name).grants()
    )
    return [{"resource": resource.name, **grant.json()} for grant in ordered(gone)]
