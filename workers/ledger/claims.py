"""A worker's hold on cloud work: numbered, renewed while calls run, lost when it is not.

Claiming begins what is due in the same transaction, so the intent stands in the ledger before the first
cloud call. Settling checks the number: a worker that was overtaken changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Select, select, update

from policies.bundle import progress, take_back, taken_back
from policies.entitlements import changed_together
from policies.grant import EndCause, Grant, GrantState
from policies.holding import Direction, Outcome, Overruled, Plan, RefusedForGood, begin, plan, settle
from policies.values import CloudName, HoldingKey, RequestId
from workers.ledger import schema
from workers.ledger.reading import claimable, unclaimed
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
    query = select(table.c.key).where(table.c.together.in_(pieces), unclaimed(writing.now))
    query = query.where(table.c.key.not_in(keys)).order_by(table.c.due_at, table.c.key).limit(ALONGSIDE)
    if direction is Direction.REVOKE:
        query = query.where(table.c.direction == direction.value)
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
        .where(table.c.key == claim.holding, table.c.claim == claim.number)
        .values(claimed_until=writing.now + CLAIM)
        .returning(table.c.key)
    )
    return bool(renewed)


def settle_claims(writing: Writing, batch: Sequence[Settled]) -> tuple[Claim, ...]:
    """Write what workers saw; the claims that were overtaken, for which nothing was written."""
    held = _held(writing, [settled.claim for settled in batch])
    touched: set[RequestId] = set()
    for settled in sorted(batch, key=lambda one: one.claim.holding):
        if settled.claim in held:
            touched |= _settle_one(writing, settled)
    for request in sorted(touched):
        _advance(writing, request)
    return tuple(settled.claim for settled in batch if settled.claim not in held)


def _held(writing: Writing, claims: Sequence[Claim]) -> frozenset[Claim]:
    """The claims that are still ours, their holdings locked in the order of their keys."""
    table = schema.holdings
    keys = sorted({claim.holding for claim in claims})
    query = select(table.c.key, table.c.claim).where(table.c.key.in_(keys)).order_by(table.c.key)
    numbers = {row.key: row.claim for row in writing.rows(query.with_for_update())}
    return frozenset(claim for claim in claims if numbers.get(claim.holding) == claim.number)


def _settle_one(writing: Writing, settled: Settled) -> set[RequestId]:
    claim, outcome = settled
    grants = writing.grants_on([claim.holding])
    moves = settle(grants, outcome, writing.now)
    for moved in moves:
        writing.save_claimed_grant(moved)
    if isinstance(outcome, RefusedForGood | Overruled):
        _take_back(writing, claim, outcome)
    writing.set_alarm(claim.holding)
    return {moved.value.request for moved in moves}


def _take_back(writing: Writing, claim: Claim, outcome: RefusedForGood | Overruled) -> None:
    """The whole bundle ends in this transaction, siblings that others hold claims on too."""
    cause = EndCause.ROLLED_BACK if isinstance(outcome, RefusedForGood) else EndCause.OVERRULED
    for name in sorted({grant.request for grant in claim.grants if grant.state in _STARTING}):
        for moved in take_back(writing.grants_of(name), cause, writing.now):
            writing.save_grant(moved)
        request = writing.lock_request(name)
        over = request and taken_back(request, claim.cloud, outcome, writing.now)
        if over:
            writing.save_request(over)


def _advance(writing: Writing, name: RequestId) -> None:
    request = writing.lock_request(name)
    if request is None:
        return
    moved = progress(request, writing.grants_of(name), writing.now)
    if moved is not None:
        writing.save_request(moved)
