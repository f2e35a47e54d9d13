"""Who is on call, asked once for many askers, never older than allowed, and never guessed."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from bot.on_call.source import OnDuty, Source, SourceAway, SourceRefused
from bot.on_call.watch import (
    QUESTIONS_MOST,
    TO_DECIDE,
    TO_SHOW,
    OnCallNow,
    OnCallWatch,
    Unknown,
    WhoIsOnCall,
)
from policies.incident import PagerAccount, PagerName
from tests.builders import NOW, StoppedClock

PAGER = PagerName("pagerduty")
ANA, BEN = (OnDuty(PagerAccount(account), 1, None) for account in ("U0ANA", "U0BEN"))
SECOND = timedelta(seconds=1)
AT_ONCE = timedelta(milliseconds=1)
SOON = 5.0


class Told(Source):
    """A source that says what it is told to, and waits where its gate is shut."""

    def __init__(self) -> None:
        super().__init__(PAGER)
        self.says: Callable[[], Sequence[OnDuty]] = lambda: [ANA]
        self.asked: list[str] = []
        self.came = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:  # noqa: ARG002
        self.asked.append(schedule)
        says, gate = self.says, self.gate
        self.came.release()
        gate.wait(30)
        return says()

    def fails(self, error: Exception) -> None:
        """From now on it fails so."""

        def failing() -> Sequence[OnDuty]:
            raise error

        self.says = failing


@pytest.fixture
def source() -> Iterator[Told]:
    """One source, whose threads all come to an end."""
    one = Told()
    yield one
    one.gate.set()


@pytest.fixture
def watch(source: Told, clock: StoppedClock) -> OnCallWatch:
    """Everything that knows who is on call: one source, waited for at most five seconds."""
    return OnCallWatch([source], clock)


@pytest.fixture
def hasty(source: Told, clock: StoppedClock) -> OnCallWatch:
    """One that waits for no time at all."""
    return OnCallWatch([source], clock, patience=AT_ONCE)


@pytest.fixture
def askers() -> Iterator[ThreadPoolExecutor]:
    """Many who ask at a time."""
    with ThreadPoolExecutor(24) as pool:
        yield pool


def shown(watch: OnCallWatch, schedule: str = "primary") -> WhoIsOnCall:
    return watch.who(PAGER, schedule, at_most=TO_SHOW)


def decided(watch: OnCallWatch, schedule: str = "primary") -> WhoIsOnCall:
    return watch.who(PAGER, schedule, at_most=TO_DECIDE)


def known(*on_duty: OnDuty, as_of: datetime = NOW) -> OnCallNow:
    return OnCallNow(PAGER, "primary", on_duty, as_of)


def comes(source: Told) -> None:
    assert source.came.acquire(timeout=SOON)


def settled(watch: OnCallWatch) -> None:
    """Wait until nothing is on its way any more."""
    for thread in threading.enumerate():
        if thread.name == "who-is-on-call":
            thread.join(SOON)
    assert not watch._running[PAGER]


# How old an answer may be


def test_an_answer_is_shown_for_a_minute_and_no_longer(watch: OnCallWatch, source: Told, clock: StoppedClock):
    assert shown(watch) == known(ANA)
    source.says = lambda: [BEN]
    clock.move(TO_SHOW - SECOND)
    assert shown(watch) == known(ANA)
    clock.move(SECOND)
    assert shown(watch) == known(BEN, as_of=NOW + TO_SHOW)
    assert len(source.asked) == 2


def test_a_decision_rests_on_an_answer_of_half_a_minute_and_no_longer(
    watch: OnCallWatch, source: Told, clock: StoppedClock
):
    assert decided(watch) == known(ANA)
    source.says = lambda: [BEN]
    clock.move(TO_DECIDE - SECOND)
    assert decided(watch) == known(ANA)
    clock.move(SECOND)
    assert decided(watch) == known(BEN, as_of=NOW + TO_DECIDE)
    assert shown(watch) == known(BEN, as_of=NOW + TO_DECIDE)


def test_an_answer_from_after_now_is_not_believed(watch: OnCallWatch, source: Told, clock: StoppedClock):
    shown(watch)
    clock.move(-SECOND)
    shown(watch)
    assert len(source.asked) == 2


def test_that_nobody_is_on_call_is_an_answer_and_remembered(watch: OnCallWatch, source: Told):
    source.says = list
    assert shown(watch) == known()
    assert shown(watch) == known()
    assert len(source.asked) == 1


def test_each_schedule_is_asked_about_apart(watch: OnCallWatch, source: Told):
    shown(watch, "primary")
    shown(watch, "secondary")
    assert source.asked == ["primary", "secondary"]


# Many askers


def test_many_askers_are_one_question(watch: OnCallWatch, source: Told, askers: ThreadPoolExecutor):
    source.gate.clear()
    answers = [askers.submit(shown, watch) for _ in range(20)]
    comes(source)
    source.gate.set()
    assert {answer.result(SOON) for answer in answers} == {known(ANA)}
    assert len(source.asked) == 1


def test_a_decision_does_not_wait_for_a_question_that_is_too_old_for_it(
    watch: OnCallWatch, source: Told, clock: StoppedClock, askers: ThreadPoolExecutor
):
    first, then = source.gate, threading.Event()
    first.clear()
    slow = askers.submit(shown, watch)
    comes(source)
    clock.move(TO_DECIDE)
    then.set()
    source.gate, source.says = then, lambda: [BEN]
    assert decided(watch) == known(BEN, as_of=NOW + TO_DECIDE)
    first.set()
    assert slow.result(SOON) == known(ANA)
    assert shown(watch) == known(BEN, as_of=NOW + TO_DECIDE)


def test_a_source_that_never_ends_keeps_few_threads(hasty: OnCallWatch, source: Told, clock: StoppedClock):
    source.gate.clear()
    for number in range(3 * QUESTIONS_MOST):
        shown(hasty, f"schedule-{number}")
        clock.move(timedelta(minutes=2))
    assert len(source.asked) == QUESTIONS_MOST
    source.gate.set()
    settled(hasty)
    shown(hasty)
    assert len(source.asked) == QUESTIONS_MOST + 1


# Unknown is never "nobody"


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (SourceAway("ConnectError", timedelta()), "ConnectError"),
        (SourceAway("asked too often", 9 * SECOND), "asked too often"),
        (KeyError("secret"), "KeyError"),
    ],
)
def test_a_source_that_fails_leaves_unknown(watch: OnCallWatch, source: Told, error: Exception, problem: str):
    source.fails(error)
    assert shown(watch) == Unknown(PAGER, "primary", NOW, problem)


def test_a_source_that_refuses_leaves_unknown_and_says_that_it_refused(watch: OnCallWatch, source: Told):
    source.fails(SourceRefused("it does not take the token"))
    assert shown(watch) == Unknown(PAGER, "primary", NOW, "it does not take the token", refused=True)


def test_a_source_that_is_not_there_is_unknown(watch: OnCallWatch):
    answer = watch.who(PagerName("rootly"), "primary", at_most=TO_SHOW)
    assert answer == Unknown(PagerName("rootly"), "primary", NOW, "there is no such source", refused=True)


def test_an_answer_that_is_too_old_is_not_given_while_the_source_is_away(
    watch: OnCallWatch, source: Told, clock: StoppedClock
):
    shown(watch)
    clock.move(TO_SHOW)
    source.fails(SourceAway("ConnectError", timedelta()))
    assert shown(watch) == Unknown(PAGER, "primary", NOW + TO_SHOW, "ConnectError")


def test_since_when_it_is_unknown_is_told_until_there_is_an_answer(
    watch: OnCallWatch, source: Told, clock: StoppedClock
):
    source.fails(SourceAway("ConnectError", timedelta()))
    shown(watch)
    clock.move(SECOND)
    assert shown(watch) == Unknown(PAGER, "primary", NOW, "ConnectError")
    source.says = lambda: [ANA]
    assert isinstance(shown(watch), OnCallNow)
    clock.move(TO_SHOW)
    source.fails(SourceAway("ConnectError", timedelta()))
    assert shown(watch) == Unknown(PAGER, "primary", NOW + SECOND + TO_SHOW, "ConnectError")


def test_after_three_failures_a_source_is_left_alone_for_half_a_minute(
    watch: OnCallWatch, source: Told, clock: StoppedClock
):
    source.fails(SourceAway("ConnectError", timedelta()))
    assert [shown(watch) for _ in range(5)] == [Unknown(PAGER, "primary", NOW, "ConnectError")] * 5
    alone = Unknown(PAGER, "secondary", NOW, "it did not answer before, and is left alone for a while")
    assert shown(watch, "secondary") == alone
    assert len(source.asked) == 3
    clock.move(timedelta(seconds=30))
    source.says = lambda: [ANA]
    assert isinstance(shown(watch), OnCallNow)


def test_a_source_that_says_how_long_to_wait_is_left_alone_as_long(
    watch: OnCallWatch, source: Told, clock: StoppedClock
):
    source.fails(SourceAway("asked too often", 90 * SECOND))
    shown(watch)
    clock.move(89 * SECOND)
    shown(watch)
    assert len(source.asked) == 1
    clock.move(SECOND)
    shown(watch)
    assert len(source.asked) == 2


def test_refusals_leave_no_source_alone(watch: OnCallWatch, source: Told):
    source.fails(SourceRefused("it has nothing under this id"))
    for _ in range(5):
        shown(watch)
    assert len(source.asked) == 5


# Patience


def test_nobody_waits_longer_than_their_patience(hasty: OnCallWatch, source: Told):
    source.gate.clear()
    assert shown(hasty) == Unknown(PAGER, "primary", NOW, "it does not answer in time")


def test_what_comes_too_late_is_remembered_for_the_next(hasty: OnCallWatch, source: Told):
    source.gate.clear()
    assert isinstance(shown(hasty), Unknown)
    source.gate.set()
    settled(hasty)
    assert shown(hasty) == known(ANA)
    assert len(source.asked) == 1


def test_one_slow_question_is_one_failure_whoever_waits_and_however_it_ends(hasty: OnCallWatch, source: Told):
    source.fails(SourceAway("ReadTimeout", timedelta()))
    for number in range(2):
        source.gate.clear()
        for _ in range(4):
            assert isinstance(shown(hasty), Unknown)
        source.gate.set()
        settled(hasty)
        assert len(source.asked) == number + 1
    assert hasty._breakers[PAGER]._circuit.failures == 2


# A shift has changed


def test_after_a_change_of_shift_the_next_one_asks_again(watch: OnCallWatch, source: Told):
    shown(watch)
    source.says = lambda: [BEN]
    watch.forget(PAGER, "secondary")
    assert shown(watch) == known(ANA)
    watch.forget(PAGER, "primary")
    assert shown(watch) == known(BEN)


def test_every_schedule_of_a_source_is_forgotten_where_none_is_named(watch: OnCallWatch, source: Told):
    shown(watch, "primary")
    shown(watch, "secondary")
    watch.forget(PagerName("rootly"))
    shown(watch, "primary")
    assert len(source.asked) == 2
    watch.forget(PAGER)
    shown(watch, "primary")
    shown(watch, "secondary")
    assert len(source.asked) == 4


def test_an_answer_to_a_question_from_before_the_change_is_not_remembered(
    watch: OnCallWatch, source: Told, askers: ThreadPoolExecutor
):
    before = source.gate
    before.clear()
    slow: Future[WhoIsOnCall] = askers.submit(shown, watch)
    comes(source)
    watch.forget(PAGER)
    source.gate, source.says = threading.Event(), lambda: [BEN]
    source.gate.set()
    assert shown(watch) == known(BEN)
    before.set()
    assert slow.result(SOON) == known(ANA)
    assert shown(watch) == known(BEN)


def test_a_failure_from_before_the_change_takes_nothing_from_the_answer_after_it(
    watch: OnCallWatch, source: Told, askers: ThreadPoolExecutor
):
    before = source.gate
    before.clear()
    source.fails(SourceRefused("it has nothing under this id"))
    slow = askers.submit(shown, watch)
    comes(source)
    watch.forget(PAGER)
    source.gate, source.says = threading.Event(), lambda: [BEN]
    source.gate.set()
    shown(watch)
    before.set()
    assert isinstance(slow.result(SOON), Unknown)
    assert shown(watch) == known(BEN)
    assert watch.health()[0].refused == ()


# Health


def test_a_source_that_was_never_asked_has_no_age(watch: OnCallWatch):
    (health,) = watch.health()
    assert health == (PAGER, None, None, ())
    assert health.age(NOW) is None


def test_the_health_of_a_source_tells_how_old_its_newest_answer_is(watch: OnCallWatch, clock: StoppedClock):
    shown(watch)
    clock.move(9 * SECOND)
    (health,) = watch.health()
    assert health.age(clock()) == 9 * SECOND
    assert health.away is None


def test_the_health_of_a_source_tells_since_when_it_does_not_answer(
    watch: OnCallWatch, source: Told, clock: StoppedClock
):
    shown(watch)
    clock.move(TO_SHOW)
    source.fails(SourceAway("ConnectError", timedelta()))
    shown(watch)
    clock.move(SECOND)
    shown(watch, "secondary")
    (health,) = watch.health()
    assert health.answered_at == NOW
    assert health.away is not None
    assert health.away.since == NOW + TO_SHOW


def test_one_schedule_that_is_answered_shows_that_the_source_is_back(watch: OnCallWatch, source: Told):
    source.fails(SourceAway("ConnectError", timedelta()))
    shown(watch, "secondary")
    source.says = lambda: [ANA]
    shown(watch, "primary")
    assert watch.health()[0].away is None


def test_the_health_of_a_source_tells_what_it_refuses_until_it_is_mended(watch: OnCallWatch, source: Told):
    source.fails(SourceRefused("it has nothing under this id"))
    refused = shown(watch)
    assert watch.health()[0].refused == (refused,)
    assert watch.health()[0].away is None
    source.says = lambda: [ANA]
    shown(watch)
    assert watch.health()[0].refused == ()
