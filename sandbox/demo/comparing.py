"""Clouds against ledger, in sentences: the last line of the cloud view."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from policies.grant import MISSING, Grant, GrantState
from sandbox.demo.ports import CloudReading

_HELD = {GrantState.LIVE, GrantState.EXTENDING}
Together: TypeAlias = Mapping[str, Sequence[Grant]]
"""The grants that hang on each holding."""


def differences(
    clouds: Iterable[CloudReading], before: Iterable[Grant], after: Iterable[Grant]
) -> tuple[str, ...]:
    """What each cloud holds and the ledger does not say, and the other way round.

    `before` and `after` are the ledger's grants on both sides of the look at the clouds: what moved between
    them is not judged, as nobody knows on which side of the move the cloud was seen.
    """
    versions = {grant.id: grant.version for grant in before}
    at_rest: dict[str, list[Grant]] = defaultdict(list)
    moved: set[str] = set()
    for grant in after:
        at_rest[grant.holding].append(grant)
        if versions.get(grant.id) != grant.version:
            moved.add(grant.holding)
    judged = {holding: grants for holding, grants in at_rest.items() if holding not in moved}
    return tuple(said for cloud in clouds for said in _of_cloud(cloud, judged, at_rest))


def _of_cloud(cloud: CloudReading, judged: Together, known: Together) -> Iterator[str]:
    if cloud.problem:
        yield cloud.problem
        return
    held = {one.holding for one in cloud.objects}
    for holding, grants in judged.items():
        if grants[0].cloud == cloud.cloud:
            yield from _of_holding(cloud.title, grants, held=holding in held)
    for one in cloud.objects:
        if one.holding not in known:
            yield f"{cloud.title} holds {one.name}, {one.detail or one.id}; the ledger does not know it."


def _of_holding(title: str, grants: Sequence[Grant], *, held: bool) -> Iterator[str]:
    if held:
        if not any(grant.wants_presence for grant in grants):
            newest = max(grants, key=lambda grant: (grant.starts_at, grant.id))
            yield f"{title} still holds {newest.request}; the ledger says {newest.state.value}."
        return
    for grant in grants:
        if grant.state in _HELD and not grant.standing:
            knows = ", and knows that it is missing" if grant.problem == MISSING else ""
            yield f"{title} does not hold {grant.request}; the ledger says {grant.state.value}{knows}."
