"""Mentions: one person, or more than one."""

import re
from collections.abc import Sequence

from bot.slack.line.words import Word, without_wrapping

_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,30})(?:\|[^<>]*)?>")
_MENTION = re.compile(r"<[@!][^<>]+>")
_AND = frozenset({"and", "&", "+"})


def person_of(word: Word) -> str | None:
    """The id of the one person a word mentions."""
    found = _PERSON.fullmatch(without_wrapping(word.raw))
    return found[1] if found else None


def mentions_anybody(word: Word) -> bool:
    """Whether Slack made a person or a group of anything in the word; what is only typed so is text."""
    return _MENTION.search(word.raw) is not None


def more_people_at(window: Sequence[Word]) -> int:
    """How many words name one more person right after the first: `<@U2>`, `and <@U2>`."""
    skipped = 1 if window and window[0].key in _AND else 0
    others = window[skipped : skipped + 1]
    return skipped + 1 if others and mentions_anybody(others[0]) else 0
