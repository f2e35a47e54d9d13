"""How long and when: durations with their unit, and weekly windows in somebody's time zone."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from policies.values import Value

DURATION_PATTERN = r"^(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?$"
"""How a duration is written in a file: `45s`, `30m`, `1h30m`, `1d`."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UNIT_WORD = r"days?|d|hours?|hrs?|h|mins?|minutes?|m|secs?|seconds?|s"
_PART = re.compile(rf"(\d{{1,6}}(?:\.\d{{1,3}})?) ?({_UNIT_WORD})(?![a-z])", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """The duration somebody wrote: `1h30m`, `1.5h`, `90 min`, `1 hour`; without a unit it is refused.

    Raises:
        ValueError: there is no unit, a unit comes twice or out of order, or the whole is nothing.
    """
    words = text.strip()
    parts = [(number, unit[0].lower()) for number, unit in _PART.findall(_spaced(words))]
    rest = _PART.sub("", _spaced(words)).strip()
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if rest or not seconds or not _descending([unit for _, unit in parts]):
        raise ValueError(_what_is_wrong(words))
    return timedelta(seconds=round(seconds))


def _spaced(words: str) -> str:
    return re.sub(r"(?<=[a-zA-Z])(?=\d)", " ", words)


def _descending(units: list[str]) -> bool:
    order = [list(_UNITS).index(unit) for unit in units]
    return all(left < right for left, right in pairwise(order))


def _what_is_wrong(words: str) -> str:
    if words.isdigit():
        return f'"{words}" has no unit; write {words}m, or another unit'
    return f'"{words}" is not a duration; write it like 45s, 30m, 1h30m or 1d'


def say_duration(duration: timedelta) -> str:
    """The duration as people read it: `45 s`, `30 min`, `1 h 30 min`, `2 days`; part-seconds are dropped."""
    days, hours, minutes, seconds = _split(duration)
    words = [f"{days} day" + ("s" if days > 1 else ""), f"{hours} h", f"{minutes} min", f"{seconds} s"]
    parts = zip((days, hours, minutes, seconds), words, strict=True)
    return " ".join(word for number, word in parts if number) or "0 s"


def write_duration(duration: timedelta) -> str:
    """The duration as a file holds it: `45s`, `30m`, `1h30m`, `2d`."""
    parts = zip(_split(duration), _UNITS, strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def _split(duration: timedelta) -> tuple[int, int, int, int]:
    minutes, seconds = divmod(max(0, int(duration.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return days, hours, minutes, seconds


def clamp(duration: timedelta, shortest: timedelta, longest: timedelta) -> timedelta:
    """The duration nearest to the given one that is neither too short nor too long; longest wins."""
    return min(max(duration, shortest), longest)


def _from_file(written: object) -> object:
    if isinstance(written, timedelta):
        return written
    if isinstance(written, str) and re.match(DURATION_PATTERN, written):
        return parse_duration(written)
    raise ValueError(_what_is_wrong(str(written)))


def _positive(duration: timedelta) -> timedelta:
    if duration < timedelta(seconds=1):
        raise ValueError("a duration is at least one second")
    return duration


Duration = Annotated[
    timedelta,
    BeforeValidator(_from_file),
    AfterValidator(_positive),
    PlainSerializer(write_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
"""A duration in a policy file: whole seconds, always written with a unit."""


class Day(StrEnum):
    """A day of the week, as a file writes it."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_DAYS = tuple(Day)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone; write it like Europe/Berlin') from None
    return name


def _week(days: Iterable[Day]) -> tuple[Day, ...]:
    return tuple(sorted(set(days), key=_DAYS.index))


class Window(Value):
    """Hours of the week on the wall clock of one time zone; an end before its start is the next day's."""

    name: str
    days: Annotated[tuple[Day, ...], Field(min_length=1), AfterValidator(_week)]
    start: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")
    tz: Annotated[str, AfterValidator(_zone)]

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise ValueError("a window starts and ends at different times; a whole day is 00:00 to 24:00")
        return self

    def contains(self, moment: datetime) -> bool:
        """Whether the moment lies in the window: from its start on, and before its end."""
        local = moment.astimezone(ZoneInfo(self.tz))
        today, yesterday = _DAYS[local.weekday()], _DAYS[local.weekday() - 1]
        clock = f"{local:%H:%M}"
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)

    def __str__(self) -> str:
        """What a person reads: `mon to fri 08:00 to 19:00 Europe/Berlin`."""
        return f"{self._days_words} {self.start} to {self.end} {self.tz}"

    @property
    def _days_words(self) -> str:
        first, last = _DAYS.index(self.days[0]), _DAYS.index(self.days[-1])
        in_a_row = last - first == len(self.days) - 1 > 1
        return f"{self.days[0]} to {self.days[-1]}" if in_a_row else " ".join(self.days)
