"""References to incidents and tickets: `INC-42`, a pager's link, a mention of an incident's channel."""

import re

from bot.slack.line.words import Word, split_words

_TICKET = re.compile(r"(?!pa-)[a-z][a-z0-9]{1,9}-[0-9]{1,12}")
_TICKET_IN_TEXT = re.compile(r"(?<![\w-])(?!PA-)[A-Z][A-Z0-9]{1,9}-[0-9]{1,12}(?![\w-])")
_PAGER = re.compile(
    r"(?:https?://)?((?:[a-z0-9-]+\.)*(?:pagerduty\.com|incident\.io))((?:/[\w-]+)*?/incidents/[a-z0-9]+)(?![\w-])",
    re.IGNORECASE | re.ASCII,
)
_CHANNEL = re.compile(r"<?#(?:[CG][A-Z0-9]+\|)?(inc-[\w-]+)>?")
_NUMBERED = re.compile(r"(inc-[0-9]{1,12})(?!-[0-9]{2}-[0-9]{2})(?:-.*)?")


def reference_of(word: Word) -> str | None:
    """The reference a word of the head is, in the form it is stored in."""
    if _TICKET.fullmatch(word.key):
        return word.key.upper()
    return _from_link(word.bare) or _from_channel(word.bare)


def reference_in(reason: str) -> str | None:
    """The first reference a reason speaks of; tickets in capitals only."""
    found = (_within(word.plain.lstrip("([{\"'`*")) for word in split_words(reason))
    return next(filter(None, found), None)


def _within(text: str) -> str | None:
    ticket = _TICKET_IN_TEXT.search(text)
    return _from_link(text) or (ticket[0] if ticket else _from_channel(text.rstrip(")]}\"'`*.,;:!?")))


def _from_link(text: str) -> str | None:
    link = _PAGER.match(text)
    return f"https://{link[1].lower()}{link[2]}" if link else None


def _from_channel(text: str) -> str | None:
    channel = _CHANNEL.fullmatch(text)
    if not channel:
        return None
    name = channel[1].lower()
    numbered = _NUMBERED.fullmatch(name)
    return numbered[1].upper() if numbered else f"#{name}"
