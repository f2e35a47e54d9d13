"""The direct message: what you have, how to use it, and what became of it."""

from datetime import datetime
from typing import Final

from bot.slack.blocks import clean, clip, escape, when
from bot.slack.words.card import early_end, held_for, late_clouds, refuser, unanswered, where
from bot.slack.words.small import (
    all_gone,
    capital,
    cloud_name,
    lasting,
    named,
    names,
    number,
    over_at,
    role,
    safe_reference,
    until,
)
from bot.views import CloudView, RequestView
from policies.grant import GrantState
from policies.request import RequestState

NOTE_MOST: Final = 300


def asked_for_you(view: RequestView) -> str:
    """Somebody asked in your name."""
    reference = safe_reference(view)
    named_too = f" ({reference})" if reference else ""
    return f"{named(view.requester)} asked for {role(view)}, {lasting(view)}, for you{named_too}."


def starting_for_you(view: RequestView, now: datetime) -> str:
    """It was approved."""
    return f"⚙️ *{role(view)} is starting, until {until(view, now)}.* {who_gave(view)}"


def you_have(view: RequestView, now: datetime) -> str:
    """It is there."""
    return f"🔓 *You have {role(view)} until {until(view, now)}.* {who_gave(view)}"


def who_gave(view: RequestView) -> str:
    """Who asked, where it was somebody else, and who said yes."""
    asked = f"{named(view.requester)} asked for it. " if view.on_behalf else ""
    people = [yes.person for yes in view.yeses]
    return f"{asked}{names(people)} approved it." if people else f"{asked}Nobody needed to be asked."


def cloud_for_you(one: CloudView) -> str:
    """One cloud, and whether it can be used now."""
    state = "live, works now" if one.state is GrantState.LIVE else "starting"
    return f"*{cloud_name(one.cloud)}* · {state} · account {escape(one.place)}"


def ends_by_itself() -> str:
    """What nobody has to think of."""
    return "It ends by itself. Nothing secret is ever sent here."


def ending_for_you(view: RequestView, now: datetime) -> str:
    """It is being taken back."""
    return f"🔒 *{role(view)} is ending.* {where(view, now)}."


def stuck_for_you(view: RequestView, now: datetime) -> str:
    """It should be gone and is not."""
    due = f"It was due {when(over_at(view), now)} and is tried until it is gone."
    return f"⚠️ *{role(view)} is stuck: {late_clouds(view)} not ended.* {due} You may still get in."


def ended_for_you(view: RequestView, now: datetime) -> str:
    """It is over."""
    return f"🔒 *Ended {when(over_at(view), now)}* · {role(view)} · {held_for(view)}"


def ended_early_for_you(view: RequestView) -> str:
    """Somebody else ended it."""
    return f"🔒 *{early_end(view)}:* {role(view)}. Ask again if you still need it."


def denied_for_you(view: RequestView) -> str:
    """Somebody said no, plainly, in their own words."""
    denied = f"Denied by {view.decided_by.name}" if view.decided_by else "Denied"
    note = clip(clean(view.note or ""), NOTE_MOST)
    return f'{denied}: "{note}".' if note else f"{denied}."


def lapsed_for_you(view: RequestView, now: datetime) -> str:
    """Too few answers came in time."""
    return f"{capital(unanswered(view))} by {when(view.request.lapses_at, now)}, so nothing was given."


def withdrawn_for_you(view: RequestView) -> str:
    """Somebody took back what they had asked in your name."""
    who = named(view.decided_by) if view.decided_by else named(view.requester)
    return f"➖ *Withdrawn by {who}.* Nothing was given."


def not_given_for_you(view: RequestView) -> str:
    """A cloud or the rules said no."""
    rules = view.request.state is RequestState.REFUSED
    why = "the rules do not allow it now" if rules else f"{refuser(view)} said no"
    left = "Nothing is left behind." if all_gone(view) else "All of it is being taken back."
    return f"Not given: {why}. {left}"


def which(view: RequestView) -> str:
    """Which request a message is about."""
    return f"{role(view)} · {lasting(view)} · {number(view)}"


def open_cloud_aloud(one: CloudView) -> str:
    """The same, as a screen reader says it, plainly."""
    return f"Open {cloud_name(one.cloud)}, account {one.place}"


def open_cloud(one: CloudView) -> str:
    """The button that opens a cloud's console."""
    return f"Open {cloud_name(one.cloud)}"
