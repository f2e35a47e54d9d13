"""The unit of cloud work: what a claim begins and plans, what an outcome means, and a whole life of it."""

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from policies.grant import LAST_LOOK, EndCause, Grant, GrantState, ending, extending, planned
from policies.holding import (
    Absent,
    Direction,
    Ensure,
    Limit,
    LookAgain,
    Outcome,
    Overruled,
    Plan,
    Present,
    RefusedForGood,
    Remove,
    Standing,
    StillThere,
    Unreachable,
    alarm,
    backoff,
    begin,
    direction,
    plan,
    refused_extension,
    settle,
)
from policies.moves import Moved
from policies.values import GrantId
from tests.builders import ANA, HOUR, NOW, grant
from tests.simulated_cloud import SimulatedCloud, failing
from workers.clouds.cloud import Again, Fence, Holding, Refused, Unknown, Work

LATER = NOW + timedelta(minutes=5)
PLANNED, GRANTING, LIVE, EXTENDING, ENDING, GONE = GrantState


def of(*states: GrantState) -> list[Grant]:
    return [grant(number, state=state) for number, state in enumerate(states, start=1)]


# A claim begins what is due


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (grant(state=PLANNED), GRANTING),
        (grant(state=PLANNED, starts_at=LATER), None),
        (grant(state=GRANTING), None),
        (grant(state=LIVE), None),
        (grant(state=EXTENDING, extends_to=LATER), None),
        (grant(state=EXTENDING, extends_to=LATER, ends_at=NOW), ENDING),
        (grant(state=PLANNED, ends_at=NOW), ENDING),
        (grant(state=GRANTING, ends_at=NOW), ENDING),
        (grant(state=LIVE, ends_at=NOW), ENDING),
        (grant(state=ENDING, ends_at=NOW), None),
        (grant(state=GONE, ends_at=NOW), None),
    ],
)
def test_a_claim_begins_what_should_start_and_ends_what_should_end(before: Grant, after: GrantState | None):
    moves = begin([before], NOW)
    assert [moved.value.state for moved in moves] == ([after] if after else [])


def test_an_end_that_a_claim_begins_is_on_time():
    (moved,) = begin([grant(state=LIVE, ends_at=NOW)], NOW)
    assert moved.value.cause is EndCause.ON_TIME


# What the cloud should show


@pytest.mark.parametrize(
    ("grants", "wanted"),
    [
        (of(GRANTING), Ensure(NOW + HOUR)),
        (of(LIVE, ENDING), Limit(NOW + HOUR)),
        ([grant(state=LIVE), grant(2, state=GRANTING, ends_at=LATER)], Ensure(NOW + HOUR)),
        ([grant(state=GONE), grant(2, state=LIVE, ends_at=LATER)], Limit(LATER)),
        ([grant(state=EXTENDING, extends_to=NOW + 2 * HOUR)], Ensure(NOW + 2 * HOUR)),
        (of(PLANNED, GONE), LookAgain()),
        (of(GONE), LookAgain()),
        ([grant(state=ENDING, cause=EndCause.ON_TIME)], Remove(early=False)),
        ([grant(state=ENDING, cause=EndCause.BY_HOLDER), grant(2, state=PLANNED)], Remove(early=True)),
        (
            [grant(state=ENDING, cause=EndCause.ON_TIME), grant(2, state=ENDING, cause=EndCause.BY_OTHER)],
            Remove(early=True),
        ),
    ],
)
def test_the_plan_is_present_until_the_latest_end_or_absent(grants: Sequence[Grant], wanted: Plan):
    assert plan(grants) == wanted


# What an outcome means

SETTLED = [
    (Present(NOW + HOUR), [None, LIVE, None, LIVE, None, None]),
    (Present(LATER), [None, None, None, None, None, None]),
    (Absent(), [None, None, None, None, GONE, GONE]),
    (Standing(), [None, LIVE, None, LIVE, GONE, GONE]),
    (StillThere(), [None, None, None, None, None, ENDING]),
    (Unreachable("Throttling"), [None, GRANTING, None, EXTENDING, ENDING, GONE]),
    (RefusedForGood("LimitExceeded"), [None, ENDING, None, EXTENDING, ENDING, GONE]),
    (Overruled("frozen", "p" * 64), [None, ENDING, None, EXTENDING, ENDING, GONE]),
]


@pytest.mark.parametrize(("outcome", "becomes"), SETTLED)
@pytest.mark.parametrize("state", list(GrantState))
def test_an_outcome_moves_only_the_grants_it_covers(
    outcome: Outcome, becomes: list[GrantState | None], state: GrantState
):
    expected = becomes[list(GrantState).index(state)]
    moves = settle([grant(state=state)], outcome, NOW)
    assert [moved.value.state for moved in moves] == ([expected] if expected else [])


def test_no_two_outcomes_are_the_same():
    outcomes: list[Outcome | Plan] = [Absent(), StillThere(), Standing(), LookAgain()]
    assert all((one == other) is (one is other) for one in outcomes for other in outcomes)


def test_gone_rests_only_when_its_last_look_is_due():
    early = grant(state=GONE, due_at=LATER)
    assert settle([early], Absent(), NOW) == ()
    assert settle([early], Absent(), LATER)[0].value.due_at is None
    assert settle([grant(state=GONE, due_at=None)], Absent(), LATER) == ()


def test_what_rests_is_not_woken_by_an_unreachable_cloud():
    assert settle([grant(state=GONE, due_at=None)], Unreachable("Away"), NOW) == ()


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [(RefusedForGood("X"), EndCause.ROLLED_BACK), (Overruled("frozen", "p"), EndCause.OVERRULED)],
)
def test_a_start_that_is_refused_is_taken_back(outcome: Outcome, cause: EndCause):
    (moved,) = settle([grant(state=GRANTING)], outcome, NOW)
    assert moved.value.cause is cause


def test_an_end_that_is_refused_is_tried_again():
    (moved,) = settle([grant(state=ENDING)], RefusedForGood("AccessDenied"), NOW)
    assert (moved.value.state, moved.value.problem, moved.value.tries) == (ENDING, "AccessDenied", 1)


def test_a_cloud_that_names_a_wait_is_given_it():
    (moved,) = settle([grant(state=ENDING)], Unreachable("Throttling", timedelta(minutes=7)), NOW)
    assert moved.value.due_at == NOW + timedelta(minutes=7)


def test_a_start_is_not_put_off_past_its_end_but_an_end_is():
    away = Unreachable("Throttling", 2 * HOUR)
    (start,) = settle([grant(state=GRANTING)], away, NOW)
    (end,) = settle([grant(state=ENDING)], away, NOW)
    assert (start.value.due_at, end.value.due_at) == (NOW + HOUR, NOW + 2 * HOUR)


def test_what_somebody_had_already_is_live_and_nothing_of_ours():
    (moved,) = settle([grant(state=GRANTING)], Standing(), NOW)
    assert (moved.value.standing, moved.events[0].body["standing"]) == (True, True)
    (longer,) = settle([grant(state=EXTENDING, extends_to=NOW + 2 * HOUR)], Standing(), NOW)
    assert (longer.value.standing, longer.value.ends_at) == (True, NOW + 2 * HOUR)


def test_what_somebody_had_already_is_ours_once_it_was_made():
    (longer,) = settle([grant(state=EXTENDING, extends_to=LATER, standing=True)], Present(LATER), NOW)
    assert not longer.value.standing


def test_a_refusal_to_last_longer_is_none_to_start():
    longer, start = grant(1, state=EXTENDING, extends_to=LATER), grant(2, state=GRANTING)
    back, again = settle([longer, start], RefusedForGood("TooLong"), NOW)
    assert (back.value.state, back.value.extends_to) == (EXTENDING, None)
    assert (again.value.state, again.value.problem) == (GRANTING, "TooLong")
    assert refused_extension([longer, start])
    assert not refused_extension([back.value, start])
    assert not refused_extension([longer, start], {longer.request: Overruled("too_long", "p")})


def test_an_extension_that_is_confirmed_moves_the_end():
    (moved,) = settle([grant(state=EXTENDING, extends_to=NOW + 2 * HOUR)], Present(NOW + 2 * HOUR), NOW)
    assert (moved.value.ends_at, moved.value.due_at, moved.value.extends_to) == (
        NOW + 2 * HOUR,
        NOW + 2 * HOUR,
        None,
    )


@pytest.mark.parametrize("no", [RefusedForGood("X"), Overruled("too_long", "p")])
def test_an_extension_that_is_refused_is_moved_back_and_then_the_old_end_stands(no: Outcome):
    (back,) = settle([grant(state=EXTENDING, extends_to=NOW + 2 * HOUR)], no, NOW)
    assert (back.value.state, back.value.extends_to, back.value.due_at) == (EXTENDING, None, NOW)
    assert plan([back.value]) == Ensure(NOW + HOUR)
    (moved,) = settle([back.value], Present(NOW + HOUR), NOW)
    assert (moved.value.state, moved.value.ends_at, moved.value.due_at) == (LIVE, NOW + HOUR, NOW + HOUR)


def test_one_request_of_two_on_a_holding_may_be_refused():
    mine, theirs = grant(1, state=GRANTING), grant(2, state=GRANTING, ends_at=LATER)
    noes = {mine.request: Overruled("not_allowed", "p")}
    assert plan([mine, theirs], noes) == Ensure(LATER)
    moves = {one.value.id: one.value.state for one in settle([mine, theirs], Present(LATER), NOW, noes)}
    assert moves == {mine.id: ENDING, theirs.id: LIVE}


def test_what_lasts_longer_and_is_refused_is_held_to_its_old_end():
    longer = grant(state=EXTENDING, extends_to=NOW + 2 * HOUR)
    assert plan([longer], {longer.request: Unreachable("freeze")}) == Ensure(NOW + HOUR)


def test_whoever_ends_is_done_with_only_once_the_cloud_ends_with_the_rest():
    still, ends = grant(1, state=LIVE, ends_at=LATER), grant(2, state=ENDING)
    assert settle([still, ends], Present(NOW + HOUR), NOW) == ()
    (moved,) = settle([still, ends], Present(LATER), NOW)
    assert (moved.value.id, moved.value.state) == (ends.id, GONE)


def test_an_extension_is_not_put_off_past_the_old_end():
    away = Unreachable("Throttling", 2 * HOUR)
    (moved,) = settle([grant(state=EXTENDING, extends_to=NOW + 3 * HOUR)], away, NOW)
    assert moved.value.due_at == NOW + HOUR
    assert direction(moved.value) is Direction.REVOKE


# Waiting longer and longer

NAMES = st.text(max_size=20)


@given(st.integers(0, 10_000), NAMES)
def test_a_wait_is_between_three_quarters_of_a_second_and_a_minute(tries: int, name: str):
    assert timedelta(seconds=0.75) < backoff(tries, name) <= timedelta(seconds=60)


@given(st.integers(0, 4), NAMES)
def test_waits_grow_until_they_reach_their_most(tries: int, name: str):
    assert backoff(tries, name) < backoff(tries + 1, name)


@given(st.integers(6, 10_000), NAMES)
def test_waits_stay_near_a_minute_once_they_are_there(tries: int, name: str):
    assert backoff(tries, name) > timedelta(seconds=45)


@given(st.integers(0, 100), NAMES)
def test_the_same_text_always_waits_the_same(tries: int, name: str):
    assert backoff(tries, name) == backoff(tries, name)


def test_many_waits_are_spread_over_a_quarter():
    waits = sorted(backoff(6, f"pa-{number:04d}-1").total_seconds() for number in range(1000))
    assert waits[0] < 46
    assert waits[-1] > 59
    assert max(later - sooner for sooner, later in itertools.pairwise(waits)) < 0.5


# When somebody must look, and who


@pytest.mark.parametrize(
    ("state", "way"),
    [
        (PLANNED, Direction.GRANT),
        (GRANTING, Direction.GRANT),
        (LIVE, Direction.REVOKE),
        (EXTENDING, Direction.GRANT),
        (ENDING, Direction.REVOKE),
        (GONE, Direction.REVOKE),
    ],
)
def test_ends_never_queue_behind_starts(state: GrantState, way: Direction):
    longer = NOW + 2 * HOUR if state is EXTENDING else None
    assert direction(grant(state=state, extends_to=longer)) is way


def test_an_end_that_is_moved_back_is_the_work_of_ends():
    assert direction(grant(state=EXTENDING, extends_to=None)) is Direction.REVOKE


def test_the_alarm_of_a_holding_is_its_grants_earliest():
    grants = [
        grant(1, state=LIVE, due_at=NOW + HOUR),
        grant(2, state=GRANTING, due_at=LATER),
        grant(3, state=GONE, due_at=None),
    ]
    assert alarm(grants) == (LATER, Direction.GRANT)


@pytest.mark.parametrize("grants", [[], [grant(state=GONE, due_at=None)]])
def test_where_nothing_waits_there_is_no_alarm(grants: list[Grant]):
    assert alarm(grants) == (None, Direction.REVOKE)


# A whole life, with faults, overtaken workers and creates that come late

CLAIM = timedelta(seconds=20)
STOPPED_MOST = 80
"""The seconds a worker is stopped between its fence and its call, at most."""


class Open(Fence):
    """A fence that lets everything through."""

    def check(self) -> None:
        """Let it through."""


FAULTS = {
    "none": (None, None),
    "not done": (Again("Throttling"), None),
    "refused": (Refused("LimitExceeded"), None),
    "done, reply lost": (None, Unknown("ConnectionClosedError")),
    "not done, reply lost": (Unknown("ReadTimeoutError"), None),
    "done, then away": (None, Again("EndpointConnectionError")),
}


class LifeOfAHolding(RuleBasedStateMachine):
    """One holding, several grants, one cloud; the ledger is a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = SimulatedCloud()
        self.key = grant().holding
        self.grants: dict[GrantId, Grant] = {}
        self.now = NOW
        self.claim = 0
        self.claimed_until = NOW

    def save(self, moves: Sequence[Moved[Grant]]) -> None:
        """Put what moved into the ledger."""
        self.grants |= {moved.value.id: moved.value for moved in moves}

    def claimed(self) -> Plan:
        """Claim the holding: begin what is due, and plan."""
        self.claim += 1
        self.save(begin(self.grants.values(), self.now))
        return plan(list(self.grants.values()))

    def is_due(self) -> bool:
        """True when the alarm has come and nobody holds the claim."""
        due_at, _ = alarm(self.grants.values())
        return due_at is not None and due_at <= self.now and self.claimed_until <= self.now

    @rule(starts_in=st.sampled_from([0, 0, 60]), minutes=st.integers(1, 30))
    @precondition(lambda self: len(self.grants) < 4)
    def somebody_is_granted(self, starts_in: int, minutes: int) -> None:
        """One grant more on the same holding."""
        start = self.now + timedelta(seconds=starts_in)
        number = len(self.grants) + 1
        fresh = grant(number, holding=self.key, starts_at=start, due_at=start)
        self.save([planned(fresh.model_copy(update={"ends_at": start + timedelta(minutes=minutes)}))])

    @rule(pick=st.randoms(use_true_random=False))
    @precondition(lambda self: any(one.wants_presence for one in self.grants.values()))
    def somebody_ends_it(self, pick: random.Random) -> None:
        """One of the grants ends early."""
        one = pick.choice([one for one in self.grants.values() if one.wants_presence])
        self.save([ending(one, EndCause.BY_HOLDER, self.now, ANA)])

    @rule(pick=st.randoms(use_true_random=False), minutes=st.integers(1, 30))
    @precondition(lambda self: any(one.state is LIVE for one in self.grants.values()))
    def somebody_extends_it(self, pick: random.Random, minutes: int) -> None:
        """One of the grants is to last longer."""
        one = pick.choice([one for one in self.grants.values() if one.state is LIVE])
        self.save([extending(one, one.ends_at + timedelta(minutes=minutes), self.now)])

    @rule(seconds=st.integers(1, 1200))
    def time_passes(self, seconds: int) -> None:
        """Time passes, and nobody works."""
        self.now += timedelta(seconds=seconds)

    @rule(fault=st.sampled_from(sorted(FAULTS)), approved_meanwhile=st.booleans())
    @precondition(is_due)
    def a_worker_does_what_is_due(self, fault: str, *, approved_meanwhile: bool) -> None:
        """Claim, call, settle; somebody may be approved while the call runs."""
        wanted = self.claimed()
        before, after = FAULTS[fault]
        self.cloud.before = failing(before) if before else lambda *_: None
        self.cloud.after = failing(after) if after else lambda *_: None
        outcome = self.call(wanted)
        if approved_meanwhile and len(self.grants) < 4:
            self.somebody_is_granted(starts_in=0, minutes=5)
        self.save(settle(self.grants.values(), outcome, self.now))

    def call(self, wanted: Plan) -> Outcome:
        """Carry out a plan."""
        (outcome,) = self.cloud.carry_out([Work(Holding.of(self.grants.values()), wanted, Open())])
        assert outcome is not None
        return outcome

    @rule(stopped=st.integers(0, STOPPED_MOST), end_after=st.integers(0, 30), dies=st.booleans())
    @precondition(is_due)
    def a_create_comes_late(self, stopped: int, end_after: int, *, dies: bool) -> None:
        """A worker passes its fence and stops; the others go on; then it calls, and dies or undoes it."""
        wanted = self.claimed()
        if not isinstance(wanted, Ensure):
            return
        holding, mine = Holding.of(self.grants.values()), self.claim
        self.claimed_until = self.now + CLAIM
        for second in range(stopped):
            self.now += timedelta(seconds=1)
            if second == end_after:
                self.everybody_ends_it()
            self.others_work()
        self.cloud.before = self.cloud.after = lambda *_: None
        outcome = self.cloud.ensure(holding, wanted.until, Open())
        if dies:
            return
        if mine == self.claim:
            self.save(settle(self.grants.values(), outcome, self.now))
        elif not any(one.wants_presence for one in self.grants.values()):
            self.cloud.remove(holding, Open(), early=True)

    def everybody_ends_it(self) -> None:
        """No grant wants presence any more."""
        wanted = [one for one in self.grants.values() if one.wants_presence]
        self.save([ending(one, EndCause.BY_HOLDER, self.now, ANA) for one in wanted])

    def others_work(self) -> None:
        """A worker that nothing happens to does what is due."""
        if self.is_due():
            self.a_worker_does_what_is_due("none", approved_meanwhile=False)
            self.what_is_live_is_there()

    @invariant()
    def what_is_live_is_there(self) -> None:
        """Never absent while somebody has it."""
        live = [one.ends_at for one in self.grants.values() if one.state in {LIVE, EXTENDING}]
        assert not live or self.cloud.held[self.key] >= max(live)

    @invariant()
    def once_the_last_look_is_done_nothing_is_there(self) -> None:
        """Never present once nobody will look again."""
        if all(one.over and one.due_at is None for one in self.grants.values()):
            assert self.key not in self.cloud.held

    @invariant()
    def whoever_is_not_over_has_an_alarm(self) -> None:
        """Nothing is forgotten."""
        assert all(one.due_at is not None for one in self.grants.values() if not one.over)

    def teardown(self) -> None:
        """Left alone with a cloud that answers, everything ends and nothing stays."""
        for _ in range(6):
            self.now += HOUR
            for _ in range(6):
                self.others_work()
        assert all(one.over and one.due_at is None for one in self.grants.values())
        assert self.cloud.held == {}


LifeOfAHolding.TestCase.settings = settings(max_examples=100, stateful_step_count=20)


def test_the_last_look_comes_after_the_latest_create():
    assert timedelta(seconds=STOPPED_MOST) < LAST_LOOK


class TestLifeOfAHolding(LifeOfAHolding.TestCase):  # type: ignore[misc]
    """Never absent while somebody has it; never present once the last look is done."""
