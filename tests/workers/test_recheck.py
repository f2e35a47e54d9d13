"""The rules, asked once more before the first cloud call."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from policies.approval import Approval
from policies.entitlements.aws import AwsLease
from policies.facts import gather
from policies.grant import planned
from policies.holding import Direction, Overruled, Unreachable
from policies.incident import Incident, closed, opened
from policies.request import AccessRequest, approved, asked
from policies.rules import Policy
from policies.values import GroupName, IncidentId, PersonId
from tests.builders import ANA, AWS, BEN, LEASE, NOW, StoppedClock, grant, request, yes
from tests.policies.builders import GROUPS, people, policy, role, rule, yes_from
from workers.around import ask_of
from workers.ending import close
from workers.ledger import incidents, on_call
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


# Who is on call, and the incident it hangs on

PRIMARY = "db-primary"
ON_CALL = policy(rule("on-call", match={**ENGINEERS, "on_call_for": [PRIMARY]}))
IN_INCIDENT = policy(rule("in-incident", match={**ENGINEERS, "incident_state": ["live"]}))
INC = IncidentId("INC-42")


def know(ledger: Ledger, *people_on_call: PersonId) -> None:
    """The pager says now who is on call."""
    known = on_call.Known(PRIMARY, people_on_call, ledger.now())
    ledger.retrying(lambda writing: on_call.put(writing, known))


def wanted(ledger: Ledger) -> tuple[str, ...]:
    with ledger.reading() as reader:
        return on_call.wanted(reader)


def test_who_is_on_call_waits_for_a_younger_answer_when_it_is_too_old(ledger: Ledger, clock: StoppedClock):
    still_allowed = StillAllowed(ledger, lambda: ON_CALL, patience=timedelta())
    know(ledger, ANA)
    held = claim(ledger)
    clock.move(timedelta(seconds=29))
    assert still_allowed(held) == {}
    assert wanted(ledger) == ()
    clock.move(timedelta(seconds=2))
    assert still_allowed(held) == {MINE: Unreachable("on_call_not_known")}
    assert wanted(ledger) == (PRIMARY,)
    know(ledger, ANA)
    assert still_allowed(held) == {}
    assert wanted(ledger) == ()


def test_a_schedule_that_nobody_asked_about_is_waited_for_and_wanted(ledger: Ledger):
    still_allowed = StillAllowed(ledger, lambda: ON_CALL, patience=timedelta(seconds=0.2))
    held = claim(ledger)
    assert still_allowed(held) == {MINE: Unreachable("on_call_not_known")}
    assert wanted(ledger) == (PRIMARY,)
    assert still_allowed(held) == {MINE: Unreachable("on_call_not_known")}


def test_an_answer_that_comes_within_a_moment_is_waited_for(ledger: Ledger):
    held = claim(ledger)

    def answers() -> None:
        while not wanted(ledger):
            time.sleep(0.01)
        know(ledger, ANA)

    pager = threading.Thread(target=answers)
    pager.start()
    assert StillAllowed(ledger, lambda: ON_CALL, patience=timedelta(seconds=20))(held) == {}
    pager.join()


def test_a_pager_that_is_away_puts_it_off_and_refuses_nothing(ledger: Ledger):
    held = claim(ledger)
    away = on_call.Known(PRIMARY, None, ledger.now(), "ConnectError")
    ledger.retrying(lambda writing: on_call.put(writing, away))
    still_allowed = StillAllowed(ledger, lambda: ON_CALL, patience=timedelta())
    assert still_allowed(held) == {MINE: Unreachable("on_call_not_known")}


def test_who_is_surely_no_longer_on_call_gets_nothing(ledger: Ledger, clock: StoppedClock):
    know(ledger, ANA)
    held = claim(ledger)
    clock.move(timedelta(seconds=31))
    know(ledger, BEN)
    assert StillAllowed(ledger, lambda: ON_CALL)(held) == {MINE: Overruled("not_allowed", ON_CALL.hash)}
    assert wanted(ledger) == ()


def test_an_old_answer_holds_nobody_up_whose_access_does_not_depend_on_it(
    ledger: Ledger, clock: StoppedClock
):
    know(ledger, ANA)
    clock.move(timedelta(minutes=1))
    either = policy(FREE, rule("on-call", match={**ENGINEERS, "on_call_for": [PRIMARY]}))
    assert StillAllowed(ledger, lambda: either)(claim(ledger)) == {}


def claim_in_incident(ledger: Ledger) -> Claim:
    made = Incident(id=INC, title="text-1", opened_at=NOW, live_since=NOW, heard_at=NOW)
    with ledger.writing() as writing:
        incidents.add(writing, opened(made, NOW))
        waiting = writing.add_request(asked(request(incident=INC, reference=INC)))
        writing.save_request(approved(waiting, None, NOW))
        writing.add_grants([planned(grant())])
    (held,) = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w1", most=1))
    return held


def test_an_incident_that_was_closed_after_the_yes_gives_nothing(ledger: Ledger):
    held = claim_in_incident(ledger)
    still_allowed = StillAllowed(ledger, lambda: IN_INCIDENT)
    assert still_allowed(held) == {}
    with ledger.writing() as writing:
        found = incidents.lock(writing, INC)
        assert found is not None
        incidents.save(writing, closed(found, None, NOW))
    assert still_allowed(held) == {MINE: Overruled("not_allowed", IN_INCIDENT.hash)}


def test_what_hung_on_an_incident_that_was_closed_before_the_claim_is_not_given_at_all(ledger: Ledger):
    made = Incident(id=INC, title="text-1", opened_at=NOW, live_since=NOW, heard_at=NOW)
    with ledger.writing() as writing:
        before = incidents.add(writing, opened(made, NOW))
        waiting = writing.add_request(asked(request(incident=INC)))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant())])
        assert [one.id for one in close(writing, before, None)] == [MINE]
    given = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w1", most=9))
    assert [one for held in given for one in held.grants if one.wants_presence] == []
