"""The web API: asking, seeing, ending and using, at a terminal that is somebody's; and every wrong call."""

import json
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, NamedTuple

import falcon
import pytest
from falcon import testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from bot.logging_in import CODE_LETTERS, read_code, say_code
from bot.web.app import Limits, make_app
from bot.web.arriving import is_whole
from bot.web.bodies import BODY_MOST
from bot.web.callers import Network, Recent, caller_of
from bot.web.pace import KNOWN_MOST, Pace
from bot.web.settings import WebSettings
from policies.request import RequestState
from policies.values import PersonId
from tests.bot.slack_bench import ASK, Bench
from tests.bot.terminal_bench import Terminal
from tests.builders import HOUR

LINE = ASK.removeprefix("/prod-access ")


@pytest.fixture
def terminal(bench: Bench) -> Terminal:
    """Ana's terminal, logged in."""
    return Terminal(bench).logs_in()


def uses(bench: Bench) -> list[dict[str, Any]]:
    """What was written of uses."""
    return [json.loads(one.body) for one in bench.entries() if one.kind.startswith("access.")]


# Asking, seeing, ending


def test_a_line_is_asked_as_in_slack(bench: Bench, terminal: Terminal):
    outcome = terminal.ask(LINE)
    (request,) = bench.requests()
    assert outcome == {
        "done": True,
        "outcome": "asked",
        "request": request.id,
        "message": (
            f"Asked: prod-db-readonly for 1 h ({request.id}). Ben Okafor, database on-call, was asked in "
            "Slack and has until 14:32 UTC. You get a DM."
        ),
    }
    assert (request.requester, request.beneficiary, request.duration) == ("ana", "ana", HOUR)
    with bench.ledger.reading() as reader:
        assert reader.text(request.reason) == "replication lag"


def test_the_same_operation_twice_asks_once(bench: Bench, terminal: Terminal):
    first, second = (terminal.ask(LINE, "0" * 32) for _ in range(2))
    assert (first["outcome"], second["outcome"]) == ("asked", "already_asked")
    assert len(bench.requests()) == 1


def test_whoever_is_on_call_starts_at_once(bench: Bench):
    outcome = Terminal(bench).logs_in("ben").ask(LINE)
    assert outcome["outcome"] == "starting"
    assert outcome["message"].startswith("Starting now, until 15:02 UTC. Nobody needed to be asked")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("prod-db-readonly", "A reason is missing. Nothing was asked."),
        ("prod-db-readonly 90 lag", '"90" has no unit. Choose a duration, or write 90m. Nothing was asked.'),
        ("for @ivy prod-db-readonly 1h lag", "At a terminal you ask for yourself only. Nothing was asked."),
        (
            "for <@U0IVY> prod-db-readonly 1h lag",
            "At a terminal you ask for yourself only. Nothing was asked.",
        ),
        ("", "Write: prod-access ask ROLE [DURATION] [REFERENCE] reason"),
        ("mine", "Write: prod-access ask ROLE [DURATION] [REFERENCE] reason"),
        (
            "prod-db-readonly 1h the key is AKIAIOSFODNN7EXAMPLE",
            (
                "Your reason looked as if it held a key. It was not stored. Write it again without. "
                "Nothing was asked."
            ),
        ),
    ],
)
def test_what_is_not_whole_and_certain_is_not_asked(bench: Bench, terminal: Terminal, line: str, said: str):
    outcome = terminal.ask(line)
    assert (outcome["done"], outcome["message"]) == (False, said)
    assert bench.requests() == ()


def test_what_the_rules_do_not_allow_is_refused_with_why(terminal: Terminal):
    outcome = terminal.ask("prod-db-readonly 8h lag")
    assert (outcome["done"], outcome["outcome"]) == (False, "not_allowed")
    assert outcome["message"] == "8 h is too long. The longest you can have is 2 h."


def test_a_reason_is_kept_as_it_was_typed(bench: Bench, terminal: Terminal):
    terminal.ask("prod-db-readonly 1h is <b> & <!channel> still 5 > 4?")
    with bench.ledger.reading() as reader:
        assert reader.text(bench.requests()[0].reason) == "is <b> & <!channel> still 5 > 4?"


def test_what_is_held_and_waited_for_is_listed(bench: Bench, terminal: Terminal):
    assert terminal.get("/requests").json == {"requests": []}
    request = bench.live()
    (held,) = terminal.get("/requests").json["requests"]
    assert held == {
        "id": request.id,
        "state": "live",
        "role": "prod-db-readonly",
        "beneficiary": "ana",
        "places": ["aws shop-prod"],
        "asked_at": "2026-11-24T14:02:11Z",
        "ends_at": "2026-11-24T15:02:11Z",
        "line": "🔓 prod-db-readonly · until 15:02 UTC",
    }
    assert Terminal(bench).logs_in("ivy").get("/requests").json == {"requests": []}


@pytest.mark.parametrize("target", [None, "all", "prod-db-readonly", "ID"])
def test_what_runs_is_ended(bench: Bench, terminal: Terminal, target: str | None):
    request = bench.live()
    outcome = terminal.end(request.id.upper() if target == "ID" else target)
    assert (outcome["done"], outcome["outcome"], outcome["request"]) == (True, "ending", request.id)
    assert [(grant.state, grant.ended_by) for grant in bench.grants()] == [("ending", "ana")]


def test_what_waits_is_withdrawn_when_it_is_named(bench: Bench, terminal: Terminal):
    request = bench.asked()
    assert terminal.end()["outcome"] == "nothing_to_end"
    assert terminal.end("prod-db-readonly")["message"] == "Withdrawn. Nothing was given."
    assert bench.again(request).state is RequestState.WITHDRAWN


def test_with_several_one_has_to_be_named(bench: Bench, terminal: Terminal):
    first = bench.live()
    second = bench.typed("/prod-access prod-logs 30m reading errors")
    outcome = terminal.end()
    assert not outcome["done"]
    assert outcome["message"].startswith("You hold several, so name one, or all: ")
    assert f"{first.id} (prod-db-readonly)" in outcome["message"]
    assert f"{second.id} (prod-logs)" in outcome["message"]
    assert "ending" not in {grant.state for grant in bench.grants()}
    assert terminal.end("all")["done"]
    assert {grant.state for grant in bench.grants()} == {"ending"}


def test_what_is_somebody_elses_is_not_ended(bench: Bench):
    request = bench.live()
    outcome = Terminal(bench).logs_in("ivy").end(request.id)
    assert (outcome["done"], outcome["outcome"]) == (False, "may_not_end")
    assert [grant.state for grant in bench.grants()] == ["live"]


def test_ending_what_is_not_there_says_so(terminal: Terminal):
    assert terminal.end("prod-nothing")["message"] == (
        'You hold nothing called "prod-nothing". What you hold and wait for: prod-access mine'
    )
    assert terminal.end("pa-0000")["message"] == "You hold nothing now."


# Using


def test_what_is_live_can_be_used_and_each_use_is_written_down(bench: Bench, terminal: Terminal):
    request = bench.live()
    bench.clock.move(timedelta(minutes=20))
    answer = terminal.use()
    assert answer.json == {
        "person": "ana",
        "request": request.id,
        "grant": f"{request.id}-1",
        "role": "prod-db-readonly",
        "place": "shop-prod",
        "ends_at": "2026-11-24T15:02:11Z",
        "seconds_left": 2400,
        "target": {
            "cloud": "aws",
            "role_arn": bench.grants()[0].holding,
            "account": "111122223333",
            "region": "eu-central-1",
        },
    }
    (used,) = uses(bench)
    assert (used["by"], used["cloud"], used["grant"]) == ("ana", "aws", f"{request.id}-1")
    bench.tell()
    assert len(bench.ben.thread(bench.card())) == 3  # asked, approved, live: a use is no part of the story


def test_an_early_end_stops_it_at_the_next_use(bench: Bench, terminal: Terminal):
    bench.live()
    assert terminal.use().status_code == 200
    terminal.end()
    answer = terminal.use()
    assert (answer.status_code, answer.json["problem"]) == (
        404,
        "You hold nothing in AWS now. Ask: prod-access ask ROLE reason",
    )
    assert [one.get("why") for one in uses(bench)] == [None, "nothing_live"]


def test_its_time_alone_stops_it_whatever_the_workers_do(bench: Bench, terminal: Terminal):
    bench.live()
    bench.clock.move(HOUR)
    assert bench.grants()[0].state == "live"  # nobody took it away yet
    assert terminal.use().status_code == 404


def test_what_starts_cannot_be_used_yet(bench: Bench, terminal: Terminal):
    request = bench.asked()
    bench.ben.clicks("Approve", bench.card())
    assert terminal.use().json["problem"] == (
        "What you asked for in AWS is starting and not live yet. Try again in a moment."
    )
    assert terminal.use(which=request.id).json["problem"].startswith(f"{request.id} is starting")


def test_what_somebody_else_holds_cannot_be_used(bench: Bench):
    request = bench.live()
    ivys = Terminal(bench).logs_in("ivy")
    for which in (None, request.id, f"{request.id}-1"):
        assert ivys.use(which=which).status_code == 404


def test_of_several_one_has_to_be_named(bench: Bench, terminal: Terminal):
    first = bench.live()
    second = bench.typed("/prod-access prod-logs 30m reading errors")
    bench.work()
    answer = terminal.use()
    assert answer.status_code == 409
    assert answer.json["problem"].startswith("You hold several there. Name one with --request. ")
    assert f"{first.id}-1: prod-db-readonly in shop-prod" in answer.json["problem"]
    assert terminal.use(which=second.id).json["role"] == "prod-logs"
    assert terminal.use(which=f"{second.id}-1").json["role"] == "prod-logs"


def test_each_cloud_is_asked_for_by_itself(bench: Bench, terminal: Terminal):
    bench.live()
    for cloud, name in (
        ("gcp", "Google Cloud"),
        ("azure", "Azure"),
        ("identity-center", "AWS Identity Center"),
    ):
        assert terminal.use(cloud).json["problem"].startswith(f"You hold nothing in {name} now.")


def test_what_cannot_be_written_down_is_not_used(bench: Bench, terminal: Terminal):
    bench.live()
    with bench.ledger_away():
        assert terminal.use().status_code == 503
    assert terminal.use().status_code == 200


# Wrong calls


@pytest.mark.parametrize("path", ["/requests", "/login"])
def test_nobody_sees_anything_without_a_login(bench: Bench, path: str):
    nobody = Terminal(bench)
    for token in ("", "x" * 43, "ü" * 43, "x" * 10_000, "Bearer"):
        nobody.token = token
        answer = nobody.get(path)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/requests", {"line": LINE, "operation": "0" * 32}),
        ("/end", {"target": "all"}),
        ("/access", {"cloud": "aws"}),
    ],
)
def test_nobody_does_anything_without_a_login(bench: Bench, path: str, body: dict[str, Any]):
    bench.live()
    before = len(bench.entries())
    assert Terminal(bench).post(path, **body).status_code == 401
    assert len(bench.entries()) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"cloud": "moon"}',
        b'{"cloud": 1}',
        b'{"cloud": "aws", "which": "pa-7k3m; rm"}',
        b'{"cloud": "aws", "more": 1}',
        b'{"cloud": "aws"}' + b" " * BODY_MOST,
        b"\xff\xfe",
        b"[" * 10_000,
    ],
)
def test_a_body_that_is_not_understood_is_a_sentence_that_does_not_repeat_it(terminal: Terminal, body: bytes):
    headers = {"Authorization": f"Bearer {terminal.token}"}
    answer = terminal.client.simulate_post("/access", body=body, headers=headers)
    assert answer.status_code in {400, 413}
    assert "moon" not in answer.json["problem"]
    assert "rm" not in answer.json["problem"]


def test_what_a_proxy_says_came_in_the_clear_is_refused(bench: Bench):
    client = testing.TestClient(make_app(bench))
    answer = client.simulate_post("/login", json={"client": "x"}, headers={"X-Forwarded-Proto": "http"})
    assert (answer.status_code, answer.json["problem"]) == (403, "This has to be called over https.")
    over_tls = client.simulate_post("/login", json={"client": "x"}, headers={"X-Forwarded-Proto": "https"})
    assert over_tls.status_code == 201


def test_no_answer_is_kept_in_a_cache(terminal: Terminal):
    for path in ("/health", "/requests", "/nowhere"):
        assert terminal.get(path).headers["Cache-Control"] == "no-store"


def test_whoever_calls_too_often_is_put_off(terminal: Terminal):
    answers = [terminal.get("/login").status_code for _ in range(120)]
    assert answers[0] == 200
    assert answers[-1] == 429
    assert terminal.another().logs_in("ben").get("/login").status_code == 200


STRICT = Limits(anybody=(0.001, 20), person=(0.001, 5))
"""So few calls that no machine is too slow to make too many."""


@pytest.fixture
def hurried(bench: Bench) -> Terminal:
    """Ana's terminal before an API that lets nobody call often."""
    return Terminal(bench, STRICT).logs_in()


def test_whoever_calls_too_often_costs_the_ledger_nothing(bench: Bench, hurried: Terminal):
    nobody = hurried.another()
    known = [hurried.get("/login").status_code for _ in range(7)]
    unknown = []
    for number in range(21):
        nobody.token = f"{number:043d}"
        unknown.append(nobody.get("/login").status_code)
    assert (known[0], known[-1], unknown[0], unknown[-1]) == (200, 429, 401, 429)
    with bench.ledger_away():  # what is looked up is a 503 now
        assert (hurried.get("/login").status_code, nobody.get("/login").status_code) == (429, 429)


def test_strangers_at_the_same_address_slow_nobody_down_who_is_logged_in(hurried: Terminal):
    assert hurried.get("/login").status_code == 200
    nobody = hurried.another()
    assert [nobody.get("/login").status_code for _ in range(21)][-1] == 429
    assert hurried.get("/login").status_code == 200


def test_a_login_that_was_ended_has_no_pace_of_its_own_any_more(bench: Bench, hurried: Terminal):
    assert hurried.get("/login").status_code == 200
    bench.desk.logins.end_all(PersonId("ana"))
    answers = [hurried.get("/login").status_code for _ in range(21)]
    assert (answers[0], answers[6], answers[-1]) == (401, 401, 429)


def test_of_the_logins_that_were_seen_only_so_many_are_remembered():
    recent = Recent()
    for number in range(KNOWN_MOST + 1):
        recent.add(str(number))
    assert (recent.has("0"), recent.has("1"), recent.has(str(KNOWN_MOST))) == (False, True, True)


PROXIES = (ip_network("10.0.3.0/28"),)


def calls_from(client: testing.TestClient, *, peer: str, forwarded: str) -> int:
    return client.simulate_post(
        "/login/token",
        json={"device_code": "x" * 43},
        remote_addr=peer,
        headers={"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"},
    ).status_code


def test_behind_a_trusted_proxy_a_stranger_slows_down_nobody_else(bench: Bench):
    client = testing.TestClient(make_app(bench, STRICT, PROXIES))
    loud = [calls_from(client, peer="10.0.3.4", forwarded="192.0.2.7") for _ in range(21)]
    assert (loud[0], loud[-1]) == (410, 429)
    assert calls_from(client, peer="10.0.3.4", forwarded="192.0.2.8") == 410


@pytest.mark.parametrize(
    ("proxies", "peer", "lie"),
    [
        (PROXIES, "192.0.2.7", "198.51.100.{}"),
        (PROXIES, "10.0.3.4", "198.51.100.{}, 203.0.113.9"),
        ((), "10.0.3.4", "198.51.100.{}"),
    ],
)
def test_what_a_stranger_says_of_where_they_call_from_is_not_believed(
    bench: Bench, proxies: tuple[Network, ...], peer: str, lie: str
):
    client = testing.TestClient(make_app(bench, STRICT, proxies))
    answers = [calls_from(client, peer=peer, forwarded=lie.format(number)) for number in range(21)]
    assert (answers[0], answers[-1]) == (410, 429)


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("10.0.3.4", "", "10.0.3.4"),
        ("10.0.3.4", "192.0.2.7", "192.0.2.7"),
        ("10.0.3.4", "192.0.2.7, 10.0.3.5", "192.0.2.7"),
        ("10.0.3.4", "192.0.2.7, 203.0.113.9, 10.0.3.5", "203.0.113.9"),
        ("10.0.3.4", "192.0.2.7, unknown", "10.0.3.4"),
        ("::ffff:10.0.3.4", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("a socket", "192.0.2.7", "a socket"),
    ],
)
def test_a_caller_is_whom_the_last_trusted_proxy_saw(peer: str, forwarded: str, caller: str):
    env = testing.create_environ(remote_addr=peer, headers={"X-Forwarded-For": forwarded})
    assert caller_of(falcon.Request(env), PROXIES) == caller


@pytest.mark.parametrize("wrong", ["0.0.0.0/0", "10.0.3.4,::/0", "proxy", "10.0.3.4/8"])
def test_a_proxy_is_named_by_its_address_and_not_everybody_is_one(wrong: str):
    with pytest.raises(ValidationError):
        WebSettings(PROD_ACCESS_TRUSTED_PROXIES=wrong)


def test_proxies_are_addresses_and_networks_with_commas():
    given = WebSettings(PROD_ACCESS_TRUSTED_PROXIES="10.0.3.0/28, 2001:db8::1,")
    assert given.trusted_proxies == (ip_network("10.0.3.0/28"), ip_network("2001:db8::1"))
    assert WebSettings().trusted_proxies == ()


@pytest.mark.parametrize(
    ("arrived", "whole"),
    [
        (b"", False),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n", False),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{", False),
        (b"POST / HTTP/1.1\r\nContent-Length:2\r\n\r\n{}", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", True),
    ],
)
def test_a_call_is_whole_when_nothing_more_has_to_be_waited_for(arrived: bytes, whole: bool):  # noqa: FBT001 (a table)
    assert is_whole(bytearray(arrived)) is whole


def test_a_mistake_of_ours_is_logged_and_told_by_reference_only(bench: Bench, terminal: Terminal):
    bench.live()
    with bench.ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE grants SET body = '{}'")
    with capture_logs() as logs:
        answer = terminal.use()
    (broke,) = [one for one in logs if one["event"] == "call_broke"]
    assert answer.status_code == 500
    assert answer.json["problem"] == (
        f"That did not work and nothing changed. Reference {broke['reference']}, sent to platform on-call."
    )


def test_it_is_healthy_while_the_ledger_can_be_read(bench: Bench):
    nobody = Terminal(bench)
    assert (nobody.get("/health").status_code, nobody.get("/health").json) == (200, {"ok": True})
    with bench.ledger_away():
        assert nobody.get("/health").status_code == 503


_NAMES = ["/login", "/login/token", "/requests", "/end", "/access", "/health", "/", "/login/"]
_WORDS = st.sampled_from(["client", "device_code", "line", "operation", "target", "cloud", "which"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=5), inner, max_size=4)
    ),
)
_BODIES = st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode())
_SIGNS = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=60)


class Call(NamedTuple):
    """A call as nobody would make it."""

    method: str
    path: str
    query: str
    body: bytes
    authorization: str
    content_type: str


_CALLS = st.builds(
    Call,
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "OPTIONS", "HEAD"]),
    path=st.sampled_from(_NAMES) | st.text(max_size=20).map(lambda text: f"/{text}"),
    query=_SIGNS,
    body=_BODIES,
    authorization=_SIGNS,
    content_type=_SIGNS,
)


@pytest.fixture
def unhurried(bench: Bench) -> Terminal:
    """Ana's terminal before an API that lets anybody call as often as they like."""
    return Terminal(bench, Limits(anybody=(1e6, 10**6), person=(1e6, 10**6))).logs_in()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(call=_CALLS, ours=st.booleans())
def test_whatever_is_sent_it_is_never_our_mistake(unhurried: Terminal, call: Call, ours: bool):  # noqa: FBT001 (drawn)
    answer = unhurried.client.simulate_request(
        call.method,
        call.path.partition("?")[0],
        query_string=call.query.lstrip("?"),
        body=call.body,
        headers={
            "Authorization": f"Bearer {unhurried.token}" if ours else call.authorization,
            "Content-Type": call.content_type,
        },
    )
    assert answer.status_code < 500, answer.text
    assert answer.status_code != 429


# The small parts


def test_a_code_is_read_back_as_it_is_said():
    code = CODE_LETTERS[:8]
    assert say_code(code) == "BCDF-GHJK"
    assert read_code(say_code(code).lower()) == code


def test_a_pace_lets_so_many_at_once_and_so_many_a_second():
    now = [0.0]
    pace = Pace(2.0, 3, clock=lambda: now[0])
    assert [pace.wait("ana") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert pace.wait("ben") == 0.0
    now[0] = 0.5
    assert [pace.wait("ana") for _ in range(2)] == [0.0, 0.5]


def test_a_pace_forgets_whoever_was_not_heard_of_for_longest():
    pace = Pace(1.0, 1, clock=lambda: 0.0)
    assert pace.wait("first") == 0.0
    for number in range(KNOWN_MOST):
        pace.wait(str(number))
    assert pace.wait("first") == 0.0
    assert pace.wait(str(KNOWN_MOST - 1)) == 1.0
