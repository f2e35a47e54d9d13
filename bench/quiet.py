"""`quiet`: how late an end begins when nothing else happens.

From `ends_at` to the first call that takes the role apart, as the stand-in's log has it: the clock's look
at the ledger, the nudge, the worker, the claim, the call.
"""

from collections.abc import Sequence
from typing import Final

from bench.measure import MS, Measure, Row, p50, p99, rounded, spread

_GOAL_MS: Final = 500.0


def measure(ends: Sequence[float], floor: Sequence[float], apart: float) -> Measure:
    """The lateness of ends one at a time, in seconds, against that of a bare timer and a bare RQ worker."""
    late, bare = [one * 1000 for one in ends], [one * 1000 for one in floor]
    goal, met = f"p99 < {_GOAL_MS:g} ms", p99(late) < _GOAL_MS
    rows = (
        Row("an end begins, p50", p50(bare), p50(late), MS, goal, met),
        Row("an end begins, p99", p99(bare), p99(late), MS, goal, met),
    )
    how = (
        f"Ends {apart:g} s apart, an approval half way between two of them. Floor: a timer that enqueues a "
        "bare job for a bare RQ SimpleWorker when it is due, until the job's first line, over the same Redis."
    )
    headline = (
        f"An end begins {rounded(p50(late)):g} ms late (p50; p99 {rounded(p99(late)):g} ms) when all is quiet"
    )
    return Measure("quiet", how, rows, headline, {"ours, ms": spread(late), "floor, ms": spread(bare)})
