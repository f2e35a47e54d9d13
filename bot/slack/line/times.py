"""Durations and moments: what the head may say, and what a reason may mention without being obeyed."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from bot.slack.line.words import Word, look_through
from policies.window import parse_duration

LONGEST_TIME = timedelta(days=36_500)
"""More than this is no duration at all."""

_UNIT = r"(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
_SMALLER_PART = re.compile(rf"(\d{{1,2}}) ?(?=[hms]){_UNIT}", re.ASCII)
_CEILINGS = {"h": 24, "m": 60, "s": 60}
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,3})?")
_UNTIL = frozenset({"until", "till"})
_DAYS = frozenset({"tonight", "today", "tomorrow"})
_CLOCK = re.compile(r"\d{1,2}(?:[:.h]\d{2})?h?(?:am|pm)?|noon|midnight")
_HALF_OF_DAY = frozenset({"am", "pm"})
_MENTION = re.compile(
    rf"(?<![\w.,])(?:\d{{1,9}}(?:[.,]\d{{1,9}})? ?{_UNIT})+(?!\w)|(?<!\w)(?:until|till) \d[\w:.]*",
    re.IGNORECASE,
)


class Time(NamedTuple):
    """A time in the head, as typed; only a duration with its unit has a length."""

    typed: str
    length: timedelta | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a number without a unit."""
        return self.length is None and _NUMBER.fullmatch(self.typed) is not None


def duration_at(window: Sequence[Word]) -> tuple[int, Time] | None:
    """The duration the window starts with, and how many words it takes: `1h`, `1 hour`, `1 h 30 min`."""
    size = next((size for size in (1, 2) if _length(window[:size])), 0)
    while size and (more := _smaller_part(window[size:])) and _length(window[: size + more]):
        size += more
    length = _length(window[:size])
    return (size, Time(_typed(window[:size]), length)) if length else None


def _smaller_part(window: Sequence[Word]) -> int:
    for size in (1, 2):
        part = _SMALLER_PART.fullmatch(_key(window[:size]))
        if part and int(part[1]) < _CEILINGS[_unit_of(part[0])]:
            return size
    return 0


def _unit_of(part: str) -> str:
    return part.lstrip("0123456789 ")[0]


def _length(words: Sequence[Word]) -> timedelta | None:
    try:
        length = parse_duration(_key(words))
    except ValueError:
        return None
    return length if timedelta(seconds=1) <= length <= LONGEST_TIME else None


def moment_at(window: Sequence[Word]) -> tuple[int, Time] | None:
    """The moment the window starts with: `tonight`, `until 15:30`, `until 3 pm`."""
    if window[0].key in _DAYS:
        return 1, Time(window[0].bare)
    if not starts_with_until(window) or not _is_moment(window[1:2]):
        return None
    size = 3 if _key(window[2:3]) in _HALF_OF_DAY else 2
    return size, Time(_typed(window[:size]))


def starts_with_until(words: Sequence[Word]) -> bool:
    """Whether the first word asks for an end instead of a duration."""
    return _key(words[:1]) in _UNTIL


def _is_moment(words: Sequence[Word]) -> bool:
    return _key(words) in _DAYS or _CLOCK.fullmatch(_key(words)) is not None


def number_at(window: Sequence[Word]) -> tuple[int, Time] | None:
    """The number the window starts with."""
    return (1, Time(window[0].bare)) if _NUMBER.fullmatch(window[0].key) else None


def mention_in(reason: str) -> str | None:
    """The first duration a reason speaks of."""
    found = _MENTION.search(look_through(reason))
    return found[0] if found else None


def _typed(words: Sequence[Word]) -> str:
    return " ".join(word.bare for word in words)


def _key(words: Sequence[Word]) -> str:
    return " ".join(word.key for word in words)
