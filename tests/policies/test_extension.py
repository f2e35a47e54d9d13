"""More time: what it may come to, who is asked, and what becomes of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Refusal, Refuse
from policies.extension import (
    MARGIN,
    ORDINARY,
    allowed_more,
    asked_more,
    can_add,
    counted_more,
    denied_more,
    extend_all,
    given_more,
    held,
    lapsed_more,
    lasting,
    longer,
    refused_more,
    revised_more,
    settled_more,
    too_late,
    warned,
)
from policies.grant import GrantState
from policies.moves import Moved
from policies.request import WARNING, AccessRequest, RequestState
from tests.builders import ANA, BEN, HOUR, NOW, grant, request, terms, yes

ACTIVE = request(state=RequestState.ACTIVE, decided_at=NOW, ends_at=NOW + HOUR).alarmed()
HALF = timedelta(minutes=30)
LATER = NOW + timedelta(minutes=20)


def ask() -> AccessRequest:
    return asked_more(ACTIVE, ANA, HALF, terms(), LATER).value


def allow() -> AccessRequest:
    return given_more(ACTIVE, ANA, HALF, terms(), LATER).value


def only(moved: Moved[AccessRequest] | None) -> tuple[AccessRequest, str]:
    assert moved is not None
    (event,) = moved.events
    return moved.value, event.kind


def test_what_is_held_counts_from_the_first_yes():
    assert held(ACTIVE) == HOUR
    assert longer(ACTIVE, HALF) == HOUR + HALF
    assert held(request()) == HOUR


@given(st.integers(0, 600))
def test_an_extension_never_goes_beyond_the_longest(minutes: int):
    longest = timedelta(minutes=minutes)
    adding = can_add(ACTIVE, longest)
    assert adding is None or (adding <= ORDINARY and longer(ACTIVE, adding) <= longest)
    assert (adding is None) is (longest <= HOUR)


def test_where_no_duration_would_be_given_there_is_nothing_to_add():
    assert can_add(ACTIVE, None) is None


def test_an_end_that_is_too_near_is_not_moved():
    assert not too_late(ACTIVE, NOW + HOUR - MARGIN)
    assert too_late(ACTIVE, NOW + HOUR - MARGIN + timedelta(seconds=1))
    assert too_late(request(), NOW)


def test_asking_for_more_waits_for_a_yes_no_longer_than_the_access_lasts():
    waiting, kind = only(asked_more(ACTIVE, ANA, HALF, terms(), NOW + HOUR - HALF / 2))
    assert (kind, waiting.state, waiting.ends_at) == (
        "request.extension_asked",
        RequestState.ACTIVE,
        NOW + HOUR,
    )
    assert waiting.extension is not None
    assert (waiting.extension.ends_at, waiting.extension.lapses_at) == (NOW + HOUR + HALF, NOW + HOUR)


def test_one_of_two_yeses_is_counted():
    counted, kind = only(counted_more(ask(), yes()))
    assert kind == "request.extension_counted"
    assert counted.extension is not None
    assert counted.extension.approvals == (yes(),)
    assert counted.extension.allowed_at is None


def test_when_the_rules_change_it_is_asked_for_anew_and_the_yeses_so_far_are_void():
    anew = LATER + HALF / 2
    asked_again = revised_more(counted_more(ask(), yes()).value, terms("security"), anew)
    assert [event.kind for event in asked_again.events] == [
        "request.extension_revised",
        "request.extension_asked",
    ]
    extension = asked_again.value.extension
    assert extension is not None
    assert (extension.terms, extension.approvals) == (terms("security"), ())
    assert (extension.asked_by, extension.asked_at, extension.ends_at) == (ANA, anew, NOW + HOUR + HALF)
    assert extension.lapses_at == min(anew + terms().answer_within, NOW + HOUR)
    assert asked_again.value.due_at == min(asked_again.value.warns_at or NOW, extension.lapses_at)


def test_what_the_rules_refuse_is_written_down_beside_the_story():
    refuse = Refuse(kind=Refusal.TOO_LONG, reasons=("2 h is the most.",), policy_hash="p" * 64)
    event = refused_more(ACTIVE, ANA, NOW + 3 * HOUR, refuse, LATER)
    assert (event.kind, event.at, event.body["answer"]) == ("extension.refused", LATER, "too_long")
    assert "request" not in event.body
    assert event.body["card"] == ACTIVE.id


def test_the_last_yes_tells_the_clouds_and_not_yet_the_end():
    allowed, kind = only(allowed_more(ask(), yes(), LATER))
    assert (kind, allowed.ends_at) == ("request.extension_allowed", NOW + HOUR)
    assert allowed.extension is not None
    assert allowed.extension.allowed_at == LATER
    moves = extend_all(allowed, [grant(state=GrantState.LIVE), grant(2, state=GrantState.ENDING)], LATER)
    assert [(one.value.state, one.value.extends_to) for one in moves] == [
        (GrantState.EXTENDING, NOW + HOUR + HALF)
    ]


@pytest.mark.parametrize(
    ("moved", "kind"),
    [
        (denied_more(ask(), BEN, "note", LATER), "request.extension_denied"),
        (lapsed_more(ask(), LATER), "request.extension_lapsed"),
    ],
)
def test_without_a_yes_the_old_end_stands(moved: Moved[AccessRequest], kind: str):
    after, told = only(moved)
    assert (told, after.ends_at, after.extension) == (kind, NOW + HOUR, None)


def test_it_is_extended_once_every_cloud_has_moved():
    moving = [grant(state=GrantState.LIVE, ends_at=NOW + HOUR + HALF), grant(2, state=GrantState.EXTENDING)]
    assert settled_more(allow(), moving, LATER) is None
    there = [
        one.model_copy(update={"state": GrantState.LIVE, "ends_at": NOW + HOUR + HALF}) for one in moving
    ]
    after, kind = only(settled_more(allow(), there, LATER))
    assert (kind, after.ends_at, after.extension, after.warned_at) == (
        "request.extended",
        NOW + HOUR + HALF,
        None,
        None,
    )


def test_a_cloud_that_could_not_move_is_named():
    there = [grant(state=GrantState.LIVE, ends_at=NOW + HOUR + HALF), grant(2, state=GrantState.LIVE)]
    moved = settled_more(allow(), there, LATER)
    assert moved is not None
    assert moved.events[0].body["kept"] == ["aws"]


def test_whoever_was_warned_is_warned_again_only_of_another_end():
    told = allow().model_copy(update={"warned_at": LATER})
    nowhere, everywhere = grant(state=GrantState.LIVE), grant(state=GrantState.LIVE, ends_at=NOW + 2 * HOUR)
    assert only(settled_more(told, [nowhere], LATER))[0].warned_at == LATER
    assert only(settled_more(told, [everywhere], LATER))[0].warned_at is None


def test_nothing_is_extended_that_ends_or_was_never_allowed():
    assert settled_more(allow(), [grant(state=GrantState.ENDING)], LATER) is None
    assert settled_more(ask(), [grant(state=GrantState.LIVE)], LATER) is None
    assert settled_more(ACTIVE, [grant(state=GrantState.LIVE)], LATER) is None


def test_only_what_waits_is_decided_and_only_what_is_allowed_is_given():
    with pytest.raises(ValueError, match="no extension waits"):
        counted_more(ACTIVE, yes())
    with pytest.raises(ValueError, match="no extension waits"):
        allowed_more(allow(), yes(), LATER)
    with pytest.raises(ValueError, match="is allowed before"):
        extend_all(ask(), [], LATER)
    with pytest.raises(ValueError, match="only what has an end"):
        asked_more(request(state=RequestState.ACTIVE), ANA, HALF, terms(), NOW)


def test_the_rules_are_asked_for_the_whole_of_it():
    assert lasting(ACTIVE) == HOUR
    assert lasting(ask()) == HOUR + HALF
    assert lasting(allow()) == HOUR + HALF


@pytest.mark.parametrize(
    ("window", "before"),
    [(HOUR, WARNING), (HALF, WARNING), (timedelta(minutes=15), timedelta(minutes=5))],
)
def test_the_holder_is_warned_ten_minutes_before_or_a_third_of_a_short_window(
    window: timedelta, before: timedelta
):
    one = request(state=RequestState.ACTIVE, decided_at=NOW, ends_at=NOW + window).alarmed()
    assert one.due_at == NOW + window - before
    after, kind = only(warned(one, NOW + window - before))
    assert (kind, after.due_at) == ("request.warned", None)


def test_nobody_is_warned_of_an_end_that_has_come():
    moved = warned(ACTIVE, NOW + HOUR)
    assert (moved.events, moved.value.due_at) == ((), None)


def test_what_has_no_end_has_no_warning():
    assert request().warns_at is None


def test_an_extension_that_waits_wakes_us_when_it_lapses():
    assert asked_more(ACTIVE, ANA, HALF, terms(), NOW).value.due_at == NOW + HALF
    assert allow().due_at == NOW + HOUR - WARNING
