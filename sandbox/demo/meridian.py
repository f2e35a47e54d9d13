"""The demo's world: Meridian on the running stand-ins and the real processes.

What the clouds hold is read from the stand-ins' own state, what was asked and given from the ledger, and the
last line compares the two. People call each cloud with what is their own, as they would anywhere.
"""

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from redis import Redis, RedisError

from bot.slack.manifest import MESSAGE_SHORTCUT
from bot.views import card_state
from policies.audit import verify
from policies.files import load
from policies.grant import Grant, GrantState
from policies.people import Person
from policies.request import RequestState
from policies.values import RequestId, RoleName
from sandbox.demo.clouds import ShownCloud, slack_of
from sandbox.demo.clouds.aws import ShownAws
from sandbox.demo.clouds.azure import ShownAzure
from sandbox.demo.clouds.gcp import ShownGcp
from sandbox.demo.comparing import differences
from sandbox.demo.faults import Faults
from sandbox.demo.ports import (
    Audit,
    AuditEntry,
    Config,
    LedgerLine,
    Moment,
    NotPossibleError,
    Process,
    Queue,
    Shortcut,
    State,
    Tried,
    Used,
)
from sandbox.demo.terminal import CLOUD_OF, Terminals, instead, program_of, runs
from sandbox.world import World
from workers.ledger.reading import Reader

STRIP: Final = (
    "A pretend Slack and three pretend clouds on your machine. The bot, workers and SDKs are the real ones."
)
_SHOWN: Final = 50
_JUST_AFTER: Final = timedelta(seconds=1)
_GIVEN: Final = (GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING)
_NAMED: Final = re.compile(r"\bpa-[a-z0-9]{4,}\b")


class Meridian:
    """The `ports.World` behind the page; its methods may be called from several threads."""

    def __init__(self, world: World) -> None:
        self._world = world
        policy = load(world.org)
        self._people, self._catalogue = policy.people, policy.catalogue
        self._aws, self._gcp = ShownAws(world, self._people), ShownGcp(world, self._people)
        self._azure = ShownAzure(world, self._people)
        self._clouds: dict[str, ShownCloud] = {one.name: one for one in (self._aws, self._gcp, self._azure)}
        self._looking = ThreadPoolExecutor(len(self._clouds), thread_name_prefix="looking")
        self._terminals = Terminals(world)
        self._faults = Faults(world)
        self._alive: dict[str, tuple[bool, datetime]] = {}

    def config(self) -> Config:
        """What never changes."""
        shortcut = Shortcut(MESSAGE_SHORTCUT, "Ask for access")
        return Config(self._world.slack_url, "Meridian", STRIP, (shortcut,))

    def state(self) -> State:
        """The world as it is now: the clouds side by side, and the ledger on both sides of them."""
        now = self._world.clock.now()
        with self._world.ledger.reading() as reader:
            before = reader.grants()
        clouds = tuple(self._looking.map(lambda cloud: cloud.read(now), self._clouds.values()))
        with self._world.ledger.reading() as reader:
            lines = tuple(self._lines(reader))
            differ = differences(clouds, before, reader.grants())
        return State(
            now=now,
            offset=self._world.clock.offset,
            clouds=clouds,
            ledger=lines,
            agrees=not differ,
            differences=differ,
            faults=self._faults.all(),
            processes=tuple(self._processes(now)),
            queues=tuple(self._queues()),
        )

    def _lines(self, reader: Reader) -> list[LedgerLine]:
        return [
            LedgerLine(
                request.id,
                card_state(request, reader.grants_of(request.id)).value,
                slack_of(self._people.get(request.beneficiary)),
                request.role,
                request.ends_at,
                self._reached(request.role),
            )
            for request in reversed(reader.requests(most=_SHOWN))
        ]

    def _reached(self, name: RoleName) -> tuple[str, ...]:
        role = self._catalogue.get(name)
        return tuple(one.cloud for one in role.entitlements) if role else ()

    def _processes(self, now: datetime) -> list[Process]:
        for name, child in self._world.supervisor.children.items():
            alive = child.pid is not None
            if self._alive.get(name, (not alive, now))[0] is not alive:
                self._alive[name] = (alive, now)
        return [Process(name, alive, since) for name, (alive, since) in self._alive.items()]

    def _queues(self) -> list[Queue]:
        drains = [f"{direction}-{cloud}" for cloud in self._clouds for direction in ("grant", "revoke")]
        try:
            with Redis.from_url(self._world.redis_url, socket_connect_timeout=0.5, socket_timeout=1) as redis:
                return [Queue(name, int(redis.llen(f"rq:queue:{name}"))) for name in (*drains, "announce")]
        except RedisError:
            return []

    def move_clock(self, by: timedelta) -> None:
        """Move time ahead for everybody."""
        self._world.clock.move(by)

    def move_clock_to(self, moment: Moment) -> None:
        """Move time to the next warning, or to the next end."""
        with self._world.ledger.reading() as reader:
            moments = _warnings(reader) if moment == "warning" else _ends(reader)
        now = self._world.clock.now()
        ahead = [at + _JUST_AFTER for at in moments if at > now]
        if not ahead:
            raise NotPossibleError(f"Nothing is live that has its {moment} ahead.")
        self._world.clock.move_to(min(ahead))

    def try_access(self, person: str, cloud: str, request: str | None) -> Tried:
        """Really call a cloud as a person, with what a request gave there."""
        return self._tried(self._person(person), self._cloud(cloud), request)

    def _tried(self, person: Person, cloud: ShownCloud, request: str | None) -> Tried:
        if request is None:
            return cloud.tries(person, None, None)
        with self._world.ledger.reading() as reader:
            grants = reader.grants_of(RequestId(request))
        grant = next((one for one in grants if one.cloud == cloud.name), None)
        return cloud.tries(person, grant.role if grant else None, grant)

    def _person(self, user: str) -> Person:
        found = (one for one in self._people.people if user in {account.user for account in one.slack})
        person = next(found, None)
        if person is None:
            raise NotPossibleError("This person has no account in any cloud.")
        return person

    def _cloud(self, name: str) -> ShownCloud:
        if name not in self._clouds:
            raise NotPossibleError(f"There is no cloud called {name}.")
        return self._clouds[name]

    def use(self, person: str, lines: Sequence[str]) -> Used:
        """Run printed lines in a person's terminal."""
        who, program = self._person(person), program_of(lines)
        cloud = CLOUD_OF[program]
        named = _NAMED.search("\n".join(lines))
        request = named[0] if named else self._newest(who, cloud)
        if not runs(program, lines[-1]):
            shown = instead(program, who, self._tried(who, self._cloud(cloud), request))
        elif program == "aws":
            shown = self._terminals.aws(who, self._aws.keys(who), lines)
        else:
            shown = self._terminals.gcloud(self._gcp.sign_in(who), lines[-1])
        return Used(shown.output, shown.ok, cloud, request)

    def _newest(self, person: Person, cloud: str) -> str | None:
        """The request that last gave somebody something in a cloud: lines for their own account name none."""
        with self._world.ledger.reading() as reader:
            grants = [one for one in reader.grants(person=person.id) if one.cloud == cloud]
        newest = max(grants, key=lambda grant: grant.starts_at, default=None)
        return newest.request if newest else None

    def set_fault(self, name: str, *, on: bool) -> None:
        """Switch something on or off."""
        self._faults.put(name, on=on)

    def remove_by_hand(self, cloud: str, object_id: str) -> None:
        """Take something away behind our back."""
        self._cloud(cloud).remove(object_id)

    def add_by_hand(self, cloud: str, person: str) -> None:
        """Give somebody something behind our back."""
        self._cloud(cloud).add(self._person(person))

    def compare(self) -> None:
        """The clock compares when it starts, so it is started anew."""
        self._world.kill("clock")

    def audit(self) -> Audit:
        """Check the whole chain, and show its end."""
        with self._world.ledger.reading() as reader:
            entries = list(reader.entries())
        broken = verify(entries)
        shown = [
            AuditEntry(one.seq, datetime.fromisoformat(one.at), one.kind, json.loads(one.body), one.hash)
            for one in reversed(entries[-_SHOWN:])
        ]
        return Audit(tuple(shown), broken is None, broken.why if broken else "", len(entries))

    def close(self) -> None:
        """Throw away the terminals, and look no more."""
        self._looking.shutdown()
        self._terminals.close()


def _warnings(reader: Reader) -> list[datetime]:
    """When holders are told that the end is near."""
    active = reader.requests(states=[RequestState.ACTIVE])
    return [at for one in active if one.warned_at is None and (at := one.warns_at) is not None]


def _ends(reader: Reader) -> list[datetime]:
    grants: Sequence[Grant] = reader.grants(states=_GIVEN)
    return [grant.ends_at for grant in grants]
