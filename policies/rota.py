"""Who is on call by a rota of the organisation's own: people take turns, in order, for ever.

    people:     ben ─────▶ chloe ─────▶ ben ─────▶ …      each for `every`, from `starts_at` on
    overrides:        ana ──▶                              whoever stands in is on call instead

A turn ends at the same time of the wall clock as it began, in the rota's time zone: a week that starts on
Monday at 09:00 in Berlin ends on Monday at 09:00 in Berlin, and is 167 or 169 hours long where the clocks are
changed in it. A time that the clocks leave out is the moment they would have reached it, one that comes twice
is its first coming.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.values import Moment, PersonId, Value
from policies.window import Duration, _zone

SHORTEST_TURN: Final = timedelta(hours=1)
LONGEST_TURN: Final = timedelta(days=366)


class Turn(NamedTuple):
    """Somebody on call by the rota, and when this ends; whoever follows may be the same person."""

    person: PersonId
    ends_at: datetime


class Override(Value):
    """Somebody who is on call instead of whoever's turn it is."""

    person: PersonId
    starts_at: Moment
    ends_at: Moment

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("an override ends after it starts")
        return self

    def covers(self, at: datetime) -> bool:
        """Whether the moment lies in it: from its start on, and before its end."""
        return self.starts_at <= at < self.ends_at


def _in_order(overrides: Iterable[Override]) -> tuple[Override, ...]:
    ordered = tuple(sorted(overrides, key=lambda override: override.starts_at))
    for one, following in pairwise(ordered):
        if following.starts_at < one.ends_at:
            raise ValueError(f"two overrides are at the same time: of {one.person} and {following.person}")
    return ordered


def _length(every: timedelta) -> timedelta:
    if not SHORTEST_TURN <= every <= LONGEST_TURN:
        raise ValueError("a turn is at least 1h and at most 366d long")
    return every


class Rota(Value):
    """People who take turns at being on call."""

    name: str = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    people: tuple[PersonId, ...] = Field(min_length=1)
    """In the order of their turns; somebody who takes more of them is here more often."""
    starts_at: Moment
    """When the first turn starts; all others start at the same time of the wall clock."""
    every: Annotated[Duration, AfterValidator(_length)]
    tz: Annotated[str, AfterValidator(_zone)]
    overrides: Annotated[tuple[Override, ...], AfterValidator(_in_order)] = ()

    def turn(self, at: datetime) -> Turn | None:
        """Who is on call at a moment; None before the first turn where nobody stands in."""
        standing_in = next((override for override in self.overrides if override.covers(at)), None)
        if standing_in:
            return Turn(standing_in.person, standing_in.ends_at)
        if at < self.starts_at:
            return None
        number = self._number(at)
        taken_over = (override.starts_at for override in self.overrides if override.starts_at > at)
        ends_at = min((self._handover(number + 1), *taken_over))
        return Turn(self.people[number % len(self.people)], ends_at)

    def _number(self, at: datetime) -> int:
        """Which turn a moment is in; the wall clock alone may be wrong by what the clocks were changed."""
        number = (at.astimezone(self._first.tzinfo) - self._first) // self.every
        while self._handover(number) > at:
            number -= 1
        while self._handover(number + 1) <= at:
            number += 1
        return number

    def _handover(self, number: int) -> datetime:
        """When this turn starts; adding to a time with a zone moves its wall clock."""
        return (self._first + number * self.every).astimezone(UTC)

    @property
    def _first(self) -> datetime:
        return self.starts_at.astimezone(ZoneInfo(self.tz))
