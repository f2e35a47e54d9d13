"""The whole outside world on one machine, and prod-access running in it as its real processes.

    Slack stand-in   AWS, Google, Azure stand-ins   movable clock   Redis   ledger
          ▲                   ▲                           │           ▲        ▲
          └── bot, announcer ─┴─ workers, clock ──────────┴───────────┴────────┘    each a process of its own

The product knows nothing of this: it gets addresses and credentials in its environment, as anywhere. Slack's
tokens go to bot and announcer only, a cloud's credentials to that cloud's workers and the clock only. Redis
stays on machine time (a moved clock would expire its keys); everything else follows the movable clock from
outside.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Engine, text

from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import People
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import People as AzurePeople
from sandbox.clock import MovableClock
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import People as GooglePeople
from sandbox.identity_center.standin import IdentityCenterStandIn
from sandbox.identity_center.use import People as CenterPeople
from sandbox.organisation import copy_org
from sandbox.pagers.organisation import SECRETS, Vendor
from sandbox.pagers.standin import running as pagers_running
from sandbox.postgres import running_postgres
from sandbox.slack import world as slack_world
from sandbox.slack.person import PageApi, Person
from workers import valkey
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import migrate
from workers.supervisor import Program, Supervisor, die_with_parent

T = TypeVar("T")
ROOT: Final = Path(__file__).resolve().parent.parent
CLOUDS: Final = ("aws", "gcp", "azure")
"""The clouds of the example organisation; `identity-center` may be added to them."""
_HOLD_SLACK_TOKENS: Final = {"bot", "announcer"}


class DidNotHappenError(AssertionError):
    """Something that should have come about did not, in the time it was given."""


class World:
    """A running world; a context manager. What it leaves in `home` is there until the next run."""

    def __init__(
        self,
        home: Path,
        *,
        database_url: str = "",
        postgres: bool = False,
        rate_scale: float = 1.0,
        clouds: Sequence[str] = CLOUDS,
        pagers: bool = False,
    ) -> None:
        """`clouds`: those that run; the organisation's roles reach no others. `pagers`: they run, and web."""
        self.home = home.absolute()
        self.clouds = tuple(clouds)
        self._rate_scale = rate_scale
        self._with_pagers = pagers
        self._web_port = free_port() if pagers else 0
        self._exits = ExitStack()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.database_url = database_url or f"sqlite:///{self.home / 'ledger.db'}"
        self._postgres = postgres
        self.clock = MovableClock(self.home / "clock")
        self.secret = secrets.token_hex(32)
        self.org = copy_org(self.home / "org", self.clouds)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._exits.close()

    def _start(self) -> None:
        self._log = (self.home / "processes.log").open("wb")
        self._exits.callback(self._log.close)
        self.slack_url = self._start_slack()
        self.page = PageApi(self.slack_url)
        self.page.post("app", home_tab=False)  # as the manifest has it
        self.aws = self._exits.enter_context(AwsStandIn(self.clock))
        self.people = self._exits.enter_context(People(self.aws.endpoint_url, self.clock))
        self._start_other_clouds()
        if self._with_pagers:
            self._start_pagers()
        if self._postgres:
            self.postgres = self._exits.enter_context(running_postgres(self.clock.env()))
            self.database_url = self.postgres.url
        redis, self.redis_url = valkey.program(self.home, self.secret.encode())
        self.ledger = self._open_ledger()
        self._exits.callback(self._close_ledger)
        self.supervisor = Supervisor([redis, *self._programs()], log_to=self._log.fileno())
        self._exits.enter_context(_tended(self.supervisor))
        self.supervisor.start("redis")
        self.until("Redis answers", lambda: valkey.answers(self.redis_url))
        self.supervisor.start()
        self.until("the product is up", self.is_up, seconds=90)

    def _start_other_clouds(self) -> None:
        """Google Cloud, Azure and Identity Center, side by side: each takes a second to start."""
        with ThreadPoolExecutor() as pool:
            gcp = pool.submit(GcpStandIn(self.clock).__enter__)
            azure = pool.submit(AzureStandIn(self.clock).__enter__)
            center = pool.submit(IdentityCenterStandIn(self.clock, worker=self.aws.worker).__enter__)
        self.gcp, self.azure, self.center = gcp.result(), azure.result(), center.result()
        for stand_in in (self.gcp, self.azure, self.center):
            self._exits.callback(stand_in.stop)
        self.center_people = self._exits.enter_context(CenterPeople(self.center.endpoint_url, self.clock))
        self.google_people = self._exits.enter_context(GooglePeople(self.gcp.endpoint_url))
        self.azure_people = self._exits.enter_context(
            AzurePeople(self.azure.endpoint_url, self.azure.ca_bundle)
        )

    def _start_pagers(self) -> None:
        """The pagers, of which PagerDuty tells our web process everything."""
        self.pagers = self._exits.enter_context(pagers_running(self.clock.now))
        address = f"http://127.0.0.1:{self._web_port}/pagers/{Vendor.PAGERDUTY}"
        self.pagers.webhooks.subscribe(Vendor.PAGERDUTY, address, SECRETS[Vendor.PAGERDUTY])

    @property
    def workers(self) -> tuple[str, ...]:
        """The processes that work on the clouds, and the clock."""
        both = [f"worker-{direction}-{cloud}" for cloud in self.clouds for direction in ("grant", "revoke")]
        return (*both, "clock")

    @property
    def product(self) -> tuple[str, ...]:
        """Every process of prod-access."""
        return ("bot", "announcer", *(["web"] if self._with_pagers else []), *self.workers)

    def person(self, user: str) -> Person:
        """A person at their Slack client."""
        return Person(user, self.slack_url)

    def is_up(self) -> bool:
        """True when the bot is connected to Slack and every other process has been heard of."""
        connected = bool(self.page.get("sockets")["connections"])
        with self.ledger.reading() as reader:
            kinds = {alive.kind for alive in reader.alive(self.clock.now().replace(year=2000))}
        return connected and {name.removeprefix("worker-") for name in self.product} <= kinds

    def until(self, what: str, look: Callable[[], T | None], *, seconds: float = 15) -> T:
        """Wait for something to be so, and answer what was seen; DidNotHappenError when it never is."""
        deadline = time.monotonic() + seconds
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > deadline:
                raise DidNotHappenError(f"{what}: not within {seconds:g} s")
            time.sleep(0.02)

    def kill(self, *names: str, again: bool = True) -> None:
        """Kill processes of ours with -9; with `again=False` they stay dead."""
        for name in names:
            self.supervisor.kill(name, signal.SIGKILL, again=again)

    def revive(self, *names: str) -> None:
        """Let processes run that were killed for good."""
        self.supervisor.start(*names)

    def _open_ledger(self) -> Ledger:
        engine = open_engine(self.database_url)
        migrate(engine)
        return Ledger(engine, now=self.clock.now)

    def _close_ledger(self) -> None:
        self.ledger.close()

    def lose_ledger(self) -> None:
        """The database and everything in it is gone; an empty one takes its place."""
        self.kill(*self.product, again=False)
        wipe(self.ledger.engine)
        self.ledger.close()
        self.ledger = self._open_ledger()
        self.revive(*self.product)

    def _start_slack(self) -> str:
        port = free_port()
        command = [sys.executable, "-m", "sandbox.slack", "--port", str(port)]
        command += ["--rate-scale", str(self._rate_scale)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **self.clock.env()},
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 (prctl only)
        )
        self._exits.callback(_end, process)
        page = PageApi(f"http://127.0.0.1:{port}")
        self.until("Slack answers", lambda: _asked(page), seconds=20)
        return f"http://127.0.0.1:{port}"

    def _programs(self) -> list[Program]:
        return [
            Program(name, (sys.executable, "-m", "cli.main", *name.split("-", 1)), self._env(name))
            for name in self.product
        ]

    def _env(self, name: str) -> dict[str, str]:
        """What one process is told: where things are, and only the credentials that are its own."""
        shared = {
            **self.clock.env(),
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "PROD_ACCESS_SECRET": self.secret,
            "PROD_ACCESS_INSTANCE": "sandbox",
            "PROD_ACCESS_ORG": str(self.org),
            "PROD_ACCESS_HOME": str(self.home),
        }
        if name in _HOLD_SLACK_TOKENS:
            return shared | {
                "SLACK_API_URL": f"{self.slack_url}/api/",
                "SLACK_BOT_TOKEN": slack_world.BOT_TOKEN,
                "SLACK_APP_TOKEN": slack_world.APP_TOKEN,
                "PROD_ACCESS_AUDIT_CHANNEL": "C0AUDIT",
            }
        if name == "web":
            secrets_of_pagers = json.dumps({Vendor.PAGERDUTY: [SECRETS[Vendor.PAGERDUTY]]})
            return shared | {"PORT": str(self._web_port), "PROD_ACCESS_PAGER_SECRETS": secrets_of_pagers}
        keys = {
            "aws": self.aws.env(self.aws.worker),
            "gcp": self.gcp.env(),
            "azure": self.azure.env(self.azure.direct_worker),
            "identity-center": self.center.env(),
        }
        held = [cloud for cloud in self.clouds if name == "clock" or name.endswith(f"-{cloud}")]
        return shared | {word: value for cloud in held for word, value in keys[cloud].items()}

    def errors(self) -> list[str]:
        """What the processes logged as errors."""
        lines = (self.home / "processes.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if '"level": "error"' in line or line.startswith("Traceback")]


def wipe(engine: Engine) -> None:
    """Drop every table, triggers and all."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        return
    path = Path(str(engine.url.database))
    engine.dispose()
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()


def free_port() -> int:
    """A port of this machine nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _tended(supervisor: Supervisor) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=supervisor.run, args=(stop,), name="supervisor")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _asked(page: PageApi) -> dict[str, Any] | None:
    try:
        return dict(page.get("world"))
    except OSError:
        return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
