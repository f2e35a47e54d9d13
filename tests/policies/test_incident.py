"""An incident: every move there is, and what a pager's word does to it, in whatever order it comes."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.incident import (
    Heard,
    Incident,
    IncidentState,
    IncidentVerb,
    PagerName,
    PagerVerb,
    closed,
    heard,
    opened,
    reopened,
)
from policies.moves import IllegalMove
from policies.values import IncidentId, PersonId
from tests.builders import NOW

GRACE = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
DEV = PersonId("dev")
LATER = NOW + timedelta(days=1)


def incident(state: IncidentState = IncidentState.LIVE, **changes: object) -> Incident:
    made = Incident(
        id=IncidentId("INC-42"),
        state=state,
        pager=PagerName("pagerduty"),
        key="PGR0VU2",
        title="ref",
        severity="sev2",
        opened_at=NOW,
        live_since=NOW,
        heard_at=NOW,
    )
    return made.model_copy(update=changes)


def word(verb: PagerVerb, minutes: float = 1, **told: object) -> Heard:
    return Heard(verb=verb, at=NOW + minutes * MINUTE, delivery="d", **told)  # type: ignore[arg-type] # as pydantic reads it


def after(before: Incident, *words: Heard) -> Incident:
    for one in words:
        moved = heard(before, one, LATER, GRACE)
        before = moved.value if moved else before
    return before


LEADS_TO = """
           change    resolve   reopen  close
live       live      resolved  -       closed
resolved   resolved  -         live    closed
closed     closed    -         live    -
"""
"""The table as people read it, written down a second time on purpose."""


def rows() -> list[tuple[str, str, str]]:
    heading, *lines = [line.split() for line in LEADS_TO.strip().splitlines()]
    return [(line[0], verb, to) for line in lines for verb, to in zip(heading, line[1:], strict=True)]


def test_the_table_names_every_state_and_every_verb():
    assert {state for state, _, _ in rows()} == {state.value for state in IncidentState}
    assert {verb for _, verb, _ in rows()} == {verb.value for verb in IncidentVerb}


@pytest.mark.parametrize(("state", "verb", "to"), rows())
def test_each_verb_does_in_each_state_what_the_table_says(state: str, verb: str, to: str):
    before = incident(IncidentState(state), version=3)
    if to == "-":
        with pytest.raises(IllegalMove, match=f"cannot {verb} what is {state}"):
            before.moved(IncidentVerb(verb))
        return
    moved = before.moved(IncidentVerb(verb))
    assert (moved.state.value, moved.version) == (to, 4)


def test_opening_says_what_is_known_of_it():
    moved = opened(incident(commander=DEV, service="checkout-api"), NOW)
    (event,) = moved.events
    assert (event.kind, event.body["commander"], event.body["severity"]) == ("incident.opened", "dev", "sev2")


def test_an_incident_is_of_a_pager_or_of_none():
    with pytest.raises(ValidationError, match="has the pager's id"):
        Incident.model_validate({**incident().model_dump(), "key": None})


@pytest.mark.parametrize(
    ("name", "fits"), [("INC-42", True), ("PD-7K3M", True), ("inc-42", False), ("#42", False)]
)
def test_what_an_incident_can_be_called(name: str, *, fits: bool):
    assert Incident.is_name(name) is fits


def test_resolved_it_goes_on_for_the_grace_time_and_reopened_it_is_live_again():
    over = after(incident(), word(PagerVerb.RESOLVED))
    assert (over.state, over.resolved_at, over.due_at) == (IncidentState.RESOLVED, LATER, LATER + GRACE)
    again = after(over, word(PagerVerb.REOPENED, 2))
    assert (again.live, again.due_at, again.resolved_at, again.live_since) == (
        True,
        None,
        None,
        NOW + 2 * MINUTE,
    )


def test_triggered_again_it_is_live_again():
    assert after(incident(IncidentState.CLOSED), word(PagerVerb.TRIGGERED)).live


def test_a_word_about_what_is_over_makes_nothing_live():
    for verb in (PagerVerb.ACKNOWLEDGED, PagerVerb.REASSIGNED, PagerVerb.COMMANDED, PagerVerb.CHANGED):
        assert not after(incident(IncidentState.RESOLVED), word(verb, severity="sev1")).live


def test_what_is_older_than_what_is_known_changes_nothing():
    known = after(incident(), word(PagerVerb.CHANGED, 5, severity="sev1"))
    assert heard(known, word(PagerVerb.CHANGED, 4, severity="sev4"), LATER, GRACE) is None
    assert heard(known, word(PagerVerb.CHANGED, 5, severity="sev4"), LATER, GRACE) is None


def test_a_resolution_counts_unless_it_came_back_after_it():
    known = after(incident(), word(PagerVerb.CHANGED, 5))
    late = after(known, word(PagerVerb.RESOLVED, 3, severity="sev4"))
    assert (late.state, late.severity, late.heard_at) == (IncidentState.RESOLVED, "sev2", known.heard_at)
    back = after(known, word(PagerVerb.RESOLVED, 6), word(PagerVerb.REOPENED, 7))
    assert heard(back, word(PagerVerb.RESOLVED, 6.5), LATER, GRACE) is None
    assert heard(late, word(PagerVerb.RESOLVED, 3), LATER, GRACE) is None


def test_resolved_twice_it_ends_when_it_would_have():
    over = after(incident(), word(PagerVerb.RESOLVED))
    again = after(over, word(PagerVerb.RESOLVED, 9))
    assert (again.due_at, again.state) == (over.due_at, IncidentState.RESOLVED)


def test_what_is_new_is_written_down_and_what_is_not_is_not():
    moved = heard(incident(), word(PagerVerb.CHANGED, severity="sev1", assignees=("ivy",)), LATER, GRACE)
    assert moved is not None
    assert moved.events[0].body == {
        "incident": "INC-42",
        "changed": ["assignees", "severity"],
        "assignees": ["ivy"],
        "severity": "sev1",
    }
    nothing = heard(moved.value, word(PagerVerb.CHANGED, 2, severity="sev1"), LATER, GRACE)
    assert nothing is not None
    assert (nothing.events, nothing.value.heard_at) == ((), NOW + 2 * MINUTE)


def test_when_nobody_leads_it_any_more_nobody_does():
    led = after(incident(), word(PagerVerb.COMMANDED, commander="dev"))
    assert led.commander == DEV
    assert after(led, word(PagerVerb.CHANGED, 2)).commander == DEV
    assert after(led, word(PagerVerb.COMMANDED, 3)).commander is None


def test_a_pager_whose_clock_is_ahead_shuts_nothing_out():
    ahead = Heard(verb=PagerVerb.CHANGED, at=datetime.max.replace(tzinfo=NOW.tzinfo), delivery="d")
    moved = heard(incident(), ahead, NOW + MINUTE, GRACE)
    assert moved is not None
    assert moved.value.heard_at == NOW + MINUTE


def test_somebody_ends_it_or_its_grace_time_does():
    moved = closed(incident(), DEV, LATER)
    assert (moved.value.state, moved.value.closed_by, moved.events[0].body["by"]) == ("closed", "dev", "dev")
    assert closed(incident(IncidentState.RESOLVED), None, LATER).events[0].body["by"] is None
    again = reopened(moved.value, DEV, LATER)
    assert (again.value.live, again.value.closed_by, again.value.opened_by) == (True, None, "dev")
    assert again.events[0].body["by"] == "dev"


LIFE = (
    word(PagerVerb.TRIGGERED, 1),
    word(PagerVerb.ACKNOWLEDGED, 2, assignees=("ivy",)),
    word(PagerVerb.RESOLVED, 3),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_whatever_order_a_life_is_told_it_is_over(order: tuple[int, ...]):
    before = incident(live_since=NOW - MINUTE, heard_at=NOW - MINUTE)
    told = after(before, *(LIFE[number] for number in order))
    assert told.state is IncidentState.RESOLVED


@given(st.lists(st.sampled_from(LIFE), max_size=12))
def test_repeating_a_life_changes_nothing_of_its_end(again: list[Heard]):
    over = after(incident(live_since=NOW - MINUTE, heard_at=NOW - MINUTE), *LIFE)
    assert after(over, *again).state is IncidentState.RESOLVED


ENDS = (PagerVerb.TRIGGERED, PagerVerb.REOPENED, PagerVerb.RESOLVED)
BETWEEN = tuple(verb for verb in PagerVerb if verb not in {*ENDS, PagerVerb.SHIFTED})


def words(*verbs: PagerVerb) -> st.SearchStrategy[Heard]:
    return st.builds(word, st.sampled_from(verbs), st.integers(1, 12))


def newest(told: list[Heard], *verbs: PagerVerb) -> datetime:
    return max((one.at for one in told if one.verb in verbs), default=NOW)


def lives(told: list[Heard]) -> bool:
    return newest(told, PagerVerb.RESOLVED) < newest(told, PagerVerb.TRIGGERED, PagerVerb.REOPENED)


@given(st.data(), st.lists(words(*ENDS), min_size=1, max_size=8))
def test_whether_it_lives_does_not_depend_on_the_order_nor_on_repetition(
    data: st.DataObject, told: list[Heard]
):
    again = data.draw(st.lists(st.sampled_from(told), max_size=8))
    before = incident(live_since=NOW - MINUTE, heard_at=NOW - MINUTE)
    assert after(before, *data.draw(st.permutations([*told, *again]))).live is lives(told)


@given(st.lists(words(*ENDS, *BETWEEN), max_size=8), st.integers(0, 8))
def test_a_resolution_no_older_than_the_last_opening_is_never_lost(told: list[Heard], place: int):
    opening = newest(told, PagerVerb.TRIGGERED, PagerVerb.REOPENED)
    end = Heard(verb=PagerVerb.RESOLVED, at=opening, delivery="d")
    assert not after(incident(), *told[:place], end, *told[place:]).live


@given(words(*ENDS, *BETWEEN), st.sampled_from(IncidentState), st.integers(0, 12))
def test_nothing_that_is_older_changes_anything_but_a_resolution_since_it_lives(
    old: Heard, state: IncidentState, since: int
):
    known = incident(state, live_since=NOW + since * MINUTE, heard_at=NOW + 12 * MINUTE)
    moved = heard(known, old, LATER, GRACE)
    ends = old.verb is PagerVerb.RESOLVED and known.live and old.at >= known.live_since
    assert (moved is not None) is ends
    if moved:
        assert (moved.value.state, moved.value.heard_at) == (IncidentState.RESOLVED, known.heard_at)


def test_triggered_anew_while_it_lives_an_end_before_that_does_not_count():
    known = after(incident(), word(PagerVerb.TRIGGERED, 10))
    assert heard(known, word(PagerVerb.RESOLVED, 5), LATER, GRACE) is None
    assert not after(known, word(PagerVerb.RESOLVED, 10)).live


def test_reopened_before_its_end_has_come_it_lives_since_then():
    known = after(incident(), word(PagerVerb.REOPENED, 10))
    assert (known.live, known.live_since) == (True, NOW + 10 * MINUTE)
    assert heard(known, word(PagerVerb.RESOLVED, 5), LATER, GRACE) is None
