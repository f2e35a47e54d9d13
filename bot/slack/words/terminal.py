"""Somebody at a terminal asks to be somebody: what that person reads, and decides."""

from datetime import datetime, timedelta
from typing import Final

from bot.slack.blocks import escape, when
from bot.slack.words.small import Contacts
from policies.window import say_duration

IT_IS_ME: Final = "It is me"
NOT_ME: Final = "Not me"
IT_IS_ME_ALOUD: Final = "It is me: log that terminal in"
NOT_ME_ALOUD: Final = "Not me: turn that terminal away"


def asks_to_be_you(client: str, lasts: timedelta) -> str:
    """A terminal waits, plainly: what it calls itself is its own word."""
    asks = f'A terminal that calls itself "{client}" asks to be you for {say_duration(lasts)}.'
    only = "Confirm only if you ran prod-access login there just now."
    return f"{asks} {only} Did somebody send you this code? Press {NOT_ME}."


def confirmed(ends_at: datetime, now: datetime) -> str:
    """It is theirs."""
    return f"Confirmed. That terminal is you until {when(ends_at, now)}. To end it: /prod-access logout"


def turned_away(contacts: Contacts) -> str:
    """It gets nothing."""
    return f"That terminal got nothing. If somebody sent you the code, tell {escape(contacts.help)}."


def no_such_code(waits: timedelta) -> str:
    """Mistyped, too old, or answered already."""
    good = f"A code is good once, for {say_duration(waits)}"
    return f"No terminal waits for that code. {good}: run prod-access login again."


def code_missing() -> str:
    """The word alone."""
    return "The code is missing. Type the one your terminal shows: /prod-access login WDJB-MJHT"


def logged_out(how_many: int) -> str:
    """What was ended."""
    if not how_many:
        return "No terminal of yours is logged in."
    return f"Logged out: {how_many} terminal{'' if how_many == 1 else 's'} of yours."
