"""Clouds against ledger, both ways: what was recorded and what was found go in, steps come out.

    found, recorded as live, both there      nothing to do
    found, ours, not recorded                Adopt: the ledger was lost; it is live, or due to end at once
    found, ours, recorded as gone            LookAgain: a create came late
    found, not signed by us                  Report: left alone
    recorded as live, not found              Flag: somebody took it away by hand

Nothing is decided from a list alone: whoever carries out a step reads the cloud once more first, because a
list is older than the moment it is acted on.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from policies.grant import Grant, GrantState
from policies.values import HoldingKey


class Sighting(NamedTuple):
    """Something under our mark in a cloud: its name, when it ends by itself, and whether we signed it."""

    key: HoldingKey
    ends_at: datetime | None
    genuine: bool


class Adopt(NamedTuple):
    """Ours, and unknown to the ledger: it is written down, and ends when its label says."""

    sighting: Sighting


class LookOnce(NamedTuple):
    """Ours, and gone in the ledger: it is looked at again, and taken away if it stands."""

    key: HoldingKey


class Report(NamedTuple):
    """Under our path, not signed by us: people are told, nothing is touched."""

    sighting: Sighting


class Flag(NamedTuple):
    """Live in the ledger, not in the cloud: people are told that somebody changed it by hand."""

    grant: Grant


Step: TypeAlias = Adopt | LookOnce | Report | Flag


def plan(recorded: Iterable[Grant], found: Iterable[Sighting]) -> tuple[Step, ...]:
    """What to do about the differences, in an order that does not depend on how they were listed."""
    grants = {grant.holding: grant for grant in sorted(recorded, key=lambda grant: grant.starts_at)}
    sightings = {sighting.key: sighting for sighting in found}
    seen = (_about(sightings[key], grants.get(key)) for key in sorted(sightings))
    missed = (
        Flag(grants[key]) for key in sorted(grants) if key not in sightings and _should_be_there(grants[key])
    )
    return (*(step for step in seen if step is not None), *missed)


def _should_be_there(grant: Grant) -> bool:
    return grant.state is GrantState.LIVE and not grant.standing


def _about(sighting: Sighting, grant: Grant | None) -> Step | None:
    if not sighting.genuine:
        return Report(sighting)
    if grant is None:
        return Adopt(sighting)
    return LookOnce(sighting.key) if grant.state is GrantState.GONE else None
