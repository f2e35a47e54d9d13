"""A review: opened with the access, reminded of, answered once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from policies.moves import IllegalMove, Moved
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


VERBS: dict[str, Callable[[Review], Moved[Review]]] = {
    "remind": lambda one: reminded(one, NOW),
    "answer": lambda one: answered(one, EMI, Verdict.AS_EXPECTED, None, NOW),
}
LEADS_TO = """
           remind  answer
open       open    answered
answered   -       -
"""
"""The table as people read it, written down a second time on purpose."""


def rows() -> list[tuple[str, str, str]]:
    heading, *lines = [line.split() for line in LEADS_TO.strip().splitlines()]
    return [(line[0], verb, to) for line in lines for verb, to in zip(heading, line[1:], strict=True)]


def test_the_table_names_every_state_and_every_verb():
    assert {state for state, _, _ in rows()} == {state.value for state in ReviewState}
    assert {verb for _, verb, _ in rows()} == {verb.value for verb in ReviewVerb} == set(VERBS)


@pytest.mark.parametrize(("state", "verb", "to"), rows())
def test_each_verb_does_in_each_state_what_the_table_says(state: str, verb: str, to: str):
    before = review(state=ReviewState(state), version=3)
    if to == "-":
        with pytest.raises(IllegalMove, match=f"cannot {verb} what is {state}"):
            VERBS[verb](before)
        return
    moved = VERBS[verb](before)
    assert (moved.value.state.value, moved.value.version) == (to, 4)
    assert [event.body["request"] for event in moved.events] == ["pa-0001"]


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


def test_it_calls_its_reviewers_once_reminded_of_until_it_is_answered():
    waiting = opened(review()).value
    known = reminded(waiting, NOW).value
    over = answered(known, EMI, Verdict.AS_EXPECTED, None, NOW).value
    assert [one.reminds for one in (waiting, known, over)] == [False, True, False]


def test_it_is_overdue_from_its_end_on():
    assert not review().overdue(NOW + DAY - timedelta(seconds=1))
    assert review().overdue(NOW + DAY)
