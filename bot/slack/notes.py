"""What was noticed about a line or an ask, put into the sentence that stands on top of the form."""

from collections.abc import Callable
from datetime import timedelta

from bot.answers import NotAllowed
from bot.slack import line
from bot.slack.line import Note
from bot.slack.words import asks
from bot.slack.words import forms as words
from policies.decision import Refusal


def noted(note: Note) -> Callable[[timedelta | None], str]:
    """A note as the form takes it: worded once the form knows which duration it selects."""
    return lambda selected: sentence(note, selected)


def sentence(note: Note, selected: timedelta | None) -> str:
    """One note in words; `selected` is the duration that the form will show."""
    match note:
        case line.RoleMissing():
            return words.note_role_missing()
        case line.RoleUnknown(typed, closest):
            return words.note_role_unknown(typed, closest)
        case line.SecondRole(name):
            return words.note_second_role(name)
        case line.GroupMention():
            return words.note_group()
        case line.PersonUnknown(typed):
            return words.note_person_unknown(typed)
        case _:
            return _about_time_or_reason(note, selected)


def _about_time_or_reason(
    note: line.DurationHasNoUnit
    | line.ChooseDuration
    | line.ReasonMissing
    | line.ReasonMentionsDuration
    | line.ReasonTooLong
    | line.SecretInReason,
    selected: timedelta | None,
) -> str:
    match note:
        case line.DurationHasNoUnit(typed):
            return words.note_no_unit(typed)
        case line.ChooseDuration():
            return words.note_choose_duration()
        case line.ReasonMentionsDuration(text):
            return words.note_duration_in_reason(text, selected or timedelta(hours=1))
        case line.ReasonMissing():
            return words.note_reason_missing()
        case line.ReasonTooLong(length):
            return words.note_reason_too_long(length, line.LONGEST_REASON)
        case line.SecretInReason():
            return words.note_secret()


def about_refusal(answer: NotAllowed) -> Callable[[timedelta | None], str]:
    """Why the rules said no to what was sent, as the form takes it."""
    return lambda _selected: asks.plain_refusal(answer.decision)


MENDED_IN_THE_FORM = frozenset({Refusal.TOO_LONG, Refusal.TOO_SHORT, Refusal.UNKNOWN_ROLE})
"""Refusals that choosing something else in the form puts right."""
