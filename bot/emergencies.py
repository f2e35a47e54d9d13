"""Emergencies, told where security sees them: one message each, drawn again until its review is answered.

given ─▶ told in the security channel, and where its incident is spoken about
reminded, ended, reviewed ─▶ the same message, drawn again; a reminder is a line of its own below it
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import structlog

from bot.reviewing import reviewers_of, token_name
from bot.slack import reviews as words
from bot.slack.blocks import Message, fingerprint
from bot.slack.client import GONE, Conversation, SlackRefused
from bot.views import PersonView, RequestView, person_view, view
from policies.request import AccessRequest
from policies.review import Review
from policies.rules import Policy
from policies.values import RequestId
from workers.ledger import incidents, notices, reviews
from workers.ledger.ledger import Ledger
from workers.ledger.notices import Notice
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)


class _Told(NamedTuple):
    """An emergency as it is told: what of it, and where."""

    view: RequestView
    review: Review
    who: str
    tokens: words.Tokens
    reviewers: tuple[PersonView, ...]
    notices: tuple[Notice, ...]


class Emergencies:
    """Tells of each emergency in the channels that have to know."""

    def __init__(self, ledger: Ledger, conversation: Conversation) -> None:
        self._ledger = ledger
        self._conversation = conversation

    def tell(self, request: AccessRequest, policy: Policy) -> None:
        """Draw its messages as they now are (SlackError); nothing where it needs no review."""
        if request.terms.review_within is None:
            return
        told = self._ledger.retrying(lambda writing: _gathered(writing, request, policy))
        if told is None:
            return
        now = self._ledger.now()
        message = words.told(told.view, told.review, told.who, now=now, tokens=told.tokens)
        for notice in told.notices:
            for_security = notice.name == _at_security(request.id)
            self._draw(notice, message, told.reviewers if for_security else ())
        if told.review.reminds:
            self._remind(told)

    def _remind(self, told: _Told) -> None:
        """One line below the message in the security channel for each reminder, calling those who review."""
        where, line = self._ledger.retrying(lambda writing: _reminder(writing, told))
        if where is None or where.message is None or line.message is not None:
            return
        message = words.reminder(told.view, told.review, told.reviewers, now=self._ledger.now())
        try:
            posted = self._conversation.post(where.channel, message, thread=where.message)
        except SlackRefused as refused:
            log.warning("not_reminded", channel=where.channel, problem=refused.code)
            return
        self._ledger.retrying(lambda writing: notices.put(writing, line._replace(message=posted.message)))

    def _draw(self, notice: Notice, message: Message, elsewhere: Sequence[PersonView]) -> None:
        """Draw one of them; where its channel refuses it, for the first of these people who takes it."""
        drawn = fingerprint(message)
        if notice.drawn == drawn:
            return
        people = [notice._replace(channel=one.slack, message=None) for one in elsewhere if one.slack]
        posted = self._post_first([notice, *people], message)
        if posted is not None:
            self._ledger.retrying(lambda writing: notices.put(writing, posted._replace(drawn=drawn)))

    def _post_first(self, places: Sequence[Notice], message: Message) -> Notice | None:
        for place in places:
            try:
                return self._post(place, message)
            except SlackRefused as refused:
                log.warning("emergency_not_told", channel=place.channel, problem=refused.code)
        return None

    def _post(self, notice: Notice, message: Message) -> Notice:
        if notice.message is not None:
            try:
                self._conversation.edit(notice.channel, notice.message, message)
            except SlackRefused as refused:
                if refused.code not in GONE:
                    raise
            else:
                return notice
        posted = self._conversation.post(notice.channel, message)
        return notice._replace(channel=posted.channel, message=posted.message)


def _gathered(writing: Writing, request: AccessRequest, policy: Policy) -> _Told | None:
    review = reviews.find(writing, request.id)
    if review is None:
        return None
    answered_by = person_view(policy.people, review.answered_by).name if review.answered_by else ""
    return _Told(
        view=view(writing, policy, request),
        review=review,
        who=answered_by,
        tokens=words.Tokens(
            access=writing.token_for(request.id, request.version),
            review=writing.token_for(token_name(request.id), 0),
        ),
        reviewers=tuple(person_view(policy.people, person) for person in reviewers_of(policy, review)),
        notices=tuple(_where(writing, request, policy)),
    )


def _reminder(writing: Writing, told: _Told) -> tuple[Notice | None, Notice]:
    """The message in the security channel, and where this reminder is, once it was said."""
    where = notices.find(writing, _at_security(told.review.id))
    name = f"review/{told.review.id}/{told.review.version}"
    return where, notices.find(writing, name) or Notice(name, where.channel if where else "")


def _at_security(request: RequestId) -> str:
    return f"emergency/{request}/security"


def _where(writing: Writing, request: AccessRequest, policy: Policy) -> Iterator[Notice]:
    channels = {_at_security(request.id): policy.settings.security_channel}
    incident = incidents.find(writing, request.incident) if request.incident else None
    if incident is not None:
        channels[f"emergency/{request.id}/incident"] = incident.channel
    for name, channel in channels.items():
        if channel is not None:
            yield notices.find(writing, name) or Notice(name, channel)
