"""The movable clock: other processes' time, moved from outside them.

A process started with `MovableClock.env()` has libfaketime preloaded
(https://github.com/wolfcw/libfaketime). That reads an offset from a small file and adds it to the wall
clock only: `time.time()`, `datetime.now()`, sqlite's `datetime('now')`. Time keeps its normal speed, and
whatever waits (`time.monotonic()`, sleeps, thread waits, selectors) keeps the machine's own time. Children
inherit all of it.

`move` replaces the file in one step and the next look at the wall clock, in any process, reads it: nobody has
to be told, no process has a setting that moves time, and when `move` returns the move has happened. The price
is a file read per look: 3.2 microseconds instead of 0.16 (two shared cores; `time.monotonic()` costs the
same). `refresh=timedelta(seconds=1)` keeps the offset in memory instead: 0.25 microseconds, and a move is
noticed up to two seconds later.

It works for valkey and PostgreSQL too, and then every key of valkey with a time to live expires when time
moves past it, queues' worker records included: a server of ours is better left on the machine's time.

The process that holds the clock is not moved itself: it asks `now()`.
"""

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

_NOT_AT_ALL = timedelta()


class ClockUnavailableError(RuntimeError):
    """Time cannot be moved on this machine."""


class MovableClock:
    """An offset to the wall clock, kept in a file, that only grows."""

    def __init__(self, file: Path, *, refresh: timedelta | None = None) -> None:
        self._file = file.absolute()
        self._refresh = refresh
        _sweep()
        if not file.exists():
            self._write(_NOT_AT_ALL)

    @property
    def offset(self) -> timedelta:
        """How far ahead of the machine's own clock this one is."""
        return timedelta(seconds=float(self._file.read_text(encoding="ascii")))

    def now(self) -> datetime:
        """The time it is for every process that follows this clock."""
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> datetime:
        """Time jumps ahead; answers the new time. It never goes back."""
        if by < _NOT_AT_ALL:
            raise ValueError(f"time only moves forward, not by {by}")
        self._write(self.offset + by)
        return self.now()

    def move_to(self, moment: datetime) -> datetime:
        """Time jumps ahead to `moment`, or stays where it is when that has passed."""
        return self.move(max(moment - self.now(), _NOT_AT_ALL))

    def env(self) -> dict[str, str]:
        """What to add to a subprocess's environment so that it follows this clock."""
        return {
            "LD_PRELOAD": _preload(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # timed waits are not faked either, or threads spin on them
            "FAKETIME_DONT_RESET": "1",  # the offset counts from the machine's clock, not from a start
            "NO_FAKE_STAT": "1",  # files keep the times the disk gave them
            **self._cache(),
        }

    def _cache(self) -> dict[str, str]:
        if self._refresh is None:
            return {"FAKETIME_NO_CACHE": "1"}
        return {"FAKETIME_CACHE_DURATION": str(int(self._refresh.total_seconds()))}

    def _write(self, offset: timedelta) -> None:
        draft = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        draft.write_text(f"+{offset.total_seconds():f}\n", encoding="ascii")
        draft.replace(self._file)  # a reader sees the old offset or the new one, never half of one


def _sweep() -> None:
    """Removes what libfaketime keeps in shared memory for processes that were killed before they could."""
    for kept in Path("/dev/shm").glob("*faketime_*"):  # noqa: S108 - libfaketime's own place
        if not Path("/proc", kept.name.rpartition("_")[2]).exists():
            with suppress(OSError):
                kept.unlink()


def _preload() -> str:
    """The library to preload, before whatever is preloaded already."""
    library = str(_library())
    others = [name for name in os.environ.get("LD_PRELOAD", "").split(":") if name not in {"", library}]
    return ":".join([library, *others])


def _library() -> Path:
    if not sys.platform.startswith("linux"):
        raise ClockUnavailableError(
            f"Time is moved by preloading a library, which works on Linux and not on {sys.platform}. "
            "Run the sandbox in a Linux container."
        )
    spec = find_spec("libfaketime")
    if spec is None or spec.origin is None:
        raise ClockUnavailableError("Moving time needs the libfaketime package: prod-access[sandbox] has it.")
    return _usable(Path(spec.origin).parent / "vendor/libfaketime/src/libfaketime.so.1")


def _usable(library: Path) -> Path:
    if not library.exists():
        raise ClockUnavailableError(
            f"The installed libfaketime was not built for this machine: no {library}."
        )
    if set(" :") & set(str(library)):
        raise ClockUnavailableError(f"LD_PRELOAD cannot hold the space or colon in {library}.")
    return library
