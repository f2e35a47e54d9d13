"""A process says that it is alive."""

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.builders import NOW, StoppedClock
from workers import heartbeat
from workers.heartbeat import Heartbeat, end_this_process
from workers.ledger.ledger import Ledger
from workers.ledger.reading import Alive


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def alive(ledger: Ledger) -> tuple[Alive, ...]:
    with ledger.reading() as reader:
        return reader.alive(NOW)


def until(true: Callable[[], object]) -> None:
    """Wait for something to be so."""
    moment, deadline = threading.Event(), time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it never was"
        moment.wait(0.01)


def test_a_process_is_heard_of_at_once_and_under_its_name(ledger: Ledger):
    with Heartbeat(ledger, "host:7", "clock"):
        until(lambda: alive(ledger))
        assert alive(ledger) == (Alive("host:7", "clock", NOW),)
    assert alive(ledger) == ()


def test_it_is_heard_of_again_and_again_even_after_the_ledger_was_away(
    ledger: Ledger, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(heartbeat, "EVERY", timedelta(milliseconds=5))
    with capture_logs() as logged, Heartbeat(ledger, "host:7", "clock"):
        until(lambda: alive(ledger))
        with ledger.engine.begin() as connection:
            connection.execute(text("ALTER TABLE processes RENAME TO away"))
        until(lambda: logged)
        clock.move(timedelta(seconds=5))
        with ledger.engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO processes"))
        until(lambda: alive(ledger)[0].seen_at > NOW)
    assert {event["event"] for event in logged} == {"not_heard"}


def test_it_stops_with_its_process(ledger: Ledger):
    beating = Heartbeat(ledger, "host:7", "clock")
    with beating:
        until(lambda: alive(ledger))
    assert not beating._thread.is_alive()


def test_a_process_that_meets_another_ledger_is_ended(ledger: Ledger):
    ledger.epoch()
    with ledger.engine.begin() as connection:
        connection.execute(text("UPDATE chain SET epoch = 'another'"))
    ended = threading.Event()
    with Heartbeat(ledger, "host:7", "clock", end_process=ended.set):
        assert ended.wait(10)
    assert alive(ledger) == ()


def test_a_process_is_ended_as_an_operator_would_end_it():
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        end_this_process()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == [signal.SIGTERM]


def test_a_process_that_says_goodbye_is_forgotten(ledger: Ledger):
    with ledger.writing() as writing:
        writing.heard_of("host:7", "clock")
        writing.heard_of("host:8", "grant-aws")
    with ledger.writing() as writing:
        writing.forget_process("host:7")
    assert [one.name for one in alive(ledger)] == ["host:8"]
