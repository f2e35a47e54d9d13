"""The thread under a card: the audit log told in order, one line an entry.

Only what somebody has to know is told: a quiet life is asked, (one yes of two), approved, live, ended. Names
and times come from the entry and the view; what people wrote is quoted whole where the card had to cut it.

No line is edited but one: more time that waits for a yes is asked for in a line with buttons of its own,
which it loses once there is nothing to press.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from bot.slack import actions as ids
from bot.slack.blocks import (
    FALLBACK_MOST,
    QUOTE_MOST,
    TEXT_MOST,
    Block,
    Message,
    actions,
    button,
    clean,
    clip,
    confirmation,
    context,
    plain,
    quote,
    section,
    small_print,
    spoken,
    when_exactly,
)
from bot.slack.words import buttons, longer
from bot.slack.words import thread as words
from bot.slack.words.aloud import reason_text
from bot.slack.words.clouds import outlives
from bot.slack.words.small import groups, plain_reference, safe_reference, short_place
from bot.views import CardState, CloudView, MoreView, RequestView
from policies.audit import Entry
from policies.catalogue import Risk
from policies.grant import EndCause
from policies.values import PersonId

RECEIPT_SIGNS: Final = 4
"""How much of an entry's hash is its receipt."""


class Beside(NamedTuple):
    """What stands beside an entry of the log: the name of whoever did it, and what they wrote."""

    who: str = ""
    note: str | None = None


_NOTHING_BESIDE: Final = Beside()


class _Telling(NamedTuple):
    view: RequestView
    at: datetime
    body: Mapping[str, object]
    receipt: str
    beside: Beside
    token: str

    def text(self, key: str) -> str:
        """What the entry says of this, as text."""
        found = self.body.get(key)
        return "" if found is None else str(found)

    @property
    def who(self) -> str:
        """The name of whoever did it, or nothing."""
        return self.beside.who or _name(self.view, PersonId(self.text("by")))

    @property
    def ends(self) -> str:
        """The end that the entry is about, as it is shown."""
        return when_exactly(datetime.fromisoformat(self.text("ends_at")), self.at)

    @property
    def kept(self) -> list[str]:
        """The clouds whose end stands, by the entry."""
        found = self.body.get("kept")
        return [str(one) for one in found] if isinstance(found, list) else []

    @property
    def cloud(self) -> CloudView | None:
        """The cloud of the grant that the entry is about."""
        clouds = (one for one in self.view.clouds if one.grant and one.grant.id == self.body.get("grant"))
        return next(clouds, None)

    def said(self, sentence: str, *more: Block, aloud: str = "") -> Message:
        """The line, behind the moment it happened."""
        line = f"{when_exactly(self.at)} {sentence}"
        return Message(clip(spoken(line) + aloud, FALLBACK_MOST), (section(line), *more))


def line(
    entry: Entry, view: RequestView, beside: Beside = _NOTHING_BESIDE, *, token: str = ""
) -> Message | None:
    """What the thread says of an entry, or None where it says nothing; `token` is what its buttons carry."""
    tell = _TOLD.get(entry.kind)
    if tell is None:
        return None
    at, body = datetime.fromisoformat(entry.at), json.loads(entry.body)
    return tell(_Telling(view, at, body, entry.hash[:RECEIPT_SIGNS], beside, token))


def _name(view: RequestView, person: PersonId) -> str:
    known = [view.requester, view.beneficiary, *view.asked, *(yes.person for yes in view.yeses)]
    known += [one for one in (view.decided_by, view.ended_by) if one]
    return next((one.name for one in known if one.id == person), person)


def _asked(told: _Telling) -> Message:
    view = told.view
    reference = plain_reference(view)
    unsafe = [context(plain(reference))] if reference and not safe_reference(view) else []
    sentence = words.told_asked(view, told.text("rule"), told.text("policy"))
    return told.said(sentence, *unsafe, *_if_cut(view.reason), aloud=reason_text(view.reason))


def _if_cut(reason: str | None) -> list[Block]:
    whole = clean(reason or "")
    return [quote(whole, TEXT_MOST)] if len(whole) > QUOTE_MOST else []


def _revised(told: _Telling) -> Message:
    return told.said(words.told_revised(told.text("rule"), told.text("policy")))


def _counted(told: _Telling) -> Message:
    view = told.view
    so_far = sum(yes.at <= told.at for yes in view.yeses)
    still = max(view.needed - max(so_far, 1), 0)
    now = view.state is CardState.WAITING and view.missing == still
    return told.said(words.told_counted(told.who, still, groups(view) if now else ""))


def _approved(told: _Telling) -> Message:
    return told.said(words.told_approved(told.who, told.text("rule"), told.ends))


def _denied(told: _Telling) -> Message:
    note = told.view.note
    quoted = [quote(note, TEXT_MOST)] if note else []
    return told.said(words.told_denied(told.who), *quoted, aloud=reason_text(note))


def _withdrawn(told: _Telling) -> Message:
    return told.said(words.told_withdrawn(told.who))


def _lapsed(told: _Telling) -> Message:
    return told.said(words.told_lapsed(told.view))


def _active(told: _Telling) -> Message:
    return told.said(words.told_live(told.view))


def _ended(told: _Telling) -> Message:
    return told.said(words.told_ended(told.view, told.receipt), *small_print(outlives(told.view)))


def _failed(told: _Telling) -> Message:
    return told.said(words.told_failed(told.text("cloud"), told.text("code")))


def _overruled(told: _Telling) -> Message:
    return told.said(words.told_overruled(told.text("why")))


def _stuck(told: _Telling) -> Message:
    return told.said(words.told_stuck(_where(told), told.text("tries")))


def _where(told: _Telling) -> str:
    return short_place(told.view, told.cloud) if told.cloud else "one cloud"


def _adopted(told: _Telling) -> Message:
    return told.said(words.told_adopted(when_exactly(datetime.fromisoformat(told.text("ends_at")))))


def _missing(told: _Telling) -> Message:
    return told.said(words.told_missing(_where(told)))


def _reappeared(told: _Telling) -> Message:
    return told.said(words.told_reappeared(_where(told)))


def _gone(told: _Telling) -> Message | None:
    """Told only when it was gone before; otherwise the end of the request says it for all clouds."""
    again = told.cloud and told.cloud.grant and told.cloud.grant.cause is EndCause.LATE_CREATE
    return told.said(words.told_gone_again(_where(told), told.receipt)) if again else None


def _longer_asked(told: _Telling) -> Message:
    view, rule = told.view, told.text("rule")
    more = view.more if view.waits_for_more else None
    if more is None or more.asked_at != told.at:
        return told.said(longer.asked_for_more(told.who, told.ends, rule))
    message = told.said(
        longer.asks_for_more(view, more, told.ends, rule),
        _decide_longer(view, more, told.token),
        context(longer.needs_for_more(view, told.at)),
    )
    return message._replace(text=clip(longer.asks_for_more_aloud(view, more, told.at), FALLBACK_MOST))


def _decide_longer(view: RequestView, more: MoreView, token: str) -> Block:
    question = confirmation(
        buttons.APPROVE_TITLE, buttons.approve_longer_question(view, more), buttons.APPROVE, buttons.BACK
    )
    return actions(
        button(
            buttons.APPROVE,
            ids.APPROVE_LONGER,
            token,
            label=buttons.longer_label(buttons.APPROVE, view, more),
            style="primary",
            confirm=question if view.risk is Risk.CRITICAL else None,
        ),
        button(
            buttons.DENY,
            ids.DENY_LONGER,
            token,
            label=buttons.longer_label(buttons.DENY, view, more),
            style="danger",
        ),
    )


def _longer_counted(told: _Telling) -> Message:
    more = told.view.more if told.view.waits_for_more else None
    return told.said(longer.told_counted(told.who, more.missing if more else 0))


def _longer_allowed(told: _Telling) -> Message | None:
    """Where nobody had to say yes, what comes of it is enough."""
    return told.said(longer.told_allowed(told.who, told.ends)) if told.text("by") else None


def _extended(told: _Telling) -> Message:
    moved = next((one for one in told.view.moved_ends if one.at == told.at), None)
    if moved is None:
        return told.said(longer.told_not_extended(told.view, told.kept))
    return told.said(longer.told_extended(told.view, moved, told.kept))


def _longer_denied(told: _Telling) -> Message:
    note = told.beside.note
    quoted = [quote(note, TEXT_MOST)] if note else []
    return told.said(longer.told_denied(told.view, told.who), *quoted, aloud=reason_text(note))


def _longer_lapsed(told: _Telling) -> Message:
    return told.said(longer.told_lapsed(told.view))


LONGER_ASKED: Final = "request.extension_asked"
_TOLD: Final[Mapping[str, Callable[[_Telling], Message | None]]] = {
    "request.asked": _asked,
    "request.revised": _revised,
    "request.counted": _counted,
    "request.approved": _approved,
    "request.denied": _denied,
    "request.withdrawn": _withdrawn,
    "request.lapsed": _lapsed,
    "request.active": _active,
    "request.ended": _ended,
    "request.failed": _failed,
    "request.overruled": _overruled,
    "grant.stuck": _stuck,
    "grant.missing": _missing,
    "grant.reappeared": _reappeared,
    "request.adopted": _adopted,
    LONGER_ASKED: _longer_asked,
    "request.extension_counted": _longer_counted,
    "request.extension_allowed": _longer_allowed,
    "request.extended": _extended,
    "request.extension_denied": _longer_denied,
    "request.extension_lapsed": _longer_lapsed,
    "grant.gone": _gone,
}
