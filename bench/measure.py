"""A number, the floor it stands on, and the goal it has."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MS: Final = "ms"
SECONDS: Final = "s"
CALLS: Final = "calls"
MB: Final = "MB"


@dataclass(frozen=True)
class Row:
    """One line of the table: ours against the floor, in one unit."""

    what: str
    floor: float | None
    ours: float
    unit: str
    goal: str
    met: bool

    @property
    def ratio(self) -> float | None:
        """How many floors it takes; None where there is no floor to stand on."""
        return self.ours / self.floor if self.floor else None

    def as_json(self) -> dict[str, Any]:
        """The row as it is printed."""
        ratio = self.ratio
        return {
            "what": self.what,
            "unit": self.unit,
            "floor": rounded(self.floor) if self.floor is not None else None,
            "ours": rounded(self.ours),
            "ratio": rounded(ratio) if ratio is not None else None,
            "goal": self.goal,
            "met": self.met,
        }


@dataclass(frozen=True)
class Measure:
    """What one module found: its rows, what the floor is, and whatever else should be known."""

    name: str
    how: str
    rows: tuple[Row, ...]
    headline: str = ""
    """What the README says of it, if anything."""
    facts: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The measure as it is printed."""
        return {
            "measure": self.name,
            "met": all(row.met for row in self.rows),
            "rows": [row.as_json() for row in self.rows],
            "how": self.how,
            "headline": self.headline,
            "facts": dict(self.facts),
        }


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that this part of all samples does not exceed (nearest rank)."""
    if not samples:
        raise ValueError("there is nothing to take a percentile of")
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def p50(samples: Sequence[float]) -> float:
    """The middle."""
    return percentile(samples, 50)


def p99(samples: Sequence[float]) -> float:
    """All but the worst hundredth; of fewer than a hundred samples, the worst."""
    return percentile(samples, 99)


def rounded(value: float) -> float:
    """Three digits are all that any of this is worth."""
    if not value:
        return 0.0
    return round(value, max(0, 2 - math.floor(math.log10(abs(value)))))


def spread(samples: Sequence[float]) -> dict[str, float]:
    """The middle, the bad and the worst of some samples, and how many there are."""
    return {
        "p50": rounded(p50(samples)),
        "p99": rounded(p99(samples)),
        "max": rounded(max(samples)),
        "samples": len(samples),
    }
