"""The command as somebody at a terminal has it: words and an environment in, two streams and a code out."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from bot.desk import Desk
from cli.main import main
from cli.processes import wait_for_redis
from sandbox.slack.person import Person
from sandbox.slack.server import Running, running
from sandbox.slack.slack import Slack
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN
from tests.bot.slack_bench import installed
from workers import valkey
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import migrate
from workers.policy_in_force import PolicyInForce
from workers.settings import Settings
from workers.supervisor import Supervisor

NOWHERE = "redis://127.0.0.1:9/0"


class Ran(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


ProdAccess = Callable[..., Ran]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, no Redis, nothing else configured; how it logs is put back."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROD_ACCESS_{name.upper()}", raising=False)
    for name in ("DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PROD_ACCESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REDIS_URL", NOWHERE)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PROD_ACCESS_GCP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PROD_ACCESS_AZURE_ENDPOINT", "https://127.0.0.1:9")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:9")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    handlers = list(logging.getLogger().handlers)
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield tmp_path / "home"
    for number, handler in known.items():
        signal.signal(number, handler)
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(logging.WARNING)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def prod_access(
    environment: Path,  # noqa: ARG001 (what the command meets)
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> ProdAccess:
    """Runs `prod-access` with these words, and these variables besides."""

    def run(*words: str, **variables: str) -> Ran:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["prod-access", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Ran(int(left.value.code or 0), out, err)

    return run


@pytest.fixture
def ledger(environment: Path) -> Iterator[Ledger]:
    """The ledger that the commands read."""
    engine = open_engine(f"sqlite:///{environment / 'ledger.db'}")
    migrate(engine)
    opened = Ledger(engine)
    yield opened
    opened.close()


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    """Asks and answers beside the commands."""
    return Desk(ledger, PolicyInForce(Settings().org))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own that answers."""
    server, url = valkey.program(tmp_path_factory.mktemp("redis"), b"a key that is long enough")
    supervisor = Supervisor([server])
    supervisor.start()
    wait_for_redis(url)
    yield url
    supervisor.stop()


@pytest.fixture(scope="session")
def slack_address() -> Iterator[Running]:
    """A pretend Slack."""
    with running(Slack.of(rate_scale=0)) as here:
        yield here


@pytest.fixture
def slack(slack_address: Running, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Ana, in the workspace that the environment names."""
    installed(slack_address.renew(Slack.of(rate_scale=0)))
    monkeypatch.setenv("SLACK_API_URL", slack_address.api_url)
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    return Person("U0ANA", slack_address.base_url)
