"""What every pager's webhook promises, however it is signed and whatever its body looks like."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.pagers.adapters import make_pager
from bot.pagers.pager import BODY_MOST, Delivery, Malformed, NotVerified, Pager
from policies.incident import TITLE_MOST, PagerEvent, PagerVerb
from tests.bot.pagers import payloads, signing
from tests.bot.pagers.payloads import Body
from tests.bot.pagers.signing import LIVE, OLD, RETIRED, Sign

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)
TOLERANCE = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


class Sender(NamedTuple):
    """A pager as it sends, and how we are told to read it."""

    kind: str
    sign: Sign
    body: Body
    options: Body = MappingProxyType({})
    covers: bool = True
    """Whether the body is signed."""
    timed: bool = False
    """Whether the time is signed."""

    def pager(self, *secrets: str) -> Pager:
        """Our end, with these secrets live."""
        return make_pager("our-pager", self.kind, [SecretStr(one) for one in secrets], self.options)

    def send(self, body: bytes | None = None, secret: str = LIVE, at: datetime = NOW) -> Delivery:
        """A delivery as it is sent: its usual body, or another."""
        sent = json.dumps(self.body).encode() if body is None else body
        return Delivery(self.sign(sent, secret, at), sent)


OWN_HEADER: Body = {"scheme": {"scheme": "token", "header": "X-Pager-Token", "prefix": ""}}
SENDERS: Mapping[str, Sender] = {
    "pagerduty": Sender("pagerduty", signing.pagerduty, payloads.pagerduty("incident.triggered")),
    "incident-io": Sender(
        "incident-io",
        signing.standard_webhooks,
        payloads.incident_io("public_incident.incident_created_v2", payloads.incident_io_incident()),
        timed=True,
    ),
    "alertmanager": Sender("alertmanager", signing.bearer, payloads.alertmanager(), covers=False),
    "grafana": Sender("grafana", signing.grafana, payloads.grafana(), timed=True),
    "jsm": Sender("jsm", signing.bearer, payloads.jsm("Create"), covers=False),
    "jsm, own header": Sender("jsm", signing.own_header, payloads.jsm("Create"), OWN_HEADER, covers=False),
    "rootly": Sender(
        "signed-json", signing.rootly, payloads.rootly("incident.created"), payloads.ROOTLY, timed=True
    ),
    "firehydrant": Sender(
        "signed-json", signing.firehydrant, payloads.firehydrant("started"), payloads.FIREHYDRANT
    ),
    "datadog": Sender(
        "signed-json", signing.bearer, payloads.datadog("Triggered"), payloads.DATADOG, covers=False
    ),
}
ROWS = [pytest.param(sender, id=name) for name, sender in SENDERS.items()]
COVERED = [pytest.param(sender, id=name) for name, sender in SENDERS.items() if sender.covers]
TIMED = [pytest.param(sender, id=name) for name, sender in SENDERS.items() if sender.timed]
UNTIMED = [pytest.param(sender, id=name) for name, sender in SENDERS.items() if not sender.timed]

every_pager = pytest.mark.parametrize("sender", ROWS)


def read(sender: Sender, delivery: Delivery) -> tuple[PagerEvent, ...]:
    return sender.pager(LIVE).read(delivery, NOW)


def read_or_malformed(sender: Sender, body: bytes) -> tuple[PagerEvent, ...]:
    """What validly signed bytes say, or nothing where they are Malformed; any other exception goes on."""
    try:
        return read(sender, sender.send(body))
    except Malformed:
        return ()


# Verified


@every_pager
def test_what_is_signed_is_read(sender: Sender):
    (event,) = read(sender, sender.send())
    assert (event.pager, event.verb) == ("our-pager", PagerVerb.TRIGGERED)
    assert event.incident


@every_pager
def test_the_old_secret_holds_while_secrets_are_changed_and_not_after(sender: Sender):
    during, after = sender.pager(LIVE, OLD), sender.pager(LIVE)
    assert during.read(sender.send(secret=OLD), NOW) == during.read(sender.send(secret=LIVE), NOW)
    with pytest.raises(NotVerified):
        after.read(sender.send(secret=OLD), NOW)


@every_pager
def test_a_retired_secret_is_refused(sender: Sender):
    with pytest.raises(NotVerified):
        sender.pager(LIVE, OLD).read(sender.send(secret=RETIRED), NOW)


@every_pager
def test_without_a_secret_everything_is_refused(sender: Sender):
    with pytest.raises(NotVerified, match="no secret is configured"):
        sender.pager().read(sender.send(), NOW)


@pytest.mark.parametrize("sender", COVERED)
def test_no_byte_of_a_body_can_be_changed(sender: Sender):
    pager, sent = sender.pager(LIVE), sender.send()
    for place in range(len(sent.body)):
        for bit in (1, 32):
            body = bytearray(sent.body)
            body[place] ^= bit
            with pytest.raises(NotVerified):
                pager.read(sent._replace(body=bytes(body)), NOW)


@pytest.mark.parametrize("sender", COVERED)
@pytest.mark.parametrize("change", [lambda body: body + b" ", lambda body: body[:-1], lambda _: b""])
def test_nothing_can_be_added_to_a_body_or_taken_away(sender: Sender, change: Callable[[bytes], bytes]):
    sent = sender.send()
    with pytest.raises(NotVerified):
        read(sender, sent._replace(body=change(sent.body)))


def changed(headers: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The headers with any one bit of any one of them the other way round."""
    for name, value in headers.items():
        for place, sign in enumerate(value):
            for bit in range(8):
                other = chr(ord(sign) ^ (1 << bit))
                yield {**headers, name: value[:place] + other + value[place + 1 :]}


@every_pager
def test_no_bit_of_a_signature_can_be_changed(sender: Sender):
    pager, sent = sender.pager(LIVE), sender.send()
    for headers in changed(sent.headers):
        with pytest.raises(NotVerified):
            pager.read(sent._replace(headers=headers), NOW)


@every_pager
def test_every_header_has_to_be_there(sender: Sender):
    sent = sender.send()
    for missing in sent.headers:
        rest = {name: value for name, value in sent.headers.items() if name != missing}
        with pytest.raises(NotVerified):
            read(sender, sent._replace(headers=rest))


GARBAGE = (
    "",
    " ",
    "é",
    "\udce9",
    "\x00",
    "a\r\nb",
    "v1=",
    "v1,",
    "t=,v1=",
    "Bearer",
    "9" * 5_000,
    "v1=," * 5_000,
)


@every_pager
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_a_header_is_not_verified(sender: Sender, garbage: str):
    sent = sender.send()
    for name, value in sent.headers.items():
        for spoilt in (garbage, value + garbage if garbage.strip(" ") else garbage):
            with pytest.raises(NotVerified):
                read(sender, sent._replace(headers={**sent.headers, name: spoilt}))


@every_pager
@given(data=st.data())
def test_no_header_raises_anything_else(sender: Sender, data: st.DataObject):
    sent = sender.send()
    headers = {name: data.draw(st.text()) for name in sent.headers}
    with pytest.raises(NotVerified):
        read(sender, sent._replace(headers=headers))


@every_pager
def test_nothing_secret_is_in_an_error_or_a_repr(sender: Sender):
    pager = sender.pager(LIVE)
    with pytest.raises(NotVerified) as refused:
        pager.read(sender.send(secret=RETIRED), NOW)
    shown = f"{refused.value!r} {pager!r} {vars(pager)!r} {vars(vars(pager)['_verifier'])!r}"
    assert [one for one in (LIVE, RETIRED, LIVE[6:20]) if one in shown] == []


# Time


@pytest.mark.parametrize("sender", TIMED)
@pytest.mark.parametrize("ago", [-TOLERANCE, timedelta(), TOLERANCE])
def test_a_signed_time_may_be_five_minutes_off(sender: Sender, ago: timedelta):
    assert read(sender, sender.send(at=NOW - ago))


@pytest.mark.parametrize("sender", TIMED)
@pytest.mark.parametrize("ago", [-TOLERANCE - SECOND, TOLERANCE + SECOND, timedelta(days=3650)])
def test_a_signed_time_further_off_is_refused(sender: Sender, ago: timedelta):
    with pytest.raises(NotVerified):
        read(sender, sender.send(at=NOW - ago))


@pytest.mark.parametrize("sender", UNTIMED)
def test_where_no_time_is_signed_an_old_delivery_is_read_with_its_own_time(sender: Sender):
    (then,) = sender.pager(LIVE).read(sender.send(), NOW)
    (later,) = sender.pager(LIVE).read(sender.send(), NOW + timedelta(days=30))
    assert then == later
    assert NOW - timedelta(hours=1) < then.at < NOW


# Repetitions


@every_pager
def test_the_same_event_is_delivered_under_the_same_name(sender: Sender):
    (first,), (again,) = (read(sender, sender.send(at=at)) for at in (NOW, NOW - timedelta(minutes=4)))
    assert first.delivery == again.delivery


# Bodies

NESTED = 100_000
WRONG: Sequence[bytes] = (
    b"",
    b" ",
    b"null",
    b"3",
    b'"text"',
    b"[]",
    b"{}",
    b'{"event": null, "alert": [], "alerts": {}, "data": 3}',
    b"{" * NESTED,
    b"[" * NESTED + b"]" * NESTED,
    b'{"event":' * NESTED,
    b'{"event": "\\ud800"}',
    b"\xff\xfe\x00\x00",
    b"\xef\xbb\xbf{}",
    b"\x1f\x8b\x08\x00" + bytes(100),
    b"event=incident.triggered&id=1",
    b"NaN",
    b"9" * 5_000,
    b"\x00" * BODY_MOST,
)


@every_pager
@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_signed_bytes_that_are_nothing_of_the_kind_are_malformed(sender: Sender, body: bytes):
    with pytest.raises(Malformed):
        read(sender, sender.send(body))


@every_pager
def test_a_body_that_is_too_long_is_not_even_verified(sender: Sender):
    with pytest.raises(Malformed, match="too long"):
        sender.pager().read(Delivery({}, b" " * (BODY_MOST + 1)), NOW)


@every_pager
@given(body=st.binary())
def test_no_bytes_raise_anything_else(sender: Sender, body: bytes):
    assert read_or_malformed(sender, body) == ()


texts = st.text() | st.sampled_from(
    ["\x00", "\u202e", "2026-11-24", "0001-01-01T00:00:00+14:00", "a" * 5_000]
)
numbers = st.integers() | st.sampled_from([0, -1, 10**18, 10**40]) | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@every_pager
@given(body=values)
def test_no_json_raises_anything_else(sender: Sender, body: object):
    assert read_or_malformed(sender, json.dumps(body).encode()) == ()


def places(value: object, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a body, each as the way to it."""
    yield before
    inner = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, one in inner:
        yield from places(one, (*before, step))


def replaced(value: object, way: Sequence[str | int], by: object) -> object:
    """A body with something else in one of its places."""
    if not way:
        return by
    step, *rest = way
    if isinstance(value, Mapping):
        return {**value, step: replaced(value[step], rest, by)}
    assert isinstance(value, list)
    return [replaced(one, rest, by) if place == step else one for place, one in enumerate(value)]


def fits(event: PagerEvent) -> bool:
    """Whether nothing of an event is longer or other than it may be."""
    ids = [event.delivery, event.incident, event.agent, event.commander, *(event.assignees or ())]
    words = [event.reference, event.service, event.severity, event.title]
    return (
        all(len(one) <= 200 and one.isascii() and one.isprintable() for one in ids if one)
        and all(len(one) <= TITLE_MOST and one.isprintable() for one in words if one)
        and (event.link is None or event.link.startswith("https://"))
        and event.at.tzinfo is UTC
        and len(event.assignees or ()) <= 100
    )


@every_pager
@settings(max_examples=300)
@given(data=st.data())
def test_whatever_stands_in_a_place_of_a_body_is_read_within_bounds_or_malformed(
    sender: Sender, data: st.DataObject
):
    way = data.draw(st.sampled_from(list(places(sender.body))))
    body = replaced(sender.body, way, data.draw(values))
    events = read_or_malformed(sender, json.dumps(body).encode())
    assert [event for event in events if not fits(event)] == []


@every_pager
def test_words_that_nobody_knows_are_passed_over(sender: Sender):
    known = json.dumps(sender.body)
    words = (
        "incident.triggered",
        "incident_created_v2",
        '"Create"',
        "incident.created",
        '"started"',
        '"Triggered"',
    )
    found = [word for word in words if word in known]
    for word in found:
        other = known.replace(word, word.replace("e", "ee"))
        assert read(sender, sender.send(other.encode())) == ()
    assert found or sender.kind in {"alertmanager", "grafana"}
