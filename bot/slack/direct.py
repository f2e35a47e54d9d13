"""The direct message: one per request, to whoever has the access, edited as things change.

It holds everything needed to use the access and nothing that is secret: the commands only work for the
person they were made for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from bot.slack import actions as ids
from bot.slack.blocks import (
    FALLBACK_MOST,
    Block,
    Message,
    actions,
    button,
    clip,
    commands,
    context,
    escape,
    message,
    plain,
    section,
)
from bot.slack.cards import end_button, withdraw_button
from bot.slack.words import buttons
from bot.slack.words import direct as words
from bot.slack.words.small import all_gone, ended_early, found_again, number
from bot.views import CardState, CloudView, RequestView
from policies.entitlements.aws import AwsLease
from policies.grant import Grant, GrantState

CLOUDS_MOST: Final = 10
"""How many accounts get their commands; a message has 50 blocks."""
LATE: Final = timedelta(seconds=60)
"""How much later the last cloud is before it is worth a second message."""
_CONSOLE: Final = "https://signin.aws.amazon.com/switchrole"


class _Look(NamedTuple):
    now: datetime
    token: str


def direct(view: RequestView, *, now: datetime, token: str) -> Message | None:
    """What the person with the access reads of it, or None while there is nothing for them to know."""
    return _FACES[view.state](view, _Look(now, token))


def ping(view: RequestView) -> bool:
    """Whether this change deserves a new message, which rings, rather than an edit, which does not."""
    match view.state:
        case CardState.DENIED | CardState.LAPSED | CardState.STUCK:
            return True
        case CardState.NOT_GIVEN:
            return not all_gone(view)
        case CardState.WAITING:
            return view.on_behalf
        case CardState.STARTING | CardState.LIVE:
            return _news(view)
        case CardState.ENDED:
            return _taken_by_another(view)
        case _:
            return False


def _news(view: RequestView) -> bool:
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
    if any(one.state is GrantState.LIVE for one in view.clouds):
        return _live(view, look)
    if not view.on_behalf:
        return None
    sentence = words.starting_for_you(view, look.now)
    return message(
        sentence, section(sentence), actions(end_button(view, look.token)), context(words.which(view))
    )


def _live(view: RequestView, look: _Look) -> Message:
    title = words.you_have(view, look.now)
    clouds = [block for one in view.clouds[:CLOUDS_MOST] for block in _cloud(view, one)]
    text = " ".join([title, *(f"{words.cloud_for_you(one)}." for one in view.clouds)])
    return message(
        text,
        section(title),
        *clouds,
        actions(end_button(view, look.token)),
        context(words.ends_by_itself()),
    )


def _cloud(view: RequestView, one: CloudView) -> list[Block]:
    if one.grant is None or not isinstance(one.target, AwsLease):
        return [section(words.cloud_for_you(one))]
    link = button(
        words.open_cloud(one),
        ids.OPEN_CLOUD,
        url=_console(view, one.target.account_id, one.grant),
        label=words.open_cloud_aloud(one),
    )
    lines = [
        *_profile(one.grant, _profile_name(view, one.grant)),
        *_first_command(view, one.grant, one.try_command),
    ]
    return [section(words.cloud_for_you(one), accessory=link), commands(lines)]


def _profile_name(view: RequestView, grant: Grant) -> str:
    """The request's id; with several accounts, the grant's."""
    return view.request.id if len(view.clouds) == 1 else grant.id


def _profile(grant: Grant, name: str) -> list[str]:
    """The role's ARN is the grant's holding."""
    return [
        f"aws configure set profile.{name}.role_arn {grant.holding}",
        f"aws configure set profile.{name}.source_profile default",
    ]


def _first_command(view: RequestView, grant: Grant, command: str | None) -> list[str]:
    return [f"aws --profile {_profile_name(view, grant)} {command}"] if command else []


def _console(view: RequestView, account: str, grant: Grant) -> str:
    role = grant.holding.partition(":role/")[2]
    query = {"account": account, "roleName": role, "displayName": _profile_name(view, grant)}
    return f"{_CONSOLE}?{urlencode(query, safe='/')}"


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
