"""Tells people what the ledger says: the card, the thread, the message to the holder; in order, from the log.

    audit log ──cursor──▶ requests with something untold ──▶ card drawn again, thread lines added, DM edited,
                                                             and what has to ring sent as a DM of its own

One announcer at a time holds the cursor. Each thread line is remembered as told as soon as Slack has taken
it, so at most one line can appear twice, and only after a kill between Slack's answer and our commit (Slack
has no idempotency key). What Slack cannot take now is told later; several changes become one drawing.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

import structlog

from bot.emergencies import Emergencies
from bot.slack import cards, direct, news, replies, thread
from bot.slack.blocks import Message, fingerprint
from bot.slack.client import GONE, Conversation, Posted, SlackAway, SlackBusy, SlackError, SlackRefused
from bot.slack.telling import Telling, gather
from bot.slack.words.small import in_question
from bot.views import CardState, RequestView
from policies.rules import Policy
from policies.values import RequestId
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger
from workers.ledger.reading import Card
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

CURSOR: Final = "announced"
HOLD: Final = timedelta(seconds=30)


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
        self._emergencies = Emergencies(ledger, conversation)

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
            (head, _), untold = reader.head(), reader.untold(cursor)
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
        telling = self._ledger.retrying(lambda writing: gather(writing, request, policy))
        if telling is None:
            return
        telling = self._tell_card(telling)
        telling = self._tell_thread(telling)
        telling = self._tell_line(telling)
        telling = self._tell_holder(telling)
        self._tell_news(telling)
        self._emergencies.tell(telling.view.request, policy)

    def _tell_card(self, telling: Telling) -> Telling:
        message = cards.card(telling.view, now=self._ledger.now(), token=telling.token)
        drawn = fingerprint(message)
        if drawn == telling.card.drawn:
            return telling
        card = telling.card
        if card.message is not None and not self._edit(card.channel, card.message, message):
            card = _unposted(telling)
        if card.message is None:
            card = self._post_card(card, telling.view, message)
        return self._keep(telling._replace(card=card._replace(drawn=drawn)))

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
        for person in in_question(shown).asked:
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
            if refused.code not in GONE:
                raise
            return False
        return True

    def _tell_thread(self, telling: Telling) -> Telling:
        for entry, beside in telling.untold:
            message = thread.line(entry, telling.view, beside, token=telling.token)
            posted = None
            if message is not None:
                telling, posted = self._say_below(telling, message)
            if message is not None and posted is not None and entry.kind == thread.LONGER_ASKED:
                telling = telling._replace(line=_as_line(telling.line, entry.seq, posted, message))
            lines = telling.card.lines + (posted is not None)
            card = telling.card._replace(told=entry.seq, lines=lines)
            telling = self._keep(telling._replace(card=card))
        return telling

    def _say_below(self, telling: Telling, message: Message) -> tuple[Telling, Posted | None]:
        """Add a line to the thread; where that is no longer possible, to the thread of a new card."""
        posted = self._reply(telling.card, message)
        if posted is not None or telling.card.message is None:
            return telling, posted
        moved = self._tell_card(telling._replace(card=_unposted(telling)))
        return moved, self._reply(moved.card, message)

    def _reply(self, card: Card, message: Message) -> Posted | None:
        if card.message is None:
            return None
        try:
            return self._conversation.post(card.channel, message, thread=card.message)
        except SlackRefused as refused:
            if refused.code not in GONE:
                raise
            return None

    def _tell_line(self, telling: Telling) -> Telling:
        """Draw the line that asks for more time again: its buttons belong to one version of the request."""
        asked, line = telling.asked, telling.line
        if asked is None or not (telling.line_stands or telling.view.waits_for_more):
            return telling
        message = thread.line(asked.entry, telling.view, asked.beside, token=telling.token)
        if message is None or fingerprint(message) == line.drawn:
            return telling
        there = telling.line_stands and line.message is not None
        if line.message is not None and there:
            there = self._edit(line.channel, line.message, message)
        if there or not telling.view.waits_for_more:
            return self._keep(telling._replace(line=line._replace(drawn=fingerprint(message))))
        telling, posted = self._say_below(telling, message)
        if posted is None:
            return telling
        return self._keep(telling._replace(line=_as_line(line, asked.entry.seq, posted, message)))

    def _tell_holder(self, telling: Telling) -> Telling:
        message = direct.direct(telling.view, now=self._ledger.now(), token=telling.token)
        user = telling.view.beneficiary.slack
        if message is None or user is None:
            return telling
        drawn = fingerprint(message)
        card = telling.card
        if drawn == card.direct_drawn:
            return telling
        if not self._edit_direct(telling, message):
            posted = self._try_to_post(user, message)
            if posted is not None:
                card = card._replace(direct_channel=posted.channel, direct_message=posted.message)
        before = telling.card
        telling = self._keep(telling._replace(card=card._replace(direct_drawn=drawn)))
        if before.direct_message != card.direct_message:
            self._overtake(before.direct_channel, before.direct_message, telling)
        return telling

    def _overtake(self, channel: str | None, message: str | None, telling: Telling) -> None:
        """A newer message has come: the one before it says so, and has nothing to press any more."""
        if channel is not None and message is not None:
            self._edit(channel, message, direct.overtaken(telling.view))

    def _edit_direct(self, telling: Telling, message: Message) -> bool:
        """Draw the holder's message again where that is enough; False when a new one is due."""
        card = telling.card
        rings = direct.ping(telling.view, newly_live=telling.newly_live)
        if card.direct_channel is None or card.direct_message is None or rings:
            return False
        return self._edit(card.direct_channel, card.direct_message, message)

    def _tell_news(self, telling: Telling) -> None:
        """Ring for what has to ring, and draw the last warning again."""
        now, shown, token = self._ledger.now(), telling.view, telling.token
        for entry, beside in telling.news:
            message = news.news(entry.kind, shown, beside, now=now, token=token)
            posted = self._try_to_post(shown.beneficiary.slack, message) if message else None
            before = telling.warning
            warning = before._replace(told=entry.seq)
            if message is not None and posted is not None and entry.kind == news.WARNED:
                warning = _as_line(warning, entry.seq, posted, message)
            telling = self._keep(telling._replace(warning=warning))
            if warning.message != before.message:
                self._overtake(before.channel, before.message, telling)
        self._redraw_warning(telling)

    def _redraw_warning(self, telling: Telling) -> None:
        warning = telling.warning
        message = news.warning(telling.view, now=self._ledger.now(), token=telling.token)
        if warning.message is None or message is None or fingerprint(message) == warning.drawn:
            return
        self._edit(warning.channel, warning.message, message)
        self._keep(telling._replace(warning=warning._replace(drawn=fingerprint(message))))

    def _keep(self, telling: Telling) -> Telling:
        """Remember what was said where, and which message's buttons decide."""
        request, decided_on = telling.view.request, telling.decided_on

        def keep(writing: Writing) -> None:
            for card in telling.kept:
                writing.put_card(card)
            if decided_on is not None:
                writing.bind_tokens(request.id, request.version, decided_on)

        self._ledger.retrying(keep)
        return telling


def _unposted(telling: Telling) -> Card:
    """The card as it was before it was posted, to be posted anew where it belongs."""
    return telling.card._replace(channel=telling.view.request.channel, message=None, drawn="")


def _as_line(line: Card, told: int, posted: Posted, message: Message) -> Card:
    """A message besides the card, as it now stands."""
    return line._replace(
        channel=posted.channel, message=posted.message, drawn=fingerprint(message), told=told
    )
