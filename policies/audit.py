"""The audit log's entries and the hash chain that ties them together.

An entry's hash covers its number, its moment, its kind, its body and the hash before it:

    hash(n) = sha256( n | at | kind | body | hash(n-1) )

so an edited, deleted, inserted or reordered entry breaks the chain at a number `verify` names. A tail that
was cut off and a chain rewritten whole are not visible here: those need a checkpoint kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
"""What a body may hold: no floats, whose text differs between machines."""

GENESIS = "0" * 64
"""The hash before the first entry."""


class Event(NamedTuple):
    """Something that happened, not yet numbered: `kind` is a dotted word, `body` holds ids and digests."""

    kind: str
    at: datetime
    body: Mapping[str, Json]


class Entry(NamedTuple):
    """One line of the log as it is stored; `body` is canonical JSON text."""

    seq: int
    at: str
    kind: str
    body: str
    prev: str
    hash: str


class Broken(NamedTuple):
    """Where a chain stops being true: the first bad number, and what is wrong there."""

    seq: int
    why: str


def canonical(body: Mapping[str, Json]) -> str:
    """The one JSON text of a body: sorted keys, no spaces, no floats (ValueError)."""
    return json.dumps(_without_floats(dict(body)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _without_floats(value: Json) -> Json:
    match value:
        case float():
            raise ValueError("an audit body holds no floats")
        case dict():
            return {key: _without_floats(item) for key, item in value.items()}
        case list():
            return [_without_floats(item) for item in value]
        case _:
            return value


def moment_text(moment: datetime) -> str:
    """A moment as the log writes it: UTC, microseconds, `2026-11-24T14:02:11.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(seq: int, at: str, kind: str, body: str, prev: str) -> str:
    """The hash of an entry; every part is length-prefixed, so no two entries share one text."""
    parts = (str(seq), at, kind, body, prev)
    text = "".join(f"{len(part.encode())}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def link(event: Event, *, seq: int, prev: str) -> Entry:
    """The event as entry number `seq`, tied to the hash before it."""
    at, body = moment_text(event.at), canonical(event.body)
    return Entry(seq, at, event.kind, body, prev, digest(seq, at, event.kind, body, prev))


def verify(entries: Iterable[Entry]) -> Broken | None:
    """The first entry that does not follow from the one before it, or None; entries in stored order."""
    expected, prev = 1, GENESIS
    for entry in entries:
        if broken := _check(entry, expected, prev):
            return broken
        expected, prev = entry.seq + 1, entry.hash
    return None


def _check(entry: Entry, expected: int, prev: str) -> Broken | None:
    if entry.seq != expected:
        return Broken(
            expected, f"entry {expected} is missing or out of order: entry {entry.seq} stands there"
        )
    if entry.prev != prev:
        return Broken(entry.seq, f"entry {entry.seq} does not follow from the entry before it")
    if entry.hash != digest(*entry[:5]):
        return Broken(entry.seq, f"entry {entry.seq} was changed after it was written")
    return None
