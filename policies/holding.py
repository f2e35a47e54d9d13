"""What a worker does with one holding, and what its outcome means: plan, then settle, both pure.

A holding is (adapter, principal, target), the unit of cloud work; several grants may hang on it. A claim
first begins what is due, then the plan says what the cloud should show, then a worker makes it so, and
`settle` turns what the worker saw into moves:

    begin ──▶ plan: Ensure(until) | Limit(until) | Remove | LookAgain ──▶ (the cloud) ──▶ outcome ──▶ settle

Settling reads the grants anew, so whatever happened meanwhile is respected: only a grant that the outcome
really covers is moved.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias, assert_never

from policies.grant import (
    EndCause,
    Grant,
    GrantState,
    begun,
    confirmed,
    ending,
    extended,
    gone,
    kept,
    moving_back,
    reappeared,
    rested,
    retried,
    stood,
)
from policies.moves import Moved
from policies.values import RequestId

BACKOFF_FIRST: Final = timedelta(seconds=1)
BACKOFF_MOST: Final = timedelta(seconds=60)


class Direction(StrEnum):
    """Which drain a holding waits for; ends never queue behind starts."""

    GRANT = "grant"
    REVOKE = "revoke"


class Ensure(NamedTuple):
    """The cloud should hold it until the latest end of its grants."""

    until: datetime


class Limit(NamedTuple):
    """What is there ends at `until` at the latest; what is not there is not made, whoever took it away."""

    until: datetime


class Remove(NamedTuple):
    """The cloud should no longer hold it; `early` when open sessions must be cut before their time."""

    early: bool


@dataclass(frozen=True)
class LookAgain:
    """It is gone; look once more for a create that came late."""


_PRESENT: Final = {GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING}
_UNDER_WAY: Final = {GrantState.GRANTING, GrantState.EXTENDING}
_RETRIED: Final = {GrantState.GRANTING, GrantState.EXTENDING, GrantState.ENDING, GrantState.GONE}

Plan: TypeAlias = Ensure | Limit | Remove | LookAgain


class Present(NamedTuple):
    """A read showed it, and it ends by itself at `until`."""

    until: datetime


@dataclass(frozen=True)
class Standing:
    """A read showed that the holder has it already, from somebody else: nothing of ours is needed."""


@dataclass(frozen=True)
class Absent:
    """A read showed that it is not there."""


@dataclass(frozen=True)
class StillThere:
    """The last look found it."""


class Unreachable(NamedTuple):
    """Nothing is known: the cloud was away, throttled us or answered nonsense; `after` if it named a wait."""

    problem: str
    after: timedelta | None = None


class RefusedForGood(NamedTuple):
    """The cloud said no in a way that trying again will not change."""

    code: str


class Overruled(NamedTuple):
    """The rules, asked again before the first cloud call, say no; the cloud was not called."""

    why: str
    policy_hash: str


No: TypeAlias = Overruled | Unreachable
"""Why a request is not given now: not at all, or not yet."""
Noes: TypeAlias = Mapping[RequestId, No]
Outcome: TypeAlias = Present | Standing | Absent | StillThere | Unreachable | RefusedForGood | Overruled


def begin(grants: Iterable[Grant], now: datetime) -> tuple[Moved[Grant], ...]:
    """The moves that a claim makes first, so that the intent stands in the ledger before the cloud call."""
    return tuple(moved for grant in grants if (moved := _begin_one(grant, now)) is not None)


def _begin_one(grant: Grant, now: datetime) -> Moved[Grant] | None:
    if grant.wants_presence and grant.ends_at <= now:
        return ending(grant, EndCause.ON_TIME, now)
    if grant.state is GrantState.PLANNED and grant.starts_at <= now:
        return begun(grant, now)
    return None


def plan(grants: Sequence[Grant], noes: Noes = MappingProxyType({})) -> Plan:
    """What the cloud should show for these grants of one holding, while these requests get nothing more."""
    wanted = [until for grant in grants if (until := _wanted(grant, noes)) is not None]
    if wanted:
        makes = any(_is_made(grant, noes) for grant in grants)
        return Ensure(max(wanted)) if makes else Limit(max(wanted))
    closing = [grant for grant in grants if grant.state is GrantState.ENDING]
    if closing:
        return Remove(early=any(grant.cause is not EndCause.ON_TIME for grant in closing))
    return LookAgain()


def _is_made(grant: Grant, noes: Noes) -> bool:
    return grant.state in _UNDER_WAY and _wanted(grant, noes) is not None


def _wanted(grant: Grant, noes: Noes) -> datetime | None:
    if grant.state not in _PRESENT:
        return None
    if grant.request not in noes or grant.state is GrantState.LIVE:
        return grant.wanted_until
    return grant.ends_at if grant.state is GrantState.EXTENDING else None


def settle(
    grants: Iterable[Grant], outcome: Outcome, at: datetime, noes: Noes = MappingProxyType({})
) -> tuple[Moved[Grant], ...]:
    """The moves that what the worker saw allows, over the grants as they stand now."""
    together = tuple(grants)
    refused = [grant for grant in together if _is_refused(grant, noes)]
    others = [grant for grant in together if not _is_refused(grant, noes)]
    told = (_settle_one(grant, noes[grant.request], at) for grant in refused)
    settled = (
        _settle_shared(others, outcome, at, noes)
        if isinstance(outcome, Present)
        else (_settle_one(grant, _meant_for(grant, others, outcome), at) for grant in others)
    )
    return tuple(moved for moved in (*told, *settled) if moved is not None)


def refused_extension(grants: Iterable[Grant], noes: Noes = MappingProxyType({})) -> bool:
    """Whether a cloud's no to these grants is taken as a no to lasting longer, and starts are tried without.

    The two were asked for as one; a start that a cloud would have made is not taken back for the other.
    """
    return any(
        grant.state is GrantState.EXTENDING and grant.extends_to is not None and not _is_refused(grant, noes)
        for grant in grants
    )


def _meant_for(grant: Grant, together: Sequence[Grant], outcome: Outcome) -> Outcome:
    starts = grant.state is GrantState.GRANTING
    if isinstance(outcome, RefusedForGood) and starts and refused_extension(together):
        return Unreachable(outcome.code)
    return outcome


def _is_refused(grant: Grant, noes: Noes) -> bool:
    return grant.request in noes and grant.state in _UNDER_WAY


def _settle_shared(
    grants: Sequence[Grant], outcome: Present, at: datetime, noes: Noes
) -> Iterator[Moved[Grant] | None]:
    """It stands for those who want it; whoever no longer does is done with once it ends with the others."""
    wanted = [until for grant in grants if (until := _wanted(grant, noes)) is not None]
    ends_with_them = bool(wanted) and outcome.until <= max(wanted)
    for grant in grants:
        moved = _settle_one(grant, outcome, at)
        yield _settle_absent(grant, at) if moved is None and ends_with_them else moved


def _settle_one(grant: Grant, outcome: Outcome, at: datetime) -> Moved[Grant] | None:
    match outcome:
        case Present(until):
            return _settle_present(grant, until, at)
        case Standing():
            return _settle_standing(grant, at)
        case Absent() | StillThere():
            return _settle_looked(grant, outcome, at)
        case Unreachable(problem, after):
            return _settle_unreachable(grant, problem, after, at)
        case RefusedForGood(code):
            return _settle_no(grant, EndCause.ROLLED_BACK, code, at)
        case Overruled():
            return _settle_no(grant, EndCause.OVERRULED, "overruled", at)
        case _:
            assert_never(outcome)


def _settle_present(grant: Grant, until: datetime, at: datetime) -> Moved[Grant] | None:
    if grant.wanted_until > until:
        return None
    ours = grant.model_copy(update={"standing": False})
    match grant.state:
        case GrantState.GRANTING:
            return confirmed(ours, at)
        case GrantState.EXTENDING:
            return extended(ours, at) if grant.extends_to else kept(ours)
        case _:
            return None


def _settle_looked(grant: Grant, outcome: Absent | StillThere, at: datetime) -> Moved[Grant] | None:
    if isinstance(outcome, Absent):
        return _settle_absent(grant, at)
    looked_for = grant.state is GrantState.GONE and grant.due_at is not None
    return reappeared(grant, at) if looked_for else None


def _settle_standing(grant: Grant, at: datetime) -> Moved[Grant] | None:
    """Whoever starts or lasts longer has it; whoever ends has nothing of ours any more."""
    match grant.state:
        case GrantState.GRANTING:
            return stood(grant, at)
        case GrantState.EXTENDING:
            held = grant.model_copy(update={"standing": True})
            return extended(held, at) if grant.extends_to else kept(held)
        case _:
            return _settle_absent(grant, at)


def _settle_absent(grant: Grant, at: datetime) -> Moved[Grant] | None:
    if grant.state is GrantState.ENDING:
        return gone(grant, at)
    if grant.state is GrantState.GONE and grant.due_at is not None and grant.due_at <= at:
        return rested(grant)
    return None


def _settle_unreachable(
    grant: Grant, problem: str, after: timedelta | None, at: datetime
) -> Moved[Grant] | None:
    if grant.due_at is None or grant.state not in _RETRIED:
        return None
    wait = max(backoff(grant.tries, grant.id), after or timedelta(0))
    return retried(grant, problem, at, _not_past_the_end(grant, at + wait))


def _not_past_the_end(grant: Grant, again_at: datetime) -> datetime:
    early = grant.state in _UNDER_WAY
    return min(again_at, grant.ends_at) if early else again_at


def _settle_no(grant: Grant, cause: EndCause, code: str, at: datetime) -> Moved[Grant] | None:
    """A refused start is taken back, a refused extension leaves the old end standing.

    A refused end is tried for ever, since somebody may still get in.
    """
    if grant.state is GrantState.GRANTING:
        return ending(grant, cause, at)
    if grant.state is GrantState.EXTENDING and grant.extends_to:
        return moving_back(grant, code, at)
    return _settle_unreachable(grant, code, None, at)


def backoff(tries: int, spread_by: str) -> timedelta:
    """A growing, capped wait; spread by up to a quarter, the same for the same text, so retries scatter."""
    wait = min(BACKOFF_FIRST * float(2 ** min(tries, 10)), BACKOFF_MOST)
    spread = zlib.crc32(f"{spread_by}/{tries}".encode()) % 1000 / 4000
    return wait * (1 - spread)


def alarm(grants: Iterable[Grant]) -> tuple[datetime | None, Direction]:
    """When somebody must next look at the holding, and which drain does."""
    waiting = [grant for grant in grants if grant.due_at is not None]
    if not waiting:
        return None, Direction.REVOKE
    first = min(waiting, key=lambda grant: (_due(grant), grant.id))
    return _due(first), direction(first)


def direction(grant: Grant) -> Direction:
    """Which drain looks at this grant next."""
    starting = grant.state in {GrantState.PLANNED, GrantState.GRANTING}
    longer = grant.state is GrantState.EXTENDING and grant.extends_to is not None
    in_time = longer and _due(grant) < grant.ends_at
    return Direction.GRANT if starting or in_time else Direction.REVOKE


def _due(grant: Grant) -> datetime:
    return grant.due_at or grant.ends_at
