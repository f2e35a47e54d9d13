"""Changing the ledger: compare-and-set rows, and the audit entries that go with them.

A `Writing` is one transaction. Rows are changed as they are saved; audit events are kept back and numbered
last, under the lock of the chain's one row, so that their numbers are in commit order.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import ModuleType
from typing import Final

from sqlalchemy import Connection, Table, bindparam, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from policies.audit import Event, link
from policies.entitlements import changed_together
from policies.grant import Grant, GrantState
from policies.holding import Direction, alarm, direction
from policies.moves import Moved
from policies.request import AccessRequest
from policies.values import HoldingKey, RequestId
from workers.ledger import schema
from workers.ledger.errors import Stale, WrongEpoch
from workers.ledger.reading import FREEZE, Card, Reader

ANNOUNCE: Final = "announce"
"""The bell of whoever tells people what happened."""


class Writing(Reader):
    """One transaction over the ledger; `bells` names the queues to look at once it is committed."""

    def __init__(self, connection: Connection, *, epoch: str, now: datetime) -> None:
        super().__init__(connection)
        self._epoch = epoch
        self._events: list[Event] = []
        self._texts: dict[str, str] = {}
        self.now = now
        self.bells: set[str] = set()

    def record(self, events: Iterable[Event]) -> None:
        """Add events to the audit log of this transaction."""
        self._events.extend(events)

    def keep_text(self, text: str) -> str:
        """Store what somebody wrote and return its reference, a salted hash."""
        salt = secrets.token_hex(16)
        ref = hashlib.sha256(f"{salt}{text}".encode()).hexdigest()
        self._connection.execute(insert(schema.texts), {"ref": ref, "salt": salt, "text": text})
        self._texts[ref] = text
        return ref

    def text(self, ref: str | None) -> str | None:
        """What somebody wrote, or None once it was erased; what was kept just now is not looked up."""
        return self._texts.get(ref or "") or super().text(ref)

    def add_request(self, moved: Moved[AccessRequest]) -> AccessRequest:
        """A new request; IntegrityError when its id is taken."""
        request = moved.value
        row = {
            "id": request.id,
            "requester": request.requester,
            "beneficiary": request.beneficiary,
            "asked_at": request.asked_at,
            "incident": request.incident,
            **_request_columns(request),
        }
        self._connection.execute(insert(schema.requests), row)
        self.record(moved.events)
        return request

    def save_request(self, moved: Moved[AccessRequest]) -> AccessRequest:
        """The request as it now is; Stale when somebody changed it first."""
        request = moved.value
        self.compare_and_set(schema.requests, request.id, request.version, _request_columns(request))
        self.record(moved.events)
        return request

    def add_grants(self, moves: Iterable[Moved[Grant]], *, urgent: bool = False) -> None:
        """New grants, each with its holding's alarm set."""
        for moved in moves:
            grant = moved.value
            self._ensure_holding(grant, urgent=urgent)
            row = {
                "id": grant.id,
                "request": grant.request,
                "person": grant.person,
                "cloud": grant.cloud,
                "holding": grant.holding,
                **_grant_columns(grant),
            }
            self._connection.execute(insert(schema.grants), row)
            self.record(moved.events)
            self._ring(grant)

    def save_grant(self, moved: Moved[Grant]) -> Grant:
        """The grant as it now is, its holding's alarm no later than its own; Stale when it changed first."""
        grant = moved.value
        self._hasten(grant)
        self._put_grant(moved)
        self._ring(grant)
        return grant

    def save_claimed_grant(self, moved: Moved[Grant]) -> Grant:
        """The grant of a claimed holding as it now is; the claim sets the holding's alarm itself."""
        self._put_grant(moved)
        return moved.value

    def _put_grant(self, moved: Moved[Grant]) -> None:
        grant = moved.value
        self.compare_and_set(schema.grants, grant.id, grant.version, _grant_columns(grant))
        self.record(moved.events)

    def compare_and_set(self, table: Table, key: str, version: int, columns: dict[str, object]) -> None:
        """Change the row of a key to this version; Stale when it is not at the one before."""
        as_read = (table.c.id == bindparam("of_key"), table.c.version == bindparam("as_read"))
        row = {**columns, "of_key": key, "as_read": version - 1}
        changed = self._connection.execute(update(table).where(*as_read), row)
        if changed.rowcount != 1:
            raise Stale(f"{key} is no longer at version {version - 1}")

    def _ensure_holding(self, grant: Grant, *, urgent: bool) -> None:
        row = {
            "key": grant.holding,
            "cloud": grant.cloud,
            "direction": direction(grant).value,
            "due_at": grant.due_at,
            "urgent": urgent,
            "claim": 0,
            "claimed_until": schema.NEVER,
            "together": changed_together(grant.entitlement),
        }
        self.put_new(schema.holdings, row, "key")
        self._hasten(grant)

    def _hasten(self, grant: Grant) -> None:
        """Bring the holding's alarm forward to the grant's, if it is later or missing.

        The row is locked first: a settle that is under way must not set an alarm from grants it read before.
        """
        if grant.due_at is None:
            return
        table = schema.holdings
        query = select(table.c.due_at).where(table.c.key == grant.holding).with_for_update()
        before = self._connection.execute(query).scalar_one()
        if before is None or before > grant.due_at:
            self._connection.execute(
                update(table)
                .where(table.c.key == grant.holding)
                .values(direction=direction(grant).value, due_at=grant.due_at)
            )

    def set_alarm(self, key: HoldingKey, grants: Collection[Grant]) -> None:
        """Set a holding's alarm from its grants as they now are, and let go of the claim on it."""
        due_at, way = alarm(grants)
        self._connection.execute(
            update(schema.holdings)
            .where(schema.holdings.c.key == key)
            .values(due_at=due_at, direction=way.value, claimed_until=schema.NEVER, claimed_by=None)
        )
        for grant in grants:
            self._ring(grant)

    def look_soon(self, key: HoldingKey) -> None:
        """Let the revoke drain see to a holding now: it may show more than its grants want."""
        table = schema.holdings
        due = {"due_at": self.now, "direction": Direction.REVOKE.value}
        self._connection.execute(update(table).where(table.c.key == key).values(**due))

    def look_again(self, key: HoldingKey, at: datetime) -> None:
        """Let somebody look at a holding now, whatever its grants say: something may have come late."""
        grants = self.grants_on([key])
        newest = max(grants, key=lambda grant: (grant.starts_at, grant.id)).id if grants else None
        for grant in grants:
            if grant.state is GrantState.GONE and grant.id == newest:
                again = grant.model_copy(update={"due_at": at, "version": grant.version + 1})
                self.save_grant(Moved(again, (grant.event("late_create", at),)))

    def lock_request(self, request: RequestId) -> AccessRequest | None:
        """The request, held against every other writer until this transaction ends."""
        table = schema.requests
        query = select(table.c.body).where(table.c.id == request).with_for_update()
        found = self._requests(query)
        return found[0] if found else None

    def lock_requests(self, requests: Iterable[RequestId]) -> tuple[AccessRequest, ...]:
        """Requests, held against every other writer until this transaction ends; by id."""
        table = schema.requests
        query = select(table.c.body).where(table.c.id.in_(sorted(requests))).order_by(table.c.id)
        return self._requests(query.with_for_update())

    def keep_decision(self, request: RequestId, *, policy: str, resolved: str, outcome: str) -> None:
        """Store what was decided and everything it was decided from."""
        row = {"request": request, "at": self.now, "policy": policy, "input": resolved, "outcome": outcome}
        self._connection.execute(insert(schema.decisions), row)

    def add_card(self, card: Card) -> None:
        """Where a new request is shown; Stale when it has a card already."""
        self._connection.execute(insert(schema.cards), card._asdict())

    def put_card(self, card: Card) -> None:
        """Where a request is shown, new or changed."""
        self.put(schema.cards, card._asdict(), "request")

    def token_for(self, request: RequestId, version: int) -> str:
        """The token of one version of a request, made when it is first needed."""
        table = schema.tokens
        query = select(table.c.token).where(table.c.request == request, table.c.version == version)
        known: str | None = self._connection.execute(query).scalars().first()
        if known is not None:
            return known
        made = secrets.token_urlsafe(16)
        self._connection.execute(insert(table), {"token": made, "request": request, "version": version})
        return made

    def bind_tokens(self, request: RequestId, version: int, message: str) -> None:
        """Tie a version's tokens to the message that carries them."""
        table = schema.tokens
        self._connection.execute(
            update(table)
            .where(table.c.request == request, table.c.version == version)
            .values(message=message)
        )

    def hold_cursor(self, name: str, holder: str, until: datetime) -> bool:
        """Be the one who reads on from a cursor until a moment; False when somebody else is."""
        table = schema.cursors
        fresh = {"name": name, "seq": 0, "held_until": schema.NEVER}
        self.put_new(table, fresh, "name")
        free = or_(table.c.held_by == holder, table.c.held_until <= self.now)
        taken = self._connection.execute(
            update(table).where(table.c.name == name, free).values(held_by=holder, held_until=until)
        )
        return taken.rowcount == 1

    def move_cursor(self, name: str, holder: str, seq: int) -> None:
        """Remember how far the holder has come; Stale when somebody else holds it by now."""
        table = schema.cursors
        mine = (table.c.name == name, table.c.held_by == holder)
        if self._connection.execute(update(table).where(*mine).values(seq=seq)).rowcount != 1:
            raise Stale(f"{name} is held by somebody else")

    def freeze(self, by: str) -> bool:
        """Stop new access; False when it was stopped already."""
        if self.switch(FREEZE) is not None:
            return False
        row = {"name": FREEZE, "set_by": by, "set_at": self.now}
        self._connection.execute(insert(schema.switches).values(**row))
        self.record([Event("ledger.frozen", self.now, {"by": by})])
        return True

    def thaw(self, by: str) -> bool:
        """Let new access be given again; False when nothing was stopped."""
        table = schema.switches
        if self._connection.execute(table.delete().where(table.c.name == FREEZE)).rowcount == 0:
            return False
        self.record([Event("ledger.thawed", self.now, {"by": by})])
        return True

    def heard_of(self, name: str, kind: str) -> None:
        """Note that a process is alive now."""
        self.put(schema.processes, {"name": name, "kind": kind, "seen_at": self.now}, "name")

    def forget_process(self, name: str) -> None:
        """Note that a process has stopped."""
        table = schema.processes
        self._connection.execute(table.delete().where(table.c.name == name))

    def note_operation(self, operation: str, outcome: str) -> None:
        """Remember that an operation was done; IntegrityError when somebody else just did it."""
        row = {"operation": operation, "at": self.now, "outcome": outcome}
        self._connection.execute(insert(schema.seen), row)

    def operation(self, operation: str) -> str | None:
        """What came of an operation that was already done, or None."""
        query = select(schema.seen.c.outcome).where(schema.seen.c.operation == operation)
        return self._connection.execute(query).scalar_one_or_none()

    def put_new(self, table: Table, row: Mapping[str, object], *keys: str) -> bool:
        """Add a row unless there is one of these keys already; False when there is."""
        insertion = self._dialect.insert(table).values(**row).on_conflict_do_nothing(index_elements=keys)
        return bool(self.rows(insertion.returning(*(table.c[key] for key in keys))))

    def put(self, table: Table, row: dict[str, object], *keys: str) -> None:
        """Add a row, or put it in the place of the one of these keys."""
        insertion = self._dialect.insert(table).values(**row)
        self._connection.execute(insertion.on_conflict_do_update(index_elements=keys, set_=row))

    @property
    def _dialect(self) -> ModuleType:
        return postgresql if self._connection.dialect.name == "postgresql" else sqlite

    def _ring(self, grant: Grant) -> None:
        if grant.due_at is not None and grant.due_at <= self.now:
            self.bells.add(f"{direction(grant).value}-{grant.cloud}")

    def finish(self) -> None:
        """Number the audit events under the chain's lock, last of all; WrongEpoch on a replaced ledger."""
        head = self._connection.execute(select(schema.chain).with_for_update()).one_or_none()
        if head is None or head.epoch != self._epoch:
            raise WrongEpoch("the ledger is not the one this process opened")
        if self._events:
            self._append(head.seq, head.hash)
            self.bells.add(ANNOUNCE)

    def _append(self, seq: int, prev: str) -> None:
        rows = []
        for event in self._events:
            entry = link(event, seq=seq + 1, prev=prev)
            rows.append({**entry._asdict(), "request": event.body.get("request")})
            seq, prev = entry.seq, entry.hash
        self._connection.execute(insert(schema.events), rows)
        self._connection.execute(update(schema.chain), {"seq": seq, "hash": prev})


def _request_columns(request: AccessRequest) -> dict[str, object]:
    return {
        "version": request.version,
        "state": request.state.value,
        "due_at": request.due_at,
        "body": request.model_dump_json(),
    }


def _grant_columns(grant: Grant) -> dict[str, object]:
    return {
        "version": grant.version,
        "state": grant.state.value,
        "ends_at": grant.ends_at,
        "due_at": grant.due_at,
        "body": grant.model_dump_json(),
    }
