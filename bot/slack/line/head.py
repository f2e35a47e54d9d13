"""The head of a line: person, role, duration and reference in any order, up to the first other word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from bot.slack.line.people import mentions_anybody, more_people_at, person_of
from bot.slack.line.references import reference_of
from bot.slack.line.roles import KnownRoles
from bot.slack.line.times import Time, duration_at, moment_at, number_at, starts_with_until
from bot.slack.line.values import (
    ChooseDuration,
    DurationHasNoUnit,
    GroupMention,
    Note,
    PersonUnknown,
    RoleMissing,
    RoleUnknown,
    SecondRole,
)
from bot.slack.line.words import Word
from policies.values import RoleName

_LOOK_AHEAD = 8
_MOST_TIMES = 2
_LOOKS_LIKE_MENTION = ("@", "<@", "<!")


@dataclass(slots=True)
class Head:
    """What was understood so far, and what is wrong with it."""

    known: KnownRoles
    size: int = 0
    role: RoleName | None = None
    role_notes: list[Note] = field(default_factory=list)
    for_user: str | None = None
    person_note: Note | None = None
    times: list[Time] = field(default_factory=list)
    reference: str | None = None

    @property
    def has_role(self) -> bool:
        """Whether some word already stands where the role belongs."""
        return self.role is not None or bool(self.role_notes)

    @property
    def duration(self) -> timedelta | None:
        """The one certain duration."""
        return self.times[0].length if len(self.times) == 1 else None

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the form has to say about the head."""
        missing = () if self.has_role else (RoleMissing(),)
        person = (self.person_note,) if self.person_note else ()
        return (*missing, *self.role_notes, *person, *self._time_notes())

    def _time_notes(self) -> tuple[Note, ...]:
        if not self.times or self.duration:
            return ()
        typed = " ".join(time.typed for time in self.times)
        alone = len(self.times) == 1 and self.times[0].is_number
        return (DurationHasNoUnit(typed) if alone else ChooseDuration(typed),)


_Window: TypeAlias = Sequence[Word]
_Reading: TypeAlias = Callable[[Head, _Window], int]


def read_head(words: Sequence[Word], known: KnownRoles) -> Head:
    """The head the words start with; `size` says how many of them it takes."""
    head = Head(known)
    reach = max(_LOOK_AHEAD, known.most_words)
    while head.size < len(words) and (step := _step(head, words[head.size : head.size + reach])):
        head.size += step
    if not head.times and starts_with_until(words[head.size :]):
        head.times.append(Time(words[head.size].bare))
    return head


def _step(head: Head, window: _Window) -> int:
    return next((size for read in _READINGS if (size := read(head, window))), 0)


def _read_role(head: Head, window: _Window) -> int:
    spelled = head.known.spelled_at(window)
    if not spelled:
        return 0
    if head.has_role:
        return _read_second_role(head, *spelled[-1])
    if len(spelled) > 1:
        typed = " ".join(word.bare for word in window[: spelled[-1].size])
        head.role_notes.append(RoleUnknown(typed, tuple(role.name for role in spelled)))
        return spelled[0].size
    head.role = spelled[0].name
    return spelled[0].size


def _read_second_role(head: Head, name: RoleName, size: int) -> int:
    note = SecondRole(name)
    if name != head.role and note not in head.role_notes:
        head.role_notes.append(note)
    return size


def _read_duration(head: Head, window: _Window) -> int:
    found = duration_at(window) or moment_at(window)
    if not found or len(head.times) == _MOST_TIMES:
        return 0
    size, time = found
    head.times.append(time)
    return size


def _read_reference(head: Head, window: _Window) -> int:
    if head.reference:
        return 0
    head.reference = reference_of(window[0])
    return 1 if head.reference else 0


def _read_person(head: Head, window: _Window) -> int:
    if window[0].key != "for" or len(window) == 1:
        return 0
    user = person_of(window[1])
    if user:
        return 2 + _read_one_person(head, user, window[2:])
    if mentions_anybody(window[1]):
        head.person_note = GroupMention()
        return 2
    return _read_unknown_person(head, window[1])


def _read_one_person(head: Head, user: str, after: _Window) -> int:
    more = more_people_at(after)
    if more or head.for_user not in {None, user}:
        head.person_note = GroupMention()
    head.for_user = head.for_user or user
    return more


def _read_unknown_person(head: Head, word: Word) -> int:
    if not word.bare.startswith(_LOOKS_LIKE_MENTION):
        return 0
    head.person_note = head.person_note or PersonUnknown(word.bare)
    return 2


def _read_number(head: Head, window: _Window) -> int:
    found = number_at(window)
    if not found or head.times:
        return 0
    head.times.append(found[1])
    return 1


def _read_near_role(head: Head, window: _Window) -> int:
    near = None if head.has_role else head.known.near_at(window)
    if not near:
        return 0
    typed = " ".join(word.bare for word in window[: near.size])
    head.role_notes.append(RoleUnknown(typed, near.closest))
    head.role = near.closest[0] if len(near.closest) == 1 else None
    return near.size


_READINGS: tuple[_Reading, ...] = (
    _read_role,
    _read_duration,
    _read_reference,
    _read_person,
    _read_number,
    _read_near_role,
)
