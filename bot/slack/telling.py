"""What there is to tell of one request, gathered in one transaction: how it is shown now, and what is untold.

Besides its card a request may have two messages that are drawn again: the line in the thread that asks for
more time, and the last warning to whoever holds it. Each is remembered as a card of its own.
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from bot.slack import news
from bot.slack.thread import LONGER_ASKED, Beside
from bot.views import RequestView, person_view, view
from policies.audit import Entry
from policies.people import People
from policies.rules import Policy
from policies.values import PersonId, RequestId
from workers.ledger.reading import Card, Reader
from workers.ledger.writing import Writing

_LIVE: Final = "grant.live"


class Untold(NamedTuple):
    """An entry of the log, and what stands beside it."""

    entry: Entry
    beside: Beside


class Telling(NamedTuple):
    """A request, how it is shown now, and what is not told of it yet."""

    card: Card
    view: RequestView
    token: str
    untold: tuple[Untold, ...]
    """For the thread."""
    line: Card
    """The thread's line that asks for more time; `told` is the number of the entry that it tells."""
    asked: Untold | None
    """The last time that somebody asked for more time and somebody had to say yes."""
    warning: Card
    """The last warning; `told` is how far whoever holds it was told of what rings."""
    news: tuple[Untold, ...]
    """What may ring."""
    newly_live: bool
    """Whether a cloud came live that is not told of yet."""

    @property
    def line_stands(self) -> bool:
        """Whether what waits for a yes now is asked for in the thread already."""
        return self.asked is not None and self.line.told == self.asked.entry.seq

    @property
    def kept(self) -> tuple[Card, ...]:
        """What is remembered: the card, and the messages besides it that there are."""
        return (self.card, *(beside for beside in (self.line, self.warning) if beside.told))

    @property
    def decided_on(self) -> str | None:
        """The message whose buttons decide: the card, or the line while more time waits for a yes."""
        return self.line.message if self.view.waits_for_more and self.line_stands else self.card.message


def gather(writing: Writing, name: RequestId, policy: Policy) -> Telling | None:
    """What there is to tell of this request; None where it has no card."""
    request, card = writing.request(name), writing.card(name)
    if request is None or card is None:
        return None
    line, warning = _beside_the_card(writing, card, "longer"), _beside_the_card(writing, card, "warning")
    story = tuple(writing.entries(request=name))
    asked = [entry for entry in story if entry.kind == LONGER_ASKED][-1:]
    untold = [entry for entry in story if entry.seq > card.told]
    people = policy.people
    return Telling(
        card=card,
        view=view(writing, policy, request, now=writing.now),
        token=writing.token_for(name, request.version),
        untold=_with_beside(writing, people, untold),
        line=line,
        asked=next(iter(_with_beside(writing, people, asked)), None),
        warning=warning,
        news=_with_beside(writing, people, _rings(story, warning)),
        newly_live=any(entry.kind == _LIVE for entry in untold),
    )


def _rings(story: Iterable[Entry], warning: Card) -> list[Entry]:
    """What may ring and has not; of several warnings only the last, as the others are of ends that moved."""
    unheard = [entry for entry in story if entry.seq > warning.told and entry.kind in news.KINDS]
    warned = [entry for entry in unheard if entry.kind == news.WARNED][:-1]
    return [entry for entry in unheard if entry not in warned]


def _beside_the_card(reader: Reader, card: Card, what: str) -> Card:
    key = RequestId(f"{card.request}/{what}")
    return reader.card(key) or Card(key, card.channel)


def _with_beside(reader: Reader, people: People, entries: Iterable[Entry]) -> tuple[Untold, ...]:
    return tuple(Untold(entry, _beside(reader, people, entry)) for entry in entries)


def _beside(reader: Reader, people: People, entry: Entry) -> Beside:
    body = json.loads(entry.body)
    by, note = body.get("by"), body.get("note")
    who = person_view(people, PersonId(by)).name if isinstance(by, str) else ""
    return Beside(who, reader.text(note) if isinstance(note, str) else None)
