"""The circuit: it opens, waits, tries once, and closes, whatever comes in whatever order."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from bot.on_call.breaker import OPEN_FOR, TRIAL_LASTS, Breaker, Circuit
from tests.builders import NOW

SECOND = timedelta(seconds=1)
NO_WAIT = timedelta()
Step: TypeAlias = Callable[[Circuit], Circuit]

moments = st.integers(0, 600).map(lambda seconds: NOW + seconds * SECOND)
waits = st.integers(0, 300).map(lambda seconds: seconds * SECOND)
steps = st.one_of(
    st.builds(lambda at, wait: lambda circuit: circuit.failed(at, wait), moments, waits),
    st.builds(lambda at: lambda circuit: circuit.asked(at) if circuit.lets_ask(at) else circuit, moments),
    st.just(Circuit.answered),
)
circuits = st.lists(steps, max_size=12).map(lambda taken: after(Circuit(), taken))


def after(circuit: Circuit, taken: list[Step]) -> Circuit:
    for step in taken:
        circuit = step(circuit)
    return circuit


def failures(count: int) -> Circuit:
    return after(Circuit(), [lambda circuit: circuit.failed(NOW, NO_WAIT)] * count)


def test_two_failures_leave_it_closed_and_the_third_opens_it_for_half_a_minute():
    assert failures(2).lets_ask(NOW)
    assert not failures(3).lets_ask(NOW + OPEN_FOR - SECOND)
    assert failures(3).lets_ask(NOW + OPEN_FOR)


def test_an_answer_in_between_counts_the_failures_anew():
    assert failures(2).answered().failed(NOW, NO_WAIT).failed(NOW, NO_WAIT).lets_ask(NOW)


def test_one_trial_is_made_at_a_time_and_one_that_nobody_comes_back_from_is_over():
    later = NOW + OPEN_FOR
    trial = failures(3).asked(later)
    assert not trial.lets_ask(later + TRIAL_LASTS - SECOND)
    assert trial.lets_ask(later + TRIAL_LASTS)


def test_a_trial_that_fails_opens_it_again_at_once():
    later = NOW + OPEN_FOR
    failed = failures(3).asked(later).failed(later, NO_WAIT)
    assert not failed.lets_ask(later + OPEN_FOR - SECOND)


def test_to_be_told_to_wait_opens_it_at_the_first_time():
    told = Circuit().failed(NOW, 90 * SECOND)
    assert not told.lets_ask(NOW + 89 * SECOND)
    assert told.lets_ask(NOW + 90 * SECOND)


@given(circuits)
def test_an_answer_closes_every_circuit(circuit: Circuit):
    assert circuit.answered() == Circuit()


@given(circuits, moments, waits)
def test_no_failure_shortens_a_wait(circuit: Circuit, at: datetime, wait: timedelta):
    failed = circuit.failed(at, wait)
    for seconds in range(0, 1200, 7):
        moment = NOW + seconds * SECOND
        waiting = circuit.open_until is not None and moment < circuit.open_until
        told = at <= moment < at + wait
        assert not (failed.lets_ask(moment) and (waiting or told))


@given(circuits, moments)
def test_every_circuit_lets_ask_again_sometime(circuit: Circuit, at: datetime):
    assert circuit.lets_ask(at + timedelta(minutes=30))


@given(circuits, moments)
def test_of_many_who_ask_an_open_circuit_one_is_let(circuit: Circuit, at: datetime):
    opened = circuit.failed(at, SECOND)
    assert opened.open_until is not None
    assert opened.lets_ask(opened.open_until)
    assert not opened.asked(opened.open_until).lets_ask(opened.open_until)


def test_of_many_threads_one_makes_the_trial():
    breaker, start = Breaker(), threading.Barrier(12)
    for _ in range(3):
        breaker.failed(NOW, NO_WAIT)
    let: list[bool] = []

    def ask() -> None:
        start.wait()
        let.append(breaker.may_ask(NOW + OPEN_FOR))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let.count(True) == 1


def test_after_an_answer_anybody_may_ask():
    breaker = Breaker()
    for _ in range(3):
        breaker.failed(NOW, NO_WAIT)
    assert not breaker.may_ask(NOW)
    breaker.answered()
    assert breaker.may_ask(NOW)
    assert breaker.may_ask(NOW)
