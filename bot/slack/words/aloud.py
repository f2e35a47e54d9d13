"""The card as one text, for screen readers, a push and search: its first 90 signs stand alone.

Everything here is ready for a message's top-level `text`: escaped, times with their zone, no formatting.
"""

from datetime import datetime
from typing import Final

from bot.slack.blocks import clean, clip, escape, spoken, when
from bot.slack.words import longer
from bot.slack.words.card import (
    asked_for,
    decided_at,
    decided_by_whom,
    late_clouds,
    nobody_else,
    unanswered,
    waiting_state,
    which_rule,
)
from bot.slack.words.clouds import cloud_state, how_many_live, is_standing, refuser, why_refused
from bot.slack.words.small import (
    a_few,
    capital,
    closed,
    cloud_names,
    due_at,
    found_again,
    lasting,
    named,
    names,
    number,
    over_at,
    plain_reference,
    role,
    until,
)
from bot.views import RequestView
from policies.request import RequestState

REASON_MOST: Final = 300


def waiting_text(view: RequestView, now: datetime) -> str:
    """All that an approver has to know."""
    whom = f" for {named(view.beneficiary)}" if view.on_behalf else ""
    asks = f"{named(view.requester)} asks for {role(view)}{whom}, {lasting(view)}, {view.risk.value} risk."
    facts = [f"{cloud_names(view)}." if view.clouds else "", _reference(view), _who_acts(view, now)]
    rest = " ".join(part for part in (*facts, number(view)) if part)
    return f"{waiting_state(view)}: {asks}{reason_text(view.reason)} {rest}"


def reason_text(reason: str | None) -> str:
    """A reason as it is read aloud, with a space before it; nothing where there is none."""
    said = clip(clean(reason or ""), REASON_MOST)
    return f" Reason: {escape(closed(said))}" if said else ""


def _reference(view: RequestView) -> str:
    reference = plain_reference(view)
    return escape(closed(reference)) if reference else ""


def _who_acts(view: RequestView, now: datetime) -> str:
    by = spoken(when(view.request.lapses_at, now))
    if view.nobody_else_can:
        return f"{nobody_else(view)}. It lapses {by}."
    who = names(view.asked, "or" if len(view.asked) > view.missing else "and")
    return f"Needs {view.missing} yes from {who} by {by}. Approve or Deny on this card."


def starting_text(view: RequestView, now: datetime) -> str:
    """It starts."""
    live = how_many_live(view)
    state = "Approved, starting" if view.yeses else "Starting"
    state = f"Live in {live} of {len(view.clouds)}" if live else state
    return spoken(f"{state}, until {until(view, now)}: {_held(view)}. {_where(view, now)}{_why(view)}")


def live_text(view: RequestView, now: datetime) -> str:
    """It is live."""
    live = how_many_live(view)
    state = f"Live in {live} of {len(view.clouds)}," if live < len(view.clouds) else "Live"
    more = f" {capital(longer.under_way(view, view.more, now))}" if view.more else ""
    return spoken(f"{state} until {until(view, now)}: {_held(view)}. {_where(view, now)}{_why(view)}{more}")


def _held(view: RequestView) -> str:
    return f"{named(view.beneficiary)}, {role(view)}"


def _where(view: RequestView, now: datetime) -> str:
    """What every cloud shows, with a space after it; nothing where there is no cloud."""
    states = a_few([cloud_state(view, one, now) for one in view.clouds], ", ")
    return f"{states}. " if states else ""


def _why(view: RequestView) -> str:
    if not view.yeses:
        return f"No approval was needed ({which_rule(view)})."
    return f"Approved by {names([yes.person for yes in view.yeses])}."


def ending_text(view: RequestView, now: datetime) -> str:
    """It is being taken back."""
    return spoken(f"Ending: {_held(view)}. {_where(view, now)}{number(view)}")


def stuck_text(view: RequestView, now: datetime) -> str:
    """It should be gone and is not."""
    late = f"Stuck, {late_clouds(view)} not ended: {_held(view)}, was due {when(due_at(view), now)}."
    return spoken(f"{late} {_where(view, now)}{named(view.beneficiary)} may still get in.")


def ended_text(view: RequestView, now: datetime) -> str:
    """It is over."""
    if found_again(view):
        again = f"Ending again, found after it was gone: {_held(view)}."
        return spoken(f"{again} {_where(view, now)}{number(view)}")
    return spoken(f"Ended {when(over_at(view), now)}: {_held(view)}. {_gone_and_kept(view)}")


def _gone_and_kept(view: RequestView) -> str:
    ours = view._replace(clouds=tuple(one for one in view.clouds if not is_standing(one)))
    kept = view._replace(clouds=tuple(one for one in view.clouds if is_standing(one)))
    gone = f"Gone from {cloud_names(ours)}." if ours.clouds else "Nothing is left."
    return f"{gone} {cloud_names(kept)}: held before, stays." if kept.clouds else gone


def denied_text(view: RequestView, now: datetime) -> str:
    """Somebody said no, and why."""
    denied = spoken(f"Denied {decided_by_whom(view, now)}: {asked_for(view)}.")
    return f"{denied}{reason_text(view.note)} {number(view)}"


def withdrawn_text(view: RequestView, now: datetime) -> str:
    """It is no longer wanted."""
    withdrawn = f"Withdrawn {when(decided_at(view), now)}: {asked_for(view)}."
    return spoken(f"{withdrawn} Nothing was given. {number(view)}")


def lapsed_text(view: RequestView, now: datetime) -> str:
    """Too few answers came in time."""
    missed = capital(f"{unanswered(view)} by {when(view.request.lapses_at, now)}")
    return spoken(f"Lapsed: {asked_for(view)}. {missed}. Nothing was given. {number(view)}")


def not_given_text(view: RequestView, now: datetime) -> str:
    """A cloud or the rules said no."""
    rules = view.request.state is RequestState.REFUSED
    why = (
        "The rules do not allow it now." if rules else capital(f"{refuser(view)} said no{why_refused(view)}.")
    )
    return spoken(f"Not given: {_held(view)}. {why} {_where(view, now)}{number(view)}")
