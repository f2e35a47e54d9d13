"""The message in the security channel: an emergency while it runs, and the review that it needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.slack import actions as ids
from bot.slack.blocks import (
    FALLBACK_MOST,
    Block,
    Message,
    actions,
    button,
    clip,
    context,
    quote,
    said,
    section,
    spoken,
)
from bot.slack.cards import end_button
from bot.slack.words import incidents as words
from bot.slack.words.aloud import reason_text
from bot.views import PersonView, RequestView
from policies.review import Review, ReviewState


class Tokens(NamedTuple):
    """What the buttons carry: of the access, and of its review."""

    access: str
    review: str


def told(view: RequestView, review: Review, who: str, *, now: datetime, tokens: Tokens) -> Message:
    """The emergency and its review as they stand; `who` is the name of whoever answered it.

    While it runs it can be ended; it is reviewed afterwards.
    """
    why = [quote(view.reason)] if view.reason else []
    if review.state is ReviewState.ANSWERED:
        title = words.answered(view, review, who, now)
        return Message(_aloud(title, view.reason), (section(title), *why))
    title, small = words.emergency_title(view, now), words.emergency_context(view, review, now)
    if words.runs(view):
        head = section(title, accessory=end_button(view, tokens.access))
        return Message(_aloud(title, view.reason, small), (head, *why, context(small)))
    blocks = (section(title), *why, _buttons(tokens.review), context(small))
    return Message(_aloud(title, view.reason, small), blocks)


def _aloud(title: str, reason: str | None, small: str = "") -> str:
    """All of it, for screen readers and pushes."""
    return clip(spoken(f"{title}.{reason_text(reason)} {small}").strip(), FALLBACK_MOST)


def reminder(view: RequestView, review: Review, reviewers: Sequence[PersonView], *, now: datetime) -> Message:
    """That it still waits, calling those who may answer it."""
    return said(words.reminder(view, review, reviewers, now))


def _buttons(token: str) -> Block:
    return actions(
        button(words.AS_EXPECTED, ids.REVIEW_FINE, token, label=words.AS_EXPECTED),
        button(words.NEEDS_FOLLOW_UP, ids.REVIEW_FOLLOW_UP, token, label=words.NEEDS_FOLLOW_UP),
    )
