"""What follows the word `incident`: a name and a verb, in either order."""

import re

from bot.slack.line.values import (
    IncidentEnded,
    IncidentLine,
    IncidentNamed,
    IncidentOpened,
    Incidents,
    IncidentUnclear,
)
from bot.slack.line.words import Word, as_typed, split_words
from policies.incident import Incident
from policies.values import IncidentId

_SEVERITY = re.compile(r"(?:sev|p|s)\d")
_OPEN, _END, _LIST = "open", "end", "list"


def read_incident(rest: str) -> IncidentLine:
    """What somebody wants with which incident."""
    words = split_words(rest)
    if not words or (len(words) == 1 and words[0].key == _LIST):
        return Incidents()
    name, verb, size = _head(words)
    after = words[size:]
    if name is None or (after and verb != _OPEN):
        return IncidentUnclear()
    match verb:
        case None:
            return IncidentNamed(name)
        case "end":
            return IncidentEnded(name)
        case _:
            return _opened(name, rest, after)


def _head(words: tuple[Word, ...]) -> tuple[IncidentId | None, str | None, int]:
    """The name, the verb, and how many words the two are."""
    first = [word.key for word in words[:2]]
    verb = next((key for key in first if key in {_OPEN, _END}), None)
    name = next((key.upper() for key in first if key != verb and Incident.is_name(key.upper())), None)
    return (IncidentId(name) if name else None), verb, 1 + (verb is not None)


def _opened(name: IncidentId, rest: str, after: tuple[Word, ...]) -> IncidentLine:
    severity = after[0].key if after and _SEVERITY.fullmatch(after[0].key) else None
    told = after[1:] if severity else after
    title = as_typed(rest[told[0].start :]).strip() if told else ""
    return IncidentOpened(name, severity, title) if title else IncidentUnclear()
