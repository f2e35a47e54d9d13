"""What happens one at a time: an end, a while of nothing, an approval, a while of nothing, and so on.

Both come to a worker that has stopped lingering over its last work, so each is the whole way: the clock's
look at the ledger or the bell of a commit, the queue, the worker, the claim, the first call.
"""

import time
from datetime import datetime, timedelta
from typing import NamedTuple

from bench.sizes import Size
from bench.stage import Stage
from policies.grant import Grant, GrantState
from policies.values import RequestId

_LONG = timedelta(minutes=30)


class Singles(NamedTuple):
    """Seconds from each end, and from each approval's commit, to the first call that AWS saw."""

    ends: list[float]
    clicks: list[float]


def singles(stage: Stage, size: Size) -> Singles:
    """So many ends one at a time, with an approval half way between two of them."""
    waiting = stage.ask_many(size.singles, _LONG)
    ending = _give_ends(stage, size)
    stage.quiet_down()
    clicked: dict[RequestId, datetime] = {}
    for grant, request in zip(ending, waiting, strict=True):
        _sleep_until(stage, grant.ends_at - timedelta(seconds=size.apart / 2))
        clicked[request] = stage.approve(request)
    _sleep_until(stage, ending[-1].ends_at)
    stage.until([grant.request for grant in ending], GrantState.GONE)
    given = stage.until(clicked, GrantState.LIVE)
    stage.look()
    return Singles(
        [stage.waited(one, one.ends_at) for one in ending],
        [stage.waited(one, clicked[one.request]) for one in given],
    )


def _give_ends(stage: Stage, size: Size) -> list[Grant]:
    """Grants that end one after the other, the first of them once all are live and all is quiet."""
    lead = timedelta(seconds=size.lead)
    asked = [stage.ask(lead + number * timedelta(seconds=size.apart)) for number in range(size.singles)]
    for request in asked:
        stage.approve(request)
    return sorted(stage.until(asked, GrantState.LIVE), key=lambda grant: grant.ends_at)


def _sleep_until(stage: Stage, moment: datetime) -> None:
    time.sleep(max(0.0, (moment - stage.now()).total_seconds()))
