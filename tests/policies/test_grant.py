"""A grant's life: every state, every verb, one alarm, and what the log is told."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.grant import (
    EndCause,
    Grant,
    GrantState,
    GrantVerb,
    adopted,
    begun,
    confirmed,
    ending,
    extended,
    extending,
    gone,
    kept,
    missed,
    moving_back,
    planned,
    reappeared,
    rested,
    retried,
)
from policies.moves import IllegalMove, Moved
from tests.builders import ANA, HOUR, NOW, grant

Does = Callable[[Grant, datetime], Moved[Grant]]
SECOND = timedelta(seconds=1)

VERBS: dict[str, Does] = {
    "begin": begun,
    "confirm": confirmed,
    "end": lambda one, at: ending(one, EndCause.BY_HOLDER, at, ANA),
    "retry": lambda one, at: retried(one, "Throttling", at, at + SECOND),
    "confirm_gone": gone,
    "rest": lambda one, _at: rested(one),
    "reappear": reappeared,
    "miss": missed,
    "extend": lambda one, at: extending(one, at + 2 * HOUR, at),
    "confirm_extended": extended,
    "move_back": lambda one, at: moving_back(one, "LimitExceeded", at),
    "keep": lambda one, _at: kept(one),
}
LEADS_TO = """
           begin     confirm  end     retry      confirm_gone  rest  reappear  miss
planned    granting  -        ending  -          -             -     -         -
granting   -         live     ending  granting   -             -     -         -
live       -         -        ending  -          -             -     -         live
extending  -         -        ending  extending  -             -     -         -
ending     -         -        -       ending     gone          -     -         -
gone       -         -        -       gone       -             gone  ending    -
"""
EXTENDS = """
           extend     confirm_extended  keep  move_back
planned    -          -                 -     -
granting   -          -                 -     -
live       extending  -                 -     -
extending  -          live              live  extending
ending     -          -                 -     -
gone       -          -                 -     -
"""
"""The tables as people read them, written down a second time on purpose."""


def rows() -> list[tuple[str, str, str]]:
    return [row for table in (LEADS_TO, EXTENDS) for row in read(table)]


def read(table: str) -> list[tuple[str, str, str]]:
    heading, *lines = [line.split() for line in table.strip().splitlines()]
    return [(line[0], verb, to) for line in lines for verb, to in zip(heading, line[1:], strict=True)]


def test_the_table_names_every_state_and_every_verb():
    assert {state for state, _, _ in rows()} == {state.value for state in GrantState}
    assert {verb for _, verb, _ in rows()} == {verb.value for verb in GrantVerb} == set(VERBS)


@pytest.mark.parametrize(("state", "verb", "to"), rows())
def test_each_verb_does_in_each_state_what_the_table_says(state: str, verb: str, to: str):
    before = grant(state=GrantState(state), version=3)
    if to == "-":
        with pytest.raises(IllegalMove, match=f"cannot {verb} what is {state}"):
            VERBS[verb](before, NOW)
        return
    moved = VERBS[verb](before, NOW)
    assert (moved.value.state.value, moved.value.version) == (to, 4)


def test_the_log_always_names_the_grant_its_request_and_the_cloud_object():
    named = {"grant": "pa-0001-1", "request": "pa-0001", "holding": grant().holding}
    moves = [planned(grant())]
    for state, verb, to in rows():
        if to != "-":
            moves.append(VERBS[verb](grant(state=GrantState(state), ending_at=NOW - HOUR), NOW))
    events = [event for moved in moves for event in moved.events]
    kinds = {"planned", "granting", "live", "ending", "stuck", "gone", "reappeared", "missing"}
    kinds |= {"extending", "extended", "not_extended"}
    assert {event.kind for event in events} == {f"grant.{word}" for word in kinds}
    assert all(event.body.items() >= named.items() for event in events)


@given(st.lists(st.tuples(st.sampled_from(sorted(VERBS)), st.integers(0, 120)), max_size=40))
def test_a_grant_that_is_not_over_has_exactly_one_alarm_whatever_happens(steps: list[tuple[str, int]]):
    one, at = planned(grant()).value, NOW
    for verb, seconds in steps:
        at += timedelta(seconds=seconds)
        try:
            one = VERBS[verb](one, at).value
        except IllegalMove:
            continue
        assert one.due_at is not None or one.over
        assert one.over is (one.state is GrantState.GONE)
        assert (one.due_at is None) <= (verb == "rest")


def test_the_plan_says_who_and_until_when():
    assert (
        planned(grant()).events[0].body.items()
        >= {
            "person": "ana",
            "cloud": "aws",
            "ends_at": "2026-11-24T15:02:11.000000Z",
        }.items()
    )


def test_a_live_grant_is_next_looked_at_when_it_ends():
    live = confirmed(grant(state=GrantState.GRANTING, tries=4, problem="Throttling"), NOW).value
    assert (live.due_at, live.live_at, live.tries, live.problem) == (NOW + HOUR, NOW, 0, None)


def test_an_end_is_due_at_once_and_says_why_and_by_whom():
    moved = ending(grant(state=GrantState.LIVE), EndCause.BY_HOLDER, NOW, ANA)
    assert (moved.value.due_at, moved.value.cause, moved.value.ended_by) == (NOW, EndCause.BY_HOLDER, ANA)
    assert moved.events[0].body.items() >= {"cause": "by_holder", "by": "ana"}.items()


def test_what_is_gone_is_looked_at_once_more_later_than_any_create_can_come():
    went = gone(grant(state=GrantState.ENDING, stuck_at=NOW, tries=9), NOW).value
    assert went.due_at == NOW + timedelta(seconds=90)
    assert (went.gone_at, went.stuck_at, went.tries) == (NOW, None, 0)


def test_a_last_look_that_finds_nothing_leaves_no_alarm_and_no_word_in_the_log():
    moved = rested(grant(state=GrantState.GONE))
    assert (moved.value.due_at, moved.events) == (None, ())


def test_what_came_late_is_taken_back_at_once():
    looked = grant(state=GrantState.GONE, gone_at=NOW, tries=6, problem="Throttling")
    back = reappeared(looked, NOW + SECOND).value
    assert (back.due_at, back.gone_at, back.cause) == (NOW + SECOND, None, EndCause.LATE_CREATE)
    assert (back.tries, back.problem) == (0, None)


@pytest.mark.parametrize(
    ("late", "stuck"), [(timedelta(minutes=4, seconds=59), False), (timedelta(minutes=5), True)]
)
def test_an_end_that_is_five_minutes_late_is_stuck(late: timedelta, *, stuck: bool):
    moved = retried(grant(state=GrantState.ENDING, ending_at=NOW), "Away", NOW + late, NOW + HOUR)
    assert [event.kind for event in moved.events] == (["grant.stuck"] if stuck else [])
    assert (moved.value.stuck_at == NOW + late) is stuck
    assert (moved.value.tries, moved.value.problem, moved.value.due_at) == (1, "Away", NOW + HOUR)


def test_a_stuck_end_is_told_once():
    known = grant(state=GrantState.ENDING, ending_at=NOW, stuck_at=NOW + HOUR)
    assert retried(known, "Away", NOW + 2 * HOUR, NOW + 3 * HOUR).events == ()


@pytest.mark.parametrize("state", [GrantState.GRANTING, GrantState.GONE])
def test_only_an_end_can_be_stuck(state: GrantState):
    assert retried(grant(state=state, ending_at=NOW - HOUR), "Away", NOW, NOW).events == ()


def test_the_cloud_should_hold_it_until_it_ends():
    wanting = {state for state in GrantState if grant(state=state).wants_presence}
    assert wanting == {GrantState.PLANNED, GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING}


def test_what_was_found_in_its_cloud_is_live_and_ends_as_its_label_says():
    moved = adopted(grant(problem="Throttling"), NOW + SECOND)
    found, (event,) = moved
    assert (found.state, found.live_at, found.due_at) == (GrantState.LIVE, NOW + SECOND, NOW + HOUR)
    assert (found.ends_at, found.problem) == (NOW + HOUR, None)
    assert (event.kind, event.body["person"], event.body["ends_at"]) == (
        "grant.adopted",
        "ana",
        "2026-11-24T15:02:11.000000Z",
    )
