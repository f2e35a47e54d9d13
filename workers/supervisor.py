"""Keeps a handful of processes running on one machine: starts them, starts them again, takes them down.

A child that ends is started anew after a wait that grows while it keeps failing. Children stand in process
groups of their own and, on Linux, end with the supervisor however that ends.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Final, NamedTuple

import structlog

log = structlog.get_logger(__name__)

FIRST_WAIT: Final = 0.25
MOST_WAIT: Final = 10.0
STEADY_AFTER: Final = 10.0
"""Seconds after which a child counts as running well, and its wait is short again."""
STOP_SECONDS: Final = 8.0
_LOOK_EVERY: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1


class Program(NamedTuple):
    """What to run, under which name, with what added to the environment."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    last: bool = False
    """Others stand on it: it is stopped once they have."""


class Child:
    """One program and the process that runs it, if any."""

    def __init__(self, program: Program, log_to: int | None = None) -> None:
        self.program = program
        self.wanted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._log_to = log_to
        self._started_at = 0.0
        self._wait = FIRST_WAIT
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def tend(self) -> None:
        """Start it if it should run and does not, no sooner than its wait allows."""
        if not self.wanted or self.pid is not None or time.monotonic() < self._not_before:
            return
        if self._process is not None:
            self._back_off(self._process.returncode)
        self._start()

    def _back_off(self, code: int) -> None:
        ran = time.monotonic() - self._started_at
        self._wait = FIRST_WAIT if ran > STEADY_AFTER else min(self._wait * 2, MOST_WAIT)
        self._not_before = time.monotonic() + self._wait
        log.warning("process_ended", process=self.program.name, code=code, again_in=self._wait)

    def _start(self) -> None:
        self._started_at = time.monotonic()
        _libc()
        self._process = subprocess.Popen(
            self.program.command,
            env={**os.environ, **self.program.env},
            stdin=subprocess.DEVNULL,
            stdout=self._log_to,
            stderr=self._log_to,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 (prctl only)
        )
        log.info("process_started", process=self.program.name, pid=self._process.pid)

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end; False when it did not in time."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


class Supervisor:
    """Programs by name; `start` and `kill` may be called from any thread while `run` tends them."""

    def __init__(self, programs: Iterable[Program], *, log_to: int | None = None) -> None:
        self.children = {program.name: Child(program, log_to) for program in programs}
        self._lock = threading.Lock()
        self._tended = False

    def start(self, *names: str) -> None:
        """Run these programs (all when none is named) and keep them running.

        Under `run` its thread starts them, within a moment: on Linux a child ends with the thread that
        started it (prctl(2), PR_SET_PDEATHSIG), and whoever calls this may be a thread that ends soon.
        """
        with self._lock:
            for name in names or tuple(self.children):
                self.children[name].wanted = True
                if not self._tended:
                    self.children[name].tend()

    def kill(self, name: str, number: int = signal.SIGKILL, *, again: bool = True) -> None:
        """Send a signal to a program; with `again=False` it is not started anew."""
        with self._lock:
            child = self.children[name]
            child.wanted = again
            child.signal(number)
            if number == signal.SIGKILL:
                child.wait(STOP_SECONDS)

    def run(self, stop: threading.Event) -> None:
        """Tend the programs until told to stop, then take them down."""
        self._tended = True
        try:
            while not stop.wait(_LOOK_EVERY):
                with self._lock:
                    for child in self.children.values():
                        child.tend()
        finally:
            self._tended = False
            self.stop()

    def stop(self) -> None:
        """Ask every program to end, and end those that do not; what others stand on comes last."""
        with self._lock:
            for child in self.children.values():
                child.wanted = False
            for last in (False, True):
                _stop([child for child in self.children.values() if child.program.last is last])


def _stop(children: Iterable[Child]) -> None:
    stopping = tuple(children)
    for child in stopping:
        child.signal(signal.SIGCONT)
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in stopping:
        if not child.wait(max(0.0, deadline - time.monotonic())):
            child.signal(signal.SIGKILL)
            child.wait(STOP_SECONDS)


@cache
def _libc() -> ctypes.CDLL:
    """The C library, loaded before a fork and not in the child of one."""
    return ctypes.CDLL(None)


def die_with_parent() -> None:
    """In the child, before it runs: be sent SIGTERM when the parent is gone (prctl(2), Linux only)."""
    if sys.platform.startswith("linux"):
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
