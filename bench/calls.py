"""`calls`: how many calls AWS gets for one approval, however many grants are live.

Counted in the stand-in's log. Taking on the spoke role is not among them: that is done once an hour and
account.
"""

from collections import Counter
from datetime import timedelta
from typing import Final

from bench.measure import CALLS, Measure, Row
from bench.sizes import Size
from bench.stage import Cloudcall, Stage, role_of
from policies.grant import GrantState

_AT_MOST: Final = 6
_LONG: Final = timedelta(minutes=30)


def measure(stage: Stage, size: Size) -> Measure:
    """The calls of an approval with few, more and many live grants."""
    rows: list[Row] = []
    facts: dict[str, object] = {}
    goal = f"≤ {_AT_MOST}, and the same with none live"
    for level in size.levels:
        live = stage.fill_up(level, _LONG)
        seen = _of_approvals(stage, size.approvals)
        calls = len(seen) / size.approvals
        floor = rows[0].ours if rows else calls
        met = calls <= _AT_MOST and calls == floor
        rows.append(Row(f"AWS calls of an approval, {live} live", floor, calls, CALLS, goal, met))
        facts[f"{live} live"] = dict(Counter(one.action for one in seen))
    how = "Floor: the calls of an approval when the fewest are live. One managed policy on the role."
    return Measure("calls", how, tuple(rows), facts=facts)


def _of_approvals(stage: Stage, count: int) -> list[Cloudcall]:
    """Every call about the roles of so many approvals, none made at the same time."""
    roles = set()
    for _ in range(count):
        request = stage.ask(_LONG)
        stage.approve(request)
        (grant,) = stage.until([request], GrantState.LIVE)
        roles.add(role_of(grant))
    return [call for call in stage.look() if call.role in roles]
