"""What is said of incidents, emergencies and their reviews."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.incidents import IncidentView
from bot.slack.blocks import clean, clip, escape, when
from bot.slack.words.small import join, lasting, named, number, role, some, until
from bot.views import CardState, PersonView, RequestView
from policies.review import Review, Verdict

TITLE_SHOWN: Final = 120
AS_EXPECTED: Final = "As expected"
NEEDS_FOLLOW_UP: Final = "Needs follow-up"
END_ALL: Final = "End all"


def shown_title(title: str) -> str:
    """What somebody or a pager wrote of it, on one line; never markup."""
    return clip(clean(title), TITLE_SHOWN)


def head(view: IncidentView) -> str:
    """`INC-42 · sev2 · live`."""
    incident = view.incident
    parts = (incident.id, incident.severity, incident.state.value)
    return " · ".join(escape(part) for part in parts if part)


def opened(view: IncidentView, *, new: bool) -> str:
    """It was opened, or was open already."""
    state = "is open" if new else "was open already"
    led = f", led by {named(view.commander)}" if view.commander else ""
    return f"*{head(view)}* {state}{led}. Access asked for with {escape(view.incident.id)} ends with it."


def nothing_open() -> str:
    """No incident goes on."""
    return "No incident goes on. Open one: /prod-access incident INC-42 open sev2 what is broken"


def listed(view: IncidentView) -> str:
    """One line of the list."""
    held = len(view.held)
    much = f"{held} {'access' if held == 1 else 'accesses'}" if held else "no access hangs on it"
    led = f" · led by {named(view.commander)}" if view.commander else ""
    return f"*{head(view)}*{led} · {much}"


def holds(view: RequestView) -> str:
    """Who holds or waits for what in it."""
    return f"{named(view.beneficiary)} · {role(view)} · {number(view)}"


def closed(view: IncidentView, ended: Sequence[RequestView]) -> str:
    """All of it ends now."""
    if not ended:
        return f"*{escape(view.incident.id)}* is closed. No access hung on it."
    people = len({one.beneficiary.id for one in ended})
    whom = "1 person" if people == 1 else f"{people} people"
    much = "1 access" if len(ended) == 1 else f"{len(ended)} accesses"
    return f"🔒 *{escape(view.incident.id)}: all access ends now* · {whom}, {much}"


def unclear() -> str:
    """The words after `incident` are none of ours."""
    return (
        "That was not understood, so nothing was done. "
        "Write /prod-access incident, incident INC-42, "
        "incident INC-42 open sev2 what is broken, or incident INC-42 end."
    )


def no_incident(reference: str) -> str:
    """Nothing of this name is known."""
    return f"No incident is called {escape(reference)}."


def may_not(groups: Sequence[str]) -> str:
    """Only some people may."""
    who = f"{escape(join(groups, 'or'))} can" if groups else "Nobody can"
    return f"{who} do that. Nothing changed."


def end_all_question(view: IncidentView) -> str:
    """Asked before everything ends."""
    held = len(view.held)
    much = "the 1 access that hangs" if held == 1 else f"all {held} accesses that hang"
    return f"Ends {much} on {view.incident.id}, in every cloud, at once."


def started(view: RequestView, now: datetime) -> str:
    """An emergency has started; who looks at it, and until when."""
    request = view.request
    due = ""
    if request.terms.review_within is not None and request.decided_at is not None:
        due = f" It is reviewed by {when(request.decided_at + request.terms.review_within, now)}."
    return f"Started, until {until(view, now)}.{due}"


def incomplete(what: str) -> str:
    """Something is missing; nothing was asked."""
    return (
        f"Nothing was started. {what} "
        "Write /prod-access emergency ROLE INC-42 why it cannot wait, in one line."
    )


# The message in the security channel, from the emergency to its review


def emergency_title(view: RequestView, now: datetime) -> str:
    """What goes on, loudly."""
    where = f" · {escape(view.request.incident)}" if view.request.incident else ""
    who = f"{named(view.beneficiary)} · {role(view)}{where}"
    if runs(view):
        return f"🚨 *{_kind(view)}, until {until(view, now)}* · {who}"
    return f"📋 *Review* · {who} · {_kind(view).lower()} · {lasting(view)}"


def runs(view: RequestView) -> bool:
    """Whether it is not over yet."""
    return view.state in _RUNNING


def _kind(view: RequestView) -> str:
    return "EMERGENCY" if view.request.emergency else "Handed out"


_RUNNING: Final = {CardState.STARTING, CardState.LIVE, CardState.ENDING, CardState.STUCK}


def emergency_context(view: RequestView, review: Review, now: datetime) -> str:
    """No approval, by which rule, and who looks at it until when."""
    handed = f" · handed out by {named(view.requester)}" if view.on_behalf else ""
    rule = escape(view.request.terms.rule)
    return (
        f"No approval was needed (rule {rule}){handed} · review due {when(review.ends_at, now)} · "
        f"no other emergency for {named(view.beneficiary)} until then · {number(view)}"
    )


def answered(view: RequestView, review: Review, who: str, now: datetime) -> str:
    """The review is done."""
    verdict = _VERDICTS[review.verdict] if review.verdict else ""
    at = when(review.answered_at, now) if review.answered_at else ""
    whose = f"{named(view.beneficiary)} · {role(view)}"
    return f"✅ *Reviewed: {verdict}* · {whose} · by {escape(who)} {at}"


_VERDICTS: Final = {
    Verdict.AS_EXPECTED: "as expected",
    Verdict.NEEDS_FOLLOW_UP: "needs follow-up",
}


def reminder(view: RequestView, review: Review, reviewers: Sequence[PersonView], now: datetime) -> str:
    """It still waits for its review; whom it waits for is called."""
    called = [f"<@{person.slack}>" if person.slack else named(person) for person in reviewers]
    who = f"{some(called, last='or')} can answer" if called else "nobody can answer it now"
    due = "was due" if review.overdue(now) else "is due"
    whose = f"{named(view.beneficiary)} · {role(view)} · {number(view)}"
    return f"⏰ This review {due} {when(review.ends_at, now)} · {whose} · {who}"


def not_yours() -> str:
    """Who had it, or handed it out, does not review it; nor does anybody outside the reviewers."""
    return "You cannot review this: it is yours, or others review it. Nothing changed."


def still_runs() -> str:
    """It is reviewed once it has ended."""
    return "It still runs. Review it once it has ended. Nothing changed."


def reviewed_already() -> str:
    """Somebody was faster."""
    return "This was reviewed already. Nothing changed."
