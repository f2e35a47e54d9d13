"""Clouds against ledger, both ways: what was recorded and what was found go in, steps come out.

    found, recorded as live, both there      nothing to do
    found, ours, not recorded                Adopt: the ledger was lost; it is live, or due to end at once
    found, ours, recorded as gone            LookAgain: a create came late
    found, not signed by us                  Report: left alone
    recorded as live, not found              Flag: somebody took it away by hand

Nothing is decided from a list alone: whoever carries out a step reads the cloud once more first, because a
list is older than the moment it is acted on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from policies.grant import Grant, GrantState
from policies.values import GrantId, HoldingKey


class Sighting(NamedTuple):
    """Something under our mark in a cloud: its name, when it ends by itself, and whether we signed it."""

    key: HoldingKey
    ends_at: datetime | None
    genuine: bool
    grant: GrantId | None = None
    """The grant that the object says it was made for, where its cloud can say."""


class Adopt(NamedTuple):
    """Ours, and unknown to the ledger: it is written down, and ends when its label says."""

    sighting: Sighting


class LookOnce(NamedTuple):
    """Ours, and gone in the ledger: it is looked at again, and taken away if it stands."""

    key: HoldingKey


class Shorten(NamedTuple):
    """Ours, and there for longer than anybody has it: its end is moved back."""

    key: HoldingKey


class Report(NamedTuple):
    """Under our path, not signed by us: people are told, nothing is touched."""

    sighting: Sighting


class Flag(NamedTuple):
    """Live in the ledger, not in the cloud: people are told that somebody changed it by hand."""

    grant: Grant


Step: TypeAlias = Adopt | LookOnce | Shorten | Report | Flag


def plan(recorded: Iterable[Grant], found: Iterable[Sighting]) -> tuple[Step, ...]:
    """What to do about the differences, in an order that does not depend on how they were listed."""
    grants: dict[HoldingKey, dict[GrantId, Grant]] = defaultdict(dict)
    for grant in recorded:
        grants[grant.holding][grant.id] = grant
    sightings = {sighting.key: sighting for sighting in found}
    seen = (_about(sightings[key], grants[key].values()) for key in sorted(sightings))
    missed = (
        Flag(grant)
        for key in sorted(grants)
        if key not in sightings
        for _, grant in sorted(grants[key].items())
        if _should_be_there(grant)
    )
    return (*(step for step in seen if step is not None), *missed)


def _should_be_there(grant: Grant) -> bool:
    return grant.state is GrantState.LIVE and not grant.standing


def _about(sighting: Sighting, grants: Collection[Grant]) -> Step | None:
    if not sighting.genuine:
        return Report(sighting)
    if not grants:
        return Adopt(sighting)
    wanted = [grant.wanted_until for grant in grants if grant.wants_presence]
    if wanted:
        too_long = sighting.ends_at is not None and sighting.ends_at > max(wanted)
        return Shorten(sighting.key) if too_long else None
    if not all(grant.over for grant in grants):
        return None
    known = sighting.grant is None or sighting.grant in {grant.id for grant in grants}
    return LookOnce(sighting.key) if known else Adopt(sighting)
