"""Roles: spelled in one word or several, or nearly."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import NamedTuple

from bot.slack.line.words import Word
from policies.values import RoleName

_NEAR = 0.8
_NEAR_WHEN_JOINED = 0.86
_AS_NEAR = 0.05
_MOST_NAMED = 3
_COULD_BE_ROLE = re.compile(
    r"(?!(?:for|until|till|tonight|today|tomorrow)$)(?![a-z0-9]+-[0-9]+$)[a-z][a-z0-9-]*"
)


class Spelled(NamedTuple):
    """A role, and how many words spell it."""

    name: RoleName
    size: int


class Near(NamedTuple):
    """Words that are no role, and the roles that are about equally near to them, the nearest first."""

    score: float
    size: int
    closest: tuple[RoleName, ...]


@dataclass(frozen=True, slots=True)
class KnownRoles:
    """The roles there are, by the form they are compared in."""

    by_key: dict[str, RoleName]
    most_words: int

    @classmethod
    def of(cls, names: frozenset[RoleName]) -> "KnownRoles":
        """The roles of these names."""
        by_key = {name.casefold().replace("_", "-"): name for name in sorted(names)}
        return cls(by_key, max((key.count("-") + 1 for key in by_key), default=1))

    def spelled_at(self, window: Sequence[Word]) -> tuple[Spelled, ...]:
        """The roles the window can be said to start with, the shortest first."""
        sizes = range(1, min(len(window), self.most_words) + 1)
        joined = ((_joined(window[:size]), size) for size in sizes)
        return tuple(Spelled(self.by_key[key], size) for key, size in joined if key in self.by_key)

    def near_at(self, window: Sequence[Word]) -> Near | None:
        """The roles that the start of the window is near to; of several ways to read it, the nearest."""
        found = filter(None, (self._near(window[:size]) for size in self._sizes(window)))
        return max(found, key=lambda near: (near.score, -near.size), default=None)

    def _sizes(self, window: Sequence[Word]) -> Iterator[int]:
        yield 1
        for size in range(2, min(len(window), self.most_words) + 1):
            if not all(_COULD_BE_ROLE.fullmatch(word.key) for word in window[:size]):
                return
            yield size

    def _near(self, words: Sequence[Word]) -> Near | None:
        key = _joined(words)
        cutoff = _NEAR if len(words) == 1 else _NEAR_WHEN_JOINED
        keys = get_close_matches(key, self.by_key, n=_MOST_NAMED, cutoff=cutoff)
        scores = {other: likeness(key, other) for other in keys}
        best = max(scores.values(), default=0.0)
        closest = tuple(self.by_key[other] for other in keys if scores[other] >= best - _AS_NEAR)
        return Near(best, len(words), closest) if closest else None


def likeness(left: str, right: str) -> float:
    """How alike two words are: 1 is the same, 0 has nothing in common."""
    return SequenceMatcher(None, right, left).ratio()


def _joined(words: Sequence[Word]) -> str:
    return "-".join(word.key for word in words)
