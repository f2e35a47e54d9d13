"""What is wrong with an installation, and what to do about it, in lines that are right or wrong."""

import json
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from cli.processes import queues
from sandbox.slack.person import Person
from tests.cli.conftest import ProdAccess
from tests.cli.terminal_bench import listening
from workers.ledger.ledger import Ledger

EVERYBODY = ("bot", "announcer", *queues(["aws", "gcp", "azure"]), "clock")


@pytest.fixture
def alive(ledger: Ledger) -> None:
    """Every process was heard of just now."""
    for kind in EVERYBODY:
        ledger.retrying(lambda writing, kind=kind: writing.heard_of(f"here:{kind}", kind))


def findings(prod_access: ProdAccess, *words: str, **variables: str) -> dict[str, tuple[bool, str]]:
    """What was found, by what was looked at; the exit code says whether all of it is well."""
    ran = prod_access("doctor", "--json", *words, **variables)
    found = {one["what"]: (one["ok"], one["detail"]) for one in json.loads(ran.out)}
    assert ran.code == (0 if all(ok for ok, _ in found.values()) else 1)
    return found


@pytest.mark.usefixtures("alive")
def test_a_sound_installation_is_sound(prod_access: ProdAccess, redis_url: str):
    found = findings(prod_access, "--local", REDIS_URL=redis_url)
    assert all(ok for ok, _ in found.values())
    assert set(found) == {"policy", "ledger", "clock", "redis", *EVERYBODY}
    assert found["ledger"] == (True, "sqlite, its tables are current")
    ran = prod_access("doctor", "--local")
    assert ran.code == 0
    assert "WRONG" not in ran.out


def test_what_does_not_run_is_named(prod_access: ProdAccess):
    found = findings(prod_access, "--local")
    assert found["bot"] == (False, "not heard of; is it started?")
    assert found["redis"] == (False, "does not answer; until it does, the clock does the work itself")
    ran = prod_access("doctor", "--local")
    assert (ran.code, ran.out.count("WRONG")) == (1, len(EVERYBODY) + 1)


def test_a_policy_that_is_refused_is_found_where_it_stands(prod_access: ProdAccess, tmp_path: Path):
    (tmp_path / "rules.yaml").write_text("rules: [{id: 7}]\n", encoding="utf-8")
    ok, detail = findings(prod_access, "--local", PROD_ACCESS_ORG=str(tmp_path))["policy"]
    assert not ok
    assert detail.startswith(str(tmp_path))


def test_a_ledger_that_cannot_be_reached_is_a_finding(prod_access: ProdAccess):
    found = findings(prod_access, DATABASE_URL="postgresql://nobody@127.0.0.1:9/x")
    assert found["ledger"] == (False, "the ledger's database cannot be reached: OperationalError")
    assert found["audit log"] == (False, "the ledger's database cannot be reached")
    assert "bot" not in found


def test_another_database_is_not_migrated_but_named(prod_access: ProdAccess, tmp_path: Path):
    found = findings(prod_access, "--local", DATABASE_URL=f"sqlite:///{tmp_path / 'other.db'}")
    assert found["ledger"] == (
        False,
        "the ledger's tables are not those of this version. Run: prod-access migrate",
    )


@pytest.mark.usefixtures("alive", "slack")
def test_slack_is_asked_for_every_channel_of_a_role(prod_access: ProdAccess, slack: Person):
    slack.page.post("members", channel="C0DB", user="U0PRODACCESS", **{"in": False})
    found = findings(prod_access)
    assert found["slack token"] == (True, "workspace T0MERIDIAN")
    assert found["slack C0PRODACCESS"] == (True, "the bot is in it")
    assert found["slack C0DB"] == (False, "invite the bot to it: /invite @Prod Access")
    assert found["audit log"] == (True, "0 entries hold")


def saying_of_its_health(status: str) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response(status if environ["PATH_INFO"] == "/health" else "404 Not Found", [])
        return [b""]

    return app


@pytest.mark.parametrize(
    ("status", "ok", "detail"),
    [("200 OK", True, "answers"), ("503 Service Unavailable", False, "{address} answers 503")],
)
def test_the_web_api_is_asked_for_its_health_where_its_address_is_known(
    prod_access: ProdAccess,
    status: str,
    ok: bool,  # noqa: FBT001 (a table)
    detail: str,
):
    with listening(saying_of_its_health(status)) as address:
        found = findings(prod_access, PROD_ACCESS_URL=address)
    assert found["web"] == (ok, detail.format(address=address))
    assert "web" not in findings(prod_access, PROD_ACCESS_URL="")


def test_a_web_api_that_is_away_or_would_be_called_in_the_clear_is_a_finding(prod_access: ProdAccess):
    away = findings(prod_access, PROD_ACCESS_URL="http://127.0.0.1:9")["web"]
    assert away == (False, "http://127.0.0.1:9 cannot be reached: ConnectError")
    ok, detail = findings(prod_access, PROD_ACCESS_URL="http://prod-access.meridian.example")["web"]
    assert not ok
    assert detail.startswith("PROD_ACCESS_URL has to start with https://")


def test_without_tokens_it_is_said_which(prod_access: ProdAccess):
    found = findings(prod_access)
    assert found["slack"] == (
        False,
        "SLACK_BOT_TOKEN is missing or is not a bot token (xoxb-…). docs/slack.md says where to find it.",
    )


def test_a_log_that_was_changed_is_found(prod_access: ProdAccess, ledger: Ledger):
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE chain SET seq = 3")
    found = findings(prod_access)
    assert found["audit log"] == (False, "the log ends at entry 0, but entry 3 was written")
