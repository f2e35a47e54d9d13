"""More time: what an extension is asked, answered and told with, and the warning that an end is near."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.slack.blocks import escape, spoken, when, when_exactly
from bot.slack.words.asks import was_asked
from bot.slack.words.card import needs, nobody_else
from bot.slack.words.small import (
    answer_by,
    found_again,
    in_question,
    join,
    named,
    names,
    number,
    over_at,
    role,
    short_place,
    until,
)
from bot.views import CardState, CloudView, MoreView, MovedEnd, RequestView
from policies.decision import Refuse
from policies.extension import held
from policies.values import CloudName
from policies.window import say_duration


def _more_time(more: MoreView) -> str:
    return f"{say_duration(more.adding)} more"


# The line in the thread that asks for it ---------------------------------------------------------------


def asks_for_more(view: RequestView, more: MoreView, ends: str, rule: str) -> str:
    """Who asks for how much, while it waits."""
    return f"{who_asks(view, more)}, until {ends}. {_rule(rule)}"


def who_asks(view: RequestView, more: MoreView) -> str:
    """Who asks for how much more of what."""
    return f"{named(more.asked_by)} asks for *{_more_time(more)}* of {role(view)}"


def asked_for_more(who: str, ends: str, rule: str) -> str:
    """The same once it was decided."""
    return f"{escape(who)} asked for more time, until {ends}. {_rule(rule)}"


def _rule(rule: str) -> str:
    return f"Rule {escape(rule)}."


def needs_for_more(view: RequestView, now: datetime) -> str:
    """Who has to say yes to it, by when; calls them, as the line is new."""
    asked = in_question(view)
    lapses = f"lapses {when(answer_by(view), now)}"
    if not asked.asked:
        return f"⛔ {nobody_else(asked)} · {lapses}"
    return f"{needs(asked, mention=True)} · {lapses} if nobody answers · {number(view)}"


def asks_for_more_aloud(view: RequestView, more: MoreView, now: datetime) -> str:
    """All that an approver has to know, for a screen reader and a push."""
    asks = (
        f"{named(more.asked_by)} asks for {_more_time(more)} of {role(view)}, until {when(more.ends_at, now)}"
    )
    altogether = say_duration(held(view.request) + more.adding)
    who = names(more.asked, "or" if len(more.asked) > more.missing else "and")
    by = f"by {when(more.lapses_at, now)}"
    acts = f"Needs {more.missing} yes from {who} {by}. Approve or Deny on this line." if who else ""
    return spoken(f"{asks}: {altogether} in all, {view.risk.value} risk. {acts} {number(view)}")


# Other lines of the thread -----------------------------------------------------------------------------


def told_counted(who: str, still: int) -> str:
    """One yes more to it."""
    return f"Yes to more time from {escape(who)}{f', still needs {still} yes' if still else ''}."


def told_allowed(who: str, ends: str) -> str:
    """The last yes to it; the clouds are told now."""
    return f"More time approved by {escape(who)}. Ends {ends} once every cloud has moved."


def told_extended(view: RequestView, moved: MovedEnd, kept: Collection[str]) -> str:
    """The end was moved, but for a cloud that could not."""
    by = f"Extended {say_duration(moved.until - moved.was)} by {named(moved.by)}"
    rule = f" {_rule(moved.rule)}" if moved.rule else ""
    still = still_end(view, kept, before=moved.until)
    return f"{by}. Ends {when_exactly(moved.until, moved.at)}.{rule}{f' {still}.' if still else ''}"


def told_not_extended(view: RequestView, kept: Collection[str]) -> str:
    """No cloud could move its end."""
    return f"Not extended: {still_end(view, kept) or 'the end stands'}."


def still_end(view: RequestView, kept: Collection[str], before: datetime | None = None) -> str:
    """`Azure still ends {15:03:20}`: the clouds whose end stands."""
    still = [(one, one.grant.ends_at) for one in view.clouds if one.grant and _stands(one, kept, before)]
    if not still:
        return ""
    places = join(dict.fromkeys(short_place(view, one) for one, _ in still))
    verb = "ends" if len(still) == 1 else "end"
    return f"{places} still {verb} {when_exactly(min(ends for _, ends in still))}"


def _stands(one: CloudView, kept: Collection[str], before: datetime | None) -> bool:
    ends_at = one.grant.ends_at if one.grant else None
    return CloudName(one.cloud) in kept and ends_at is not None and (before is None or ends_at < before)


def told_denied(view: RequestView, who: str) -> str:
    """Somebody said no to it."""
    return f"More time denied by {escape(who)}.{_as_before(view)}"


def told_lapsed(view: RequestView) -> str:
    """Nobody answered in time."""
    return f"More time lapsed: nobody answered in time.{_as_before(view)}"


def _as_before(view: RequestView) -> str:
    return f" Ends {when_exactly(view.request.ends_at)} as before." if view.request.ends_at else ""


# To whoever holds it -----------------------------------------------------------------------------------


def ends_soon(view: RequestView, now: datetime) -> str:
    """The warning before the end."""
    return f"{role(view)} ends at {until(view, now)}. Save your work before then."


def ends_later(view: RequestView, now: datetime) -> str:
    """What becomes of a warning once the end was moved."""
    return f"{role(view)} ends at {until(view, now)}. You are warned again before then."


def cannot_be_longer(view: RequestView) -> str:
    """Why there is nothing to press."""
    longest = view.room.longest if view.room else None
    if longest is None or longest != held(view.request):
        return "It cannot be longer now. Ask again after it ends."
    return f"It cannot be longer than {say_duration(longest)}. Ask again after it ends."


def under_way(view: RequestView, more: MoreView, now: datetime) -> str:
    """More time was asked for, or is being given."""
    if more.allowed:
        return f"Extending to {when(more.ends_at, now)}."
    if not more.asked:
        return f"{_more_time(more)} is asked for. {nobody_else(in_question(view))}."
    return f"{_more_time(more)} is asked for. {was_asked(in_question(view), now)}."


def denied_for_you(view: RequestView, who: str, now: datetime) -> str:
    """Somebody said no to more time."""
    return f"Not extended: denied by {escape(who)}. {_still_ends(view, now)}"


def lapsed_for_you(view: RequestView, now: datetime) -> str:
    """Nobody answered in time."""
    return f"Not extended: nobody answered in time. {_still_ends(view, now)}"


def _still_ends(view: RequestView, now: datetime) -> str:
    return f"{role(view)} still ends at {until(view, now)}."


# Answers -----------------------------------------------------------------------------------------------


def extending(view: RequestView, adding: timedelta, now: datetime) -> str:
    """Nobody needed to be asked."""
    to = f", to {when(view.more.ends_at, now)}" if view.more else ""
    return f"Extending by {say_duration(adding)}{to}. The card says when every cloud has moved."


def asked_longer(view: RequestView, adding: timedelta, now: datetime) -> str:
    """It waits for a yes."""
    asked = in_question(view)
    who = was_asked(asked, now) if asked.asked else nobody_else(asked)
    return f"Asked for {say_duration(adding)} more ({number(view)}). {who}."


def already_extending(view: RequestView, now: datetime) -> str:
    """It was asked for before."""
    under = f"{under_way(view, view.more, now)} " if view.more else ""
    return f"{under}Nothing new was sent."


def not_longer(view: RequestView, refuse: Refuse) -> str:
    """The rules do not allow so much, plainly."""
    if refuse.longest and refuse.longest > held(view.request):
        return f"It cannot be longer than {say_duration(refuse.longest)} in all. Nothing changed."
    said = refuse.reasons[0] if refuse.reasons else "Not allowed now."
    return f"{said} It ends as before."


def may_not_extend(view: RequestView) -> str:
    """Somebody else's access."""
    both = join(dict.fromkeys((named(view.requester), named(view.beneficiary))), "or")
    return f"Only {both} can ask for more time. Nothing changed."


def nothing_to_extend(view: RequestView | None, now: datetime) -> str:
    """It is not live, or nearly over."""
    if view is None:
        return "You hold nothing now. Ask with /prod-access."
    if view.state is CardState.ENDED and not found_again(view):
        return f"It ended {when(over_at(view), now)} already. Ask again if you still need it."
    return f"{_NOT_NOW.get(view.state, 'Nothing was given')}. Nothing changed."


_NOT_NOW = {
    CardState.WAITING: "It is not approved yet",
    CardState.STARTING: "It is not live everywhere yet",
    CardState.LIVE: "It ends too soon to be extended",
    CardState.ENDING: "It is ending already",
    CardState.STUCK: "It is ending already",
    CardState.ENDED: "It is ending already",
}


# Clicks on the line that asks for it -------------------------------------------------------------------


def yes_was_last(more: MoreView, now: datetime) -> str:
    """The yes that was missing."""
    return f"Your yes is counted. It is extended to {when(more.ends_at, now)} once every cloud has moved."
