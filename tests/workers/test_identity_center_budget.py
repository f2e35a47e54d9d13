"""What AWS allows all workers together: kept to, given back, and never a reason to lose an end."""

import itertools
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from policies.grant import Grant
from policies.holding import Absent, Outcome, Present, RefusedForGood, Unreachable
from policies.values import HoldingKey
from sandbox.aws.faults import Kind
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from tests.builders import StoppedClock
from tests.identity_center import account_assignments, center_grant
from workers.clouds.cloud import Again, Holding
from workers.clouds.identity_center.account_assignment import AccountAssignments
from workers.clouds.identity_center.budget import (
    GIVEN_UP_AFTER,
    KEPT_FOR_ENDS,
    STARTS_UNDER_WAY,
    UNDER_WAY,
    VISITS_A_SECOND,
    VISITS_AT_ONCE,
    LedgerBudget,
)
from workers.jobs import Unfenced
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger

NUMBERS = itertools.count(9500)
CREATE, DELETE = "CreateAccountAssignment", "DeleteAccountAssignment"
HERE = names.INSTANCE
BUSY = Unreachable("identity_center_busy", timedelta(seconds=5))
IN_PROGRESS = Unreachable("identity_center_in_progress", timedelta(seconds=5))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def budget(ledger: Ledger) -> LedgerBudget:
    return LedgerBudget(ledger)


@pytest.fixture
def adapter(identity_center: IdentityCenterStandIn, budget: LedgerBudget) -> AccountAssignments:
    return account_assignments(identity_center, budget=budget)


@pytest.fixture
def grant(identity_center: IdentityCenterStandIn) -> Grant:
    return center_grant(next(NUMBERS), identity_center.clock.now())


def key(number: int) -> HoldingKey:
    return HoldingKey(f"assignment {number}")


def free(budget: LedgerBudget, *, start: bool = True) -> int:
    """How many operations could be begun now; each gives its place back."""
    held = []
    for number in range(100, 100 + UNDER_WAY + 1):
        try:
            budget.begin(HERE, key(number), start=start)
        except Again:
            break
        held.append(key(number))
    for one in held:
        budget.done(HERE, one)
    return len(held)


def ensure(adapter: AccountAssignments, grant: Grant, clock: StoppedClock) -> Outcome:
    """An ensure that does not have to wait for its turn."""
    clock.move(timedelta(seconds=5))
    return adapter.ensure(Holding.of([grant]), grant.ends_at, Unfenced())


def remove(adapter: AccountAssignments, grant: Grant, clock: StoppedClock) -> Outcome:
    """A removal that does not have to wait for its turn."""
    clock.move(timedelta(seconds=5))
    return adapter.remove(Holding.of([grant]), Unfenced(), early=False)


def asked(identity_center: IdentityCenterStandIn, since: int) -> list[str]:
    return [call["action"] for call in identity_center.log(since=since, everything=True)]


def now_at(identity_center: IdentityCenterStandIn) -> int:
    """The number the next call has in the stand-in's log."""
    return len(identity_center.log(everything=True))


def test_what_a_budget_allows_is_below_what_aws_does():
    assert VISITS_A_SECOND * 4 <= 20
    assert STARTS_UNDER_WAY < UNDER_WAY < 10
    assert 0 < KEPT_FOR_ENDS < VISITS_AT_ONCE


def test_visits_beyond_the_rate_are_told_how_long_to_wait(budget: LedgerBudget, clock: StoppedClock):
    for _ in range(VISITS_AT_ONCE):
        budget.visit(HERE)
    with pytest.raises(Again, match="identity_center_rate") as refused:
        budget.visit(HERE)
    assert refused.value.after == timedelta(seconds=1) / VISITS_A_SECOND
    budget.visit("another instance")
    clock.move(refused.value.after)
    budget.visit(HERE)


def test_starts_leave_some_visits_to_ends_and_to_looks(budget: LedgerBudget, clock: StoppedClock):
    for _ in range(VISITS_AT_ONCE - KEPT_FOR_ENDS):
        budget.visit(HERE, start=True)
    for _ in range(2):
        with pytest.raises(Again, match="identity_center_rate") as refused:
            budget.visit(HERE, start=True)
    assert refused.value.after == timedelta(seconds=1) / VISITS_A_SECOND
    for _ in range(KEPT_FOR_ENDS):
        budget.visit(HERE)
    with pytest.raises(Again, match="identity_center_rate"):
        budget.visit(HERE)
    clock.move(refused.value.after)
    budget.visit(HERE)


def test_starts_leave_some_places_to_ends(budget: LedgerBudget):
    for number in range(STARTS_UNDER_WAY):
        budget.begin(HERE, key(number), start=True)
    assert free(budget, start=True) == 0
    assert free(budget, start=False) == UNDER_WAY - STARTS_UNDER_WAY


def test_a_place_is_given_back_once_and_what_was_never_held_is_nothing(budget: LedgerBudget):
    budget.begin(HERE, key(1), start=True)
    assert free(budget) == STARTS_UNDER_WAY - 1
    for _ in range(2):
        budget.done(HERE, key(1))
        budget.done(HERE, key(2))
    assert free(budget) == STARTS_UNDER_WAY


def test_what_a_crashed_worker_held_is_free_in_a_while(budget: LedgerBudget, clock: StoppedClock):
    for number in range(UNDER_WAY):
        budget.begin(HERE, key(number), start=False)
    assert free(budget, start=False) == 0
    clock.move(GIVEN_UP_AFTER)
    assert free(budget, start=False) == UNDER_WAY


@pytest.mark.timeout(30)
def test_without_the_ledger_nothing_is_begun_and_nothing_breaks():
    away = LedgerBudget(Ledger(open_engine("postgresql://127.0.0.1:1/nowhere")))
    with pytest.raises(Again, match="identity_center_budget_unknown"):
        away.visit(HERE)
    with pytest.raises(Again, match="identity_center_budget_unknown"):
        away.begin(HERE, key(1), start=False)
    away.done(HERE, key(1))


# The adapter keeps to it


def test_over_the_rate_aws_is_not_called_at_all(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, budget: LedgerBudget, grant: Grant
):
    for _ in range(VISITS_AT_ONCE):
        budget.visit(HERE)
    since, wait = now_at(identity_center), timedelta(seconds=1) / VISITS_A_SECOND
    holding = Holding.of([grant])
    limited = Unreachable("identity_center_rate", wait)
    start = Unreachable("identity_center_rate", wait * (1 + KEPT_FOR_ENDS))
    assert adapter.ensure(holding, grant.ends_at, Unfenced()) == start
    assert adapter.remove(holding, Unfenced(), early=True) == limited
    assert adapter.look(holding) == limited
    assert asked(identity_center, since) == []


def test_without_a_free_place_nothing_is_begun(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    budget: LedgerBudget,
    grant: Grant,
    clock: StoppedClock,
):
    for number in range(UNDER_WAY):
        budget.begin(HERE, key(number), start=False)
    since = now_at(identity_center)
    assert ensure(adapter, grant, clock) == BUSY
    assert CREATE not in asked(identity_center, since)
    budget.done(HERE, key(0))
    assert ensure(adapter, grant, clock) == Present(grant.ends_at)
    budget.begin(HERE, key(0), start=False)
    assert remove(adapter, grant, clock) == BUSY
    assert DELETE not in asked(identity_center, since)
    budget.done(HERE, key(7))
    assert remove(adapter, grant, clock) == Absent()


def test_an_operation_holds_its_place_until_aws_is_done_with_it(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    budget: LedgerBudget,
    grant: Grant,
    clock: StoppedClock,
):
    identity_center.settle(operation_seconds=60)
    assert ensure(adapter, grant, clock) == IN_PROGRESS
    assert free(budget) == STARTS_UNDER_WAY - 1
    assert isinstance(ensure(adapter, grant, clock), Unreachable)
    assert free(budget) == STARTS_UNDER_WAY - 1
    identity_center.clock.move(timedelta(minutes=1))
    assert ensure(adapter, grant, clock) == Present(grant.ends_at)
    assert free(budget) == STARTS_UNDER_WAY


def test_a_whole_life_leaves_nothing_held(
    adapter: AccountAssignments, budget: LedgerBudget, grant: Grant, clock: StoppedClock
):
    ensure(adapter, grant, clock)
    remove(adapter, grant, clock)
    assert free(budget, start=False) == UNDER_WAY


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("AccessDeniedException", 0),
        ("ResourceNotFoundException", 0),
        ("ThrottlingException", 0),
        ("ServiceQuotaExceededException", 0),
        ("ConflictException", 1),
        ("InternalServerException", 1),
    ],
)
def test_only_what_may_be_under_way_keeps_its_place(
    identity_center: IdentityCenterStandIn, budget: LedgerBudget, clock: StoppedClock, code: str, kept: int
):
    adapter = account_assignments(identity_center, budget=budget)
    grant = center_grant(next(NUMBERS), identity_center.clock.now())
    identity_center.break_calls(Kind.ERROR, [CREATE], code=code)
    identity_center.break_calls(Kind.ERROR, ["ListAccountAssignmentCreationStatus"], code="Odd")
    assert isinstance(ensure(adapter, grant, clock), Unreachable | RefusedForGood)
    assert free(budget) == STARTS_UNDER_WAY - kept


def test_a_start_that_failed_gives_its_place_back(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    budget: LedgerBudget,
    grant: Grant,
    clock: StoppedClock,
):
    identity_center.settle(failure_reason="Cannot exceed quota for RolesPerAccount")
    assert ensure(adapter, grant, clock) == RefusedForGood("iam_role_quota")
    assert free(budget) == STARTS_UNDER_WAY


class Unpaced(LedgerBudget):
    """The ledger's budget for a stopped clock: places are kept to, the rate is not."""

    def visit(self, instance: str, *, start: bool = False) -> None:
        """Let it through."""


def test_eight_workers_together_never_have_more_under_way_than_there_are_places(
    identity_center: IdentityCenterStandIn, ledger: Ledger
):
    identity_center.settle(operation_seconds=3600)
    since, start = now_at(identity_center), threading.Barrier(8)
    adapter = account_assignments(identity_center, budget=Unpaced(ledger))
    adapter.warm()
    sets = list(names.CATALOGUE.values())
    outcomes: list[Outcome] = []

    def work(number: int) -> None:
        made = center_grant(number, identity_center.clock.now(), person=names.PEOPLE[number % 4])
        arn = sets[number // 4]
        target = made.entitlement.model_copy(update={"permission_set_arn": arn})
        own = made.model_copy(update={"entitlement": target, "holding": key(number)})
        start.wait()
        outcomes.append(adapter.ensure(Holding.of([own]), own.ends_at, Unfenced()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked(identity_center, since).count(CREATE) == STARTS_UNDER_WAY
    assert outcomes.count(BUSY) == 8 - STARTS_UNDER_WAY
    assert outcomes.count(IN_PROGRESS) == STARTS_UNDER_WAY
