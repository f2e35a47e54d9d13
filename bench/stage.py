"""The whole product in a pretend world, 500 people in it, and a hand that asks and approves as the bot does.

The hand is the desk over the same ledger, with the bells of the bot: what it commits is what the bot
commits for a click, and the moment of the commit is known to the microsecond. People have the everyday
role of the example organisation as their AWS identity. Everything follows the world's clock, which stands
at the machine's until somebody moves it.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from bot.announcer import CURSOR
from bot.answers import Approved, Asked, UnknownCard
from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from policies.files import load
from policies.grant import Grant, GrantState
from policies.values import PersonId, RequestId, RoleName
from sandbox.aws import names
from sandbox.aws.signing import botocore_follows
from sandbox.slack.world import TEAM_ID
from sandbox.world import DidNotHappenError, World
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.queue import Bells, connect

ROLES: Final = (RoleName("prod-db-readonly"), RoleName("prod-operator"))
"""Roles that everybody here may ask for, each with one managed policy."""
_ANSWER_BY: Final = {ROLES[0]: PersonId("ben"), ROLES[1]: PersonId("chloe")}
CHANNEL: Final = "C0DB"
_FAKETIME: Final = {"FAKETIME_FORCE_MONOTONIC_FIX": "0"}
"""libfaketime's work-around for old condition variables makes threads that wait for Python's lock spin: with
it an acknowledgement of a bare Bolt app costs 20 ms of processor time, without it 1 ms.
"""
_HANDS: Final = 16
_PATIENCE: Final = 120.0


class Cloudcall(NamedTuple):
    """A call as the stand-in saw it."""

    at: datetime
    action: str
    role: str
    who: str


class Stage:
    """A running world and what the measures do with it."""

    def __init__(self, world: World, people: int) -> None:
        self.world = world
        self.people = tuple(person_id(number) for number in range(people))
        self._committed = threading.local()
        self._bells = Bells(connect(world.redis_url), (world.secret.encode(),))
        engine = open_engine(world.database_url)
        self.ledger = Ledger(engine, ring=self._ring, now=world.clock.now)
        policy = load(world.org)
        self.desk = Desk(self.ledger, lambda: policy)
        self._unused = [(person, role) for role in reversed(ROLES) for person in reversed(self.people)]
        self.seen: list[Cloudcall] = []
        """Every call of the workers that was looked at so far."""
        self._looked = 0
        self.linger_over = 3.5
        """Seconds without a call after which every drain has stopped lingering."""

    def _ring(self, bells: Iterable[str]) -> None:
        self._committed.at = self.world.clock.now()
        self._bells.ring(bells)

    def now(self) -> datetime:
        """The world's time."""
        return self.world.clock.now()

    def ask(self, last: timedelta) -> RequestId:
        """Somebody who has not asked for it yet asks for a role."""
        person, role = self._unused.pop()
        answer = self.desk.ask(Wish(person, person, role, last, None, "measured"))
        if not isinstance(answer, Asked):
            raise DidNotHappenError(f"{person} could not ask: {type(answer).__name__}")
        return answer.view.request.id

    def approve(self, request: RequestId) -> datetime:
        """The on-call approves on the card as it stands; the moment of the commit."""
        while True:
            with self.ledger.reading() as reader:
                found, card = reader.request(request), reader.card(request)
            if found is None:
                raise DidNotHappenError(f"there is no {request}")
            click = Click(_ANSWER_BY[found.role], self.desk.token(found), card.message if card else None)
            answer = self.desk.approve(click)
            if isinstance(answer, Approved):
                at: datetime = self._committed.at
                return at
            if not isinstance(answer, UnknownCard):  # else the card was posted just now
                raise DidNotHappenError(f"{request} was not approved: {type(answer).__name__}")

    def ask_many(self, count: int, last: timedelta) -> list[RequestId]:
        """So many people ask."""
        with ThreadPoolExecutor(_HANDS) as hands:
            return list(hands.map(lambda _: self.ask(last), range(count)))

    def approve_many(self, requests: Sequence[RequestId]) -> dict[RequestId, datetime]:
        """Approve all of these as fast as may be; when each approval was committed."""
        with ThreadPoolExecutor(_HANDS) as hands:
            return dict(zip(requests, hands.map(self.approve, requests), strict=True))

    def fill_up(self, live: int, last: timedelta) -> int:
        """See to it that so many are live at least; how many are."""
        with self.ledger.reading() as reader:
            there = len(reader.grants(states=[GrantState.LIVE], most=100_000))
        more = max(0, live - there)
        self.until(self.approve_many(self.ask_many(more, last)), GrantState.LIVE)
        return there + more

    def grants(self, requests: Iterable[RequestId]) -> tuple[Grant, ...]:
        """The grants of these requests."""
        with self.ledger.reading() as reader:
            return tuple(grant for name in requests for grant in reader.grants_of(name))

    def until(self, requests: Iterable[RequestId], state: GrantState) -> tuple[Grant, ...]:
        """Wait until every grant of these requests is in a state."""
        wanted = tuple(requests)

        def look() -> tuple[Grant, ...] | None:
            found = self.grants(wanted)
            return found if all(grant.state is state for grant in found) else None

        if not wanted:
            return ()
        return self.world.until(f"all {len(wanted)} {state.value}", look, seconds=_PATIENCE)

    def look(self) -> list[Cloudcall]:
        """What the workers asked of AWS since this was last looked at."""
        told = self.world.aws.log(since=self._looked, everything=True)
        self._looked += len(told)
        fresh = [_call(one) for one in told if "prod-access" in one["who"]]
        self.seen += fresh
        return fresh

    def waited(self, grant: Grant, moment: datetime) -> float:
        """Seconds from a moment to the first call about a grant's role after it, among those looked at."""
        role = role_of(grant)
        first = min(call.at for call in self.seen if call.role == role and call.at >= moment)
        return (first - moment).total_seconds()

    def quiet_down(self) -> None:
        """Wait until all is told in Slack, and nothing was asked of AWS for as long as a drain lingers."""
        self.wait_until_told()
        self.look()
        while True:
            time.sleep(self.linger_over)
            if not self.look():
                return

    def wait_until_told(self) -> None:
        """Wait until the announcer has told everything in Slack."""
        self.world.until("all is told", self._is_told, seconds=_PATIENCE)

    def _is_told(self) -> bool:
        with self.ledger.reading() as reader:
            return reader.cursor(CURSOR) >= reader.head()[0]

    def close(self) -> None:
        """Give back what was opened."""
        self.ledger.close()


def _call(told: Mapping[str, Any]) -> Cloudcall:
    return Cloudcall(
        datetime.fromisoformat(told["at"]), str(told["action"]), str(told["role"] or ""), str(told["who"])
    )


def role_of(grant: Grant) -> str:
    """The name of the IAM role that a grant is."""
    return grant.holding.rsplit("/", 1)[1]


@contextmanager
def staged(home: Path, people: int) -> Iterator[Stage]:
    """A world with so many more people; at Slack they are in the channel of the databases."""
    world = World(home, rate_scale=1000, clouds=("aws",))
    _write_people(world.org / "people.yaml", people)
    with _environment(_FAKETIME), world, botocore_follows(world.clock):
        _settle_in(world, people)
        stage = Stage(world, people)
        try:
            yield stage
        finally:
            stage.close()


@contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    """Our own environment with something added, which every process of a world inherits."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def person_id(number: int) -> PersonId:
    """A person of the bench."""
    return PersonId(f"bench-{number}")


def slack_id(number: int) -> str:
    """The Slack user of that person."""
    return f"U0BENCH{number}"


def _write_people(file: Path, count: int) -> None:
    """The example organisation's people, and these; all of them engineers."""
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    for number in range(count):
        told["people"][person_id(number)] = {
            "name": f"Bench {_letters(number)}",
            "title": "engineer",
            "slack": [{"team": TEAM_ID, "user": slack_id(number)}],
            "aws": {
                "kind": "role_session",
                "role_arn": names.BASE_ROLE,
                "user_id": f"AROABENCHMARK:{person_id(number)}",
            },
        }
    told["groups"]["engineers"]["members"] += [person_id(number) for number in range(count)]
    file.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _letters(number: int) -> str:
    """A number in letters, as names have no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).capitalize()


def _settle_in(world: World, count: int) -> None:
    def settle(number: int) -> None:
        world.page.post("people", id=slack_id(number), name=f"bench{number}", is_email_confirmed=True)
        world.page.post("members", channel=CHANNEL, user=slack_id(number), **{"in": True})

    with ThreadPoolExecutor(4) as hands:
        list(hands.map(settle, range(count)))
