"""Tells people what the ledger says: the card, the thread, the message to the holder; in order, from the log.

    audit log ──cursor──▶ requests with something untold ──▶ card drawn again, thread lines added, DM edited

One announcer at a time holds the cursor. Each thread line is remembered as told as soon as Slack has taken
it, so at most one line can appear twice, and only after a kill between Slack's answer and our commit (Slack
has no idempotency key). What Slack cannot take now is told later; several changes become one drawing.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final, NamedTuple

import structlog

from bot.slack import cards, direct, replies, thread
from bot.slack.blocks import Message
from bot.slack.client import Conversation, Posted, SlackAway, SlackBusy, SlackError, SlackRefused
from bot.views import CardState, RequestView, view
from policies.audit import Entry
from policies.rules import Policy
from policies.values import RequestId
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger
from workers.ledger.reading import Card
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

CURSOR: Final = "announced"
HOLD: Final = timedelta(seconds=30)
_GONE: Final = {
    "message_not_found",
    "thread_not_found",
    "cant_update_message",
    "edit_window_closed",
    "is_inactive",
    "is_archived",
    "not_in_channel",
    "channel_not_found",
}
"""What Slack says of a message that can no longer be drawn again or answered: a new one takes its place."""


class _Telling(NamedTuple):
    """A request, how it is shown now, and what is not told of it yet."""

    card: Card
    view: RequestView
    token: str
    untold: tuple[Entry, ...]


class Announcer:
    """One reader of the audit log, with a voice in Slack."""

    def __init__(
        self, ledger: Ledger, policy: Callable[[], Policy | None], conversation: Conversation, *, name: str
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._conversation = conversation
        self._name = name
        self._one_at_a_time = threading.Lock()

    def run(self) -> float:
        """Tell what is untold; the seconds until it is worth trying again (0: everything is told)."""
        if not self._one_at_a_time.acquire(blocking=False):
            return 0.1
        try:
            return self._run()
        finally:
            self._one_at_a_time.release()

    def _run(self) -> float:
        policy = self._policy()
        with self._ledger.reading() as reader:
            cursor = reader.cursor(CURSOR)
            untold, (head, _) = reader.untold(cursor), reader.head()
        if policy is None or head == cursor:
            return 0.0 if policy else 1.0
        if not self._hold():
            return 1.0
        late, wait = self._tell_all(untold, policy)
        if not self._hold():
            return 1.0  # it took too long: somebody else has gone on from here
        reached = min(late) - 1 if late else head
        self._ledger.retrying(lambda writing: writing.move_cursor(CURSOR, self._name, max(reached, cursor)))
        return wait

    def _hold(self) -> bool:
        return self._ledger.retrying(
            lambda writing: writing.hold_cursor(CURSOR, self._name, writing.now + HOLD)
        )

    def _tell_all(self, untold: Iterable[tuple[int, RequestId]], policy: Policy) -> tuple[list[int], float]:
        """The numbers of what could not be told, and how long to wait before it is tried again."""
        late: list[int] = []
        wait = 0.0
        away = False
        for seq, request in untold:
            if away or not self._hold():
                late.append(seq)
                continue
            try:
                self._tell(request, policy)
            except SlackBusy as busy:
                late.append(seq)
                wait = max(wait, busy.after)
            except SlackError as error:
                log.warning("not_told", request=request, problem=str(error))
                late.append(seq)
                away = isinstance(error, SlackAway)
                wait = max(wait, 1.0)
            except LedgerError:
                raise
            except Exception:  # the boundary of one request: what is wrong with it must not silence the rest
                log.exception("telling_broke", request=request)
                late.append(seq)
                wait = max(wait, 1.0)
        return late, wait

    def _tell(self, request: RequestId, policy: Policy) -> None:
        telling = self._ledger.retrying(lambda writing: _gather(writing, request, policy))
        if telling is None:
            return
        telling = self._tell_card(telling)
        telling = self._tell_thread(telling)
        self._tell_holder(telling)

    def _tell_card(self, telling: _Telling) -> _Telling:
        message = cards.card(telling.view, now=self._ledger.now(), token=telling.token)
        drawn = _fingerprint(message)
        if drawn == telling.card.drawn:
            return telling
        card = telling.card
        if card.message is not None and not self._edit(card.channel, card.message, message):
            card = _unposted(telling)
        if card.message is None:
            card = self._post_card(card, telling.view, message)
        return telling._replace(card=self._keep(card._replace(drawn=drawn), telling))

    def _post_card(self, card: Card, shown: RequestView, message: Message) -> Card:
        """Post the card where it belongs; where it cannot stand, to the people who are asked."""
        try:
            problem = "shared" if self._conversation.channel(card.channel).shared else None
            posted = None if problem else self._conversation.post(card.channel, message)
        except SlackRefused as refused:
            problem, posted = refused.code, None
        if posted is None:
            log.warning("card_misplaced", request=card.request, channel=card.channel, problem=problem)
            return self._post_elsewhere(card._replace(problem=problem), shown, message)
        return card._replace(channel=posted.channel, message=posted.message, problem=None)

    def _post_elsewhere(self, card: Card, shown: RequestView, message: Message) -> Card:
        """The first person asked who can be reached gets the card; with nobody asked there is no card."""
        for person in shown.asked:
            posted = self._try_to_post(person.slack, message)
            if posted is not None:
                return card._replace(channel=posted.channel, message=posted.message)
        if shown.state is CardState.WAITING:
            self._try_to_post(shown.requester.slack, replies.say_card_not_posted(shown))
        return card

    def _try_to_post(self, user: str | None, message: Message) -> Posted | None:
        if user is None:
            return None
        try:
            return self._conversation.post(user, message)
        except SlackRefused:
            return None

    def _edit(self, channel: str, at: str, message: Message) -> bool:
        """Draw a message again; False when it can no longer be drawn."""
        try:
            self._conversation.edit(channel, at, message)
        except SlackRefused as refused:
            if refused.code not in _GONE:
                raise
            return False
        return True

    def _tell_thread(self, telling: _Telling) -> _Telling:
        for entry in telling.untold:
            message = thread.line(entry, telling.view)
            lines = telling.card.lines
            if message is not None:
                telling, said = self._say_below(telling, message)
                lines += said
            card = telling.card._replace(told=entry.seq, lines=lines)
            telling = telling._replace(card=self._keep(card, telling))
        return telling

    def _say_below(self, telling: _Telling, message: Message) -> tuple[_Telling, bool]:
        """Add a line to the thread; where that is no longer possible, to the thread of a new card."""
        if self._reply(telling.card, message):
            return telling, True
        if telling.card.message is None:
            return telling, False
        moved = self._tell_card(telling._replace(card=_unposted(telling)))
        return moved, self._reply(moved.card, message)

    def _reply(self, card: Card, message: Message) -> bool:
        if card.message is None:
            return False
        try:
            self._conversation.post(card.channel, message, thread=card.message)
        except SlackRefused as refused:
            if refused.code not in _GONE:
                raise
            return False
        return True

    def _tell_holder(self, telling: _Telling) -> None:
        message = direct.direct(telling.view, now=self._ledger.now(), token=telling.token)
        user = telling.view.beneficiary.slack
        if message is None or user is None:
            return
        drawn = _fingerprint(message)
        card = telling.card
        if drawn == card.direct_drawn:
            return
        if not self._edit_direct(card, telling.view, message):
            posted = self._try_to_post(user, message)
            if posted is not None:
                card = card._replace(direct_channel=posted.channel, direct_message=posted.message)
        self._keep(card._replace(direct_drawn=drawn), telling)

    def _edit_direct(self, card: Card, shown: RequestView, message: Message) -> bool:
        """Draw the holder's message again where that is enough; False when a new one is due."""
        if card.direct_channel is None or card.direct_message is None or direct.ping(shown):
            return False
        return self._edit(card.direct_channel, card.direct_message, message)

    def _keep(self, card: Card, telling: _Telling) -> Card:
        def keep(writing: Writing) -> None:
            writing.put_card(card)
            if card.message is not None:
                request = telling.view.request
                writing.bind_tokens(request.id, request.version, card.message)

        self._ledger.retrying(keep)
        return card


def _gather(writing: Writing, name: RequestId, policy: Policy) -> _Telling | None:
    request = writing.request(name)
    card = writing.card(name)
    if request is None or card is None:
        return None
    untold = tuple(writing.entries(request=name, after=card.told))
    return _Telling(card, view(writing, policy, request), writing.token_for(name, request.version), untold)


def _unposted(telling: _Telling) -> Card:
    """The card as it was before it was posted, to be posted anew where it belongs."""
    return telling.card._replace(channel=telling.view.request.channel, message=None, drawn="")


def _fingerprint(message: Message) -> str:
    text = json.dumps([message.text, list(message.blocks)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
