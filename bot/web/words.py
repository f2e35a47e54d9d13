"""What a terminal reads: the words of Slack's answers, without Slack's marks."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bot.slack.blocks import Message, clean, clip, message
from bot.slack.line import GroupMention, Note, PersonUnknown
from bot.slack.notes import sentence
from bot.views import RequestView
from policies.grant import Grant

CLIENT_MOST: Final = 60
_MENTION: Final = re.compile(r"&lt;#[A-Z0-9]+&gt;|<#[A-Z0-9]+>")
_ESCAPED: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))

NOTHING_ASKED: Final = "Nothing was asked."
USAGE: Final = "Write: prod-access ask ROLE [DURATION] [REFERENCE] reason"
NOT_LOGGED_IN: Final = "You are not logged in, or not any more. Run: prod-access login"
TOO_FAST: Final = "That was too often. Try again in a moment."
TOO_MANY_LOGINS: Final = "Too many logins were started just now. Try again in a moment."
LOGIN_OVER: Final = (
    "The code was not confirmed in time, or its login was taken already. Run: prod-access login"
)
LOGIN_REFUSED: Final = "You said in Slack that it was not you, so this terminal got nothing."
LEDGER_AWAY: Final = "The ledger cannot be reached, so nothing was done. Try again in a minute."
NO_RULES: Final = "No rules are in force, so nothing can be asked or used."
NO_SUCH_PAGER: Final = "There is no such pager, or it is configured wrongly: the log says which."
NOT_SIGNED: Final = "Nobody who has the secret signed this."
NOT_A_DELIVERY: Final = "This is not what this pager sends."
NOT_OVER_TLS: Final = "This has to be called over https."


def plain(said: Message) -> str:
    """An answer as a terminal shows it: what a screen reader would say, with a channel called Slack."""
    text = _MENTION.sub("Slack", said.text)
    for mark, sign in _ESCAPED:
        text = text.replace(mark, sign)
    return text


def plain_line(marked: str) -> str:
    """One line of ours, the same way."""
    return plain(message(marked))


def client_name(told: str) -> str:
    """What a terminal calls itself, on one line and not for long."""
    return clip(clean(told), CLIENT_MOST) or "a terminal without a name"


def not_asked(notes: Sequence[Note], selected: timedelta | None) -> str:
    """What is missing in a line, or uncertain; a terminal is one person's, so it asks for nobody else."""
    if any(isinstance(note, PersonUnknown | GroupMention) for note in notes):
        return f"At a terminal you ask for yourself only. {NOTHING_ASKED}"
    return " ".join([*(sentence(note, selected) for note in notes), NOTHING_ASKED])


def which_one(grants: Sequence[Grant]) -> str:
    """Several grants fit."""
    found = "; ".join(f"{grant.id}: {grant.role} in {grant.entitlement.alias}" for grant in grants)
    return f"You hold several there. Name one with --request. {found}."


def nothing_live(cloud: str, which: str | None, *, starting: bool) -> str:
    """There is nothing to use."""
    there = _CLOUDS.get(cloud, cloud)
    if starting:
        what = which or f"What you asked for in {there}"
        return f"{what} is starting and not live yet. Try again in a moment."
    if which:
        return f"{which} gives you nothing in {there} now. What you hold: prod-access mine"
    return f"You hold nothing in {there} now. Ask: prod-access ask ROLE reason"


def through_the_portal(grant: Grant) -> str:
    """What Identity Center gives is used as Identity Center has it."""
    return f"{grant.request} is used through your AWS access portal: aws sso login"


def nothing_to_end(target: str) -> str:
    """Nothing fits what was to be ended."""
    named = (
        f'You hold nothing called "{clip(clean(target), CLIENT_MOST)}"' if target else "You hold nothing now"
    )
    return f"{named}. What you hold and wait for: prod-access mine"


def end_which(views: Sequence[RequestView]) -> str:
    """Several could be meant."""
    found = ", ".join(f"{view.request.id} ({view.request.role})" for view in views)
    return f"You hold several, so name one, or all: {found}."


_CLOUDS: Final = {
    "aws": "AWS",
    "identity-center": "AWS Identity Center",
    "gcp": "Google Cloud",
    "azure": "Azure",
}
