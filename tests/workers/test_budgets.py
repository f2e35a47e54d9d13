"""What a cloud allows all workers together is never exceeded, on SQLite and on PostgreSQL."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import inspect

from tests.builders import NOW, StoppedClock
from workers.ledger import schema
from workers.ledger.budgets import give_back, hold, holds, take
from workers.ledger.ledger import Ledger

WORKERS = 8
SECOND = timedelta(seconds=1)
HELD = timedelta(minutes=3)


def at_once(work: Callable[[int], bool]) -> int:
    """How many of eight workers succeed who all start at the same moment."""
    start = threading.Barrier(WORKERS)
    done: list[bool] = []

    def run(number: int) -> None:
        start.wait()
        done.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == WORKERS
    return sum(done)


def taken(ledger: Ledger, name: str = "calls") -> timedelta | None:
    return ledger.retrying(lambda writing: take(writing, name, rate=4, burst=5))


def held(ledger: Ledger, holder: str, most: int = 3, name: str = "operations") -> bool:
    return ledger.retrying(lambda writing: hold(writing, name, holder, most=most, lasts=HELD))


def test_the_tables_that_migrating_makes_have_the_columns_the_code_uses(ledger: Ledger):
    found = {column["name"]: column["nullable"] for column in inspect(ledger.engine).get_columns("budgets")}
    wanted = {column.name: column.nullable for column in schema.budgets.columns}
    assert found == wanted
    assert inspect(ledger.engine).get_pk_constraint("budgets")["constrained_columns"] == ["name"]


def test_a_burst_is_allowed_and_then_one_call_for_each_part_of_a_second(ledger: Ledger, clock: StoppedClock):
    assert [taken(ledger) for _ in range(5)] == [None] * 5
    assert taken(ledger) == SECOND / 4
    clock.move(SECOND / 4)
    assert taken(ledger) is None
    assert taken(ledger) == SECOND / 4


def test_what_was_refused_was_not_paid(ledger: Ledger, clock: StoppedClock):
    for _ in range(20):
        taken(ledger)
    clock.move(SECOND / 4)
    assert taken(ledger) is None


def test_a_rest_saves_up_one_burst_and_no_more(ledger: Ledger, clock: StoppedClock):
    taken(ledger)
    clock.move(timedelta(hours=1))
    assert [taken(ledger) is None for _ in range(6)] == [True] * 5 + [False]


def sparing(ledger: Ledger, kept: int = 2) -> timedelta | None:
    return ledger.retrying(lambda writing: take(writing, "calls", rate=4, burst=5, kept=kept))


def test_what_is_kept_is_left_however_many_ask(ledger: Ledger, clock: StoppedClock):
    assert at_once(lambda _: sparing(ledger) is None) == 3
    assert sparing(ledger) == SECOND / 4
    assert [taken(ledger) is None for _ in range(3)] == [True, True, False]
    assert sparing(ledger) == 3 * SECOND / 4
    clock.move(3 * SECOND / 4)
    assert sparing(ledger) is None


@pytest.mark.parametrize("kept", [-1, 5, 6])
def test_nobody_keeps_all_of_it_or_less_than_nothing(ledger: Ledger, kept: int):
    with pytest.raises(ValueError, match="of 5 cannot be kept"):
        sparing(ledger, kept)


def test_each_name_has_a_budget_of_its_own(ledger: Ledger):
    for _ in range(6):
        taken(ledger)
    assert taken(ledger, "somebody else's calls") is None


def test_eight_workers_together_never_take_more_than_one_would(ledger: Ledger, clock: StoppedClock):
    assert at_once(lambda _: taken(ledger) is None) == 5
    clock.move(SECOND)
    assert at_once(lambda _: taken(ledger) is None) == 4


def test_eight_workers_together_never_hold_more_places_than_there_are(ledger: Ledger):
    assert at_once(lambda number: held(ledger, f"w{number}")) == 3
    assert at_once(lambda number: held(ledger, f"other{number}")) == 0


def test_a_place_given_back_is_free_at_once_and_for_one(ledger: Ledger):
    assert [held(ledger, holder) for holder in "abcd"] == [True, True, True, False]
    ledger.retrying(lambda writing: give_back(writing, "operations", "b"))
    assert [held(ledger, holder) for holder in "de"] == [True, False]


def test_a_holder_has_one_place_however_often_it_asks(ledger: Ledger):
    assert [held(ledger, holder) for holder in "aaaabc"] == [True] * 6
    ledger.retrying(lambda writing: give_back(writing, "operations", "a"))
    with ledger.reading() as reader:
        assert [holds(reader, "operations", holder) for holder in "abc"] == [False, True, True]


def test_what_a_crashed_worker_held_is_free_when_its_time_is_over(ledger: Ledger, clock: StoppedClock):
    assert at_once(lambda number: held(ledger, f"crashed{number}")) == 3
    clock.move(HELD - timedelta(microseconds=1))
    assert not held(ledger, "next")
    clock.move(timedelta(microseconds=1))
    assert at_once(lambda number: held(ledger, f"next{number}")) == 3


def test_who_comes_back_too_late_cannot_free_what_another_holds_by_now(ledger: Ledger, clock: StoppedClock):
    held(ledger, "late", most=1)
    clock.move(HELD)
    assert held(ledger, "next", most=1)
    ledger.retrying(lambda writing: give_back(writing, "operations", "late"))
    assert not held(ledger, "third", most=1)


def test_some_places_can_be_kept_for_those_who_may_use_all(ledger: Ledger):
    assert [held(ledger, holder, most=2) for holder in "abc"] == [True, True, False]
    assert [held(ledger, holder, most=3) for holder in "cd"] == [True, False]


@pytest.mark.parametrize("names", [("a_b", "aXb"), ("a%", "abc")])
def test_a_name_is_a_name_and_not_a_pattern(ledger: Ledger, names: tuple[str, str]):
    first, second = names
    assert held(ledger, "w", name=second)
    assert held(ledger, "w", name=first)
    ledger.retrying(lambda writing: give_back(writing, first, "w"))
    with ledger.reading() as reader:
        assert holds(reader, second, "w")


def test_a_step_that_is_rolled_back_costs_nothing(ledger: Ledger):
    def fail() -> None:
        with ledger.writing() as writing:
            take(writing, "calls", rate=1, burst=1)
            hold(writing, "operations", "w", most=1, lasts=HELD)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert ledger.retrying(lambda writing: take(writing, "calls", rate=1, burst=1)) is None
    assert held(ledger, "other", most=1)


def test_a_clock_that_is_behind_another_workers_waits_longer_and_never_shorter(
    ledger: Ledger, clock: StoppedClock
):
    for _ in range(5):
        taken(ledger)
    clock.moment = NOW - SECOND
    assert taken(ledger) == SECOND * 5 / 4
