"""What an ask is answered with."""

from datetime import datetime

from bot.slack.blocks import escape, when
from bot.slack.words.card import nobody_else
from bot.slack.words.small import (
    NAMES_MOST,
    ORDINARY,
    Contacts,
    answer_by,
    capital,
    cloud_name,
    groups,
    inner,
    lasting,
    named,
    names,
    number,
    role,
    until,
)
from bot.views import CardState, PersonView, RequestView
from policies.decision import Refusal, Refuse
from policies.values import CloudName
from policies.window import say_duration


def asked(view: RequestView, now: datetime, *, defaulted: bool) -> str:
    """It was asked: of whom, where, until when."""
    whom = f" for {named(view.beneficiary)}" if view.on_behalf else ""
    what = f"Asked{whom}: {role(view)} for {lasting(view)}{_default(defaulted=defaulted)} ({number(view)})."
    get = "You get a DM." if not view.on_behalf else f"{named(view.beneficiary)} gets a DM."
    if view.nobody_else_can:
        lapses = when(view.request.lapses_at, now)
        return f"{what} {nobody_else(view)}; it lapses {lapses}. {get}"
    return f"{what} {was_asked(view, now, f' in <#{escape(view.request.channel)}>')}. {get}"


def _default(*, defaulted: bool) -> str:
    return ", the default" if defaulted else ""


def was_asked(view: RequestView, now: datetime, place: str = "") -> str:
    """Who was asked and until when they have; `place` says where, with a space before it."""
    who, many = _who_was_asked(view)
    verbs = ("were", "have") if many else ("was", "has")
    return f"{capital(who)} {verbs[0]} asked{place} and {verbs[1]} until {when(answer_by(view), now)}"


def _who_was_asked(view: RequestView) -> tuple[str, bool]:
    if len(view.asked) == 1:
        person = view.asked[0]
        return (f"{named(person)}, {escape(person.title)}," if person.title else named(person)), False
    if len(view.asked) <= NAMES_MOST:
        return names(view.asked), True
    return groups(view, "and"), len(view.groups) > 1


def starting(view: RequestView, why: str, now: datetime, *, defaulted: bool) -> str:
    """It starts now, and why nobody was asked."""
    what = f"{named(view.beneficiary)}'s {role(view)} starts now" if view.on_behalf else "Starting now"
    lasts = f", for {lasting(view)}{_default(defaulted=defaulted)}" if defaulted else ""
    because = f": {escape(inner(why))}" if why else ""
    return f"{what}{lasts}, until {until(view, now)}. Nobody needed to be asked{because}."


def already_asked(view: RequestView) -> str:
    """The same was asked before."""
    waits = f"waiting for {names(view.asked, 'or')}" if view.asked else "waiting"
    who = f"{named(view.requester)} already asked for {named(view.beneficiary)}"
    who = who if view.on_behalf else "You already asked"
    return f"{who} ({number(view)}, {waits}). Nothing new was sent."


def already_held(view: RequestView, now: datetime) -> str:
    """It is there already, or on its way in or out."""
    whose = f"{named(view.beneficiary)} has" if view.on_behalf else "You have"
    if view.state is CardState.STARTING:
        return f"It is starting already, until {until(view, now)} ({number(view)}). Nothing new was sent."
    if view.state in {CardState.ENDING, CardState.STUCK}:
        return f"It is ending now ({number(view)}). Ask again when it is gone."
    return f"{whose} it until {until(view, now)} ({number(view)}). Nothing new was sent."


def plain_refusal(refuse: Refuse, contacts: Contacts = ORDINARY) -> str:
    """What the rules say, and what would work, plainly."""
    said = refuse.reasons[0] if refuse.reasons else "Not allowed now."
    if refuse.alternatives:
        other = refuse.alternatives[0]
        return f"{said} You can have {other.role} for {say_duration(other.duration)}."
    return f"{said} Tell {contacts.help}." if refuse.kind is Refusal.NOBODY_CAN_APPROVE else said


def no_identity(person: PersonView, cloud: CloudName, contacts: Contacts = ORDINARY) -> str:
    """Somebody has no account where the role is."""
    where_to = f"Ask in {escape(contacts.help)} to have one linked."
    return f"Nothing was given: {named(person)} has no {cloud_name(cloud)} account here. {where_to}"


def no_rules(contacts: Contacts = ORDINARY, *, asking: bool = True) -> str:
    """There is nothing to decide by."""
    lost = "Nothing was asked" if asking else "Nothing changed"
    why = f"{lost}: prod-access has no rules to decide by, so it gives no new access."
    return f"{why} Live access still ends on time. Tell {escape(contacts.help)}."


def frozen(since: datetime, now: datetime) -> str:
    """An operator stopped new access."""
    return f"No new access since {when(since, now)}: it was frozen. Live access still ends on time."


def ledger_away(contacts: Contacts = ORDINARY, *, asking: bool = True) -> str:
    """Nothing can be written, so nothing is given."""
    lost = "Nothing was asked" if asking else "Nothing changed"
    why = f"{lost}: prod-access cannot write its log, so it gives no new access."
    page = f"<{contacts.break_glass}|break-glass page>" if contacts.break_glass else "break-glass page"
    do = f"Try in a minute; if production cannot wait: {page}."
    return f"{why} Live access still ends on time. {do}"
