"""A process that holds the movable clock, and signs for AWS with its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from botocore import auth

from sandbox.clock import MovableClock


@contextmanager
def botocore_follows(clock: MovableClock) -> Iterator[None]:
    """Inside, this process's own botocore signs with the clock's time.

    For tests that hold the clock and call AWS themselves: AWS refuses a signature from another time, which
    for IAM, STS and RDS is more than fifteen minutes off here, and may be five
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html). A process started
    with `MovableClock.env()` needs nothing.
    """
    names = vars(auth)
    machine = names["get_current_datetime"]

    def moved(remove_tzinfo: bool = True) -> datetime:  # noqa: FBT001, FBT002 - botocore's signature
        return clock.now().replace(tzinfo=None) if remove_tzinfo else clock.now()

    names["get_current_datetime"] = moved
    try:
        yield
    finally:
        names["get_current_datetime"] = machine
