"""A person's terminal beside a web API that really listens: over HTTP, on loopback, in this process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import PasswordDeleteError, PasswordSetError
from sqlalchemy import text

from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from bot.logging_in import Started, Taken
from bot.web.app import Limits, make_app
from policies.audit import Entry
from policies.grant import Grant, begun, confirmed, planned
from policies.holding import Direction
from policies.request import AccessRequest
from policies.rules import Policy
from policies.values import PersonId, RoleName
from tests.bot.slack_bench import meridian
from workers.clouds.cloud import Cloud
from workers.jobs import Drain
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger, utc_now
from workers.ledger.migrate import migrate

ANA, BEN = PersonId("ana"), PersonId("ben")
READ = RoleName("prod-db-readonly")


class Office:
    """A ledger, the web API over it, and what happens meanwhile in Slack."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.in_force: Policy | None = meridian()
        self.desk = Desk(ledger, self.policy)
        self.address = ""

    def policy(self) -> Policy | None:
        """The policy in force."""
        return self.in_force

    def token(self, who: PersonId = ANA) -> str:
        """A login of somebody's, as their terminal would have it."""
        started = self.desk.logins.start("terminal")
        assert isinstance(started, Started)
        self.desk.logins.confirm(who, started.code)
        taken = self.desk.logins.take(started.device)
        assert isinstance(taken, Taken)
        return taken.token

    def asked(
        self, who: PersonId = ANA, role: RoleName = READ, last: timedelta | None = None
    ) -> AccessRequest:
        """A request of somebody's."""
        answer = self.desk.ask(Wish(who, who, role, last, "INC-42", "replication lag"))
        made: AccessRequest = answer.view.request  # type: ignore[union-attr]
        return made

    def live(self, cloud: Cloud, last: timedelta | None = None) -> AccessRequest:
        """A request of Ana's that Ben approved and that a cloud really gave."""
        request = self.asked(last=last)
        self.desk.approve(Click(BEN, self.desk.token(request), None))
        self.work(cloud)
        return request

    def work(self, cloud: Cloud) -> None:
        """Let the workers do everything that is due."""
        for way in Direction:
            Drain(self.ledger, cloud, way, worker="w1", threads=4, linger=timedelta(seconds=0.01)).run()

    def holds(self, grant: Grant) -> None:
        """A grant that is live, whatever its cloud says of it."""
        now = self.ledger.now()
        with self.ledger.writing() as writing:
            writing.add_grants([planned(grant)])
        for move in (begun, confirmed):
            with self.ledger.writing() as writing:
                found = writing.grant(grant.id)
                assert found is not None
                writing.save_grant(move(found, now))

    def entries(self) -> list[Entry]:
        """The audit log."""
        with self.ledger.reading() as reader:
            return list(reader.entries())

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [entry.kind for entry in self.entries()]

    @contextmanager
    def somebody(self, says: Callable[[str], object]) -> Iterator[None]:
        """Meanwhile in Slack: what somebody does with the code, once a login waits."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                code = self._waiting_code()
                if code:
                    says(code)
                    return

        watching = threading.Thread(target=look)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _waiting_code(self) -> str | None:
        with self.ledger.engine.connect() as connection:
            query = text("SELECT code FROM logins WHERE state = 'waiting'")
            code: str | None = connection.execute(query).scalars().first()
            return code


class MemoryKeyring(KeyringBackend):
    """A keyring that is as safe as this process; nobody finds it by looking for one."""

    priority = -1.0  # type: ignore[assignment]

    def __init__(self, priority: float = 5.0, *, full: bool = False) -> None:
        super().__init__()
        self.priority = priority  # type: ignore[assignment]
        self.full = full
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept."""
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        if self.full:
            raise PasswordSetError("full")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Keep it no longer."""
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


@contextmanager
def kept_in(backend: KeyringBackend) -> Iterator[None]:
    """This keyring, and afterwards none."""
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(fail.Keyring())


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = False


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the signature of the standard library)
        """Say nothing on standard error."""


@contextmanager
def opened(folder: Path, now: Callable[[], datetime] = utc_now) -> Iterator[Office]:
    """An office with a fresh ledger, whose web API listens."""
    engine = open_engine(f"sqlite:///{folder / 'office.db'}")
    migrate(engine)
    office = Office(Ledger(engine, now=now))
    with listening(make_app(office, Limits(interval=0.02))) as office.address:
        yield office
    office.ledger.close()


@contextmanager
def listening(app: WSGIApplication) -> Iterator[str]:
    """An application that answers over HTTP, and where."""
    with make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Quiet) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def saying(status: str, body: bytes, *headers: tuple[str, str]) -> WSGIApplication:
    """An application that answers everything alike."""

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response(status, [("Content-Length", str(len(body))), *headers])
        return [body]

    return app


def soon(look: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)
