"""The Slack side on a bench: the stand-in, the real app before it, a real ledger, a cloud in memory."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from sqlalchemy import text

from bot.announcer import Announcer
from bot.desk import Desk
from bot.slack.app import make_app
from bot.slack.client import SlackAway, SlackConversation
from bot.slack.gate import Gate
from bot.slack.manifest import SCOPES
from policies.audit import Entry
from policies.grant import Grant
from policies.holding import Direction
from policies.request import AccessRequest
from policies.rules import Policy
from policies.values import CloudName
from sandbox.slack.person import Message, Outcome, Person
from sandbox.slack.server import Running
from sandbox.slack.slack import Slack
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN
from tests import builders
from tests.builders import StoppedClock
from tests.simulated_cloud import SimulatedCloud
from workers.clock import look_at
from workers.jobs import Drain
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import migrate
from workers.ledger.reading import Card
from workers.recheck import StillAllowed

ASK = "/prod-access prod-db-readonly 1h INC-42 replication lag"
"""The line of line 2 of the table of lines."""
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")


class Killed(BaseException):
    """The process died here."""


class Line(SlackConversation):
    """The real conversation; `after` runs once Slack has answered, and nothing passes when hung up."""

    def __init__(self, client: WebClient) -> None:
        super().__init__(client)
        self.hung_up = False
        self.after: Callable[[str], None] = lambda _method: None

    def _call(self, method: str, **words: Any) -> Any:  # noqa: ANN401 (as the method it stands for)
        if self.hung_up:
            raise SlackAway("the test is over")
        answer = super()._call(method, **words)
        self.after(method)
        return answer


class Bench:
    """Everything between a click and a card; `policy` can be changed, and the clock stands until moved."""

    def __init__(self, here: Running, ledger: Ledger, clock: StoppedClock) -> None:
        self.here = here
        self.clock = clock
        self.ledger = ledger
        self.in_force: Policy | None = meridian()
        self.client = WebClient(BOT_TOKEN, base_url=here.api_url, timeout=5)
        self.conversation = Line(self.client)
        self.desk = Desk(ledger, self.policy)
        self.cloud = SimulatedCloud()
        self.clouds = {self.cloud.name: self.cloud}
        self.announcer = self.another_announcer("announcer-1")

    def policy(self) -> Policy | None:
        """The policy in force."""
        return self.in_force

    def another_announcer(self, name: str) -> Announcer:
        """One more process that tells people what happened."""
        return Announcer(self.ledger, self.policy, self.conversation, name=name)

    def person(self, name: str) -> Person:
        """Somebody at their client: `ana`, `ana-admin`, `hugo`."""
        return Person(f"U0{name.replace('-', '').upper()}", self.here.base_url)

    @property
    def ana(self) -> Person:
        """Ana Ruiz, engineer."""
        return self.person("ana")

    @property
    def ben(self) -> Person:
        """Ben Okafor, database on-call."""
        return self.person("ben")

    def page(self, deed: str, **told: object) -> dict[str, Any]:
        """A hand on the pretend world."""
        return self.ana.page.post(deed, **told)

    def fault(self, kind: str, *methods: str, **told: object) -> None:
        """Put a fault in force for these methods."""
        self.page("faults", kind=kind, methods=list(methods) or None, **told)

    def mend(self) -> None:
        """End every fault."""
        self.page("faults", clear=True)

    def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """What was asked of Slack's Web API so far."""
        found: list[dict[str, Any]] = self.ana.page.get("calls", method=method)["calls"]
        return found

    def tell(self) -> None:
        """Let the announcer tell everything."""
        assert self.announcer.run() == 0

    def reach(self, *names: str) -> None:
        """From now on the roles reach these clouds, each of them in memory."""
        self.in_force = builders.meridian(*names)
        for name in map(CloudName, names):
            self.clouds.setdefault(name, SimulatedCloud()).name = name

    def work(self) -> None:
        """Let the workers do everything that is due."""
        for direction, cloud in product(Direction, self.clouds.values()):
            Drain(
                self.ledger,
                cloud,
                direction,
                worker="worker-1",
                threads=4,
                recheck=StillAllowed(self.ledger, self.policy),
                linger=timedelta(seconds=0.01),
            ).run()

    def typed(self, line: str = ASK, who: str = "ana", channel: str = "C0DB") -> AccessRequest:
        """What somebody asked for with a line; nobody was told yet."""
        before = {one.id for one in self.requests()}
        outcome = self.person(who).types(line, channel)
        assert outcome.acked, outcome
        (made,) = (one for one in self.requests() if one.id not in before)
        return made

    def asked(self, line: str = ASK, who: str = "ana", channel: str = "C0DB") -> AccessRequest:
        """What somebody asked for with a line; its card is told."""
        made = self.typed(line, who, channel)
        self.tell()
        return made

    def card(self, who: Person | None = None, channel: str = "C0DB") -> Message:
        """The newest message of the app that everybody in the channel sees."""
        seen = (who or self.ben).sees(channel)
        return [one for one in seen if one.author == "Prod Access" and not one.only_you][-1]

    def live(self) -> AccessRequest:
        """A request of Ana's that Ben approved and that is live, all of it told."""
        request = self.asked()
        assert self.ben.clicks("Approve", self.card()).acked
        self.work()
        self.tell()
        return self.again(request)

    def look_at(self, request: AccessRequest, after: timedelta = timedelta(minutes=30)) -> None:
        """Let the time for an answer run out, or so much time pass until the clock looks at the request."""
        self.clock.move(after)
        self.ledger.retrying(lambda writing: look_at(writing, request.id))

    def requests(self) -> tuple[AccessRequest, ...]:
        """Every request, newest first."""
        with self.ledger.reading() as reader:
            return reader.requests()

    def again(self, request: AccessRequest) -> AccessRequest:
        """A request as it now is."""
        return next(one for one in self.requests() if one.id == request.id)

    def grants(self) -> tuple[Grant, ...]:
        """Every grant."""
        with self.ledger.reading() as reader:
            return reader.grants()

    def entries(self) -> list[Entry]:
        """The audit log."""
        with self.ledger.reading() as reader:
            return list(reader.entries())

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [entry.kind for entry in self.entries()]

    def body(self, kind: str) -> dict[str, Any]:
        """What the newest entry of a kind says."""
        found: dict[str, Any] = json.loads([one for one in self.entries() if one.kind == kind][-1].body)
        return found

    def shown(self, request: AccessRequest) -> Card:
        """Where a request is shown."""
        with self.ledger.reading() as reader:
            card = reader.card(request.id)
        assert card is not None
        return card

    def token(self, request: AccessRequest) -> str:
        """What the buttons about a request carry."""
        return self.desk.token(request)

    @contextmanager
    def table_away(self, table: str) -> Iterator[None]:
        """One table of the ledger cannot be used."""
        self._rename(table, f"{table}_away")
        yield
        self._rename(f"{table}_away", table)

    def ledger_away(self) -> AbstractContextManager[None]:
        """The ledger cannot be written: nobody can number an entry of the log."""
        return self.table_away("chain")

    def _rename(self, table: str, name: str) -> None:
        with self.ledger.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))

    def everything_stored(self) -> str:
        """Every row of every table of the ledger, as text."""
        with self.ledger.engine.connect() as connection:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
            rows = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in list(names)]  # noqa: S608 (our own names)
        return repr(rows)

    def press(self, action: str, value: str, **changes: object) -> Outcome:
        """A payload made by hand: a press of a button that Ben's card does not have as such."""
        payload = {
            "type": "block_actions",
            "team": {"id": "T0MERIDIAN", "domain": "meridian"},
            "user": {"id": "U0BEN", "username": "ben", "name": "ben", "team_id": "T0MERIDIAN"},
            "api_app_id": "A0PRODACCESS",
            "token": "sandbox-verification",
            "container": {"type": "message", "message_ts": "1.000001", "channel_id": "C0DB"},
            "channel": {"id": "C0DB", "name": "prod-access-db"},
            "trigger_id": "made.by.hand",
            "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value}],
            **changes,
        }
        return self.deliver("interactive", payload)

    def deliver(self, kind: str, payload: dict[str, Any]) -> Outcome:
        """An envelope made by hand."""
        answer = self.page("redeliver", type=kind, payload=payload)
        return Outcome(answer["outcome"], details=answer)


def said(message: Message | None) -> str:
    """What is on screen, its times as `{14:32 UTC}`."""
    assert message is not None
    return _DATE.sub(r"{\1}", message.shown)


def sentence(message: Message | None) -> str:
    """The first line on screen: what a reply says before its buttons."""
    return said(message).split("\n", 1)[0]


def whisper(who: Person, words: str = "", channel: str = "C0DB") -> Message:
    """The newest message there that only this person sees; waited for, as replies come after the ack."""

    def look() -> Message | None:
        mine = [one for one in who.sees(channel) if one.only_you and one.says(words)]
        return mine[-1] if mine else None

    return who.waits_for(look)


def direct(who: Person, words: str = "") -> Message:
    """The newest message of the app to this person that says these words; waited for."""
    return who.waits_for(lambda: who.message("D", words))


@cache
def meridian() -> Policy:
    """The example organisation's policy."""
    return builders.meridian()


def with_(policy: Policy, **changes: object) -> Policy:
    """The policy with some of it changed."""
    return Policy(**{name: getattr(policy, name) for name in Policy.model_fields} | changes)


def installed(slack: Slack) -> None:
    """Give the app just the scopes that its manifest asks for."""
    slack.tokens[BOT_TOKEN] = replace(slack.tokens[BOT_TOKEN], scopes=frozenset(SCOPES))


@contextmanager
def opened(here: Running, folder: Path) -> Iterator[Bench]:
    """A bench over a fresh workspace without rate limits and a fresh ledger in this folder."""
    installed(here.renew(Slack.of(rate_scale=0)))
    engine = open_engine(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    clock = StoppedClock()
    bench = Bench(here, Ledger(engine, now=clock), clock)
    with connected(
        here, make_app(bench, Gate(bench.conversation.whoami(), bench.conversation, bench.policy))
    ):
        try:
            yield bench
        finally:
            bench.conversation.hung_up = True
    bench.ledger.close()


@contextmanager
def connected(here: Running, app: App) -> Iterator[SocketModeHandler]:
    """The app, connected for as long as the block lasts."""
    handler = SocketModeHandler(app, APP_TOKEN)
    handler.connect()
    try:
        yield handler
    finally:
        part(here, handler)


def part(here: Running, handler: SocketModeHandler) -> None:
    """Close a connection quickly; the SDK alone takes up to three seconds over it."""
    handler.client.auto_reconnect_enabled = False
    handler.client.default_auto_reconnect_enabled = False
    Person("U0ANA", here.base_url).page.post("sockets", do="cut")
    handler.client.closed = True
    handler.client.enqueue_message("{}")  # wakes the SDK's queue, which else looks up once a second
    with _insisting(handler):
        handler.close()


@contextmanager
def _insisting(handler: SocketModeHandler) -> Iterator[None]:
    """Tell the SDK again and again that its session is over: one that just begins forgets it."""
    done = threading.Event()

    def insist() -> None:
        while not done.wait(0.05):
            handler.client.current_session_state.terminated = True

    thread = threading.Thread(target=insist)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
