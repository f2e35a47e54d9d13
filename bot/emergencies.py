"""Emergencies, told where security sees them: one message each, drawn again until its review is answered.

given ─▶ told in the security channel, and where its incident is spoken about
reminded, ended, reviewed ─▶ the same message, drawn again; a reminder is a line of its own below it
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Final, NamedTuple

import structlog

from bot.reviewing import reviewers_of, token_name
from bot.slack import reviews as words
from bot.slack.blocks import Message
from bot.slack.client import Conversation, SlackRefused
from bot.views import PersonView, RequestView, person_view, view
from policies.request import AccessRequest
from policies.review import Review
from policies.rules import Policy
from workers.ledger import incidents, notices, reviews
from workers.ledger.ledger import Ledger
from workers.ledger.notices import Notice
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

_GONE: Final = {"message_not_found", "channel_not_found", "is_archived", "not_in_channel"}


class _Told(NamedTuple):
    """An emergency as it is told: what of it, and where."""

    view: RequestView
    review: Review
    who: str
    token: str
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
        message = words.told(told.view, told.review, told.who, now=now, token=told.token)
        for notice in told.notices:
            self._draw(notice, message)
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

    def _draw(self, notice: Notice, message: Message) -> None:
        drawn = _fingerprint(message)
        if notice.drawn == drawn:
            return
        try:
            posted = self._post(notice, message)
        except SlackRefused as refused:
            log.warning("emergency_not_told", channel=notice.channel, problem=refused.code)
            return
        self._ledger.retrying(lambda writing: notices.put(writing, posted._replace(drawn=drawn)))

    def _post(self, notice: Notice, message: Message) -> Notice:
        if notice.message is not None:
            try:
                self._conversation.edit(notice.channel, notice.message, message)
            except SlackRefused as refused:
                if refused.code not in _GONE:
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
        token=writing.token_for(token_name(request.id), 0),
        reviewers=tuple(person_view(policy.people, person) for person in reviewers_of(policy, review)),
        notices=tuple(_where(writing, request, policy)),
    )


def _reminder(writing: Writing, told: _Told) -> tuple[Notice | None, Notice]:
    """The message in the security channel, and where this reminder is, once it was said."""
    where = notices.find(writing, f"emergency/{told.review.id}/security")
    name = f"review/{told.review.id}/{told.review.version}"
    return where, notices.find(writing, name) or Notice(name, where.channel if where else "")


def _where(writing: Writing, request: AccessRequest, policy: Policy) -> Iterator[Notice]:
    channels = {"security": policy.settings.security_channel}
    incident = incidents.find(writing, request.incident) if request.incident else None
    if incident is not None:
        channels["incident"] = incident.channel
    for place, channel in channels.items():
        if channel is not None:
            name = f"emergency/{request.id}/{place}"
            yield notices.find(writing, name) or Notice(name, channel)


def _fingerprint(message: Message) -> str:
    text = json.dumps([message.text, list(message.blocks)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
