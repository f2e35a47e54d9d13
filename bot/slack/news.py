"""What rings while access is live, each in a message of its own: its end is near, or stands as it was.

The last warning is drawn again, silently, as things change: at the end it says what the message about the
access itself says.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from bot.slack.blocks import FALLBACK_MOST, Message, actions, clip, context, message, quote, section
from bot.slack.cards import end_button, extend_buttons
from bot.slack.direct import direct
from bot.slack.thread import Beside
from bot.slack.words import longer
from bot.slack.words.aloud import reason_text
from bot.slack.words.small import number
from bot.views import CardState, RequestView

WARNED: Final = "request.warned"


def news(kind: str, view: RequestView, beside: Beside, *, now: datetime, token: str) -> Message | None:
    """What the holder is told of an entry of this kind, or None once it is news no longer."""
    tell = _NEWS.get(kind)
    return tell(view, beside, now, token) if tell and view.state is CardState.LIVE else None


def warning(view: RequestView, *, now: datetime, token: str) -> Message | None:
    """What the last warning says by now."""
    if view.state is not CardState.LIVE:
        return direct(view, now=now, token=token)
    if view.request.warned_at is None:
        sentence = longer.ends_later(view, now)
        return message(sentence, section(sentence), context(number(view)))
    sentence = longer.ends_soon(view, now)
    pressed = extend_buttons(view, token)
    if view.more is not None:
        sentence = f"{sentence} {longer.under_way(view, view.more, now)}"
    elif not pressed:
        sentence = f"{sentence} {longer.cannot_be_longer(view)}"
    return message(
        sentence, section(sentence), actions(*pressed, end_button(view, token)), context(number(view))
    )


def _warned(view: RequestView, _: Beside, now: datetime, token: str) -> Message | None:
    still_to_come = view.request.ends_at is not None and now < view.request.ends_at
    return warning(view, now=now, token=token) if still_to_come and view.request.warned_at else None


def _denied(view: RequestView, beside: Beside, now: datetime, _: str) -> Message:
    sentence = longer.denied_for_you(view, beside.who, now)
    note = [quote(beside.note)] if beside.note else []
    told = message(sentence, section(sentence), *note, context(number(view)))
    return told._replace(text=clip(f"{told.text}{reason_text(beside.note)}", FALLBACK_MOST))


def _lapsed(view: RequestView, _: Beside, now: datetime, __: str) -> Message:
    sentence = longer.lapsed_for_you(view, now)
    return message(sentence, section(sentence), context(number(view)))


_NEWS: Final[Mapping[str, Callable[[RequestView, Beside, datetime, str], Message | None]]] = {
    WARNED: _warned,
    "request.extension_denied": _denied,
    "request.extension_lapsed": _lapsed,
}
KINDS: Final = frozenset(_NEWS)
"""The kinds of entries that may ring."""
