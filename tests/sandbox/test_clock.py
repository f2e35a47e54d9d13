"""The movable clock moves other processes' wall clock, and nothing else about them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.clock import ClockUnavailableError, MovableClock

_HOUR = timedelta(hours=1)

_ASKED = """
import json, select, sqlite3, subprocess, sys, threading, time
from datetime import datetime, timezone

def wall():
    return datetime.now(timezone.utc).isoformat()

def child():
    ask = [sys.executable, "-c", "from datetime import *; print(datetime.now(timezone.utc).isoformat())"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()

def database():
    connection = sqlite3.connect(":memory:")
    try:
        return connection.execute("select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')").fetchone()[0]
    finally:
        connection.close()

def waits():
    took = {}
    for name, wait in {
        "sleep": lambda: time.sleep(0.3),
        "event": lambda: threading.Event().wait(0.3),
        "lock": lambda: held.acquire(timeout=0.3),
        "select": lambda: select.select([], [], [], 0.3),
    }.items():
        start = time.monotonic()
        wait()
        took[name] = time.monotonic() - start
    return took

held = threading.Lock()
held.acquire()
for line in sys.stdin:
    print(json.dumps(globals()[line.strip()]()), flush=True)
"""

Ask = Callable[[str], object]


@pytest.fixture(name="clock")
def _clock(tmp_path: Path) -> MovableClock:
    return MovableClock(tmp_path / "clock")


@pytest.fixture(name="ask")
def _ask(clock: MovableClock) -> Iterator[Ask]:
    with _following(clock) as process:

        def ask(what: str) -> object:
            _say(process, what)
            return _hear(process)

        yield ask


@contextmanager
def _following(clock: MovableClock) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        [sys.executable, "-c", _ASKED],
        env=clock.env(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate(timeout=10)


def _say(process: "subprocess.Popen[str]", what: str) -> None:
    assert process.stdin
    process.stdin.write(what + "\n")
    process.stdin.flush()


def _hear(process: "subprocess.Popen[str]") -> object:
    assert process.stdout
    return json.loads(process.stdout.readline())


def _seconds_off(clock: MovableClock, answer: object) -> float:
    return abs((clock.now() - datetime.fromisoformat(str(answer))).total_seconds())


def test_a_running_process_follows_a_move_at_once(clock: MovableClock, ask: Ask) -> None:
    assert _seconds_off(clock, ask("wall")) < 1
    for _ in range(3):
        clock.move(_HOUR)
        assert _seconds_off(clock, ask("wall")) < 1
    assert clock.offset == 3 * _HOUR


def test_children_and_sqlite_follow_too(clock: MovableClock, ask: Ask) -> None:
    clock.move(timedelta(days=400))
    assert _seconds_off(clock, ask("child")) < 1
    assert _seconds_off(clock, ask("database")) < 1


def test_time_keeps_its_speed_after_a_move(clock: MovableClock, ask: Ask) -> None:
    clock.move(_HOUR)
    before, _, after = ask("wall"), ask("waits"), ask("wall")
    passed = datetime.fromisoformat(str(after)) - datetime.fromisoformat(str(before))
    assert timedelta(seconds=1.2) <= passed < timedelta(seconds=3)


def test_whatever_waits_is_not_moved(clock: MovableClock) -> None:
    """The clock jumps all the time while a process sleeps, waits and selects: each takes its 0.3 seconds."""
    with _following(clock) as process:
        _say(process, "wall")
        _hear(process)
        _say(process, "waits")
        started = datetime.now(UTC)
        while datetime.now(UTC) - started < timedelta(seconds=1):
            clock.move(timedelta(minutes=1))
        took = _hear(process)
    assert isinstance(took, dict)
    assert set(took) == {"sleep", "event", "lock", "select"}
    assert all(0.29 < seconds < 0.9 for seconds in took.values()), took


def test_a_cached_offset_is_followed_within_seconds(tmp_path: Path) -> None:
    clock = MovableClock(tmp_path / "clock", refresh=timedelta(seconds=0))
    with _following(clock) as process:
        _say(process, "wall")
        _hear(process)
        clock.move(_HOUR)
        _say(process, "waits")  # 1.2 seconds
        _hear(process)
        _say(process, "wall")
        assert _seconds_off(clock, _hear(process)) < 1


def test_the_clock_never_goes_back(clock: MovableClock) -> None:
    clock.move(_HOUR)
    with pytest.raises(ValueError, match="only moves forward"):
        clock.move(-_HOUR)
    clock.move_to(datetime(2001, 1, 1, tzinfo=UTC))
    assert clock.offset == _HOUR


def test_moving_to_a_moment(clock: MovableClock) -> None:
    moment = datetime.now(UTC) + timedelta(days=2)
    assert abs(clock.move_to(moment) - moment) < timedelta(seconds=1)


def test_the_offset_outlives_the_object(clock: MovableClock, tmp_path: Path) -> None:
    clock.move(_HOUR)
    assert MovableClock(tmp_path / "clock").offset == _HOUR


def test_a_killed_process_leaves_nothing_for_long(clock: MovableClock, tmp_path: Path) -> None:
    with _following(clock) as process:
        _say(process, "wall")
        _hear(process)
        process.kill()
    MovableClock(tmp_path / "another")
    kept = Path("/dev/shm").glob(f"*faketime_*_{process.pid}")  # noqa: S108 - libfaketime's own place
    assert not list(kept)


def test_a_machine_that_cannot_preload_says_so(clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ClockUnavailableError, match="Run the sandbox in a Linux container"):
        clock.env()
