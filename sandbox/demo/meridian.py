"""The demo's world: Meridian on the running stand-ins and the real processes.

What the clouds hold is read from the stand-ins with an auditor's keys, what was asked and given from the
ledger, and the last line compares the two. People call AWS with their own keys, as they would anywhere.
"""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from redis import Redis, RedisError

from bot.slack.manifest import MESSAGE_SHORTCUT
from bot.views import card_state
from policies.audit import verify
from policies.files import load
from policies.grant import Grant, GrantState
from policies.people import Person
from policies.values import PersonId, RequestId
from sandbox.aws import names
from sandbox.aws.commandline import CommandLine
from sandbox.aws.faults import Kind
from sandbox.aws.keys import Keys
from sandbox.aws.use import Allowed, NotAnsweredError, Refused
from sandbox.demo.ports import (
    Audit,
    AuditEntry,
    CloudObject,
    CloudReading,
    Config,
    Fault,
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
from sandbox.world import World
from workers.ledger.reading import Reader

STRIP: Final = (
    "A pretend Slack and a pretend AWS on your machine. The bot, workers and SDKs are the real ones."
)
_WORKERS: Final = ("worker-grant-aws", "worker-revoke-aws")
_QUEUES: Final = ("grant-aws", "revoke-aws", "announce")
_SHOWN: Final = 50
_JUST_AFTER: Final = timedelta(seconds=1)
_WARNING: Final = timedelta(minutes=10)


class _Broken(NamedTuple):
    """Something that can be switched on: how it is called, and what one should then see."""

    title: str
    sentence: str
    momentary: bool = False


_FAULTS: Final = {
    "aws_away": _Broken(
        "AWS away", "Nothing starts; what ends is refused by AWS's own clock and taken back later."
    ),
    "aws_slow": _Broken(
        "AWS slow, 3 s a call", "Access comes later; the card says starting until it is there."
    ),
    "aws_throttles": _Broken(
        "AWS throttles", "Tries again with growing waits, and says nothing before it is so."
    ),
    "slack_drops": _Broken("Slack drops our calls", "Work goes on; cards and threads catch up in order."),
    "kill_worker": _Broken(
        "Kill a worker", "Nothing changes: another takes over where it stopped.", momentary=True
    ),
    "empty_redis": _Broken("Empty Redis", "Nothing changes: the ledger knows everything.", momentary=True),
}


class Call(NamedTuple):
    """What a person tries with a role: a call that the role's policies are about."""

    service: str
    operation: str
    shown: str


_CALLS: Final = {
    "prod-logs": Call("logs", "describe_log_groups", "logs:DescribeLogGroups"),
    "prod-operator": Call("ecs", "list_clusters", "ecs:ListClusters"),
}
_READ: Final = Call("rds", "describe_db_instances", "rds:DescribeDBInstances")


class Meridian:
    """The `ports.World` behind the page; its methods may be called from several threads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._people = load(world.org).people
        self._on: dict[str, int] = {}
        self._sessions: dict[tuple[str, str], Keys] = {}
        self._terminals: dict[str, CommandLine] = {}
        self._alive: dict[str, tuple[bool, datetime]] = {}
        self._lock = threading.Lock()

    def config(self) -> Config:
        """What never changes."""
        shortcut = Shortcut(MESSAGE_SHORTCUT, "Ask for access")
        return Config(self._world.slack_url, "Meridian", STRIP, (shortcut,))

    def state(self) -> State:
        """The world as it is now."""
        now = self._world.clock.now()
        roles = self._world.aws.roles()
        with self._world.ledger.reading() as reader:
            lines = tuple(self._lines(reader))
            grants = reader.grants()
        differences = tuple(_differences(roles, grants))
        reading = CloudReading("aws", "AWS", "shop-prod", tuple(self._object(role) for role in roles), now)
        return State(
            now=now,
            offset=self._world.clock.offset,
            clouds=(reading,),
            ledger=lines,
            agrees=not differences,
            differences=differences,
            faults=tuple(self._faults()),
            processes=tuple(self._processes(now)),
            queues=tuple(self._queues()),
        )

    def _lines(self, reader: Reader) -> list[LedgerLine]:
        return [
            LedgerLine(
                request.id,
                card_state(request, reader.grants_of(request.id)).value,
                self._slack_of(request.beneficiary),
                request.role,
                request.ends_at,
            )
            for request in reversed(reader.requests(most=_SHOWN))
        ]

    def _object(self, role: dict[str, Any]) -> CloudObject:
        tags = role["tags"]
        until = role["assumable_until"]
        return CloudObject(
            kind="role",
            name=role["name"],
            request=tags.get("prod-access:request", ""),
            person=self._slack_of(PersonId(tags.get("prod-access:person", ""))),
            ends_at=datetime.fromisoformat(until) if until else None,
            denied=bool(role["denied_now"]),
        )

    def _slack_of(self, person: PersonId) -> str:
        found = self._people.get(person)
        return found.slack[0].user if found and found.slack else ""

    def _faults(self) -> list[Fault]:
        return [
            Fault(name, one.title, one.sentence, name in self._on, one.momentary)
            for name, one in _FAULTS.items()
        ]

    def _processes(self, now: datetime) -> list[Process]:
        for name, child in self._world.supervisor.children.items():
            alive = child.pid is not None
            if self._alive.get(name, (not alive, now))[0] is not alive:
                self._alive[name] = (alive, now)
        return [Process(name, alive, since) for name, (alive, since) in self._alive.items()]

    def _queues(self) -> list[Queue]:
        try:
            with self._redis() as redis:
                return [Queue(name, int(redis.llen(f"rq:queue:{name}"))) for name in _QUEUES]
        except RedisError:
            return []

    def _redis(self) -> Redis:
        return Redis.from_url(self._world.redis_url, socket_connect_timeout=0.5, socket_timeout=1)

    def move_clock(self, by: timedelta) -> None:
        """Move time ahead for everybody."""
        self._world.clock.move(by)

    def move_clock_to(self, moment: Moment) -> None:
        """Move time to the next warning, or to just after the next end."""
        with self._world.ledger.reading() as reader:
            live = reader.grants(states=[GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING])
        now = self._world.clock.now()
        ahead = [to for grant in live if (to := _moment(grant, moment)) > now]
        if not ahead:
            raise NotPossibleError("Nothing is live, so there is no end to go to.")
        self._world.clock.move_to(min(ahead))

    def try_access(self, person: str, cloud: str, request: str | None) -> Tried:  # noqa: ARG002 (there is one cloud)
        """Really call AWS as a person, with their open session where they have one."""
        keys = self._keys(person)
        try:
            if request is None:
                return _tried(self._world.people.read(keys), _READ)
            return self._try_role(person, keys, request)
        except NotAnsweredError as error:
            raise NotPossibleError(f"AWS did not answer, which says nothing about access: {error}") from error

    def _try_role(self, person: str, keys: Keys, request: str) -> Tried:
        grant = self._grant(request)
        call = _CALLS.get(grant.role, _READ)
        session = self._sessions.get((person, request))
        if session is None:
            taken = self._world.people.assume(keys, grant.holding, person)
            if isinstance(taken, Refused):
                return Tried(allowed=False, code=taken.code, message=taken.message, call="sts:AssumeRole")
            session = self._sessions[person, request] = taken
        answer = self._world.people.call(session, call.service, call.operation)
        if isinstance(answer, Refused) and answer.code.startswith(("Expired", "InvalidClientToken")):
            self._sessions.pop((person, request), None)
        return _tried(answer, call)

    def _grant(self, request: str) -> Grant:
        with self._world.ledger.reading() as reader:
            grants = reader.grants_of(RequestId(request))
        if not grants:
            raise NotPossibleError(f"{request} was not given, so there is nothing to try.")
        return grants[0]

    def _keys(self, user: str) -> Keys:
        person = self._person(user)
        if person is None or person.id not in names.PEOPLE:
            raise NotPossibleError("This person has no account at AWS.")
        return self._world.aws.person(person.id)

    def _person(self, user: str) -> Person | None:
        return next(
            (one for one in self._people.people if user in {account.user for account in one.slack}), None
        )

    def use(self, person: str, lines: Sequence[str]) -> Used:
        """Run printed lines in a person's terminal, which keeps its configuration."""
        keys = self._keys(person)
        with self._lock:
            terminal = self._terminals.get(person)
            if terminal is None:
                terminal = self._terminals[person] = CommandLine(self._world.aws, keys).__enter__()
        ran = terminal.run(*lines)
        return Used((ran.output + ran.errors).strip(), ran.status == 0)

    def set_fault(self, name: str, *, on: bool) -> None:
        """Switch something on or off."""
        if name not in _FAULTS:
            raise NotPossibleError(f"There is no fault called {name}.")
        with self._lock:
            if on and name not in self._on:
                self._break(name)
            elif not on and name in self._on:
                self._mend(name, self._on.pop(name))

    def _break(self, name: str) -> None:
        match name:
            case "kill_worker":
                self._world.kill(*_WORKERS)
            case "empty_redis":
                with suppress(RedisError), self._redis() as redis:
                    redis.flushall()
            case "slack_drops":
                fault = self._world.page.post("faults", kind="error", status=503, seconds=86_400)
                self._on[name] = int(fault["id"])
            case _:
                self._on[name] = self._break_aws(name)

    def _break_aws(self, name: str) -> int:
        kind = {"aws_away": Kind.UNAVAILABLE, "aws_slow": Kind.SLOW, "aws_throttles": Kind.THROTTLE}[name]
        return self._world.aws.break_calls(kind, who="prod-access", milliseconds=3000)

    def _mend(self, name: str, number: int) -> None:
        if name == "slack_drops":
            self._world.page.post("faults", clear=number)
        else:
            self._world.aws.mend(number)

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
        """Throw away the terminals."""
        for terminal in self._terminals.values():
            terminal.__exit__(None, None, None)


def _tried(answer: Allowed | Refused, call: Call) -> Tried:
    match answer:
        case Allowed(seen):
            return Tried(allowed=True, code="", message=", ".join(seen), call=call.shown)
        case Refused(code, message):
            return Tried(allowed=False, code=code, message=message, call=call.shown)


def _moment(grant: Grant, moment: Moment) -> datetime:
    if moment == "end":
        return grant.ends_at + _JUST_AFTER
    window = grant.ends_at - grant.starts_at
    return grant.ends_at - min(_WARNING, window / 3)


def _differences(roles: Sequence[dict[str, Any]], grants: Sequence[Grant]) -> list[str]:
    """What AWS holds and the ledger does not, and the other way round; what is on its way is named too."""
    held = {role["arn"] for role in roles}
    known = {grant.holding: grant for grant in grants}
    said = [_still(grant) for key, grant in known.items() if key in held and not _may_be_held(grant)]
    said += [
        f"{grant.request} is live in the ledger; AWS does not hold it."
        for key, grant in known.items()
        if grant.state is GrantState.LIVE and key not in held
    ]
    said += [
        f"AWS holds {role['name']}; the ledger does not know it."
        for role in roles
        if role["arn"] not in known
    ]
    return said


def _may_be_held(grant: Grant) -> bool:
    return grant.state in {GrantState.GRANTING, GrantState.LIVE, GrantState.EXTENDING}


def _still(grant: Grant) -> str:
    return f"AWS still holds {grant.request}; the ledger says {grant.state.value}."
