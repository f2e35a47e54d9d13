"""Asking over HTTP: what is sent, what is believed, and what is made of every other answer."""

import gzip
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import SecretStr

from bot.on_call.http import ANSWER_MOST, Answer, PagerApi, Reach, authorized, https_address, part, stamp
from bot.on_call.source import SourceAway, SourceRefused
from policies.values import Moment
from tests.bot.on_call.stand_in import DROPPED, Reply, StandIn, says, standing

TOKEN = SecretStr("live-token")


class Thing(Answer):
    """What the tests ask for."""

    number: int
    at: Moment | None = None


@pytest.fixture(scope="module")
def up() -> Iterator[StandIn]:
    """A pager that always has the same thing."""
    with standing(lambda *_: says({"number": 7})) as stand_in:
        yield stand_in


@pytest.fixture
def pager(up: StandIn) -> StandIn:
    """The same, with nothing wrong."""
    up.renew()
    return up


def api(pager: StandIn, whole_seconds: float = 6.0) -> PagerApi:
    return PagerApi(Reach(pager.address, whole_seconds=whole_seconds), authorized("Bearer ", TOKEN))


def ask(pager: StandIn) -> Thing:
    return api(pager).get("/thing", Thing)


# What is sent


def test_a_question_carries_its_token_in_a_header_and_wants_plain_json(pager: StandIn):
    assert api(pager).get("/thing", Thing, {"id[]": "a b"}) == Thing(number=7)
    (asked,) = pager.asked
    assert (asked.path, asked.query) == ("/thing", {"id[]": "a b"})
    wanted = ("authorization", "accept", "accept-encoding", "user-agent")
    assert [asked.headers[name] for name in wanted] == [
        "Bearer live-token",
        "application/json",
        "identity",
        "prod-access",
    ]


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "ALL_PROXY"])
def test_what_is_sent_to_ourselves_goes_by_no_proxy(
    pager: StandIn, monkeypatch: pytest.MonkeyPatch, proxy: str
):
    monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    assert ask(pager) == Thing(number=7)


# What is believed


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"number": "7"}',
        b'{"number": 7.5}',
        b'{"number": null}',
        b"[7]",
        b"\xff",
        b"[" * 100_000,
        b'{"number": ' + b"9" * 9_000 + b"}",
        b'{"number": 7, "at": "2026-11-24T14:02:11"}',
        b'{"number": 7, "at": 1795701731}',
        b'{"number": 7, "at": "0001-01-01T00:00:00+14:00"}',
        b'{"number": 7, "at": "9999-12-31T23:59:59-14:00"}',
    ],
)
def test_an_answer_of_another_shape_is_none(pager: StandIn, body: bytes):
    pager.always = Reply(body=body)
    with pytest.raises(SourceAway, match="not what it should answer: Thing") as away:
        ask(pager)
    assert away.value.__context__ is None


def test_what_is_more_in_an_answer_is_left_alone(pager: StandIn):
    pager.always = says({"number": 8, "colour": "red"})
    assert ask(pager) == Thing(number=8)


def test_an_answer_that_is_too_long_is_not_read_to_its_end(pager: StandIn):
    pager.always = Reply(body=b" " * (ANSWER_MOST + 1))
    with pytest.raises(SourceAway, match="too long"):
        ask(pager)


def test_an_answer_that_trickles_in_is_given_up(pager: StandIn):
    pager.always = Reply(trickles=True)
    with pytest.raises(SourceAway, match="takes too long"):
        api(pager, whole_seconds=0.1).get("/thing", Thing)


def test_an_answer_that_is_packed_unasked_is_none(pager: StandIn):
    pager.always = Reply(body=gzip.compress(b'{"number": 7}'), headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceAway, match="not what it should answer"):
        ask(pager)


# What is made of every other answer


def test_a_connection_that_breaks_once_is_made_again(pager: StandIn):
    pager.faults = [DROPPED]
    assert ask(pager) == Thing(number=7)
    assert len(pager.asked) == 2


def test_a_connection_that_breaks_twice_is_away(pager: StandIn):
    pager.always = DROPPED
    with pytest.raises(SourceAway, match="RemoteProtocolError"):
        ask(pager)
    assert len(pager.asked) == 2


def test_a_slow_answer_is_not_asked_for_twice(pager: StandIn):
    pager.open.clear()
    slow = PagerApi(Reach(pager.address, read_seconds=0.1), authorized("Bearer ", TOKEN))
    with pytest.raises(SourceAway, match="ReadTimeout"):
        slow.get("/thing", Thing)
    assert len(pager.asked) == 1


@pytest.mark.parametrize("status", [408, 425, 500, 501, 503, 599])
def test_what_may_be_asked_again_is_away(pager: StandIn, status: int):
    pager.always = Reply(status)
    with pytest.raises(SourceAway, match=f"it answers {status}") as away:
        ask(pager)
    assert away.value.after == timedelta()


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 401, 403, 404, 405, 410, 418])
def test_every_other_answer_is_a_refusal(pager: StandIn, status: int):
    pager.always = Reply(status, headers={"Location": "/elsewhere"} if status in {301, 302, 307} else {})
    with pytest.raises(SourceRefused):
        ask(pager)
    assert [asked.path for asked in pager.asked] == ["/thing"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 30),
        ({"Retry-After": "7"}, 7),
        ({"ratelimit-reset": "9"}, 9),
        ({"Retry-After": "7", "ratelimit-reset": "9"}, 7),
        ({"Retry-After": "Wed, 25 Nov 2026 08:00:00 GMT", "ratelimit-reset": "9"}, 9),
        ({"Retry-After": "-1"}, 30),
        ({"Retry-After": "1e9"}, 30),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "999999999"}, 300),
        ({"Retry-After": "9" * 99}, 30),
    ],
)
def test_too_many_questions_wait_as_told_within_reason(pager: StandIn, headers: dict[str, str], seconds: int):
    pager.always = Reply(429, headers=headers)
    with pytest.raises(SourceAway) as away:
        ask(pager)
    assert away.value.after == timedelta(seconds=seconds)


def test_a_pager_that_is_down_for_a_known_time_says_so(pager: StandIn):
    pager.always = Reply(503, headers={"Retry-After": "60"})
    with pytest.raises(SourceAway) as away:
        ask(pager)
    assert away.value.after == timedelta(minutes=1)


# What can be asked at all


@pytest.mark.parametrize(
    "address", ["https://api.pagerduty.com", "https://here/oncall/", "http://127.0.0.1:1"]
)
def test_an_address_is_https_or_our_own_machine(address: str):
    assert https_address(address) == address.rstrip("/")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "api.pagerduty.com",
        "http://api.pagerduty.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://ana@here",
        "https://ana:secret@here",
        "https://here?token=x",
        "https://here#x",
        "https://he re",
        "https://here:99999",
        "https://here:x",
        "https://[::1",
        "https://hëre",
    ],
)
def test_no_other_address_is_one(address: str):
    with pytest.raises(ValueError, match="a pager's address"):
        https_address(address)


@pytest.mark.parametrize("token", ["", " ", "a b", "a\n", "a\r\nX: y", "ü", "a\x00"])
def test_what_is_no_token_is_refused_and_not_repeated(token: str):
    with pytest.raises(ValueError, match="token is missing, or has signs in it") as refused:
        authorized("Bearer ", SecretStr(token))
    assert str(refused.value) == "a pager's token is missing, or has signs in it that no token has"


def test_an_id_may_have_dots_and_lines_in_it():
    assert part("01FCNDV6-P870_x.1") == "01FCNDV6-P870_x.1"


def test_a_moment_is_told_in_utc_to_the_second():
    berlin = timezone(timedelta(hours=1))
    assert stamp(datetime(2026, 11, 24, 15, 2, 11, 999, tzinfo=berlin)) == "2026-11-24T14:02:11Z"
    assert stamp(datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)) == "2026-11-24T14:02:11Z"


def test_many_threads_may_ask_at_a_time(pager: StandIn):
    one, got = api(pager), []
    threads = [threading.Thread(target=lambda: got.append(one.get("/thing", Thing))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [Thing(number=7)] * 8
