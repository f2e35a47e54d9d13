"""Kills, stops, tears and throttles the real processes, and asks the stand-in what was left behind.

    python -m tests.faults.run [--quick] [--database sqlite|postgresql|both] [--home .faults]

Each scenario gives access to a few people, breaks something at a named point (intent committed, role
created, live, mid-revoke), lets the end come, and then asks AWS, not us: is a role left beyond the bound; was
a change made that no audit entry names. One JSON object a line; exit code 1 when either is ever so.

Time is moved from outside to the end of windows and claims; lateness is counted in that moved time, from the
end of the window to the moment AWS deleted the role.
"""

import argparse
import itertools
import json
import os
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from redis import Redis, RedisError

from bot.answers import Approved, Asked, Ending, Starting
from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from policies.files import load
from policies.grant import Grant, GrantState
from policies.rules import Policy
from policies.values import HoldingKey, PersonId, RequestId, RoleName
from sandbox.aws.faults import Kind
from sandbox.world import DidNotHappenError, World
from workers.ledger.claims import CLAIM
from workers.logs import start_logging

BOUND: Final = CLAIM + timedelta(seconds=10)
"""How late an end may be after a kill: the dead worker's claim, and the time a process takes to start."""
ROLE: Final = RoleName("prod-db-readonly")
ASKERS: Final = tuple(PersonId(name) for name in ("ana", "chloe", "dev", "ivy"))
BEN: Final = PersonId("ben")
WINDOW: Final = timedelta(minutes=2)
STARTS, ENDS = "worker-grant-aws", "worker-revoke-aws"
RED: Final = "redis"


class Point(NamedTuple):
    """A named point in a grant's life: what must fail for it to stay there, and how it is recognised."""

    name: str
    held_by: str | None
    reached: Callable[["Driver", Sequence[RequestId]], bool]
    while_ending: bool = False


@dataclass
class Driver:
    """Asks, approves and ends through the desk, as the bot does; looks at AWS through the stand-in."""

    world: World
    desk: Desk
    policy: Callable[[], Policy | None]
    given: int = 0
    late: list[float] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    late_creates: int = 0

    def give(self, people: Sequence[PersonId] = ASKERS) -> list[RequestId]:
        """Access for these people, approved by Ben."""
        return [self._give_one(person) for person in people]

    def _give_one(self, person: PersonId) -> RequestId:
        answer = self.desk.ask(Wish(person, person, ROLE, WINDOW, None, "a fault is coming"))
        if isinstance(answer, Starting):
            return answer.view.request.id
        if not isinstance(answer, Asked):
            raise DidNotHappenError(f"{person} could not ask: {type(answer).__name__}")
        request = answer.view.request
        approved = self.desk.approve(Click(BEN, self.desk.token(request), self._card(request.id)))
        if not isinstance(approved, Approved):
            raise DidNotHappenError(f"{request.id} was not approved: {type(approved).__name__}")
        self.given += 1
        return request.id

    def _card(self, request: RequestId) -> str | None:
        with self.world.ledger.reading() as reader:
            card = reader.card(request)
        return card.message if card else None

    def remember(self) -> None:
        """Keep what the audit log says so far: the ledger may be lost next."""
        with self.world.ledger.reading() as reader:
            entries = list(reader.entries())
        self.log += [entry.body for entry in entries]
        self.late_creates += sum(entry.kind == "grant.late_create" for entry in entries)

    def grants(self, requests: Sequence[RequestId]) -> list[Grant]:
        """The grants of these requests."""
        with self.world.ledger.reading() as reader:
            return [grant for request in requests for grant in reader.grants_of(request)]

    def all_in(self, requests: Sequence[RequestId], *states: GrantState) -> bool:
        """True when every grant is in one of these states."""
        return all(grant.state in states for grant in self.grants(requests))

    def tried(self, action: str, grants: Sequence[Grant]) -> bool:
        """True when AWS was asked so for each grant, whatever came of it."""
        names = {grant.holding.rsplit("/", 1)[1] for grant in grants}
        asked = {call["role"] for call in self.world.aws.log() if call["action"] == action}
        return names <= asked

    def to_the_end(self, requests: Sequence[RequestId]) -> None:
        """Move time to the end of these windows."""
        ends = max(grant.ends_at for grant in self.grants(requests))
        self.world.clock.move_to(ends + timedelta(milliseconds=50))

    def past_claims(self) -> None:
        """Move time past every claim a dead worker has."""
        self.world.clock.move(CLAIM + timedelta(seconds=1))

    def gone(self, requests: Sequence[RequestId], *, seconds: float = 60) -> None:
        """Wait until AWS holds none of these, and note how late each went."""
        grants = self.grants(requests)
        holdings = {grant.holding for grant in grants}
        self.world.until(
            "the roles are gone",
            lambda: not holdings & {role["arn"] for role in self.world.aws.roles()},
            seconds=seconds,
        )
        settled = (GrantState.GONE,)
        self.world.until("the ledger knows", lambda: self.all_in(requests, *settled), seconds=seconds)
        for grant in grants:
            self.late += [late for late in [self._lateness(grant)] if late is not None]

    def _lateness(self, grant: Grant) -> float | None:
        name = grant.holding.rsplit("/", 1)[1]
        went = [
            datetime.fromisoformat(call["at"])
            for call in self.world.aws.log()
            if call["action"] == "DeleteRole" and call["role"] == name and call["status"] == 200
        ]
        if not went or grant.ended_by is not None:
            return None
        late = (max(went) - grant.ends_at).total_seconds()
        if late > BOUND.total_seconds():
            self.bad.append(f"{grant.id} went {late:.1f} s after its end")
        return max(late, 0.0)


def _intent(driver: Driver, requests: Sequence[RequestId]) -> bool:
    return driver.all_in(requests, GrantState.GRANTING) and driver.tried(
        "CreateRole", driver.grants(requests)
    )


def _created(driver: Driver, requests: Sequence[RequestId]) -> bool:
    return driver.tried("PutRolePolicy", driver.grants(requests))


def _live(driver: Driver, requests: Sequence[RequestId]) -> bool:
    return driver.all_in(requests, GrantState.LIVE)


def _mid_revoke(driver: Driver, requests: Sequence[RequestId]) -> bool:
    return driver.tried("DeleteRole", driver.grants(requests))


POINTS: Final = (
    Point("intent committed", "CreateRole", _intent),
    Point("role created", "PutRolePolicy", _created),
    Point("live", None, _live),
    Point("mid-revoke", "DeleteRole", _mid_revoke, while_ending=True),
)
VICTIMS: Final = ("worker", "clock", "bot", "announcer", "redis", "redis flushed")


def kill(driver: Driver, victim: str, point: Point) -> None:
    """Kill -9 the victim (or empty Redis); the supervisor starts it anew."""
    world = driver.world
    match victim:
        case "worker":
            world.kill(ENDS if point.while_ending else STARTS)
        case "redis flushed":
            _flush(world)
        case _:
            world.kill(victim)


def _flush(world: World) -> None:
    try:
        with Redis.from_url(world.redis_url, socket_timeout=1) as redis:
            redis.flushall()
    except RedisError as error:
        raise DidNotHappenError(f"Redis could not be emptied: {error}") from error


def act_kill(driver: Driver, victim: str, point: Point) -> None:
    """Hold some grants at a point, kill the victim there, let go, and let the end come."""
    world = driver.world
    if point.while_ending:
        requests = driver.give()
        world.until("live", lambda: _live(driver, requests), seconds=40)
        held = world.aws.break_calls(Kind.RESET, [point.held_by or ""], who="prod-access")
        driver.to_the_end(requests)
    else:
        held = (
            world.aws.break_calls(Kind.RESET, [point.held_by], who="prod-access") if point.held_by else None
        )
        requests = driver.give()
    world.until(point.name, lambda: point.reached(driver, requests), seconds=40)
    kill(driver, victim, point)
    if held is not None:
        world.aws.mend(held)
    if victim == "worker" and point.name != "live":
        driver.past_claims()
    if not point.while_ending:
        world.until("live in the end", lambda: _live(driver, requests), seconds=60)
        driver.to_the_end(requests)
    driver.gone(requests)


def act_stopped_worker(driver: Driver) -> None:
    """A worker is stopped in the middle of a create; its claim runs out, the grant is ended, it wakes up."""
    world = driver.world
    slow = world.aws.break_calls(Kind.SLOW, ["CreateRole"], who="prod-access", milliseconds=3000, times=1)
    (request,) = requests = driver.give(ASKERS[:1])
    world.until("intent committed", lambda: driver.all_in(requests, GrantState.GRANTING), seconds=40)
    time.sleep(0.3)
    worker = world.supervisor.children[STARTS]
    worker.signal(signal.SIGSTOP)
    answer = driver.desk.end(ASKERS[0], request)
    if not isinstance(answer, Ending):
        raise DidNotHappenError(f"{request} could not be ended: {type(answer).__name__}")
    driver.past_claims()
    world.until("gone without it", lambda: driver.all_in(requests, GrantState.GONE), seconds=40)
    time.sleep(3.0)  # the create comes late: AWS does it now, while nobody who would know is awake
    worker.signal(signal.SIGCONT)
    driver.gone(requests, seconds=60)
    world.aws.mend(slow)
    world.until("nothing comes back", lambda: driver.all_in(requests, GrantState.GONE), seconds=60)


def act_broken_replies(driver: Driver, kind: Kind, action: str) -> None:
    """One reply to a changing call is broken: it is looked up, never guessed."""
    world = driver.world
    number = world.aws.break_calls(kind, [action], who="prod-access", times=2)
    requests = driver.give(ASKERS[:2])
    world.until("live", lambda: _live(driver, requests), seconds=60)
    driver.to_the_end(requests)
    driver.gone(requests)
    world.aws.mend(number)


def act_lost_ledger(driver: Driver) -> None:
    """The database is deleted while access is live: it is rebuilt from the labels, and ends on time."""
    world = driver.world
    requests = driver.give()
    world.until("live", lambda: _live(driver, requests), seconds=60)
    before = {grant.holding: grant.ends_at for grant in driver.grants(requests)}
    driver.remember()
    world.lose_ledger()
    driver.desk = Desk(world.ledger, driver.policy)
    world.until("taken over again", lambda: _recovered(driver, requests, before), seconds=60)
    driver.to_the_end(requests)
    driver.gone(requests)


def _recovered(driver: Driver, requests: Sequence[RequestId], before: dict[HoldingKey, datetime]) -> bool:
    return before == {grant.holding: grant.ends_at for grant in driver.grants(requests)}


class Scenario(NamedTuple):
    """Something that is done to a fresh set of grants."""

    name: str
    act: Callable[[Driver], None]


def scenarios(*, quick: bool) -> Iterator[Scenario]:
    """Every victim at every point; or each victim once, at points in turn."""
    pairs = list(itertools.product(VICTIMS, POINTS))
    if quick:
        pairs = [(victim, POINTS[number % len(POINTS)]) for number, victim in enumerate(VICTIMS)]
    for victim, point in pairs:
        yield Scenario(f"kill {victim} at {point.name}", _killing(victim, point))
    yield Scenario("a worker stopped past its claim", act_stopped_worker)
    yield Scenario("the ledger deleted", act_lost_ledger)
    kinds = [Kind.TORN, Kind.LOST, Kind.TRUNCATED, Kind.THROTTLE, Kind.UNAVAILABLE]
    actions = ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "DeleteRole"]
    broken = list(zip(kinds, actions, strict=True)) if quick else list(itertools.product(kinds, actions))
    for kind, action in broken:
        yield Scenario(f"{kind.value} {action}", _breaking(kind, action))


def _killing(victim: str, point: Point) -> Callable[[Driver], None]:
    return lambda driver: act_kill(driver, victim, point)


def _breaking(kind: Kind, action: str) -> Callable[[Driver], None]:
    return lambda driver: act_broken_replies(driver, kind, action)


def tell(**facts: object) -> None:
    """One line."""
    print(json.dumps(facts, ensure_ascii=False), flush=True)  # noqa: T201


def run(home: Path, *, postgres: bool, quick: bool) -> bool:
    """Every scenario on one database; True when nothing was left and nothing unnamed."""
    started = time.monotonic()
    with World(home, postgres=postgres, rate_scale=1000) as world:
        policy = load(world.org)

        def in_force() -> Policy:
            return policy

        driver = Driver(world, Desk(world.ledger, in_force), in_force)
        for scenario in scenarios(quick=quick):
            _run_one(driver, scenario)
        return _sum_up(driver, world.ledger.engine.dialect.name, started)


def _run_one(driver: Driver, scenario: Scenario) -> None:
    started = time.monotonic()
    try:
        driver.world.until("all is up", driver.world.is_up, seconds=60)
        scenario.act(driver)
    except Exception as error:  # noqa: BLE001 (the boundary of a scenario: the next one runs all the same)
        traceback.print_exc()
        driver.bad.append(f"{scenario.name}: {error}")
    finally:
        driver.world.aws.mend()
    failed = [text for text in driver.bad if text.startswith(scenario.name)]
    tell(step=scenario.name, ok=not failed, seconds=round(time.monotonic() - started, 1))


def _sum_up(driver: Driver, database: str, started: float) -> bool:
    world = driver.world
    left = [role["name"] for role in world.aws.roles()]
    driver.remember()
    named = "\n".join(driver.log)
    changes = [call for call in world.aws.log() if call["service"] == "iam" and call["role"]]
    unnamed = [call for call in changes if f"/{call['role']}" not in named]
    late = sorted(driver.late)
    ok = not left and not unnamed and not driver.bad
    tell(
        step="faults",
        ok=ok,
        database=database,
        grants=driver.given,
        lateness_p50=round(statistics.median(late), 3) if late else None,
        lateness_p99=round(late[int(len(late) * 0.99)], 3) if late else None,
        lateness_max=round(late[-1], 3) if late else None,
        late_creates_undone=driver.late_creates,
        roles_left=left,
        changes=len(changes),
        changes_unnamed=len(unnamed),
        problems=driver.bad,
        seconds=round(time.monotonic() - started, 1),
    )
    return ok


def main() -> int:
    """Run the faults; 0 when nothing was left behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    quick = os.environ.get("FAULTS") == "quick"
    parser.add_argument("--quick", action="store_true", default=quick, help="Each victim once.")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--home", type=Path, default=Path(".faults"))
    asked = parser.parse_args()
    start_logging("faults", "ERROR")
    wanted = ["sqlite", "postgresql"] if asked.database == "both" else [asked.database]
    fine = [run(asked.home / kind, postgres=kind == "postgresql", quick=asked.quick) for kind in wanted]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
