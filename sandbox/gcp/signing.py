"""A process that holds the movable clock, and calls Google with its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from google.auth import _helpers

from sandbox.clock import MovableClock


@contextmanager
def google_auth_follows(clock: MovableClock) -> Iterator[None]:
    """Inside, this process's own google-auth signs, and judges what ran out, with the clock's time.

    For tests that hold the clock and call Google themselves: a token that was signed an hour before the
    stand-in's time is refused. A process started with `MovableClock.env()` needs nothing.
    """
    names = vars(_helpers)
    machine = names["utcnow"]

    def moved() -> datetime:
        return clock.now().replace(tzinfo=None)

    names["utcnow"] = moved
    try:
        yield
    finally:
        names["utcnow"] = machine
