"""What a press of a button is answered with; only whoever pressed it reads it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.slack.blocks import escape, when
from bot.slack.words.card import decided_at, nobody_else, unanswered
from bot.slack.words.small import (
    answer_by,
    capital,
    counted,
    found_again,
    groups,
    in_question,
    join,
    named,
    names,
    number,
    over_at,
    some,
    until,
)
from bot.views import CardState, RequestView
from policies.approval import ApprovalSlot


def yes_was_last(view: RequestView, now: datetime) -> str:
    """The yes that was missing."""
    return f"Your yes is counted. It starts now, until {until(view, now)}."


def yes_counts(missing: int, whose: str) -> str:
    """A yes, and more are needed."""
    more = f"{capital(counted(missing))} more {'is' if missing == 1 else 'are'} needed"
    return f"Your yes is counted. {more}{f', from {whose}' if whose else ''}."


def all_missing(view: RequestView) -> str:
    """The groups whose yes is missing still."""
    return some([escape(group.title) for group in view.groups])


def missing_groups(view: RequestView, missing: Sequence[ApprovalSlot]) -> str:
    """The groups of what is missing, by their titles."""
    titles: Mapping[str, str] = {group.name: group.title for group in view.groups}
    found = dict.fromkeys(group for slot in missing for group in slot.groups)
    return some([escape(titles.get(group, group)) for group in found])


def you_denied(view: RequestView) -> str:
    """The no is in."""
    return f"Denied. {named(view.requester)} gets your reason by DM."


def nothing_to_decide() -> str:
    """More time was decided already, or the access is over."""
    return "The longer time was decided already. Nothing changed."


def you_withdrew() -> str:
    """It is no longer wanted."""
    return "Withdrawn. Nothing was given."


def you_ended() -> str:
    """It is being taken back."""
    return "Ending now. The card says when it is gone."


def own_request(view: RequestView, now: datetime) -> str:
    """Nobody answers their own request, from whichever account."""
    asked = in_question(view)
    who = f"{was_asked_short(asked, now)}." if asked.asked else f"{nobody_else(asked)}."
    return f"This is your own request, so your yes does not count. {who}"


def was_asked_short(view: RequestView, now: datetime) -> str:
    """As `was_asked`, names alone."""
    verbs = ("were", "have") if len(view.asked) > 1 else ("was", "has")
    who = names(view.asked)
    return f"{who} {verbs[0]} asked and {verbs[1]} until {when(answer_by(view), now)}"


def not_an_approver(view: RequestView) -> str:
    """Somebody else decides."""
    asked = in_question(view)
    decide = "decide" if len(asked.groups) > 1 else "decides"
    who = f": {names(asked.asked)} now" if asked.asked else ", and nobody there can now"
    return f"Only {groups(asked, 'and')} {decide} this{who}. Nothing changed."


def already_decided(view: RequestView, now: datetime) -> str:
    """Somebody was first."""
    return f"{_decided(view, now)} Nothing changed."


def _decided(view: RequestView, now: datetime) -> str:
    at = when(decided_at(view), now)
    if view.state is CardState.LAPSED:
        return f"This lapsed at {when(view.request.lapses_at, now)}: {unanswered(view)}."
    if view.decided_by is None:
        return f"This was allowed at {at} without a yes."
    return f"{named(view.decided_by)} {_DECIDED.get(view.state, 'approved')} this at {at}."


_DECIDED: Final = {CardState.DENIED: "denied", CardState.WITHDRAWN: "withdrew"}


def stale_card(changed_at: datetime | None, now: datetime) -> str:
    """The card shows what is no longer so."""
    at = f" at {when(changed_at, now)}" if changed_at else ""
    return f"This request changed{at}. The card is redrawn; read it and decide again."


def rules_changed(view: RequestView) -> str:
    """Other rules hold now than when it was asked."""
    if view.nobody_else_can:
        return f"The rules changed. {nobody_else(view)}. The card is redrawn."
    return f"The rules changed: {groups(view, 'and')} must say yes. The card is redrawn."


def may_not_end(view: RequestView) -> str:
    """Only some people can end or withdraw it."""
    if view.state is CardState.WAITING:
        both = join(dict.fromkeys((named(view.requester), named(view.beneficiary))), "or")
        return f"Only {both} can withdraw this. If you decide it, deny it instead."
    return f"{named(view.beneficiary)}, the approvers, the commander and security can end this."


def nothing_to_end(view: RequestView | None, now: datetime) -> str:
    """It is over, or was never there."""
    if view is None:
        return "You hold nothing now."
    if view.state is CardState.ENDED and not found_again(view):
        return f"It ended {when(over_at(view), now)} already. Nothing changed."
    if view.state in {CardState.ENDING, CardState.STUCK, CardState.ENDED}:
        return "It is ending already. The card says when it is gone."
    return f"Nothing to end: nothing was given ({number(view)})."


def unknown_card() -> str:
    """A press that carries nothing of ours."""
    return "This button stands for nothing prod-access knows. Nothing changed. Ask with /prod-access."
