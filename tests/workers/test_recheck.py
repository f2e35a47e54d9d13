"""The rules, asked once more before the first cloud call."""

from datetime import timedelta
from pathlib import Path

import pytest

from policies.approval import Approval
from policies.entitlements.aws import AwsLease
from policies.facts import gather
from policies.grant import planned
from policies.holding import Direction, Overruled, Unreachable
from policies.request import AccessRequest, approved, asked
from policies.rules import Policy
from policies.values import GroupName, PersonId
from tests.builders import AWS, LEASE, NOW, StoppedClock, grant, request, yes
from tests.policies.builders import GROUPS, people, policy, role, rule, yes_from
from workers.around import ask_of
from workers.ledger.claims import Claim, claim_due
from workers.ledger.ledger import Ledger
from workers.recheck import StillAllowed, why_not

ENGINEERS = {"requester_in": ["engineers"]}
FREE = rule("free", match=ENGINEERS)
ONE_YES = rule("one-yes", match=ENGINEERS, approvals=[yes_from("db-oncall")])
TWO_YESES = rule("two-yeses", match=ENGINEERS, approvals=[yes_from("db-oncall", count=2)])
SECURITY = rule("security", match=ENGINEERS, approvals=[yes_from("security")])


def why(approved_before: AccessRequest, now_in_force: Policy) -> str | None:
    ask = ask_of(approved_before, approved_before.duration)
    return why_not(
        approved_before, now_in_force, ask, gather(now_in_force, ask.requester, ask.beneficiary, NOW)
    )


def said(*names: str) -> tuple[Approval, ...]:
    return tuple(yes(name) for name in names)


@pytest.mark.parametrize(
    ("now_in_force", "yeses", "expected"),
    [
        (policy(FREE), (), None),
        (policy(ONE_YES), said("ben"), None),
        (policy(TWO_YESES), said("ben", "chloe"), None),
        (policy(ONE_YES), (), "more_approvals_needed"),
        (policy(TWO_YESES), said("ben"), "more_approvals_needed"),
        (policy(SECURITY), said("ben"), "more_approvals_needed"),
        (policy(ONE_YES), said("ana"), "more_approvals_needed"),
        (policy(FREE, rule("frozen", "deny")), said("ben"), "denied"),
        (policy(FREE, roles=[role(max_duration="30m")]), said("ben"), "too_long"),
        (policy(FREE, roles=[role("another-role")]), said("ben"), "unknown_role"),
        (policy(), said("ben"), "not_allowed"),
        (policy(FREE, known=people({**GROUPS, "engineers": ("ben",)})), said("ben"), "not_allowed"),
    ],
)
def test_what_was_approved_is_given_only_if_it_would_still_be_given(
    now_in_force: Policy, yeses: tuple[Approval, ...], expected: str | None
):
    assert why(request(approvals=yeses), now_in_force) == expected


def test_a_yes_of_somebody_who_has_left_no_longer_counts():
    gone = Approval(person=PersonId("gus"), at=NOW, groups=(GroupName("db-oncall"),), digest="d")
    assert why(request(approvals=(gone,)), policy(ONE_YES)) == "more_approvals_needed"


# In a claim

MINE = request().id


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def claim(ledger: Ledger, entitlement: AwsLease = LEASE) -> Claim:
    with ledger.writing() as writing:
        waiting = writing.add_request(asked(request()))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant(entitlement=entitlement))])
    (held,) = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w1", most=1))
    return held


def test_a_claim_whose_request_would_still_be_given_goes_on(ledger: Ledger):
    assert StillAllowed(ledger, lambda: policy(ONE_YES))(claim(ledger)) == {}


def test_a_claim_whose_request_would_not_is_overruled_under_that_policy(ledger: Ledger):
    frozen = policy(FREE, rule("frozen", "deny"))
    assert StillAllowed(ledger, lambda: frozen)(claim(ledger)) == {MINE: Overruled("denied", frozen.hash)}


def test_nothing_is_given_while_the_clock_is_wrong(ledger: Ledger):
    while_wrong = StillAllowed(ledger, lambda: policy(ONE_YES), lambda: True)
    assert while_wrong(claim(ledger)) == {MINE: Unreachable("clock_skew")}


def test_rules_that_look_at_the_time_look_at_the_time_it_is_now(ledger: Ledger, clock: StoppedClock):
    at_night = policy(FREE, rule("no-nights", "deny", match={"outside_window": ["office-hours"]}))
    held = claim(ledger)
    assert StillAllowed(ledger, lambda: at_night)(held) == {}
    clock.move(timedelta(hours=12))
    assert StillAllowed(ledger, lambda: at_night)(held) == {MINE: Overruled("denied", at_night.hash)}


def test_without_rules_to_ask_nothing_is_given(ledger: Ledger):
    assert StillAllowed(ledger, lambda: None)(claim(ledger)) == {MINE: Unreachable("no_policy")}


def test_what_must_never_be_granted_is_not_whatever_the_rules_say(ledger: Ledger):
    everything = LEASE.model_copy(update={"policies": ("arn:aws:iam::aws:policy/AdministratorAccess",)})
    free = policy(FREE)
    assert StillAllowed(ledger, lambda: free)(claim(ledger, everything)) == {
        MINE: Overruled("never_granted", free.hash)
    }


def test_while_new_access_is_frozen_nothing_is_given_and_nothing_is_refused(ledger: Ledger):
    held = claim(ledger)
    asked_again = StillAllowed(ledger, lambda: policy(FREE))
    with ledger.writing() as writing:
        assert writing.freeze("emi") is True
    assert asked_again(held) == {MINE: Unreachable("freeze")}
    with ledger.writing() as writing:
        assert writing.thaw("emi") is True
    assert asked_again(held) == {}
