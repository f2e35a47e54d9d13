"""What buttons, menus and forms are called, and what travels in their values.

A value is looked up, never believed: a card's button carries its token and nothing else; where a choice
has to travel with it (a menu, a duration), the two are written and read back here.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from policies.values import RoleName
from policies.window import parse_duration, write_duration

APPROVE: Final = "approve"
DENY: Final = "deny"
WITHDRAW: Final = "withdraw"
END: Final = "end"
EXTEND: Final = "extend"
APPROVE_LONGER: Final = "approve_longer"
DENY_LONGER: Final = "deny_longer"
MORE: Final = "more"
"""The menu of rarer things; the option chosen says which."""
ASK_AGAIN: Final = "ask_again"
ASK_FOR_ROLE: Final = "ask_for_role"
CHANGE_DURATION: Final = "change_duration"
SHOW_WORD: Final = "show_word"
END_INCIDENT: Final = "end_incident"
REVIEW_FINE: Final = "review_fine"
REVIEW_FOLLOW_UP: Final = "review_follow_up"
LOGIN_CONFIRM: Final = "login_confirm"
LOGIN_REFUSE: Final = "login_refuse"
OPEN_CARD: Final = "open_card"
"""A link; it needs no answer but Slack tells us of it all the same."""
OPEN_CLOUD: Final = "open_cloud"
"""A link, as OPEN_CARD."""

ASK_FORM: Final = "ask_form"
DENY_FORM: Final = "deny_form"
DENY_LONGER_FORM: Final = "deny_longer_form"
FOLLOW_UP_FORM: Final = "follow_up_form"

NOTES_BLOCK: Final = "notes"
ROLE_BLOCK: Final = "role"
DURATION_BLOCK: Final = "duration"
REASON_BLOCK: Final = "reason"
REFERENCE_BLOCK: Final = "reference"
PREVIEW_BLOCK: Final = "preview"
DENY_REASON_BLOCK: Final = "deny_reason"

ROLE: Final = "role_chosen"
DURATION: Final = "duration_chosen"
REASON: Final = "reason_typed"
REFERENCE: Final = "reference_typed"
DENY_REASON: Final = "deny_reason_typed"


class MenuChoice(NamedTuple):
    """What was chosen in a card's menu, and the token of that card."""

    action: str
    token: str


class RoleChoice(NamedTuple):
    """A role to ask for, and for how long where that was offered too."""

    role: RoleName
    duration: timedelta | None


class DurationChoice(NamedTuple):
    """Another duration for what the token stands for."""

    token: str
    duration: timedelta


def menu_value(action: str, token: str) -> str:
    """What an option of a card's menu carries."""
    return f"{action} {token}"


def read_menu_value(value: str) -> MenuChoice | None:
    """What an option carried, or None for a value we never made."""
    action, _, token = value.partition(" ")
    return MenuChoice(action, token) if token else None


def role_value(role: RoleName, duration: timedelta | None = None) -> str:
    """What a button that asks for a role carries."""
    return f"{role} {write_duration(duration)}" if duration else role


def read_role_value(value: str) -> RoleChoice:
    """The role such a button asks for; a duration that cannot be read is as good as none."""
    role, _, written = value.partition(" ")
    return RoleChoice(RoleName(role), _duration(written))


def duration_value(token: str, duration: timedelta) -> str:
    """What a button that changes a duration carries."""
    return f"{token} {write_duration(duration)}"


def read_duration_value(value: str) -> DurationChoice | None:
    """What such a button carried, or None for a value we never made."""
    token, _, written = value.partition(" ")
    duration = _duration(written)
    return DurationChoice(token, duration) if token and duration else None


def _duration(written: str) -> timedelta | None:
    try:
        return parse_duration(written)
    except ValueError:
        return None
