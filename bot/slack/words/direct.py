"""The direct message: what you have, how to use it, and what became of it."""

from datetime import datetime
from typing import Final

from bot.slack.blocks import clean, clip, escape, when
from bot.slack.words import longer
from bot.slack.words.card import early_end, held_for, late_clouds, unanswered
from bot.slack.words.clouds import (
    AWS,
    AZURE,
    is_standing,
    not_yet,
    own_end,
    refuser,
    starting,
    where,
    why_refused,
)
from bot.slack.words.small import (
    all_gone,
    capital,
    cloud_name,
    due_at,
    lasting,
    named,
    names,
    number,
    over_at,
    place_alone,
    role,
    safe_reference,
    until,
)
from bot.views import HELD, CloudView, RequestView
from policies.entitlements.identity_center import IdentityCenterAssignment
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


def cloud_for_you(view: RequestView, one: CloudView, now: datetime) -> str:
    """One cloud, whether it can be used now, and as whom."""
    return f"*{cloud_name(one.cloud)}* · {_usable(view, one, now)} · {_as_whom(view, one, now)}"


def _usable(view: RequestView, one: CloudView, now: datetime) -> str:
    if one.state is None or one.state in _BEFORE:
        return starting(one)
    if one.state not in HELD:
        return "gone" if one.state is GrantState.GONE else "ending"
    if is_standing(one):
        return "you had it before, and keep it"
    works = ", works now" if one.cloud == AWS else not_yet(one, now)
    return f"live{own_end(view, one, now) or works}"


_BEFORE: Final = {GrantState.PLANNED, GrantState.GRANTING}


def _as_whom(view: RequestView, one: CloudView, now: datetime) -> str:
    if one.cloud == AWS:
        return f"account {escape(one.place)}"
    if isinstance(one.target, IdentityCenterAssignment):
        return f"account {escape(one.place)}, permission set {escape(one.target.permission_set)}"
    alone = place_alone(view, one)
    own = "your own account" if alone else f"your own account in {escape(one.place)}"
    settling = one.state in _BEFORE or (one.state in HELD and not_yet(one, now))
    return f"{own}; refused at first? run az login again" if one.cloud == AZURE and settling else own


def small_print(view: RequestView, now: datetime) -> str:
    """What becomes of it without anybody doing anything."""
    under = f"{longer.under_way(view, view.more, now)} " if view.more else ""
    warns_at = view.request.warns_at if view.request.warned_at is None else None
    warned = f"You are warned at {when(warns_at, now)}. " if warns_at and warns_at > now else ""
    return f"{under}{warned}It ends by itself. Nothing secret is ever sent here."


def ending_for_you(view: RequestView, now: datetime) -> str:
    """It is being taken back."""
    return f"🔒 *{role(view)} is ending.* {where(view, now)}."


def stuck_for_you(view: RequestView, now: datetime) -> str:
    """It should be gone and is not."""
    due = f"It was due {when(due_at(view), now)} and is tried until it is gone."
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
    why = "the rules do not allow it now" if rules else f"{refuser(view)} said no{why_refused(view)}"
    left = "Nothing is left behind." if all_gone(view) else "All of it is being taken back."
    return f"Not given: {why}. {left}"


def see_below(view: RequestView) -> str:
    """A newer message has come."""
    return f"{role(view)} · {number(view)} · what holds now is in the message below"


def which(view: RequestView) -> str:
    """Which request a message is about."""
    return f"{role(view)} · {lasting(view)} · {number(view)}"


def open_cloud_aloud(one: CloudView) -> str:
    """The same, as a screen reader says it, plainly."""
    return f"Open {cloud_name(one.cloud)}, account {one.place}"


def open_cloud(one: CloudView) -> str:
    """The button that opens a cloud's console."""
    return f"Open {cloud_name(one.cloud)}"
