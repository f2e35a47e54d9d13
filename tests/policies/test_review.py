"""A review: opened with the access, reminded of, answered once."""

from datetime import timedelta

import pytest

from policies.moves import IllegalMove
from policies.review import REMINDED, Review, ReviewState, ReviewVerb, Verdict, answered, opened, reminded
from policies.values import GroupName, PersonId, RequestId
from tests.builders import ANA, EMI, NOW

DAY = timedelta(days=1)


def review(**changes: object) -> Review:
    made = Review(
        id=RequestId("pa-0001"),
        holder=ANA,
        handed_out_by=PersonId("dev"),
        reviewers=(GroupName("security"),),
        opened_at=NOW,
        ends_at=NOW + DAY,
        due_at=None,
    )
    return made.model_copy(update=changes)


def test_it_is_reminded_of_before_it_is_due_and_then_again_and_again():
    waiting = opened(review()).value
    assert waiting.due_at == NOW + DAY - REMINDED
    first = reminded(waiting, NOW + DAY - REMINDED)
    assert (first.value.due_at, first.events[0].body["overdue"]) == (NOW + DAY, False)
    second = reminded(first.value, NOW + DAY)
    assert (second.value.due_at, second.events[0].body["overdue"]) == (NOW + DAY + REMINDED, True)


def test_one_that_is_due_soon_is_reminded_of_at_once():
    assert opened(review(ends_at=NOW + timedelta(minutes=30))).value.due_at == NOW


def test_answered_it_is_over_and_says_by_whom():
    moved = answered(review(), EMI, Verdict.NEEDS_FOLLOW_UP, "ref", NOW)
    assert (moved.value.state, moved.value.due_at, moved.value.note) == (ReviewState.ANSWERED, None, "ref")
    assert moved.events[0].body == {
        "request": "pa-0001",
        "by": "emi",
        "verdict": "needs_follow_up",
        "note": "ref",
    }
    assert not moved.value.overdue(NOW + 2 * DAY)
    for verb in ReviewVerb:
        with pytest.raises(IllegalMove):
            moved.value.moved(verb)


def test_it_is_overdue_from_its_end_on():
    assert not review().overdue(NOW + DAY - timedelta(seconds=1))
    assert review().overdue(NOW + DAY)
