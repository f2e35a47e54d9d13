"""`click`: from the commit of an approval to the first call that AWS sees.

One at a time, each to a worker that has stopped lingering; and a hundred as fast as they can be approved.
The commits are those of the desk over the same ledger with the same bells, in this process, where their
moment is known.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bench.measure import MS, Measure, Row, p50, p99, rounded, spread
from bench.stage import Stage
from policies.grant import GrantState

_GOAL_MS: Final = 100.0
_GOAL_MANY_MS: Final = 1000.0
_LONG: Final = timedelta(minutes=30)


def in_flight(stage: Stage, count: int) -> list[float]:
    """Seconds from each of so many commits to its first call, all made as fast as may be."""
    asked = stage.ask_many(count, _LONG)
    stage.quiet_down()
    committed = stage.approve_many(asked)
    given = stage.until(committed, GrantState.LIVE)
    stage.look()
    return [stage.waited(one, committed[one.request]) for one in given]


def measure(singles: Sequence[float], many: Sequence[float], floor: Sequence[float]) -> Measure:
    """Approvals one at a time and many at once, in seconds, against the start of a bare job."""
    alone, crowd, bare = ([one * 1000 for one in samples] for samples in (singles, many, floor))
    rows = (
        Row(
            "approval to first AWS call, one at a time, p50",
            p50(bare),
            p50(alone),
            MS,
            f"p50 < {_GOAL_MS:g} ms",
            p50(alone) < _GOAL_MS,
        ),
        Row(
            f"approval to first AWS call, {len(crowd)} in flight, p99",
            p99(bare),
            p99(crowd),
            MS,
            f"p99 < {_GOAL_MANY_MS:g} ms",
            p99(crowd) < _GOAL_MANY_MS,
        ),
    )
    how = (
        "Floor: a bare job for a bare RQ SimpleWorker, from just before it is enqueued to its first line, "
        "over the same Redis."
    )
    headline = (
        f"From the commit of an approval to the first AWS call: {rounded(p50(alone)):g} ms (p50); "
        f"with {len(crowd)} in flight {rounded(p99(crowd)):g} ms (p99)"
    )
    facts = {"one at a time, ms": spread(alone), "in flight, ms": spread(crowd), "floor, ms": spread(bare)}
    return Measure("click", how, rows, headline, facts)
