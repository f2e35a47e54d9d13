"""What is in force, which is not what the policy says yet: grants and removals arrive late.

https://cloud.google.com/iam/docs/access-change-propagation: two minutes typically, seven or more possible,
and an end slower than a start. A date in a condition needs no such time: it is read at each request.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sandbox.gcp.policy import Delta, Grant


@dataclass(frozen=True)
class Spell:
    """One stay of a grant in a policy, and when the services believe in it."""

    since: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether the services believe in it now."""
        return self.since <= now and (self.until is None or now < self.until)


class Enforcement:
    """The grants in force on each resource."""

    def __init__(self) -> None:
        self._spells: dict[tuple[str, Grant], list[Spell]] = defaultdict(list)

    def changed(
        self, resource: str, change: Delta, now: datetime, *, grant_lag: timedelta, removal_lag: timedelta
    ) -> None:
        """Takes a change of a policy on its way to the services."""
        for grant in change.added:
            self._spells[resource, grant].append(Spell(now + grant_lag))
        for grant in change.removed:
            spells = self._spells[resource, grant]
            spells[-1] = replace(spells[-1], until=now + removal_lag)

    def on(self, resource: str, now: datetime) -> Iterator[Grant]:
        """The grants in force on one resource, their conditions not looked at."""
        for (name, grant), spells in self._spells.items():
            if name == resource and any(spell.holds(now) for spell in spells):
                yield grant
