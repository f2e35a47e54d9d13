"""Programs that are kept running, and taken down whatever they do."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workers import supervisor
from workers.supervisor import Child, Program, Supervisor

WAITS = "import signal; signal.pause()"
DEAF = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
while True:
    signal.pause()
"""
SAYS_GOODBYE = """
import pathlib, signal, sys
def bye(*_):
    pathlib.Path(sys.argv[1]).write_text("bye")
    sys.exit()
signal.signal(signal.SIGTERM, bye)
pathlib.Path(sys.argv[1] + ".up").touch()
while True:
    signal.pause()
"""
PARENT = """
import sys, threading
from workers.supervisor import Program, Supervisor
child = Program("a", (sys.executable, "-S", "-c", "import signal; signal.pause()"), {})
watching = Supervisor([child])
watching.start()
open(sys.argv[1], "w").write(f"{watching.children['a'].pid}\\n")
watching.run(threading.Event())
"""
NOTES = "import sys, time; open(sys.argv[1], 'a').write(f'{time.monotonic()}\\n')"


def python(name: str, code: str, *words: object) -> Program:
    return Program(name, (sys.executable, "-S", "-E", "-c", code, *map(str, words)), {})


def until(true: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something to be so."""
    moment, deadline = threading.Event(), time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never was"
        moment.wait(0.01)


def lives(pid: int) -> bool:
    """True while a process runs; one that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def tending(*programs: Program) -> Iterator[Supervisor]:
    """A supervisor that runs in a thread of its own."""
    watching, stop = Supervisor(programs), threading.Event()
    thread = threading.Thread(target=watching.run, args=(stop,))
    thread.start()
    try:
        yield watching
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that waits for half a second only."""
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)


def test_nothing_runs_before_it_is_started():
    with tending(python("a", WAITS)) as watching:
        assert watching.children["a"].pid is None
        assert watching.children["a"].wait(0) is True


def test_a_program_gets_our_environment_and_its_own(tmp_path: Path):
    told = tmp_path / "told"
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['HERS'] + os.environ['PATH'])"
    asked = python("a", code, told)._replace(env={"HERS": "hers:"})
    watching = Supervisor([asked])
    watching.start()
    assert watching.children["a"].wait(10)
    assert told.read_text(encoding="utf-8") == f"hers:{os.environ['PATH']}"


def test_what_a_program_says_goes_where_it_should(tmp_path: Path):
    with (tmp_path / "log").open("wb") as log:
        watching = Supervisor([python("a", "print('hello')")], log_to=log.fileno())
        watching.start()
        assert watching.children["a"].wait(10)
    assert (tmp_path / "log").read_text(encoding="utf-8") == "hello\n"


def test_only_the_named_programs_are_started():
    watching = Supervisor([python("a", WAITS), python("b", WAITS)])
    watching.start("b")
    assert (watching.children["a"].pid, watching.children["b"].pid is None) == (None, False)
    watching.start()
    assert watching.children["a"].pid is not None
    watching.stop()


def test_starting_what_runs_changes_nothing():
    watching = Supervisor([python("a", WAITS)])
    watching.start()
    pid = watching.children["a"].pid
    watching.start("a")
    assert watching.children["a"].pid == pid
    watching.stop()


def test_a_program_that_keeps_ending_is_started_again_more_and_more_rarely(tmp_path: Path):
    notes = tmp_path / "notes"
    with tending(python("a", NOTES, notes)) as watching:
        watching.start()
        until(lambda: notes.exists() and len(notes.read_text(encoding="ascii").splitlines()) == 4)
    first, second, third, fourth = map(float, notes.read_text(encoding="ascii").split())
    assert second - first < third - second < fourth - third
    assert fourth - third > 0.9


def test_waits_double_up_to_a_most_and_are_short_again_after_a_good_run():
    child = Child(python("a", WAITS))
    child._started_at = time.monotonic()
    waits = []
    for _ in range(8):
        child._back_off(1)
        waits.append(child._wait)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    child._started_at = time.monotonic() - 11
    child._back_off(1)
    assert child._wait == 0.25


def test_a_killed_program_comes_back():
    with tending(python("a", WAITS)) as watching:
        watching.start()
        until(lambda: watching.children["a"].pid)
        before = watching.children["a"].pid
        watching.kill("a")
        until(lambda: watching.children["a"].pid not in {None, before})


def test_a_program_killed_for_good_stays_dead_until_it_is_started():
    with tending(python("a", WAITS), python("b", WAITS)) as watching:
        watching.start()
        until(lambda: watching.children["a"].pid and watching.children["b"].pid)
        watching.kill("a", again=False)
        pid = watching.children["b"].pid
        watching.kill("b")
        until(
            lambda: watching.children["b"].pid not in {None, pid}
        )  # the supervisor looked, and looked again
        assert watching.children["a"].pid is None
        watching.start("a")
        until(lambda: watching.children["a"].pid)


def test_stopping_ends_a_program_that_was_stopped_and_lets_it_say_goodbye(tmp_path: Path):
    said = tmp_path / "said"
    watching = Supervisor([python("a", SAYS_GOODBYE, said)])
    watching.start()
    until(lambda: Path(f"{said}.up").exists())
    watching.kill("a", signal.SIGSTOP)
    watching.stop()
    assert said.read_text(encoding="utf-8") == "bye"
    assert watching.children["a"].pid is None


@pytest.mark.usefixtures("impatient")
def test_stopping_ends_a_program_that_does_not_listen(tmp_path: Path):
    watching = Supervisor([python("deaf", DEAF, tmp_path / "up"), python("a", WAITS)])
    watching.start()
    until((tmp_path / "up").exists)
    pids = [child.pid for child in watching.children.values()]
    watching.stop()
    assert [child.pid for child in watching.children.values()] == [None, None]
    assert not any(lives(pid) for pid in pids if pid)


def test_stopping_twice_is_stopping_once():
    watching = Supervisor([python("a", WAITS)])
    watching.start()
    watching.stop()
    watching.stop()
    watching.kill("a", again=False)
    assert watching.children["a"].pid is None


def test_a_child_outlives_the_thread_that_asked_for_it():
    with tending(python("a", WAITS)) as watching:
        until(lambda: watching._tended)
        asking = threading.Thread(target=watching.start)
        asking.start()
        asking.join()
        until(lambda: watching.children["a"].pid)
        pid = watching.children["a"].pid
        assert pid is not None
        until(lambda: Path(f"/proc/{pid}/cmdline").read_bytes().startswith(sys.executable.encode()))
        assert watching.children["a"].pid == pid
        assert lives(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children outlive their parent elsewhere")
def test_children_end_when_the_supervisor_is_killed(tmp_path: Path):
    root, told = Path(supervisor.__file__).parents[1], tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(told)], cwd=root)
    until(
        lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(encoding="ascii").endswith("\n")
    )
    pid = int((tmp_path / "pid").read_text(encoding="ascii"))
    assert lives(pid)
    parent.kill()
    parent.wait()
    until(lambda: not lives(pid))
