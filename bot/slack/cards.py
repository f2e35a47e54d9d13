"""The card: one message per request, drawn again from the ledger whenever something changes.

The order is the same in every state: title, reason, facts, buttons, small print. It has at most six blocks,
and buttons only for what can still be done. `card` reads nothing but the view: the same view at the same
moment is the same card.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from bot.slack import actions as ids
from bot.slack.blocks import (
    FALLBACK_MOST,
    Block,
    Message,
    Option,
    actions,
    button,
    clip,
    confirmation,
    context,
    mrkdwn,
    overflow,
    plain,
    quote,
    section,
    small_print,
)
from bot.slack.words import aloud, buttons
from bot.slack.words import card as words
from bot.slack.words.clouds import how_many_live, where
from bot.slack.words.small import number, plain_reference
from bot.views import CardState, RequestView
from policies.catalogue import Risk

__all__ = ["Message", "card", "end_button", "extend_buttons", "withdraw_button"]


class _Look(NamedTuple):
    now: datetime
    token: str
    mention: bool


def card(view: RequestView, *, now: datetime, token: str, mention: bool = True) -> Message:
    """The request as it stands; `mention` calls the people on duty, which only a new message does aloud."""
    return _FACES[view.state](view, _Look(now, token, mention))


def end_button(view: RequestView, token: str) -> Block:
    """Ends the access, after asking once."""
    question = confirmation(buttons.END_TITLE, buttons.end_question(view), buttons.END_NOW, buttons.KEEP)
    return button(buttons.END_NOW, ids.END, token, label=buttons.end_label(view), confirm=question)


def extend_buttons(view: RequestView, token: str) -> list[Block]:
    """Lets it last longer, or asks for that; nothing where it cannot, or where that is under way."""
    room = view.room
    if room is None or room.adding is None or view.more is not None or view.state is not CardState.LIVE:
        return []
    return [button(buttons.extend(room), ids.EXTEND, token, label=buttons.extend_label(view, room))]


def withdraw_button(view: RequestView, token: str, text: str = buttons.WITHDRAW) -> Block:
    """Takes back a request that waits."""
    return button(text, ids.WITHDRAW, token, label=buttons.label(text, view))


def _message(text: str, *blocks: Block) -> Message:
    return Message(clip(text, FALLBACK_MOST), blocks)


def _waiting(view: RequestView, look: _Look) -> Message:
    what = words.what_for(view)
    return _message(
        aloud.waiting_text(view, look.now),
        section(words.waiting_title(view)),
        *_words_of(view.reason),
        section(what or None, fields=_fields(view)),
        _decide(view, look.token),
        context(words.waiting_context(view, look.now, mention=look.mention)),
    )


def _fields(view: RequestView) -> list[Block]:
    fields = [mrkdwn(words.risk_fact(view))]
    if view.on_behalf:
        fields.append(mrkdwn(words.asker_fact(view)))
    if reference := plain_reference(view):
        fields.append(plain(reference))
    return fields


def _decide(view: RequestView, token: str) -> Block:
    question = confirmation(
        buttons.APPROVE_TITLE, buttons.approve_question(view), buttons.APPROVE, buttons.BACK
    )
    return actions(
        button(
            buttons.APPROVE,
            ids.APPROVE,
            token,
            label=buttons.label(buttons.APPROVE, view),
            style="primary",
            confirm=question if view.risk is Risk.CRITICAL else None,
        ),
        button(buttons.DENY, ids.DENY, token, label=buttons.label(buttons.DENY, view), style="danger"),
        overflow(ids.MORE, [Option(buttons.WITHDRAW, ids.menu_value(ids.WITHDRAW, token))]),
    )


def _words_of(text: str | None) -> list[Block]:
    return [quote(text)] if text else []


def _facts(text: str, accessory: Block | None = None) -> list[Block]:
    return [section(text, accessory=accessory)] if text else []


def _starting(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.starting_text(view, look.now),
        section(words.starting_title(view, look.now)),
        *_words_of(view.reason),
        *_facts(words.starting_facts(view, look.now), end_button(view, look.token)),
        context(words.starting_context(view, look.now)),
    )


def _live(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.live_text(view, look.now),
        section(words.live_title(view, look.now), accessory=end_button(view, look.token)),
        *_words_of(view.reason),
        *_facts(words.live_facts(view, look.now)),
        *small_print(words.live_context(view, look.now)),
    )


def _ending(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.ending_text(view, look.now),
        section(words.ending_title(view)),
        *_words_of(view.reason),
        *_facts(where(view, look.now)),
        context(words.ending_context(view)),
    )


def _stuck(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.stuck_text(view, look.now),
        section(words.stuck_title(view, look.now), accessory=_end_the_rest(view, look.token)),
        *_words_of(view.reason),
        *_facts(words.stuck_facts(view, look.now)),
        context(words.stuck_context(view)),
    )


def _end_the_rest(view: RequestView, token: str) -> Block | None:
    """Where one cloud has not ended in time, another may last until later."""
    return end_button(view, token) if how_many_live(view) else None


def _ended(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.ended_text(view, look.now),
        section(words.ended_title(view, look.now)),
        *_facts(where(view, look.now)),
        *small_print(words.ended_context(view)),
    )


def _denied(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.denied_text(view, look.now),
        section(words.denied_title(view, look.now)),
        *_words_of(view.note),
        context(number(view)),
    )


def _withdrawn(view: RequestView, look: _Look) -> Message:
    title = section(words.withdrawn_title(view, look.now))
    return _message(aloud.withdrawn_text(view, look.now), title, context(number(view)))


def _lapsed(view: RequestView, look: _Look) -> Message:
    title = section(words.lapsed_title(view, look.now))
    return _message(aloud.lapsed_text(view, look.now), title, context(number(view)))


def _not_given(view: RequestView, look: _Look) -> Message:
    return _message(
        aloud.not_given_text(view, look.now),
        section(words.not_given_title(view)),
        *_facts(where(view, look.now)),
        context(words.not_given_context(view)),
    )


_FACES: Final[Mapping[CardState, Callable[[RequestView, _Look], Message]]] = {
    CardState.WAITING: _waiting,
    CardState.STARTING: _starting,
    CardState.LIVE: _live,
    CardState.ENDING: _ending,
    CardState.STUCK: _stuck,
    CardState.ENDED: _ended,
    CardState.DENIED: _denied,
    CardState.WITHDRAWN: _withdrawn,
    CardState.LAPSED: _lapsed,
    CardState.NOT_GIVEN: _not_given,
}
