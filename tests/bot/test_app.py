"""The processes' own wiring: a face that meets Slack, serves it, and tells what happened."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

import policies
from bot.asking import Wish
from bot.desk import Desk
from bot.policy_watch import PolicyWatch
from bot.settings import BotSettings
from bot.slack.client import Home
from bot.wiring import Face, _PerProcess
from policies.values import PersonId, RoleName
from sandbox.slack.person import Person
from sandbox.slack.server import Running
from sandbox.slack.slack import Slack
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN
from tests.bot.slack_bench import ASK, Bench, installed, sentence, whisper
from workers.ledger.migrate import migrate
from workers.policy_in_force import PolicyInForce

NO_REDIS = "redis://127.0.0.1:9/0"


@pytest.fixture
def here(slack_address: Running) -> Running:
    installed(slack_address.renew(Slack.of(rate_scale=0)))
    return slack_address


@pytest.fixture
def ana(here: Running) -> Person:
    return Person("U0ANA", here.base_url)


def settings(here: Running, home: Path, token: str = BOT_TOKEN) -> BotSettings:
    return BotSettings(
        slack_bot_token=SecretStr(token),
        slack_app_token=SecretStr(APP_TOKEN),
        slack_api_url=here.api_url,
        redis_url=NO_REDIS,
        home=home,
    )


@pytest.fixture
def face(here: Running, tmp_path: Path) -> Iterator[Face]:
    """A face as a process makes it, over a ledger of its own."""
    made = Face(settings(here, tmp_path))
    migrate(made.shared.ledger.engine)
    yield made
    made.shared.ledger.close()


def ask(face: Face) -> None:
    """Ana asks, from nowhere in particular."""
    face.desk.ask(Wish(PersonId("ana"), PersonId("ana"), RoleName("prod-db-readonly"), None, None, "lag"))


def test_it_serves_slack_until_told_to_stop(face: Face, ana: Person):
    stop = threading.Event()
    serving = threading.Thread(target=face.serve, args=(stop,))
    serving.start()
    ana.waits_for(lambda: ana.page.get("sockets")["connections"])
    assert ana.types(ASK, "C0DB").acked
    assert sentence(whisper(ana)).startswith("Asked: prod-db-readonly for 1 h (pa-")
    stop.set()
    serving.join(10)
    assert not serving.is_alive()


def test_it_waits_for_slack_to_answer_and_for_a_connection(face: Face, ana: Person):
    ana.page.post("faults", kind="error", methods=["auth.test"], times=1)
    ana.page.post("faults", kind="error", methods=["apps.connections.open"], times=1)
    stop = threading.Event()
    with capture_logs() as logs:
        serving = threading.Thread(target=face.serve, args=(stop,))
        serving.start()
        ana.waits_for(lambda: ana.page.get("sockets")["connections"], timeout=15)
        stop.set()
        serving.join(10)
    assert not serving.is_alive()
    said = [one["event"] for one in logs]
    assert (
        said.index("slack_does_not_answer") < said.index("slack_does_not_connect") < said.index("connected")
    )


def test_told_to_stop_before_slack_answers_it_stops(face: Face, ana: Person):
    ana.page.post("faults", kind="error", methods=["auth.test"])
    stop = threading.Event()
    serving = threading.Thread(target=face.serve, args=(stop,))
    serving.start()
    ana.waits_for(lambda: ana.page.get("calls", method="auth.test")["calls"])
    stop.set()
    serving.join(5)
    assert not serving.is_alive()
    assert face.home(stop) is None


def test_told_to_stop_before_there_is_a_connection_it_does_not_connect(face: Face):
    stop = threading.Event()
    stop.set()
    face._connect(None, stop)  # type: ignore[arg-type]


def test_it_knows_its_own_workspace(face: Face):
    assert face.home() == Home("T0MERIDIAN", "A0PRODACCESS")


def test_it_tells_what_happened_and_then_nothing(face: Face, ana: Person):
    ask(face)
    assert face.announce() == 0.0
    assert [one.author for one in ana.sees("C0DB")] == ["Prod Access"]
    assert face.announce() == 0.0
    assert len(ana.sees("C0DB")) == 1


def test_a_ledger_that_is_away_is_looked_at_again_later(face: Face):
    with face.shared.ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE cursors RENAME TO cursors_away")
    with capture_logs() as logs:
        assert face.announce() == 1.0
    assert [one["event"] for one in logs] == ["cannot_read_what_to_tell"]


def test_asking_who_is_on_duty_goes_on_whatever_breaks(face: Face):
    face.ask_who_is_on_duty()
    with face.shared.ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE on_call RENAME TO on_call_away")
    with capture_logs() as logs:
        face.ask_who_is_on_duty()
    assert [one["event"] for one in logs] == ["look_broke"]


def test_a_checkup_says_how_it_stands_in_each_channel(face: Face):
    found = {
        what: (fine, detail)
        for what, fine, detail in face.checkup(["C0DB", "C0GENERAL", "C0PARTNER", "C0NOWHERE"])
    }
    assert found == {
        "token": (True, "workspace T0MERIDIAN"),
        "C0DB": (True, "the bot is in it"),
        "C0GENERAL": (False, "invite the bot to it: /invite @Prod Access"),
        "C0PARTNER": (False, "shared with another organisation: cards are never posted there"),
        "C0NOWHERE": (False, "channel_not_found; invite the bot to it"),
    }


def test_a_checkup_with_a_wrong_token_says_so(here: Running, tmp_path: Path):
    face = Face(settings(here, tmp_path, "xoxb-wrong"))
    assert list(face.checkup(["C0DB"])) == [("token", False, "invalid_auth; check SLACK_BOT_TOKEN")]


@pytest.mark.parametrize(
    ("bot", "app", "missing"),
    [
        ("", APP_TOKEN, "SLACK_BOT_TOKEN"),
        ("xoxp-somebody", APP_TOKEN, "SLACK_BOT_TOKEN"),
        (BOT_TOKEN, "", "SLACK_APP_TOKEN"),
        (BOT_TOKEN, BOT_TOKEN, "SLACK_APP_TOKEN"),
    ],
)
def test_a_token_that_is_missing_is_named(bot: str, app: str, missing: str):
    found = BotSettings(slack_bot_token=SecretStr(bot), slack_app_token=SecretStr(app)).missing()
    assert found is not None
    assert found.startswith(f"{missing} is missing or is not")


def test_a_process_has_one_face(here: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_API_URL": here.api_url,
        "PROD_ACCESS_HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    face = _PerProcess()
    assert face() is face()
    assert face().home() == Home("T0MERIDIAN", "A0PRODACCESS")


def test_a_policy_that_is_refused_is_told_once_and_again_when_it_is_fine(bench: Bench, tmp_path: Path):
    rules = shutil.copytree(Path(policies.__file__).parent / "org", tmp_path / "org") / "rules.yaml"
    policy = PolicyInForce(rules.parent)
    watch = PolicyWatch(policy, bench.conversation, "C0AUDIT")
    watch.look()
    fine = rules.read_text(encoding="utf-8")
    rules.write_text(fine.replace("requester_in", "requster_in", 1), encoding="utf-8")
    bench.fault("error", "chat.postMessage", times=1)
    for _ in range(3):
        policy._read_at = 0.0  # it was read long ago
        watch.look()
    rules.write_text(fine, encoding="utf-8")
    policy._read_at = 0.0
    watch.look()
    first, second = bench.ana.sees("C0AUDIT")
    assert sentence(first).startswith("Policy refused: rules.yaml:")
    assert sentence(first).endswith("The rules before stay in force.")
    assert sentence(second) == "The policy files are fine again and in force."
    PolicyWatch(policy, bench.conversation, "").look()


def test_the_desk_of_a_face_is_over_its_own_ledger(face: Face):
    assert isinstance(face.desk, Desk)
    assert face.policy() is not None
