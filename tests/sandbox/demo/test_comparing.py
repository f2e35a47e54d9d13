"""The last line of the cloud view: when clouds and ledger differ, and in which words."""

from datetime import timedelta

import pytest

from policies.grant import MISSING, Grant, GrantState
from policies.values import CloudName, HoldingKey
from sandbox.demo.comparing import differences
from sandbox.demo.ports import CloudObject, CloudReading
from tests.builders import HOUR, NOW
from tests.builders import grant as any_grant

AZURE = CloudName("azure")
KEY = HoldingKey("/subscriptions/1/roleAssignments/2")


def grant(state: GrantState, number: int = 1, **changes: object) -> Grant:
    """A grant in Azure: one holding, whatever the request."""
    return any_grant(number, cloud=AZURE, holding=KEY, state=state, **changes)


def reading(*holdings: str, problem: str = "") -> CloudReading:
    """Azure, holding these."""
    objects = tuple(CloudObject(one, "assignment", "Reader", one, "pa-0001", "U0ANA") for one in holdings)
    return CloudReading("azure", "Azure", "prod", objects, NOW, problem=problem)


def said(cloud: CloudReading, *grants: Grant) -> tuple[str, ...]:
    """What is said of a cloud and a ledger in which nothing moves."""
    return differences([cloud], grants, grants)


@pytest.mark.parametrize(
    "state", [GrantState.PLANNED, GrantState.GRANTING, GrantState.ENDING, GrantState.GONE]
)
def test_what_is_not_live_need_not_be_held(state: GrantState):
    assert said(reading(), grant(state)) == ()


@pytest.mark.parametrize("state", [GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING])
def test_what_is_wanted_may_be_held(state: GrantState):
    assert said(reading(KEY), grant(state)) == ()


def test_what_should_be_gone_is_still_held():
    assert said(reading(KEY), grant(GrantState.ENDING)) == (
        "Azure still holds pa-0001; the ledger says ending.",
    )


def test_what_should_be_held_is_not():
    sentence = "Azure does not hold pa-0001; the ledger says live"
    assert said(reading(), grant(GrantState.LIVE)) == (f"{sentence}.",)
    noticed = grant(GrantState.LIVE, problem=MISSING)
    assert said(reading(), noticed) == (f"{sentence}, and knows that it is missing.",)


def test_what_somebody_has_for_good_is_nothing_of_ours():
    assert said(reading(), grant(GrantState.LIVE, standing=True)) == ()


def test_a_holding_that_a_later_request_has_is_wanted():
    later = grant(GrantState.LIVE, 2, starts_at=NOW + HOUR)
    assert said(reading(KEY), grant(GrantState.GONE), later) == ()


def test_of_several_that_are_over_the_newest_is_named():
    later = grant(GrantState.GONE, 2, starts_at=NOW + timedelta(minutes=5))
    assert said(reading(KEY), later, grant(GrantState.GONE)) == (
        "Azure still holds pa-0002; the ledger says gone.",
    )


def test_what_nobody_asked_for_is_named():
    assert said(reading("by-hand")) == ("Azure holds Reader, by-hand; the ledger does not know it.",)


def test_what_moved_while_the_clouds_were_read_is_not_judged():
    before, after = grant(GrantState.GRANTING), grant(GrantState.LIVE, version=1)
    assert differences([reading()], [before], [after]) == ()
    assert differences([reading(KEY)], [], [grant(GrantState.ENDING)]) == ()


def test_a_cloud_that_cannot_be_read_is_not_judged():
    problem = "Azure cannot be read now: ReadTimeout."
    assert said(reading(problem=problem), grant(GrantState.LIVE)) == (problem,)
