"""What somebody reads who typed `incident …` or `emergency …`."""

from datetime import datetime
from typing import assert_never

from bot.answers import LedgerAway, NoRules, UnknownCard
from bot.incidents import Closed, IncidentAnswer, IncidentView, MayNot, NoIncident, Opened, Shown
from bot.reviewing import NotYourReview, ReviewAnswer, Reviewed, ReviewedAlready, StillRuns
from bot.slack import actions as ids
from bot.slack import replies
from bot.slack.blocks import Block, Message, button, confirmation, message, plain, said, section
from bot.slack.cards import end_button
from bot.slack.words import buttons, presses
from bot.slack.words import incidents as words
from bot.views import RequestView

LISTED_MOST = 20


def say_incident(answer: IncidentAnswer) -> Message:
    """What came of a word about an incident."""
    match answer:
        case Opened(view, new):
            return said(words.opened(view, new=new))
        case Closed(view, ended):
            return said(words.closed(view, ended))
        case Shown(view):
            return _shown(view)
        case NoIncident(reference):
            return said(words.no_incident(reference))
        case MayNot(groups):
            return said(words.may_not(groups))
        case NoRules() | LedgerAway():
            return replies.say_cannot(answer)
        case _:
            assert_never(answer)


def say_incidents(listed: tuple[IncidentView, ...]) -> Message:
    """The incidents that go on."""
    if not listed:
        return said(words.nothing_open())
    lines = [words.listed(view) for view in listed[:LISTED_MOST]]
    return message("\n".join(lines), *(section(line) for line in lines))


def say_unclear() -> Message:
    """The words after `incident` are none of ours."""
    return said(words.unclear())


def _shown(view: IncidentView) -> Message:
    lines = [words.listed(view), *(words.holds(one) for one in view.held[:LISTED_MOST])]
    title = [section(None, fields=[plain(words.shown_title(view.title))])] if view.title else []
    head, *rest = (section(line) for line in lines)
    return message("\n".join(lines), head, *title, *rest, *_end_all(view))


def _end_all(view: IncidentView) -> list[Block]:
    if not view.held:
        return []
    question = confirmation(words.END_ALL, words.end_all_question(view), words.END_ALL, buttons.BACK)
    name = view.incident.id
    pressed = button(
        words.END_ALL, ids.END_INCIDENT, name, label=words.END_ALL, style="danger", confirm=question
    )
    return [section(words.end_all_question(view), accessory=pressed)]


def say_started(view: RequestView, *, now: datetime, token: str) -> Message:
    """An emergency has started."""
    return said(words.started(view, now), end_button(view, token))


def say_incomplete(what: str) -> Message:
    """Something of an emergency is missing."""
    return said(words.incomplete(what))


def say_review(answer: ReviewAnswer) -> Message | None:
    """What came of a review; nothing where the message itself shows it."""
    match answer:
        case Reviewed():
            return None
        case NotYourReview():
            return said(words.not_yours())
        case StillRuns():
            return said(words.still_runs())
        case ReviewedAlready():
            return said(words.reviewed_already())
        case UnknownCard():
            return said(presses.unknown_card())
        case NoRules() | LedgerAway():
            return replies.say_cannot(answer)
        case _:
            assert_never(answer)
