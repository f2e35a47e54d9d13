"""The thread under a card: the audit log told in order, one line an entry, never edited.

Only what somebody has to know is told: a quiet life is asked, (one yes of two), approved, live, ended. Names
and times come from the entry and the view; what people wrote is quoted whole where the card had to cut it.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from bot.slack.blocks import (
    FALLBACK_MOST,
    QUOTE_MOST,
    TEXT_MOST,
    Block,
    Message,
    clean,
    clip,
    context,
    plain,
    quote,
    section,
    spoken,
    when_exactly,
)
from bot.slack.words import thread as words
from bot.slack.words.aloud import reason_text
from bot.slack.words.small import groups, plain_reference, safe_reference, short_place
from bot.views import CardState, CloudView, RequestView
from policies.audit import Entry
from policies.grant import EndCause
from policies.values import PersonId

RECEIPT_SIGNS: Final = 4
"""How much of an entry's hash is its receipt."""


class _Telling(NamedTuple):
    view: RequestView
    at: datetime
    body: Mapping[str, object]
    receipt: str

    def text(self, key: str) -> str:
        """What the entry says of this, as text."""
        found = self.body.get(key)
        return "" if found is None else str(found)

    @property
    def who(self) -> str:
        """The name of whoever did it, or nothing."""
        return _name(self.view, PersonId(self.text("by")))

    @property
    def cloud(self) -> CloudView | None:
        """The cloud of the grant that the entry is about."""
        clouds = (one for one in self.view.clouds if one.grant and one.grant.id == self.body.get("grant"))
        return next(clouds, None)

    def said(self, sentence: str, *more: Block, aloud: str = "") -> Message:
        """The line, behind the moment it happened."""
        line = f"{when_exactly(self.at)} {sentence}"
        return Message(clip(spoken(line) + aloud, FALLBACK_MOST), (section(line), *more))


def line(entry: Entry, view: RequestView) -> Message | None:
    """What the thread says of an entry, or None where it says nothing."""
    tell = _TOLD.get(entry.kind)
    if tell is None:
        return None
    at, body = datetime.fromisoformat(entry.at), json.loads(entry.body)
    return tell(_Telling(view, at, body, entry.hash[:RECEIPT_SIGNS]))


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
    ends = datetime.fromisoformat(told.text("ends_at"))
    sentence = words.told_approved(told.who, told.text("rule"), when_exactly(ends, told.at))
    return told.said(sentence)


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
    return told.said(words.told_ended(told.view, told.receipt))


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
    "grant.gone": _gone,
}
