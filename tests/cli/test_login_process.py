"""The web API as the process that it is, and a terminal as another."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from bot.web.arriving import ARRIVES_WITHIN, HEAD_MOST, WAITING_MOST
from tests.cli.conftest import NOWHERE, ProdAccess
from tests.cli.terminal_bench import ANA, Office, soon
from workers.heartbeat import SILENT_AFTER
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import migrate

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The ledger that the process serves."""
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    made = Office(Ledger(engine))
    made.address = f"http://127.0.0.1:{free_port()}"
    yield made
    made.ledger.close()


@contextmanager
def serving(office: Office, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """The process, once it answers."""
    env = {
        "DATABASE_URL": str(office.ledger.engine.url),
        "PROD_ACCESS_SECRET": "a secret that is long enough",
        "REDIS_URL": NOWHERE,
        "HOME": str(folder / "home"),
        "PORT": office.address.rsplit(":", 1)[1],
        "SLACK_BOT_TOKEN": "xoxb-not-for-it",
    }
    with (folder / "web.log").open("w") as log:
        process = started("web", env=env, stdout=log, stderr=log)
        try:
            soon(lambda: healthy(office) or process.poll() is not None, seconds=30)
            yield process
        finally:
            process.terminate()
            process.wait(20)


def started(*words: str, env: Mapping[str, str], **streams: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
        text=True,
        **streams,  # type: ignore[call-overload]
    )


def healthy(office: Office) -> bool:
    try:
        return httpx.get(f"{office.address}/health").status_code == 200
    except httpx.TransportError:
        return False


def kinds(office: Office) -> set[str]:
    with office.ledger.reading() as reader:
        return {one.kind for one in reader.alive(office.ledger.now() - SILENT_AFTER)}


@pytest.mark.slow
def test_a_terminal_logs_in_asks_and_is_logged_out(office: Office, tmp_path: Path):
    shell = {"PROD_ACCESS_URL": office.address}
    with serving(office, tmp_path) as process:
        assert process.poll() is None, (tmp_path / "web.log").read_text()
        soon(lambda: "web" in kinds(office))
        with office.somebody(lambda code: office.desk.logins.confirm(ANA, code)):
            login = started("login", "--print-env", env=shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, err = login.communicate(timeout=60)
        assert "Logged in as Ana Ruiz until " in err
        token = re.fullmatch(r"export PROD_ACCESS_TOKEN=(\S+)\n", out)
        assert token
        ask = started(
            "ask",
            "--json",
            "prod-db-readonly",
            "1h",
            "lag",
            env={**shell, "PROD_ACCESS_TOKEN": token[1]},
            stdout=subprocess.PIPE,
        )  # fmt: skip (one line of a shell)
        asked = json.loads(ask.communicate(timeout=60)[0])
        assert (asked["done"], asked["outcome"]) == (True, "asked")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert "web" not in kinds(office)
    log = (tmp_path / "web.log").read_text(encoding="utf-8")
    assert token[1] not in log
    warned = [json.loads(line)["settings"] for line in log.splitlines() if "does_not_need" in line]
    assert warned == [["SLACK_BOT_TOKEN"]]
    assert "xoxb-" not in log
    assert all(json.loads(line) for line in log.splitlines())
    assert not (tmp_path / "home").exists()


NO_CALLS = [
    b"\x00\xff\x16\x03\x01\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /requests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"a" * 6_000 + b"\r\n\r\n",
]


@pytest.mark.slow
def test_bytes_that_are_no_call_are_a_4xx(office: Office, tmp_path: Path):
    with serving(office, tmp_path):
        answers = [sent(office, no_call) for no_call in NO_CALLS]
        assert [answer[:10] for answer in answers] == [b"HTTP/1.1 4"] * len(NO_CALLS)
        assert healthy(office)


SLOW = {
    "says nothing": b"",
    "stops in its head": b"POST /login HTTP/1.1\r\nHost: x\r\n",
    "stops in its body": b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n{",
    "never hangs up": b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("said", SLOW.values(), ids=SLOW)
def test_however_many_callers_are_slow_somebody_else_is_answered_at_once(
    office: Office, tmp_path: Path, said: bytes
):
    with serving(office, tmp_path), ExitStack() as open_lines:
        for _ in range(WAITING_MOST + 50):
            open_lines.enter_context(line_to(office)).sendall(said)
        before = time.monotonic()
        assert httpx.get(f"{office.address}/health", timeout=4).status_code == 200
        assert time.monotonic() - before < 4


@pytest.mark.slow
def test_a_call_that_does_not_arrive_is_hung_up_on(office: Office, tmp_path: Path):
    with serving(office, tmp_path), line_to(office) as silent, line_to(office) as endless:
        endless.sendall(b"a" * (HEAD_MOST + 1))
        assert is_hung_up_on(endless)
        assert is_hung_up_on(silent)
        assert healthy(office)


def is_hung_up_on(line: socket.socket) -> bool:
    line.settimeout(ARRIVES_WITHIN + 5)
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def line_to(office: Office) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(office.address.rsplit(":", 1)[1])), timeout=10)


def sent(office: Office, said: bytes) -> bytes:
    """What comes back for bytes as they are."""
    with line_to(office) as line:
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(4_096), b""))


NOT_JSON = "Value error, it has to be JSON, by the name of each pager"


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"PORT": "0"}, "a setting is wrong. PORT: Input should be greater than or equal to 1"),
        (
            {"PROD_ACCESS_PAGER_SECRETS": "{half-a-secret"},
            f"a setting is wrong. PROD_ACCESS_PAGER_SECRETS: {NOT_JSON}",
        ),
        (
            {"PROD_ACCESS_PAGER_TOKENS": "half-a-token"},
            f"a setting is wrong. PROD_ACCESS_PAGER_TOKENS: {NOT_JSON}",
        ),
        (
            {"PORT": "8080", "DATABASE_URL": "mysql://root@127.0.0.1/x"},
            "DATABASE_URL names mysql; it can be sqlite:///FILE or postgresql://…",
        ),
    ],
)
def test_a_misconfiguration_is_one_sentence(prod_access: ProdAccess, variables: dict[str, str], why: str):
    ran = prod_access("web", **variables)
    assert (ran.code, ran.out, ran.err) == (2, "", f"prod-access: {why}\n")
