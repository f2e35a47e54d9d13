"""A request's life: every state, every verb, and what the log is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.approval import ApprovalSlot
from policies.extension import (
    asked_more,
    counted_more,
    given_more,
    lapsed_more,
    settled_more,
    warned,
)
from policies.grant import GrantState
from policies.moves import IllegalMove, Moved
from policies.request import (
    AccessRequest,
    Extension,
    RequestState,
    RequestVerb,
    activated,
    adopted,
    approved,
    asked,
    counted,
    denied,
    ended,
    failed,
    groups_asked,
    lapsed,
    overruled,
    revised,
    withdrawn,
)
from policies.values import GroupName
from tests.builders import ANA, BEN, HOUR, NOW, grant, request, terms, yes

Does = Callable[[AccessRequest], Moved[AccessRequest]]

VERBS: dict[str, Does] = {
    "count": lambda one: counted(one, yes()),
    "revise": lambda one: revised(one, terms("security"), "n" * 64, NOW),
    "approve": lambda one: approved(one, yes(), NOW),
    "deny": lambda one: denied(one, BEN, "note", NOW),
    "withdraw": lambda one: withdrawn(one, ANA, NOW),
    "lapse": lambda one: lapsed(one, NOW),
    "activate": lambda one: activated(one, NOW),
    "overrule": lambda one: overruled(one, "not_allowed", "p" * 64, NOW),
    "fail": lambda one: failed(one, "aws", "LimitExceeded", NOW),
    "end": lambda one: ended(one, NOW),
    "ask_more": lambda one: asked_more(in_use(one), ANA, HALF, terms(), NOW),
    "count_more": lambda one: counted_more(in_use(one, waiting=True), yes()),
    "allow_more": lambda one: given_more(in_use(one), ANA, HALF, terms(), NOW),
    "refuse_more": lambda one: lapsed_more(one, NOW),
    "warn": lambda one: warned(in_use(one), NOW),
    "extend": lambda one: all_moved(in_use(one, waiting=True)),
}
HALF = timedelta(minutes=30)


def in_use(one: AccessRequest, *, waiting: bool = False) -> AccessRequest:
    """The request with an end, and with more time asked for."""
    dated = one.model_copy(update={"decided_at": NOW, "ends_at": NOW + HOUR})
    more = Extension(
        ends_at=NOW + HOUR + HALF, asked_by=ANA, asked_at=NOW, terms=terms(), lapses_at=NOW + HALF
    )
    return dated.model_copy(update={"extension": more}) if waiting else dated


def all_moved(one: AccessRequest) -> Moved[AccessRequest]:
    """The move once every cloud has moved its end."""
    more = one.extension
    assert more is not None
    allowed = one.model_copy(update={"extension": more.model_copy(update={"allowed_at": NOW})})
    moved = settled_more(allowed, [grant(state=GrantState.LIVE, ends_at=more.ends_at)], NOW)
    assert moved is not None
    return moved


LEADS_TO = """
           count    revise   approve   deny     withdraw   lapse   activate  overrule  fail    end
pending    pending  pending  approved  refused  withdrawn  lapsed  -         -         -       -
approved   -        -        -         -        -          -       active    refused   failed  ended
active     -        -        -         -        -          -       -         -         -       ended
ended      -        -        -         -        -          -       -         -         -       -
refused    -        -        -         -        -          -       -         -         -       -
withdrawn  -        -        -         -        -          -       -         -         -       -
lapsed     -        -        -         -        -          -       -         -         -       -
failed     -        -        -         -        -          -       -         -         -       -
"""
"""The table as people read it, written down a second time on purpose."""
WHILE_ACTIVE = {"ask_more", "count_more", "allow_more", "refuse_more", "extend", "warn"}
"""What can be done to an active request only, and leaves it active."""


def rows() -> list[tuple[str, str, str]]:
    heading, *lines = [line.split() for line in LEADS_TO.strip().splitlines()]
    table = [(line[0], verb, to) for line in lines for verb, to in zip(heading, line[1:], strict=True)]
    states = {state for state, _, _ in table}
    more = [
        (state, verb, "active" if state == "active" else "-") for state in states for verb in WHILE_ACTIVE
    ]
    return sorted([*table, *more])


def test_the_table_names_every_state_and_every_verb():
    assert {state for state, _, _ in rows()} == {state.value for state in RequestState}
    assert {verb for _, verb, _ in rows()} == {verb.value for verb in RequestVerb} == set(VERBS)


@pytest.mark.parametrize(("state", "verb", "to"), rows())
def test_each_verb_does_in_each_state_what_the_table_says(state: str, verb: str, to: str):
    before = request(state=RequestState(state), version=3)
    if to == "-":
        with pytest.raises(IllegalMove, match=f"cannot {verb} what is {state}") as caught:
            VERBS[verb](before)
        assert (caught.value.verb.value, caught.value.state.value) == (verb, state)
        return
    moved = VERBS[verb](before)
    assert (moved.value.state.value, moved.value.version) == (to, 4)
    assert [event.body["request"] for event in moved.events] == [before.id]


def test_only_a_request_nothing_can_happen_to_is_over():
    movable = {state for state, _, to in rows() if to != "-"}
    assert {state.value for state in RequestState if not state.over} == movable


def test_a_new_request_waits_until_it_lapses_and_says_what_was_asked():
    waiting, (event,) = asked(request(reference="INC-42"))
    assert waiting.due_at == waiting.lapses_at == NOW + timedelta(minutes=30)
    assert event.kind == "request.asked"
    assert event.body == {
        "request": "pa-0001",
        "by": "ana",
        "beneficiary": "ana",
        "role": "prod-db-readonly",
        "role_hash": "r" * 64,
        "seconds": 3600,
        "reason": "ref",
        "reference": "INC-42",
        "incident": None,
        "emergency": False,
        "rule": "engineers-read",
        "policy": "3fa9c1" + "0" * 58,
    }


def test_a_yes_that_is_not_enough_is_kept():
    moved = counted(asked(request()).value, yes("ben"))
    assert moved.value.approvals == (yes("ben"),)
    assert moved.value.due_at == NOW + timedelta(minutes=30)
    assert moved.events[0].body["by"] == "ben"


def test_new_terms_void_the_yeses_so_far_and_set_the_alarm_anew():
    waiting = counted(asked(request()).value, yes()).value
    slower = terms("security").model_copy(update={"answer_within": HOUR})
    moved = revised(waiting, slower, "n" * 64, NOW)
    assert (moved.value.approvals, moved.value.role_hash) == ((), "n" * 64)
    assert moved.value.due_at == NOW + HOUR
    assert moved.events[0].body["role_hash"] == "n" * 64


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1)))
def test_an_approved_window_ends_on_a_whole_second_and_never_late(late: timedelta):
    at = NOW + late
    moved = approved(request(), yes(at=at), at).value
    assert moved.ends_at is not None
    assert timedelta(0) <= at + HOUR - moved.ends_at < timedelta(seconds=1)
    assert moved.ends_at.microsecond == 0
    assert (moved.due_at, moved.decided_by, moved.decided_at) == (None, BEN, at)


def test_where_no_yes_is_needed_nobody_decided():
    moved, (event,) = approved(request(), None, NOW)
    assert (moved.decided_by, moved.approvals, event.body["by"]) == (None, (), None)


def test_the_last_yes_joins_the_ones_before_it():
    waiting = counted(request(), yes("ben")).value
    assert approved(waiting, yes("chloe"), NOW).value.approvals == (yes("ben"), yes("chloe"))


@pytest.mark.parametrize("verb", ["approve", "deny", "withdraw", "lapse"])
def test_an_answered_request_has_no_alarm(verb: str):
    assert VERBS[verb](asked(request()).value).value.due_at is None


def test_a_no_keeps_who_said_it_and_where_the_reason_is():
    moved, (event,) = denied(request(), BEN, "note-ref", NOW)
    assert (moved.decided_by, moved.note) == (BEN, "note-ref")
    assert event.body == {"request": "pa-0001", "by": "ben", "note": "note-ref"}


def test_an_end_before_access_says_why():
    over = request(state=RequestState.APPROVED)
    assert overruled(over, "frozen", "p" * 64, NOW).events[0].body["why"] == "frozen"
    assert failed(over, "aws", "LimitExceeded", NOW).events[0].body["code"] == "LimitExceeded"


def test_groups_are_asked_once_each_in_the_order_of_the_slots():
    slots = [("db-oncall", "security"), ("security", "commanders")]
    wanted = tuple(ApprovalSlot(groups=tuple(GroupName(name) for name in slot), count=1) for slot in slots)
    asking = request(terms=terms().model_copy(update={"slots": wanted}))
    assert groups_asked(asking) == ("db-oncall", "security", "commanders")


def test_one_put_together_again_from_its_cloud_is_active_and_ends_as_found_and_warns_nobody():
    found, (event,) = adopted(request(), NOW + HALF)
    assert (found.state, found.ends_at, found.decided_at) == (RequestState.ACTIVE, NOW + HALF, None)
    assert (found.due_at, event.kind) == (None, "request.adopted")
    assert event.body == {
        "request": "pa-0001",
        "beneficiary": "ana",
        "role": "prod-db-readonly",
        "ends_at": "2026-11-24T14:32:11.000000Z",
    }
