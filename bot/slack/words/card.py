"""The card: its title, its facts and its small print, in every state."""

from datetime import datetime

from bot.slack.blocks import escape, when
from bot.slack.words.clouds import how_many_live, refusals, refuser, uneven, where, why_refused
from bot.slack.words.small import (
    _ONE,
    NAMES_MOST,
    about,
    all_gone,
    cloud_name,
    due_at,
    ended_early,
    ever_live,
    found_again,
    groups,
    join,
    lasting,
    named,
    names,
    number,
    over_at,
    places,
    risk,
    role,
    until,
)
from bot.views import PersonView, RequestView
from policies.request import RequestState
from policies.window import say_duration


def waiting_title(view: RequestView) -> str:
    """Who asks for what, and how many of the yeses are in."""
    state = f"⏳ *{waiting_state(view)}*"
    if view.on_behalf:
        return f"{state} · *{role(view)}* for {named(view.beneficiary)} · {lasting(view)}"
    return f"{state} · {named(view.requester)} asks for *{role(view)}* · {lasting(view)}"


def waiting_state(view: RequestView) -> str:
    """`Waiting`, and how many of the yeses are in."""
    return f"Waiting, {yeses_in(view)} of {view.needed}" if yeses_in(view) else "Waiting"


def yeses_in(view: RequestView) -> int:
    """How many of the yeses it needs are there."""
    return view.needed - view.missing


def starting_title(view: RequestView, now: datetime) -> str:
    """It starts; where some of it is live already, that is what is said."""
    live = how_many_live(view)
    if live:
        return f"{_live_in_some(view, now)} · {_held(view)}"
    state = "Approved, starting" if view.yeses else "Starting"
    return f"{_loud('⚙️', state, view)} · {_held(view)} · until {until(view, now)}"


def _loud(sign: str, state: str, view: RequestView) -> str:
    """A state in bold; an emergency says so wherever it is shown while it runs."""
    calm = f"{sign} *{state}*"
    return f"🚨 *EMERGENCY, {state[:1].lower()}{state[1:]}*" if view.request.emergency else calm


def _held(view: RequestView) -> str:
    incident = view.request.incident if view.request.emergency else None
    where = f" · {escape(incident)}" if incident else ""
    return f"{named(view.beneficiary)} · {role(view)}{where}"


def _live_in_some(view: RequestView, now: datetime) -> str:
    state = f"Live in {how_many_live(view)} of {len(view.clouds)} until {until(view, now)}"
    return _loud("🔓", state, view)


def live_title(view: RequestView, now: datetime) -> str:
    """It is live everywhere, but for a cloud whose end could not be moved and has come."""
    if how_many_live(view) < len(view.clouds):
        return f"{_live_in_some(view, now)} · {_held(view)}"
    return f"{_loud('🔓', f'Live until {until(view, now)}', view)} · {_held(view)}"


def ending_title(view: RequestView) -> str:
    """It is being taken back."""
    return f"🔒 *Ending* · {_held(view)}"


def stuck_title(view: RequestView, now: datetime) -> str:
    """It should be gone and is not."""
    return f"⚠️ *Stuck: {late_clouds(view)} not ended* · {_held(view)} · was due {when(due_at(view), now)}"


def late_clouds(view: RequestView) -> str:
    """The clouds that should have ended it, with the verb: `AWS has`."""
    late = dict.fromkeys(cloud_name(one.cloud) for one in view.clouds if one.grant and one.grant.stuck_at)
    return f"{join(late)} {'has' if len(late) == 1 else 'have'}"


def ended_title(view: RequestView, now: datetime) -> str:
    """It is over, by a read of every cloud."""
    if found_again(view):
        return f"🔒 *Ending again* · {_held(view)} · found after it was gone"
    return f"🔒 *Ended {when(over_at(view), now)}* · {_held(view)} · {held_for(view)}"


def held_for(view: RequestView) -> str:
    """How long the access lasted."""
    began = view.request.decided_at
    if began is None or not ever_live(view):
        return "never live"
    return f"held {about(over_at(view) - began)}"


def denied_title(view: RequestView, now: datetime) -> str:
    """Somebody said no."""
    return f"⛔ *Denied* · {asked_for(view)} · {decided_by_whom(view, now)}"


def asked_for(view: RequestView) -> str:
    """Who had asked for what."""
    whom = f" for {named(view.beneficiary)}" if view.on_behalf else ""
    return f"{named(view.requester)} asked for {role(view)}{whom}"


def decided_by_whom(view: RequestView, now: datetime) -> str:
    """`by Ben Okafor {14:04}`."""
    who = f"by {named(view.decided_by)} " if view.decided_by else ""
    return f"{who}{when(decided_at(view), now)}"


def decided_at(view: RequestView) -> datetime:
    """When it was decided, one way or the other."""
    return view.request.decided_at or view.request.asked_at


def withdrawn_title(view: RequestView, now: datetime) -> str:
    """It is no longer wanted."""
    return f"➖ *Withdrawn* · {asked_for(view)} · {when(decided_at(view), now)} · nothing was given"


def lapsed_title(view: RequestView, now: datetime) -> str:
    """Too few answers came in time."""
    missed = f"{unanswered(view)} by {when(view.request.lapses_at, now)}"
    return f"💤 *Lapsed* · {asked_for(view)} · {missed} · nothing was given"


def unanswered(view: RequestView) -> str:
    """What was missing when it lapsed."""
    return "too few yeses" if view.yeses else "nobody answered"


def not_given_title(view: RequestView) -> str:
    """It was approved, and then a cloud or the rules said no."""
    if view.request.state is RequestState.REFUSED:
        return f"⛔ *Not given* · {_held(view)} · the rules do not allow it now"
    return f"↩️ *Not given* · {_held(view)} · {refuser(view)} said no{why_refused(view)}"


def what_for(view: RequestView) -> str:
    """What the role is, and where."""
    return " · ".join(part for part in (escape(view.role_title), places(view)) if part)


def risk_fact(view: RequestView) -> str:
    """How much harm it could do."""
    return f"Risk: {risk(view)}"


def asker_fact(view: RequestView) -> str:
    """Who asked, where it is for somebody else."""
    return f"Asked by {named(view.requester)}"


def live_facts(view: RequestView, now: datetime) -> str:
    """What every cloud shows where they differ; nothing where it is the same everywhere."""
    return where(view, now) if uneven(view) else ""


def starting_facts(view: RequestView, now: datetime) -> str:
    """Where it starts, and from when its time counts until it is live anywhere."""
    if how_many_live(view):
        return where(view, now)
    return f"{where(view, now)} · the {_time_counts(view)} from {_start(view, now)}"


def _time_counts(view: RequestView) -> str:
    return _ONE.get(view.request.duration, f"{lasting(view)} count")


def _start(view: RequestView, now: datetime) -> str:
    began = when(decided_at(view), now)
    return f"{named(view.decided_by)}'s yes {began}" if view.decided_by else began


def stuck_facts(view: RequestView, now: datetime) -> str:
    """What is not gone, and what that means."""
    return f"{where(view, now)}. {named(view.beneficiary)} may still get in."


def waiting_context(view: RequestView, now: datetime, *, mention: bool) -> str:
    """Who has to say yes, by when."""
    lapses = f"lapses {when(view.request.lapses_at, now)}"
    if view.nobody_else_can:
        return f"⛔ {nobody_else(view)} · {lapses} · {which_rule(view)} · {number(view)}"
    if yeses_in(view):
        yes = f"✅ Yes: {_yeses(view, now)}"
        return f"{yes} · still needs {needs_from(view)} · {lapses} · {number(view)}"
    lapses = f"{lapses} if nobody answers"
    return f"{needs(view, mention=mention)} · {lapses} · {which_rule(view)} · {number(view)}"


def needs(view: RequestView, *, mention: bool) -> str:
    """`Needs 1 yes: @Ben (database on-call)`."""
    return f"Needs {view.missing} yes: {_asked(view, mention=mention)}"


def nobody_else(view: RequestView) -> str:
    """Nobody but those who may not could say yes."""
    return f"Nobody else in {groups(view)} can approve now"


def which_rule(view: RequestView) -> str:
    """The rule it is judged by."""
    return f"rule {escape(view.request.terms.rule)}"


def _yeses(view: RequestView, now: datetime) -> str:
    return join(f"{named(yes.person)} {when(yes.at, now)}" for yes in view.yeses)


def needs_from(view: RequestView) -> str:
    """`1 yes from security (Emi Sato)`."""
    return f"{view.missing} yes from {groups(view)} ({names(view.asked, 'or')})"


def _asked(view: RequestView, *, mention: bool) -> str:
    """The people on duty; too many to call by name are named as their group."""
    if len(view.asked) > NAMES_MOST:
        return groups(view)
    few = len(view.asked) < NAMES_MOST
    calls = [f"{_call(person, mention=mention)}{_duty(person) if few else ''}" for person in view.asked]
    return join(calls, "or" if len(calls) > view.missing else "and")


def _call(person: PersonView, *, mention: bool) -> str:
    return f"<@{person.slack}>" if mention and person.slack else named(person)


def _duty(person: PersonView) -> str:
    return f" ({escape(person.title)})" if person.title else ""


def approved_by(view: RequestView, now: datetime) -> str:
    """Whose yes it was, and when."""
    return (
        f"Approved by {_yeses(view, now)}" if view.yeses else f"No approval was needed ({which_rule(view)})"
    )


def starting_context(view: RequestView, now: datetime) -> str:
    """Why it starts."""
    return f"{approved_by(view, now)} · {number(view)}"


def live_context(view: RequestView, now: datetime) -> list[str]:
    """Why it is live, and since when; what is to become of its end, and what became of it."""
    return [*_more(view, now), *(_moved(view, now) or _given(view, now)), number(view)]


def _given(view: RequestView, now: datetime) -> list[str]:
    live = [one.grant.live_at for one in view.clouds if one.grant and one.grant.live_at]
    return [approved_by(view, now), *([f"live everywhere since {when(max(live), now)}"] if live else [])]


def _more(view: RequestView, now: datetime) -> list[str]:
    if view.more is None:
        return []
    if view.more.allowed:
        return [f"Extending to {when(view.more.ends_at, now)}"]
    return [f"asks for {say_duration(view.more.adding)} more"]


def _moved(view: RequestView, now: datetime) -> list[str]:
    if not view.moved_ends:
        return []
    last = view.moved_ends[-1]
    moved = f"~{when(last.was, now)}~ → {when(last.until, now)}, extended by {named(last.by)}"
    longest = view.room.longest if view.room else None
    began = view.request.decided_at
    possible = [f"longest possible {when(began + longest, now)}"] if longest and began else []
    return [moved, *possible]


def ending_context(view: RequestView) -> str:
    """Who ended it, where that was before its time."""
    return f"{early_end(view)} · {number(view)}" if ended_early(view) else number(view)


def early_end(view: RequestView) -> str:
    """Who ended it before its time."""
    return f"Ended early by {named(view.ended_by)}" if view.ended_by else "Ended early"


def stuck_context(view: RequestView) -> str:
    """What is being done about it."""
    return f"Tried until it is gone · {number(view)}"


def ended_context(view: RequestView) -> list[str]:
    """How we know that it is over, and for how long an open session may still be answered."""
    early = [early_end(view)] if ended_early(view) else []
    return [*early, *([] if found_again(view) else refusals(view)), "log in the thread", number(view)]


def not_given_context(view: RequestView) -> str:
    """What is left of it."""
    left = "Nothing is left behind" if all_gone(view) else "All of it is being taken back"
    alike = len({one.cloud for one in view.clouds}) == 1
    whole = f"All {'accounts' if alike else 'clouds'} or none: " if len(view.clouds) > 1 else ""
    return f"{whole}{left[0].lower() if whole else left[0]}{left[1:]} · {number(view)}"
