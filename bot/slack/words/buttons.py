"""What buttons say, what a screen reader says instead, and what they ask first."""

from datetime import timedelta
from typing import Final

from bot.slack.words.small import BUTTON_SIGNS, cloud_names, counted, lasting, spoken_duration
from bot.views import MoreView, RequestView, Room
from policies.values import RoleName
from policies.window import say_duration

APPROVE: Final = "Approve"
DENY: Final = "Deny"
WITHDRAW: Final = "Withdraw"
DECLINE: Final = "Decline"
END_NOW: Final = "End now"
END_TITLE: Final = "End now?"
APPROVE_TITLE: Final = "Approve?"
KEEP: Final = "Keep"
BACK: Final = "Back"
ASK: Final = "Ask"
ASK_AGAIN: Final = "Ask again"
OPEN_CARD: Final = "Open card"
CANCEL: Final = "Cancel"
SEND: Final = "Send"
START_ACCESS: Final = "Start access"


def label(verb: str, view: RequestView) -> str:
    """A button as a screen reader says it, plainly: `Approve Ana Ruiz, prod-db-readonly, 1 hour`."""
    lasts = spoken_duration(view.request.duration)
    return f"{verb} {view.beneficiary.name}, {view.request.role}, {lasts}"


def end_label(view: RequestView) -> str:
    """The button that ends access, as a screen reader says it, plainly."""
    return f"End {view.beneficiary.name}'s {view.request.role} now"


def again_label(view: RequestView) -> str:
    """The button that asks once more, as a screen reader says it, plainly."""
    return f"Ask again for {view.request.role}, {spoken_duration(view.request.duration)}"


def change_label(view: RequestView, duration: timedelta) -> str:
    """The button that asks for another duration, as a screen reader says it, plainly."""
    return f"Change {view.request.role} to {spoken_duration(duration)}"


def extend(room: Room) -> str:
    """The button that adds what may be added."""
    adding = say_duration(room.adding or timedelta())
    return f"Ask for {adding} more" if room.needs_a_yes else f"Extend {adding}"


def extend_label(view: RequestView, room: Room) -> str:
    """The same, as a screen reader says it, plainly."""
    adding = spoken_duration(room.adding or timedelta())
    if room.needs_a_yes:
        return f"Ask for {adding} more of {view.request.role}"
    return f"Extend {view.request.role} by {adding}"


def longer_label(verb: str, view: RequestView, more: MoreView) -> str:
    """A button about more time, as a screen reader says it: `Approve 30 minutes more for Ana Ruiz, role`."""
    return f"{verb} {spoken_duration(more.adding)} more for {view.beneficiary.name}, {view.request.role}"


def approve_longer_question(view: RequestView, more: MoreView) -> str:
    """What a critical role asks before a yes to more time counts, plainly."""
    return f"Approve {say_duration(more.adding)} more of {view.request.role} for {view.beneficiary.name}?"


def approve_question(view: RequestView) -> str:
    """What a critical role asks before a yes counts, plainly."""
    return f"Approve {view.request.role} for {view.beneficiary.name}, {lasting(view)}?"


def end_question(view: RequestView) -> str:
    """What ending asks first, plainly."""
    return f"End {view.beneficiary.name}'s {view.request.role} now, in {_everywhere(view)}?"


def _everywhere(view: RequestView) -> str:
    if len(view.clouds) <= 1:
        return cloud_names(view) or "every cloud"
    kinds = len({one.cloud for one in view.clouds})
    what = "accounts" if kinds == 1 else "clouds" if kinds == len(view.clouds) else "places"
    return f"all {counted(len(view.clouds))} {what}"


def change_to(duration: timedelta) -> str:
    """The button that asks for another duration."""
    return f"Change to {say_duration(duration)}"


def ask_for(name: RoleName) -> str:
    """The button that asks for a role, where its name fits."""
    asked = f"Ask for {name}"
    return asked if len(asked) <= BUTTON_SIGNS else "Ask for that role"


def ask_for_aloud(name: RoleName, duration: timedelta | None = None) -> str:
    """The same, as a screen reader says it, plainly."""
    return f"Ask for {name}, {spoken_duration(duration)}" if duration else f"Ask for {name}"


def ask_for_duration(duration: timedelta) -> str:
    """The button that asks again for as long as is allowed."""
    return f"Ask for {say_duration(duration)}"


def show(word: str) -> str:
    """The button that shows what somebody may have meant."""
    return f"Show {word}"
