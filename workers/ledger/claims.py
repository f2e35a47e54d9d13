"""A worker's hold on cloud work: numbered, renewed while calls run, lost when it is not.

Claiming begins what is due in the same transaction, so the intent stands in the ledger before the first
cloud call. Settling checks the number: a worker that was overtaken changes nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Select, select, update

from policies.bundle import progress, take_back, taken_back
from policies.entitlements import changed_together
from policies.grant import EndCause, Grant, GrantState
from policies.holding import (
    Direction,
    Noes,
    Outcome,
    Overruled,
    Plan,
    RefusedForGood,
    begin,
    plan,
    refused_extension,
    settle,
)
from policies.moves import Moved
from policies.values import CloudName, GrantId, HoldingKey, RequestId
from workers.ledger import schema
from workers.ledger.reading import claimable, unclaimed, waits_for
from workers.ledger.writing import Writing

_STARTING: Final = {GrantState.PLANNED, GrantState.GRANTING}
CLAIM: Final = timedelta(seconds=20)
"""How long a claim lasts after its last renewal."""
ALONGSIDE: Final = 1000
"""The most that is claimed beyond what was asked for: a Google policy holds 1,500 members."""


@dataclass(frozen=True, eq=False)
class Claim:
    """A worker's hold on one holding: its number is the fence, its plan what the cloud should show."""

    holding: HoldingKey
    number: int
    cloud: CloudName
    grants: tuple[Grant, ...]
    plan: Plan
    together: str | None = None


class Settled(NamedTuple):
    """What a worker saw, for the claim it saw it under."""

    claim: Claim
    outcome: Outcome
    noes: Noes = MappingProxyType({})


def claim_due(
    writing: Writing, cloud: CloudName, direction: Direction, *, worker: str, most: int
) -> tuple[Claim, ...]:
    """Claim holdings that are due for this drain, urgent ones first, and begin their grants.

    What a cloud changes in one piece is claimed in one piece, beyond `most`: starts take along what ends in
    the same piece, but ends never take along what starts.
    """
    first = [HoldingKey(key) for key in writing.scalars(_due(cloud, direction, writing.now, most))]
    keys = [*first, *_alongside(writing, first, direction)]
    numbers = _numbered(writing, keys, worker)
    for moved in begin(writing.grants_on(keys), writing.now):
        writing.save_claimed_grant(moved)
    on: dict[HoldingKey, list[Grant]] = {key: [] for key in keys}
    for grant in writing.grants_on(keys):
        on[grant.holding].append(grant)
    return tuple(
        Claim(
            key, numbers[key], cloud, tuple(on[key]), plan(on[key]), changed_together(on[key][0].entitlement)
        )
        for key in keys
    )


def _due(cloud: CloudName, direction: Direction, now: datetime, most: int) -> Select[str]:
    table = schema.holdings
    query = select(table.c.key).where(claimable(cloud, direction, now))
    query = query.order_by(table.c.urgent.desc(), table.c.due_at, table.c.key).limit(most)
    return query.with_for_update(skip_locked=True)


def _alongside(writing: Writing, keys: Sequence[HoldingKey], direction: Direction) -> tuple[HoldingKey, ...]:
    """What else is due in the same pieces as these holdings, and nobody has."""
    table = schema.holdings
    piece = select(table.c.together).where(table.c.key.in_(keys), table.c.together.is_not(None)).distinct()
    pieces = list(writing.scalars(piece)) if keys else []
    if not pieces:
        return ()
    there = table.c.together.in_(pieces)
    both = direction is Direction.GRANT
    due = unclaimed(writing.now) if both else waits_for(direction, writing.now, there)
    query = select(table.c.key).where(there, due)
    query = query.where(table.c.key.not_in(keys)).order_by(table.c.due_at, table.c.key).limit(ALONGSIDE)
    return tuple(HoldingKey(key) for key in writing.scalars(query.with_for_update(skip_locked=True)))


def _numbered(writing: Writing, keys: Sequence[HoldingKey], worker: str) -> dict[HoldingKey, int]:
    """The new number of the claim on each of these holdings."""
    table = schema.holdings
    claimed = (
        update(table)
        .where(table.c.key.in_(keys))
        .values(claim=table.c.claim + 1, claimed_until=writing.now + CLAIM, claimed_by=worker)
        .returning(table.c.key, table.c.claim)
    )
    return {HoldingKey(row.key): row.claim for row in writing.rows(claimed)}


def renew_claims(writing: Writing, claims: Iterable[Claim]) -> frozenset[Claim]:
    """Hold on to these claims for another while; those that are still ours."""
    return frozenset(claim for claim in claims if _renew_one(writing, claim))


def _renew_one(writing: Writing, claim: Claim) -> bool:
    table = schema.holdings
    renewed = writing.scalars(
        update(table)
        .where(table.c.key == claim.holding, table.c.claim == claim.number, table.c.claimed_by.is_not(None))
        .values(claimed_until=writing.now + CLAIM)
        .returning(table.c.key)
    )
    return bool(renewed)


def settle_claims(writing: Writing, batch: Sequence[Settled]) -> tuple[Claim, ...]:
    """Write what workers saw; the claims that were overtaken, for which nothing was written.

    The grants of all of them are read at once, under the locks of their holdings, and so are their requests.
    """
    held = _held(writing, [settled.claim for settled in batch])
    ours = sorted((one for one in batch if one.claim in held), key=lambda one: one.claim.holding)
    now = _Now(writing, [settled.claim.holding for settled in ours])
    touched: set[RequestId] = set()
    for settled in ours:
        touched |= _settle_one(writing, now, settled)
    _advance(writing, touched)
    return tuple(settled.claim for settled in batch if settled.claim not in held)


class _Now:
    """The grants on some locked holdings as they are now, kept up with what this transaction writes."""

    def __init__(self, writing: Writing, keys: Sequence[HoldingKey]) -> None:
        self._writing = writing
        self._keys = keys
        self._grants: dict[HoldingKey, dict[GrantId, Grant]] = {}
        self.read()

    def read(self) -> None:
        """Read all of them again: something else was written."""
        self._grants = {key: {} for key in self._keys}
        for grant in self._writing.grants_on(self._keys):
            self._grants[grant.holding][grant.id] = grant

    def on(self, key: HoldingKey) -> tuple[Grant, ...]:
        """The grants on one holding."""
        return tuple(self._grants[key].values())

    def save(self, moved: Moved[Grant]) -> None:
        """Write a move, and know of it."""
        saved = self._writing.save_claimed_grant(moved)
        self._grants[saved.holding][saved.id] = saved


def _held(writing: Writing, claims: Sequence[Claim]) -> frozenset[Claim]:
    """The claims that are still ours, their holdings locked in the order of their keys."""
    table = schema.holdings
    keys = sorted({claim.holding for claim in claims})
    query = select(table.c.key, table.c.claim).where(table.c.key.in_(keys)).order_by(table.c.key)
    numbers = {row.key: row.claim for row in writing.rows(query.with_for_update())}
    return frozenset(claim for claim in claims if numbers.get(claim.holding) == claim.number)


def _settle_one(writing: Writing, now: _Now, settled: Settled) -> set[RequestId]:
    claim, outcome, noes = settled
    moves = settle(now.on(claim.holding), outcome, writing.now, noes)
    for moved in moves:
        now.save(moved)
    for name in sorted({grant.request for grant in claim.grants if grant.state in _STARTING}):
        no = noes.get(name, outcome)
        if no is outcome and refused_extension(claim.grants, noes):
            continue
        if isinstance(no, RefusedForGood | Overruled):
            _take_back(writing, claim, name, no)
            now.read()
    writing.set_alarm(claim.holding, now.on(claim.holding))
    return {moved.value.request for moved in moves}


def _take_back(writing: Writing, claim: Claim, name: RequestId, no: RefusedForGood | Overruled) -> None:
    """The whole bundle ends in this transaction, siblings that others hold claims on too."""
    cause = EndCause.ROLLED_BACK if isinstance(no, RefusedForGood) else EndCause.OVERRULED
    for moved in take_back(writing.grants_of(name), cause, writing.now):
        writing.save_grant(moved)
    request = writing.lock_request(name)
    over = request and taken_back(request, claim.cloud, no, writing.now)
    if over:
        writing.save_request(over)


def _advance(writing: Writing, names: Collection[RequestId]) -> None:
    """Each request's own move, once its grants have all arrived somewhere."""
    requests = writing.lock_requests(names)
    grants = writing.grants_of_each(names)
    for request in requests:
        moved = progress(request, grants[request.id], writing.now)
        if moved is not None:
            writing.save_request(moved)
