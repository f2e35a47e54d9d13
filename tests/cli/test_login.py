"""A person's own terminal: logging in and out, asking, seeing, ending, over the web API."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from bot.web.app import Limits, make_app
from bot.web.shapes import LoginStarted
from cli.keeping import Keeping, keeping
from cli.login import clock_time
from cli.output import CannotDo
from cli.person import TerminalSettings
from policies.values import PersonId
from tests.cli.conftest import ProdAccess, Ran
from tests.cli.terminal_bench import ANA, BEN, MemoryKeyring, Office, kept_in, listening, opened, saying
from workers.ledger.ledger import utc_now

NO_KEYRING = (
    "prod-access: there is no keyring here to keep a login in. For this shell alone: "
    'eval "$(prod-access login --print-env)"\n'
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with kept_in(backend):
        yield backend


@pytest.fixture
def terminal(prod_access: ProdAccess, office: Office, monkeypatch: pytest.MonkeyPatch) -> ProdAccess:
    """The command at a person's terminal: it knows the web API and no ledger."""
    monkeypatch.setenv("PROD_ACCESS_URL", office.address)
    monkeypatch.delenv("PROD_ACCESS_TOKEN", raising=False)
    return prod_access


@pytest.fixture
def anas(terminal: ProdAccess, office: Office, monkeypatch: pytest.MonkeyPatch) -> ProdAccess:
    """The same, logged in as Ana in this shell."""
    monkeypatch.setenv("PROD_ACCESS_TOKEN", office.token())
    return terminal


def logged_in(terminal: ProdAccess, office: Office, *words: str) -> Ran:
    """What the command says while Ana confirms it in Slack."""
    with office.somebody(lambda code: office.desk.logins.confirm(ANA, code)):
        return terminal("login", *words)


def failing_first(app: WSGIApplication, failures: list[str]) -> WSGIApplication:
    """The same application, whose first answers about a login that waits are these; `drop` hangs up."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/login/token" or not failures:
            return app(environ, start_response)
        status = failures.pop(0)
        if status == "drop":
            raise ConnectionAbortedError
        start_response(status, [("Content-Length", "0"), ("Retry-After", "0")])
        return [b""]

    return serve


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable", "drop"])
def test_a_login_that_waits_is_asked_for_again_when_something_goes_wrong(
    prod_access: ProdAccess, office: Office, memory: MemoryKeyring, status: str
):
    failures = [status, status]
    app = make_app(office, Limits(interval=0.02))
    with listening(failing_first(app, failures)) as address:
        with office.somebody(lambda code: office.desk.logins.confirm(ANA, code)):
            ran = prod_access("login", PROD_ACCESS_URL=address)
        assert failures == []
    assert ran.code == 0, ran.err
    assert memory.kept


@pytest.mark.usefixtures("memory")
def test_what_goes_wrong_until_the_code_lapses_is_said(prod_access: ProdAccess):
    started = LoginStarted(device_code="x" * 43, user_code="WDJB-MJHT", expires_in=0, interval=0.02)
    with listening(saying("201 Created", started.model_dump_json().encode())) as address:
        ran = prod_access("login", PROD_ACCESS_URL=address)
    assert ran.code == 2
    assert ran.err.endswith(f"prod-access: what answers at {address} is not prod-access.\n")


def test_a_login_is_kept_in_the_keyring_and_nowhere_else(
    terminal: ProdAccess, office: Office, memory: MemoryKeyring, environment: Path
):
    ran = logged_in(terminal, office)
    first, second, third = ran.err.splitlines()
    assert (ran.code, ran.out) == (0, "")
    assert re.fullmatch(r"In Slack: /prod-access login [A-Z]{4}-[A-Z]{4}", first)
    assert second == "Waiting for you to confirm it there, for 10 min at most."
    assert third.startswith("Logged in as Ana Ruiz until ")
    (token,) = memory.kept.values()
    assert list(memory.kept) == [("prod-access", office.address)]
    assert token not in ran.err
    written = [path.read_bytes() for path in environment.parent.rglob("*") if path.is_file()]
    assert not any(token.encode() in one for one in written)
    assert terminal("mine").out == "You hold nothing now. Ask: prod-access ask ROLE reason\n"


def test_the_terminal_says_who_it_became(terminal: ProdAccess, office: Office, memory: MemoryKeyring):
    with office.somebody(lambda code: office.desk.logins.confirm(BEN, code)):
        ran = terminal("login")
    assert ran.err.splitlines()[-1].startswith("Logged in as Ben Okafor until ")
    assert memory.kept


def test_a_new_login_ends_the_one_before(terminal: ProdAccess, office: Office, memory: MemoryKeyring):
    logged_in(terminal, office)
    (before,) = memory.kept.values()
    logged_in(terminal, office)
    (after,) = memory.kept.values()
    assert office.desk.logins.who(before) is None
    assert office.desk.logins.who(after) is not None


def test_without_a_keyring_nothing_is_kept_and_nothing_is_started(terminal: ProdAccess, office: Office):
    for backend in (MemoryKeyring(0.5), MemoryKeyring(-1)):
        with kept_in(backend):
            assert terminal("login") == (2, "", NO_KEYRING)
        assert backend.kept == {}
    assert office._waiting_code() is None


def test_the_login_of_one_shell_is_printed_for_it_alone(
    terminal: ProdAccess, office: Office, monkeypatch: pytest.MonkeyPatch
):
    ran = logged_in(terminal, office, "--print-env")
    found = re.fullmatch(r"export PROD_ACCESS_TOKEN=([\w-]{43})\n", ran.out)
    assert found
    assert found[1] not in ran.err
    monkeypatch.setenv("PROD_ACCESS_TOKEN", found[1])
    assert terminal("mine").code == 0


def test_a_login_that_the_keyring_does_not_keep_is_ended(terminal: ProdAccess, office: Office):
    with kept_in(MemoryKeyring(full=True)):
        ran = logged_in(terminal, office)
    assert ran.code == 2
    assert "the keyring did not keep the login, so it was ended." in ran.err
    assert office.kinds() == ["login.confirmed", "login.taken", "login.ended"]


def test_whoever_says_not_me_gives_nothing(terminal: ProdAccess, office: Office, memory: MemoryKeyring):
    with office.somebody(lambda code: office.desk.logins.refuse(ANA, code)):
        ran = terminal("login")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        "prod-access: You said in Slack that it was not you, so this terminal got nothing."
    )
    assert memory.kept == {}


def test_the_login_of_the_shell_goes_before_the_one_that_is_kept(
    terminal: ProdAccess, office: Office, memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PROD_ACCESS_TOKEN", office.token(BEN))
    ran = logged_in(terminal, office)
    assert ran.err.splitlines()[-2] == (
        "This shell has a PROD_ACCESS_TOKEN, which goes first. For the new login: unset PROD_ACCESS_TOKEN"
    )
    assert memory.kept
    terminal("ask", "prod-db-readonly", "1h", "lag")
    with office.ledger.reading() as reader:
        assert [one.requester for one in reader.requests()] == ["ben"]


def test_logging_out_ends_it_here_and_there(terminal: ProdAccess, office: Office, memory: MemoryKeyring):
    logged_in(terminal, office)
    (token,) = memory.kept.values()
    assert terminal("logout") == (0, "Logged out.\n", "")
    assert memory.kept == {}
    assert office.desk.logins.who(token) is None
    assert terminal("logout").err == "prod-access: you are not logged in. Run: prod-access login\n"


def test_a_login_that_is_over_says_so_and_is_kept_no_longer(
    terminal: ProdAccess, office: Office, memory: MemoryKeyring
):
    logged_in(terminal, office)
    office.desk.logins.end_all(ANA)
    over = "prod-access: You are not logged in, or not any more. Run: prod-access login\n"
    assert terminal("mine") == (2, "", over)
    assert terminal("logout") == (2, "", over)
    assert memory.kept == {}


def test_asking_seeing_and_ending(anas: ProdAccess, office: Office):
    ran = anas("ask", "prod-db-readonly", "1h", "INC-42", "replication", "lag", "--since", "monday")
    with office.ledger.reading() as reader:
        (request,) = reader.requests()
        assert reader.text(request.reason) == "replication lag --since monday"
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(
        f"Asked: prod-db-readonly for 1 h ({request.id}). Ben Okafor, database on-call,"
    )
    header, line = anas("mine").out.splitlines()
    assert header.split() == ["id", "state", "role", "where", "until"]
    assert line.split() == [request.id, "waiting", "prod-db-readonly", "aws", "shop-prod"]
    assert anas("end", request.id) == (0, "Withdrawn. Nothing was given.\n", "")
    assert anas("mine").out == "You hold nothing now. Ask: prod-access ask ROLE reason\n"


def test_what_came_of_it_and_what_is_held_as_json(anas: ProdAccess, office: Office):
    outcome = json.loads(anas("ask", "--json", "prod-db-readonly", "1h", "lag").out)
    (held,) = json.loads(anas("mine", "--json").out)
    assert (outcome["done"], outcome["outcome"], outcome["request"]) == (True, "asked", held["id"])
    assert office.kinds()[-1] == "request.asked"


def test_what_is_not_asked_is_exit_code_one(anas: ProdAccess):
    assert anas("ask", "prod-db-readonly") == (1, "A reason is missing. Nothing was asked.\n", "")
    assert anas("end") == (1, "You hold nothing now. What you hold and wait for: prod-access mine\n", "")


def test_whoever_knows_the_ledger_ends_as_an_operator(anas: ProdAccess, office: Office, tmp_path: Path):
    request = office.asked(PersonId("chloe"))
    assert anas("end", request.id).code == 1  # it is not Ana's
    ran = anas("end", request.id, DATABASE_URL=f"sqlite:///{tmp_path / 'office.db'}")
    assert ran[:2] == (0, f"{request.id} was withdrawn; nothing was given.\n")
    assert '"by":"operator:' in office.entries()[-1].body


def test_ending_everything_of_a_person_is_an_operators(anas: ProdAccess, office: Office):
    request = office.asked()
    ran = anas("end", "--person", "ana")  # in the ledger of this machine, which is another one
    assert (ran.code, ran.out) == (0, "0 ending, 0 withdrawn, 0 over already.\n")
    with office.ledger.reading() as reader:
        found = reader.request(request.id)
    assert found is not None
    assert found.state == "pending"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "PROD_ACCESS_URL is missing: the https:// address of your organisation's prod-access."),
        (
            "http://prod-access.example",
            "PROD_ACCESS_URL has to start with https://, or your login could be read on its way.",
        ),
        (
            "ftp://127.0.0.1",
            "PROD_ACCESS_URL has to start with https://, or your login could be read on its way.",
        ),
        (
            "prod-access.example",
            "PROD_ACCESS_URL has to start with https://, or your login could be read on its way.",
        ),
        (
            "https://ana:secret@prod-access.example",
            "PROD_ACCESS_URL is an address alone: without a user, a query or a fragment.",
        ),
        ("http://127.0.0.1:9", "http://127.0.0.1:9 cannot be reached: ConnectError."),
    ],
)
def test_an_address_that_a_login_must_not_go_to_is_refused(prod_access: ProdAccess, url: str, why: str):
    ran = prod_access("mine", PROD_ACCESS_URL=url, PROD_ACCESS_TOKEN="t" * 43)
    assert (ran.code, ran.out, ran.err) == (2, "", f"prod-access: {why}\n")


def test_an_https_address_is_taken_as_it_is():
    assert (
        TerminalSettings(url="https://example.org/prod-access/").address == "https://example.org/prod-access"
    )
    with pytest.raises(CannotDo):
        _ = TerminalSettings(url="https://").address


def test_something_else_that_answers_is_not_believed(prod_access: ProdAccess, office: Office):
    ran = prod_access("mine", PROD_ACCESS_URL=f"{office.address}/nowhere", PROD_ACCESS_TOKEN="t" * 43)
    assert (ran.code, ran.err) == (1, "prod-access: 404 Not Found\n")


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        ("200 OK", b"<html>", "what answers at {address} is not prod-access."),
        ("200 OK", b'{"requests": 1}', "what answers at {address} is not prod-access."),
        ("502 Bad Gateway", b"<html>", "{address} answers 502, and not as prod-access does."),
        ("302 Found", b"", "{address} answers 302, and not as prod-access does."),
    ],
)
def test_a_stranger_that_answers_is_called_one_and_followed_nowhere(
    prod_access: ProdAccess, office: Office, status: str, body: bytes, why: str
):
    before = len(office.kinds())
    with listening(saying(status, body, ("Location", f"{office.address}/requests"))) as address:
        ran = prod_access("mine", PROD_ACCESS_URL=address, PROD_ACCESS_TOKEN=office.token())
    assert (ran.code, ran.out, ran.err) == (2, "", f"prod-access: {why.format(address=address)}\n")
    assert office.kinds()[before:] == ["login.confirmed", "login.taken"]


def test_an_expired_login_is_refused_by_the_clock_alone(tmp_path: Path, prod_access: ProdAccess):
    late = [timedelta(0)]
    with opened(tmp_path, now=lambda: utc_now() + late[0]) as office:
        shell = {"PROD_ACCESS_URL": office.address, "PROD_ACCESS_TOKEN": office.token()}
        assert prod_access("mine", **shell).code == 0
        late[0] = timedelta(hours=12)
        assert prod_access("mine", **shell).code == 2


def test_a_secret_is_never_printed_on_a_screen(office: Office, tmp_path: Path):
    commands = [["login", "--print-env"], ["credentials", "aws"], ["credentials", "gcp", "--token"]]
    script = (
        "import sys; from cli.main import main\n"
        f"for words in {commands}:\n"
        "    sys.argv = ['prod-access', *words]\n"
        "    try: main()\n"
        "    except SystemExit as left: print(left.code, file=sys.stderr)\n"
    )
    screen, end = pty.openpty()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PROD_ACCESS_HOME": str(tmp_path),
        "PROD_ACCESS_URL": office.address,
        "PROD_ACCESS_TOKEN": office.token(),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, stdout=end, stderr=subprocess.PIPE, text=True, check=True
    )
    os.close(end)
    os.close(screen)
    assert [line for line in done.stderr.splitlines() if line.isdigit()] == ["2", "2", "2"]
    assert done.stderr.count("this prints a secret, which does not belong on a screen") == 3


def test_a_moment_of_another_day_has_its_day():
    now = utc_now()
    assert re.fullmatch(r"\d\d:\d\d \S+", clock_time(now))
    assert re.fullmatch(r"\d{1,2} \w{3} \d\d:\d\d \S+", clock_time(now + timedelta(days=2)))


def test_a_keyring_that_breaks_keeps_nothing():
    kept = Keeping(MemoryKeyring(full=True))
    assert kept.put("name", "secret") is False
    assert kept.get("name") is None
    kept.drop("name")


def test_a_keyring_that_cannot_be_loaded_is_none(monkeypatch: pytest.MonkeyPatch):
    import keyring.core  # noqa: PLC0415 (what this test alone looks into)

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "nowhere.Keyring")
    before, keyring.core._keyring_backend = keyring.core._keyring_backend, None
    try:
        assert keeping() is None
    finally:
        keyring.core._keyring_backend = before
