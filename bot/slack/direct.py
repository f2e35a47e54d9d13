"""The direct message: one per request, to whoever has the access, edited as things change.

It holds everything needed to use the access and nothing that is secret: the commands only work for the
person they were made for. What rings while it is live is a message of its own, in `news`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.slack import actions as ids
from bot.slack import ways_in
from bot.slack.blocks import (
    FALLBACK_MOST,
    Block,
    Message,
    Option,
    actions,
    button,
    clip,
    commands,
    context,
    escape,
    message,
    overflow,
    plain,
    section,
)
from bot.slack.cards import end_button, extend_buttons, withdraw_button
from bot.slack.words import buttons
from bot.slack.words import direct as words
from bot.slack.words.small import all_gone, ended_early, found_again, number
from bot.views import HELD, CardState, CloudView, RequestView
from policies.grant import Grant

CLOUDS_MOST: Final = 10
"""How many accounts get their commands; a message has 50 blocks."""
LATE: Final = timedelta(seconds=60)
"""How much later the last cloud is before it is worth a second message."""


class _Look(NamedTuple):
    now: datetime
    token: str


def direct(view: RequestView, *, now: datetime, token: str) -> Message | None:
    """What the person with the access reads of it, or None while there is nothing for them to know."""
    return _FACES[view.state](view, _Look(now, token))


def overtaken(view: RequestView) -> Message:
    """What is left of a message once a newer one has come."""
    sentence = words.see_below(view)
    return message(sentence, context(sentence))


def ping(view: RequestView, *, newly_live: bool = True) -> bool:
    """Whether this change deserves a new message, which rings, rather than an edit, which does not.

    `newly_live`: some cloud came live since the message was drawn last.
    """
    match view.state:
        case CardState.DENIED | CardState.LAPSED | CardState.STUCK:
            return True
        case CardState.NOT_GIVEN:
            return not all_gone(view)
        case CardState.WAITING:
            return view.on_behalf
        case CardState.STARTING | CardState.LIVE:
            return newly_live and _first_or_late(view)
        case CardState.ENDED:
            return _taken_by_another(view)
        case _:
            return False


def _first_or_late(view: RequestView) -> bool:
    """The first cloud is news, and the last one when it is late; those between are not."""
    live = sorted(one.grant.live_at for one in view.clouds if one.grant and one.grant.live_at)
    if view.state is CardState.LIVE and len(live) > 1:
        return live[-1] - live[0] > LATE
    return len(live) == 1


def _taken_by_another(view: RequestView) -> bool:
    by = view.ended_by
    return by is not None and by.id != view.beneficiary.id and ended_early(view)


def _waiting(view: RequestView, look: _Look) -> Message | None:
    if not view.on_behalf:
        return None
    return message(
        words.asked_for_you(view),
        section(words.asked_for_you(view)),
        actions(withdraw_button(view, look.token, buttons.DECLINE)),
        context(words.which(view)),
    )


def _starting(view: RequestView, look: _Look) -> Message | None:
    if any(one.state in HELD for one in view.clouds):
        return _live(view, look)
    if not view.on_behalf:
        return None
    sentence = words.starting_for_you(view, look.now)
    return message(
        sentence, section(sentence), actions(end_button(view, look.token)), context(words.which(view))
    )


def _live(view: RequestView, look: _Look) -> Message:
    title = words.you_have(view, look.now)
    clouds = [block for one in view.clouds[:CLOUDS_MOST] for block in _cloud(view, one, look.now)]
    text = " ".join([title, *(f"{words.cloud_for_you(view, one, look.now)}." for one in view.clouds)])
    return message(
        text,
        section(title),
        *clouds,
        actions(end_button(view, look.token), *_rarer(view, look.token)),
        context(words.small_print(view, look.now)),
    )


def _rarer(view: RequestView, token: str) -> list[Block]:
    """The menu, where there is anything in it."""
    room = view.room
    if room is None or not extend_buttons(view, token):
        return []
    return [overflow(ids.MORE, [Option(buttons.extend(room), ids.menu_value(ids.EXTEND, token))])]


def _cloud(view: RequestView, one: CloudView, now: datetime) -> list[Block]:
    sentence = words.cloud_for_you(view, one, now)
    if one.grant is None or not one.grant.wants_presence:
        return [section(sentence)]
    name = _profile_name(view, one.grant)
    address = ways_in.console(one.grant, name)
    link = button(words.open_cloud(one), ids.OPEN_CLOUD, url=address, label=words.open_cloud_aloud(one))
    lines = ways_in.first_lines(one.grant, name, one.try_command)
    block = section(sentence, accessory=link if address else None)
    return [block, commands(lines)] if lines else [block]


def _profile_name(view: RequestView, grant: Grant) -> str:
    """The request's id; with several accounts, the grant's."""
    return view.request.id if sum(one.cloud == grant.cloud for one in view.clouds) == 1 else grant.id


def _ending(view: RequestView, look: _Look) -> Message:
    sentence = words.ending_for_you(view, look.now)
    return message(sentence, section(sentence), context(words.which(view)))


def _stuck(view: RequestView, look: _Look) -> Message:
    sentence = words.stuck_for_you(view, look.now)
    return message(sentence, section(sentence), context(words.which(view)))


def _ended(view: RequestView, look: _Look) -> Message:
    if found_again(view):
        return _ending(view, look)
    if _taken_by_another(view):
        return _over(words.ended_early_for_you(view), view, look)
    sentence = words.ended_for_you(view, look.now)
    return message(sentence, section(sentence), context(number(view)))


def _over(sentence: str, view: RequestView, look: _Look) -> Message:
    """It came to nothing, and can be asked for again."""
    return message(sentence, section(sentence), _ask_again(view, look), context(words.which(view)))


def _ask_again(view: RequestView, look: _Look) -> Block:
    label = buttons.again_label(view)
    return actions(button(buttons.ASK_AGAIN, ids.ASK_AGAIN, look.token, label=label))


def _denied(view: RequestView, look: _Look) -> Message:
    sentence = words.denied_for_you(view)
    return Message(
        clip(escape(sentence), FALLBACK_MOST),
        (section(plain(sentence)), _ask_again(view, look), context(words.which(view))),
    )


def _lapsed(view: RequestView, look: _Look) -> Message:
    return _over(words.lapsed_for_you(view, look.now), view, look)


def _not_given(view: RequestView, look: _Look) -> Message:
    return _over(words.not_given_for_you(view), view, look)


def _withdrawn(view: RequestView, _: _Look) -> Message | None:
    if not view.on_behalf:
        return None
    sentence = words.withdrawn_for_you(view)
    return message(sentence, section(sentence), context(words.which(view)))


_FACES: Final[Mapping[CardState, Callable[[RequestView, _Look], Message | None]]] = {
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
