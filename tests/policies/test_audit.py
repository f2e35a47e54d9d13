"""The audit chain: what its text is, and that no edit, cut, insertion or swap goes unseen."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.audit import GENESIS, Entry, Event, Json, canonical, digest, link, moment_text, verify
from tests.builders import NOW

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS: st.SearchStrategy[Json] = st.none() | st.booleans() | st.integers() | WORDS
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(WORDS, VALUES, max_size=4)
EVENTS = st.builds(
    Event,
    kind=st.sampled_from(["request.asked", "grant.live", "grant.gone"]),
    at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (the strategy adds it)
    body=st.dictionaries(WORDS, SCALARS, max_size=2),
)


def chain(events: Sequence[Event]) -> list[Entry]:
    entries: list[Entry] = []
    for number, event in enumerate(events, start=1):
        entries.append(link(event, seq=number, prev=entries[-1].hash if entries else GENESIS))
    return entries


CHAINS = st.lists(EVENTS, min_size=2, max_size=5).map(chain)


def first_bad(entries: Sequence[Entry]) -> int | None:
    broken = verify(entries)
    return broken and broken.seq


# The text of an entry


def test_a_body_is_sorted_dense_and_keeps_its_letters():
    assert canonical({"b": [1, None], "a": {"y": True, "x": "ä"}}) == '{"a":{"x":"ä","y":true},"b":[1,null]}'


@given(BODIES)
def test_a_body_is_read_back_as_it_was(body: dict[str, Json]):
    assert json.loads(canonical(body)) == body


@given(BODIES, st.randoms(use_true_random=False))
def test_the_order_of_a_bodys_keys_does_not_matter(body: dict[str, Json], order: random.Random):
    keys = list(body)
    order.shuffle(keys)
    assert canonical({key: body[key] for key in keys}) == canonical(body)


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [1.0]}, {"a": {"b": [{"c": float("nan")}]}}])
def test_floats_are_refused_however_deep(body: dict[str, Json]):
    with pytest.raises(ValueError, match="no floats"):
        canonical(body)


def test_moments_are_written_in_utc_with_microseconds():
    here = datetime(2026, 11, 24, 15, 2, 11, 5, tzinfo=timezone(timedelta(hours=1)))
    assert moment_text(here) == "2026-11-24T14:02:11.000005Z"


def test_an_entry_holds_its_event_and_the_hash_before_it():
    entry = link(Event("grant.live", NOW, {"grant": "pa-1-1"}), seq=7, prev="p" * 64)
    assert entry[:5] == (7, "2026-11-24T14:02:11.000000Z", "grant.live", '{"grant":"pa-1-1"}', "p" * 64)
    assert entry.hash == digest(*entry[:5])


@given(WORDS, WORDS, st.data())
def test_text_moved_from_one_part_to_the_next_makes_another_hash(kind: str, body: str, data: st.DataObject):
    text = kind + body
    cut = data.draw(st.integers(0, len(text)))
    moved = (text[:cut], text[cut:])
    same = moved == (kind, body)
    assert (digest(1, "at", *moved, GENESIS) == digest(1, "at", kind, body, GENESIS)) is same


def test_lengths_count_bytes_so_letters_cannot_stand_in_for_digits():
    assert digest(1, "", "ä", "1:b", "") != digest(1, "", "ä1:", "b", "")


# Verifying


def test_nothing_is_a_whole_chain():
    assert verify([]) is None


@given(CHAINS)
def test_a_chain_as_it_was_written_is_whole(entries: list[Entry]):
    assert verify(entries) is None


@given(CHAINS, st.data())
def test_an_edited_entry_is_named(entries: list[Entry], data: st.DataObject):
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["seq", "at", "kind", "body", "prev", "hash"]))
    changed = 10_000 if field == "seq" else getattr(entries[at], field) + "x"
    entries[at] = entries[at]._replace(**{field: changed})
    assert first_bad(entries) == at + 1


@given(CHAINS, st.data())
def test_an_edited_entry_with_its_hash_made_anew_breaks_the_next_one(
    entries: list[Entry], data: st.DataObject
):
    at = data.draw(st.integers(0, len(entries) - 2))
    forged = entries[at]._replace(body='{"forged":true}')
    entries[at] = forged._replace(hash=digest(*forged[:5]))
    assert first_bad(entries) == at + 2


@given(CHAINS, st.data())
def test_a_deleted_entry_is_named(entries: list[Entry], data: st.DataObject):
    at = data.draw(st.integers(0, len(entries) - 2))
    del entries[at]
    assert first_bad(entries) == at + 1


@given(CHAINS)
def test_a_cut_tail_is_not_visible_here(entries: list[Entry]):
    assert verify(entries[:-1]) is None


@given(CHAINS, EVENTS, st.data())
def test_an_inserted_entry_is_found_even_when_it_is_tied_in(
    entries: list[Entry], event: Event, data: st.DataObject
):
    at = data.draw(st.integers(0, len(entries) - 1))
    before = entries[at - 1].hash if at else GENESIS
    entries.insert(at, link(event, seq=at + 1, prev=before))
    assert first_bad(entries) == at + 2


@given(CHAINS, st.data())
def test_an_entry_told_twice_is_named(entries: list[Entry], data: st.DataObject):
    at = data.draw(st.integers(0, len(entries) - 1))
    entries.insert(at, entries[at])
    assert first_bad(entries) == at + 2


@given(CHAINS, st.data())
def test_two_entries_that_changed_places_are_named(entries: list[Entry], data: st.DataObject):
    first = data.draw(st.integers(0, len(entries) - 2))
    second = data.draw(st.integers(first + 1, len(entries) - 1))
    entries[first], entries[second] = entries[second], entries[first]
    assert first_bad(entries) == first + 1


@given(CHAINS, st.data())
def test_renumbering_does_not_hide_a_deletion(entries: list[Entry], data: st.DataObject):
    at = data.draw(st.integers(0, len(entries) - 2))
    del entries[at]
    renumbered = [entry._replace(seq=number) for number, entry in enumerate(entries, start=1)]
    assert first_bad(renumbered) == at + 1


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda one: one._replace(seq=5), "missing or out of order"),
        (lambda one: one._replace(prev="x" * 64), "does not follow"),
        (lambda one: one._replace(kind="grant.gone"), "was changed"),
    ],
)
def test_what_is_wrong_is_said_in_words(break_it, why: str):  # noqa: ANN001 (a row of the table above)
    (entry,) = chain([Event("grant.live", NOW, {})])
    broken = verify([break_it(entry)])
    assert broken is not None
    assert why in broken.why
