"""The same life while processes are killed and services go away; asks the stand-ins what was left behind.

    python -m tests.faults.run [--quick] [--database sqlite|postgresql|both] [--home .faults]

Each scenario gives access in AWS, Google Cloud and Azure to a few people, breaks something at a named point
(intent committed, made in part, live, mid-revoke), lets the end come, and then asks the clouds, not us: does
anything stand beyond the bound; was a change made that no audit entry names. One JSON object a line; exit
code 1 when either is ever so.

Time is moved from outside to the end of windows and claims; lateness is counted in that moved time, from the
end of the window to the moment the cloud took it away.
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
from sandbox.world import DidNotHappenError, World
from tests.journeys.clouds import InCloud, clouds_of
from workers.ledger.claims import CLAIM
from workers.logs import start_logging
from workers.queue import Bells, connect, job_for

BOUND: Final = CLAIM + timedelta(seconds=10)
"""How late an end may be after a kill: the dead worker's claim, and the time a process takes to start."""
ROLE: Final = RoleName("prod-db-readonly")
ASKERS: Final = tuple(PersonId(name) for name in ("ana", "chloe", "dev", "ivy"))
BEN: Final = PersonId("ben")
WINDOW: Final = timedelta(minutes=2)
AWAY: Final = timedelta(seconds=60)


class Point(NamedTuple):
    """A named point in a grant's life: which calls must fail for it to stay there."""

    name: str
    holds: Callable[[InCloud], str | None]
    while_ending: bool = False


@dataclass
class Driver:
    """Asks, approves and ends through the desk, as the bot does; looks at the clouds by their stand-ins."""

    world: World
    desk: Desk
    policy: Callable[[], Policy | None]
    clouds: dict[str, InCloud]
    given: int = 0
    late: dict[str, list[float]] = field(default_factory=dict)
    excused: timedelta = timedelta()
    """How much later than the bound the ends of this scenario may be: a cloud was away."""
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
        self.given += len(self.clouds)
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

    def grants(self, requests: Sequence[RequestId], cloud: str | None = None) -> list[Grant]:
        """The grants of these requests, in one cloud where it is named."""
        with self.world.ledger.reading() as reader:
            found = [grant for request in requests for grant in reader.grants_of(request)]
        return [grant for grant in found if cloud in {None, grant.cloud}]

    def all_in(self, requests: Sequence[RequestId], *states: GrantState, cloud: str | None = None) -> bool:
        """True when every grant is in one of these states."""
        return all(grant.state in states for grant in self.grants(requests, cloud))

    def to_the_end(self, requests: Sequence[RequestId]) -> None:
        """Move time to the end of these windows."""
        ends = max(grant.ends_at for grant in self.grants(requests))
        self.world.clock.move_to(ends + timedelta(milliseconds=50))

    def past_claims(self) -> None:
        """Move time past every claim a dead worker has."""
        self.world.clock.move(CLAIM + timedelta(seconds=1))

    def live(self, requests: Sequence[RequestId], *, seconds: float = 60) -> None:
        """Wait until reads have shown all of it."""
        self.world.until("live", lambda: self.all_in(requests, GrantState.LIVE), seconds=seconds)

    def standing(self) -> set[HoldingKey]:
        """What of ours stands in any cloud."""
        return {key for cloud in self.clouds.values() for key in cloud.standing()}

    def gone(self, requests: Sequence[RequestId], *, seconds: float = 60) -> None:
        """Wait until no cloud holds any of these, and note how late each went."""
        grants = self.grants(requests)
        holdings = {grant.holding for grant in grants}
        self.world.until("all of it is gone", lambda: not holdings & self.standing(), seconds=seconds)
        self.world.until("the ledger knows", lambda: self.all_in(requests, GrantState.GONE), seconds=seconds)
        removed = {name: _removals(cloud) for name, cloud in self.clouds.items()}
        for grant in grants:
            self._note_lateness(grant, removed[grant.cloud])
        self.excused = timedelta()

    def _note_lateness(self, grant: Grant, removed: Sequence[tuple[str, datetime]]) -> None:
        went = [at for named, at in removed if named in grant.holding and at >= grant.starts_at]
        if not went or grant.ended_by is not None:
            return
        late = (max(went) - grant.ends_at).total_seconds()
        if late > (BOUND + self.excused).total_seconds():
            self.bad.append(f"{grant.id} went {late:.1f} s after its end")
        self.late.setdefault("excused" if self.excused else "all", []).append(max(late, 0.0))


def _removals(cloud: InCloud) -> list[tuple[str, datetime]]:
    return [(change.named, change.at) for change in cloud.changes() if change.removes]


POINTS: Final = (
    Point("intent committed", lambda cloud: cloud.making[0]),
    Point("made in part", lambda cloud: cloud.making[-1]),
    Point("live", lambda _: None),
    Point("mid-revoke", lambda cloud: cloud.removing[-1], while_ending=True),
)
VICTIMS: Final = ("workers", "clock", "bot", "announcer", "redis", "redis flushed", "postgresql restarted")


def kill(driver: Driver, victim: str, point: Point) -> None:
    """Kill -9 the victim (or empty Redis, or restart the database); the supervisor starts it anew."""
    world = driver.world
    match victim:
        case "workers":
            way = "revoke" if point.while_ending else "grant"
            world.kill(*(f"worker-{way}-{cloud}" for cloud in driver.clouds))
        case "redis flushed":
            _flush(world)
        case "postgresql restarted":
            world.postgres.restart()
        case _:
            world.kill(victim)


def _flush(world: World) -> None:
    try:
        with Redis.from_url(world.redis_url, socket_timeout=1) as redis:
            redis.flushall()
    except RedisError as error:
        raise DidNotHappenError(f"Redis could not be emptied: {error}") from error


def act_kill(driver: Driver, victim: str, point: Point) -> None:
    """Hold grants at a point in every cloud, kill the victim there, let go, and let the end come."""
    if point.while_ending:
        requests = driver.give()
        driver.live(requests)
        held, since = _hold(driver, point), driver.world.clock.now()
        driver.to_the_end(requests)
    else:
        held, since = _hold(driver, point), driver.world.clock.now()
        requests = driver.give()
    driver.world.until(point.name, lambda: _reached(driver, point, requests, since), seconds=60)
    kill(driver, victim, point)
    for cloud, number in held.items():
        driver.clouds[cloud].mend_one(number)
    if victim == "workers" and point.name != "live":
        driver.past_claims()
    if not point.while_ending:
        driver.live(requests)
        driver.to_the_end(requests)
    driver.gone(requests)


def _hold(driver: Driver, point: Point) -> dict[str, int]:
    """Let the calls of this point fail in every cloud; the faults' numbers."""
    actions = {name: point.holds(cloud) for name, cloud in driver.clouds.items()}
    return {
        name: driver.clouds[name].break_calls("reset", [action]) for name, action in actions.items() if action
    }


def _reached(driver: Driver, point: Point, requests: Sequence[RequestId], since: datetime) -> bool:
    """Whether every cloud was asked so, or everything is live where the point holds nothing."""
    actions = [(cloud, point.holds(cloud)) for cloud in driver.clouds.values()]
    held = [(cloud, action) for cloud, action in actions if action]
    if not held:
        return driver.all_in(requests, GrantState.LIVE)
    return all(cloud.tried(action, since) for cloud, action in held)


def act_stopped_worker(driver: Driver) -> None:
    """A worker is stopped in the middle of a create; its claim runs out, the grant is ended, it wakes up."""
    world, aws = driver.world, driver.clouds["aws"]
    slow = aws.break_calls("slow", ["CreateRole"], milliseconds=3000, times=1)
    (request,) = requests = driver.give(ASKERS[:1])
    starting = (GrantState.GRANTING,)
    world.until("intent committed", lambda: driver.all_in(requests, *starting, cloud="aws"), seconds=40)
    time.sleep(0.3)
    worker = world.supervisor.children["worker-grant-aws"]
    worker.signal(signal.SIGSTOP)
    answer = driver.desk.end(ASKERS[0], request)
    if not isinstance(answer, Ending):
        raise DidNotHappenError(f"{request} could not be ended: {type(answer).__name__}")
    driver.past_claims()
    world.until("gone without it", lambda: driver.all_in(requests, GrantState.GONE), seconds=40)
    time.sleep(3.0)  # the create comes late: AWS does it now, while nobody who would know is awake
    worker.signal(signal.SIGCONT)
    driver.gone(requests)
    aws.mend_one(slow)
    world.until("nothing comes back", lambda: driver.all_in(requests, GrantState.GONE), seconds=60)


def act_broken_replies(driver: Driver, cloud: InCloud, kind: str, action: str) -> None:
    """Replies to a changing call are broken: it is looked up, never guessed."""
    number = cloud.break_calls(kind, [action], times=2)
    requests = driver.give(ASKERS[:2])
    driver.live(requests)
    driver.to_the_end(requests)
    driver.gone(requests)
    cloud.mend_one(number)


def act_cloud_away(driver: Driver, cloud: InCloud) -> None:
    """One cloud is away for a minute around the end: the others end on time, that one when it is back."""
    requests = driver.give()
    driver.live(requests)
    still = {one.holding for one in driver.grants(requests, cloud.name) if not one.standing}
    number = cloud.break_calls("reset")
    driver.to_the_end(requests)
    others = {grant.holding for grant in driver.grants(requests) if grant.cloud != cloud.name}
    driver.world.until("the others are gone", lambda: not others & driver.standing(), seconds=40)
    if driver.all_in(requests, GrantState.GONE, cloud=cloud.name) or not still <= driver.standing():
        driver.bad.append(f"{cloud.name} away: said to be gone while it could not be looked at")
    for _ in range(int(AWAY.total_seconds() // 10)):
        driver.world.clock.move(timedelta(seconds=10))
        time.sleep(0.3)
    cloud.mend_one(number)
    driver.excused = AWAY + timedelta(minutes=1)  # away for a minute, and the longest wait between two tries
    driver.world.clock.move(timedelta(minutes=1))
    driver.gone(requests)


def act_jobs_doubled(driver: Driver) -> None:
    """Every job many times, ends before starts, before and after there is work: none has a second effect."""
    bells = Bells(connect(driver.world.redis_url), (driver.world.secret.encode(),))
    _ring_all(bells, driver)
    requests = driver.give()
    _ring_all(bells, driver)
    driver.live(requests)
    driver.to_the_end(requests)
    _ring_all(bells, driver)
    driver.gone(requests)


def _ring_all(bells: Bells, driver: Driver) -> None:
    for direction, cloud in itertools.product(("revoke", "grant"), driver.clouds):
        function, words = job_for(f"{direction}-{cloud}")
        for _ in range(10):
            bells.queue(f"{direction}-{cloud}").enqueue_call(function, words, result_ttl=0)


def act_lost_ledger(driver: Driver) -> None:
    """The database is deleted while access is live: it is rebuilt from the labels, and ends on time."""
    world = driver.world
    requests = driver.give()
    driver.live(requests)
    held = [grant for grant in driver.grants(requests) if not grant.standing]
    before = {grant.holding: grant.ends_at for grant in held}
    driver.remember()
    world.lose_ledger()
    driver.desk = Desk(world.ledger, driver.policy)
    world.until("taken over again", lambda: _recovered(driver, requests, before), seconds=90)
    driver.to_the_end(requests)
    driver.gone(requests)


def _recovered(driver: Driver, requests: Sequence[RequestId], before: dict[HoldingKey, datetime]) -> bool:
    return before == {grant.holding: grant.ends_at for grant in driver.grants(requests)}


class Scenario(NamedTuple):
    """Something that is done to a fresh set of grants."""

    name: str
    act: Callable[[Driver], None]


KINDS: Final = ("torn", "lost", "truncated", "late", "throttle", "unavailable")


def scenarios(driver: Driver, *, quick: bool, postgres: bool) -> Iterator[Scenario]:
    """Every victim at every point; or each victim once, at points in turn."""
    victims = [victim for victim in VICTIMS if postgres or not victim.startswith("postgresql")]
    pairs = list(itertools.product(victims, POINTS))
    if quick:
        pairs = [(victim, POINTS[number % len(POINTS)]) for number, victim in enumerate(victims)]
    for victim, point in pairs:
        yield Scenario(f"kill {victim} at {point.name}", _killing(victim, point))
    yield Scenario("a worker stopped past its claim", act_stopped_worker)
    yield Scenario("jobs doubled and out of order", act_jobs_doubled)
    yield Scenario("the ledger deleted", act_lost_ledger)
    for cloud in driver.clouds.values():
        yield Scenario(f"{cloud.name} away for a minute", _away(cloud))
        actions = list(dict.fromkeys((*cloud.making, *cloud.removing)))
        broken = list(itertools.product(KINDS, actions))
        for kind, action in broken[:: max(len(broken) // 4, 1)] if quick else broken:
            yield Scenario(f"{cloud.name}: {kind} {action}", _breaking(cloud, kind, action))


def _killing(victim: str, point: Point) -> Callable[[Driver], None]:
    return lambda driver: act_kill(driver, victim, point)


def _away(cloud: InCloud) -> Callable[[Driver], None]:
    return lambda driver: act_cloud_away(driver, cloud)


def _breaking(cloud: InCloud, kind: str, action: str) -> Callable[[Driver], None]:
    return lambda driver: act_broken_replies(driver, cloud, kind, action)


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

        driver = Driver(world, Desk(world.ledger, in_force), in_force, clouds_of(world))
        for scenario in scenarios(driver, quick=quick, postgres=postgres):
            _run_one(driver, scenario)
        return _sum_up(driver, world.ledger.engine.dialect.name, started)


def _run_one(driver: Driver, scenario: Scenario) -> None:
    started = time.monotonic()
    troubles = len(driver.bad)
    before = {id(found): len(found) for found in driver.late.values()}
    try:
        driver.world.until("all is up", driver.world.is_up, seconds=60)
        scenario.act(driver)
    except Exception as error:  # noqa: BLE001 (the boundary of a scenario: the next one runs all the same)
        traceback.print_exc()
        driver.bad.append(f"{scenario.name}: {error}")
    finally:
        for cloud in driver.clouds.values():
            cloud.mend()
    late = [late for found in driver.late.values() for late in found[before.get(id(found), 0) :]]
    ok = len(driver.bad) == troubles
    tell(
        step=scenario.name,
        ok=ok,
        latest=round(max(late, default=0.0), 2),
        seconds=round(time.monotonic() - started, 1),
    )


def _sum_up(driver: Driver, database: str, started: float) -> bool:
    left = sorted(driver.standing())
    driver.remember()
    named = "\n".join(driver.log)
    changes = [change for cloud in driver.clouds.values() for change in cloud.changes()]
    unnamed = sorted({change.named for change in changes if change.named not in named})
    late = sorted(driver.late.get("all", []))
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
        left=left,
        changes=len(changes),
        changes_unnamed=unnamed,
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
