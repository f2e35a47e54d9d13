"""Signatures: the schemes agree with what their documentation shows, and refuse whatever comes close."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr, ValidationError

from bot.pagers.pager import Delivery, NotVerified
from bot.pagers.signatures import (
    BodyHmac,
    Scheme,
    StampedHmac,
    StandardWebhooks,
    TimedHmac,
    Token,
    Verifier,
    VersionedHmac,
)
from tests.bot.pagers import signing
from tests.bot.pagers.signing import LIVE, OLD, RETIRED, mac

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)
BODY = b'{"test": 2432232314}'
STAMP = signing.seconds(NOW)


def accepts(
    scheme: Scheme, headers: Mapping[str, str], *secrets: str, body: bytes = BODY, now: datetime = NOW
) -> bool:
    """Whether a delivery is verified, and by nothing but NotVerified where it is not."""
    try:
        Verifier(scheme, [SecretStr(one) for one in secrets or (LIVE,)]).verify(Delivery(headers, body), now)
    except NotVerified:
        return False
    return True


# Standard Webhooks


EXAMPLE = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""Made with the secret below, in the documentation of Svix; incident.io's shows the same signature."""
EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
THEN = datetime.fromtimestamp(1614265330, UTC)


def test_the_documented_example_of_standard_webhooks_is_accepted():
    assert accepts(StandardWebhooks(), EXAMPLE, EXAMPLE_SECRET, now=THEN)
    assert accepts(StandardWebhooks(), EXAMPLE, EXAMPLE_SECRET.removeprefix("whsec_"), now=THEN)


def test_any_of_several_signatures_will_do():
    others = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,a v1a,b "
    headers = {**EXAMPLE, "webhook-signature": others + EXAMPLE["webhook-signature"]}
    assert accepts(StandardWebhooks(), headers, EXAMPLE_SECRET, now=THEN)


@pytest.mark.parametrize(
    "signature",
    [
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",  # the same bytes, spelled otherwise
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=,v1,a",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,",
        " ".join(["v1,a"] * 10 + ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="]),
    ],
)
def test_another_spelling_version_or_number_of_signatures_is_refused(signature: str):
    headers = {**EXAMPLE, "webhook-signature": signature}
    assert not accepts(StandardWebhooks(), headers, EXAMPLE_SECRET, now=THEN)


def test_an_id_with_a_full_stop_could_be_part_of_another_message_and_is_refused():
    body = b"1614265330." + BODY
    key = base64.b64decode(EXAMPLE_SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(mac(key, b"msg.1614265330." + body)).decode()
    headers = {"webhook-timestamp": "1614265330", "webhook-signature": f"v1,{signature}"}
    assert accepts(StandardWebhooks(), {**headers, "webhook-id": "msg"}, EXAMPLE_SECRET, body=body, now=THEN)
    shifted = {**headers, "webhook-id": "msg.1614265330"}
    assert not accepts(StandardWebhooks(), shifted, EXAMPLE_SECRET, body=BODY, now=THEN)


def test_the_headers_may_be_named_after_svix():
    headers = {name.replace("webhook", "svix"): value for name, value in EXAMPLE.items()}
    assert accepts(StandardWebhooks(prefix="svix"), headers, EXAMPLE_SECRET, now=THEN)
    assert not accepts(StandardWebhooks(), headers, EXAMPLE_SECRET, now=THEN)


@pytest.mark.parametrize(
    "secret", ["whsec_not-base64-not-base64", "whsec_c2hvcnQtc2hvcnQ=", "whsec_" + "A" * 17]
)
def test_a_secret_of_standard_webhooks_is_base64_of_enough_bytes(secret: str):
    with pytest.raises(ValueError, match="after whsec_") as refused:
        Verifier(StandardWebhooks(), [SecretStr(secret)])
    assert secret not in str(refused.value)


# Hex


def test_any_of_pagerdutys_signatures_will_do():
    (live,), (retired,) = (signing.pagerduty(BODY, one, NOW).values() for one in (LIVE, RETIRED))
    scheme = VersionedHmac()
    assert accepts(scheme, {"x-pagerduty-signature": f"{retired},{live}"})
    assert accepts(scheme, {"x-pagerduty-signature": f"{retired}, {live}"})
    assert not accepts(scheme, {"x-pagerduty-signature": f"{retired} {live}"})
    assert not accepts(scheme, {"x-pagerduty-signature": ",".join([retired] * 10 + [live])})


def test_hex_is_in_small_letters():
    upper = mac(LIVE.encode(), BODY).hex().upper()
    assert not accepts(VersionedHmac(), {"x-pagerduty-signature": f"v1={upper}"})
    assert not accepts(BodyHmac(header="fh-signature"), {"fh-signature": upper})


def test_a_prefix_has_to_be_there_where_it_is_configured():
    signature = mac(LIVE.encode(), BODY).hex()
    scheme = BodyHmac(header="X-Signature", prefix="sha256=")
    assert accepts(scheme, {"x-signature": f"sha256={signature}"})
    assert not accepts(scheme, {"x-signature": signature})


def test_grafana_without_a_header_for_the_time_is_refused():
    headers = {"x-grafana-alerting-signature": mac(LIVE.encode(), BODY).hex()}
    assert not accepts(TimedHmac(), headers)


@pytest.mark.parametrize(
    "stamp", ["0", "", "-1", "1e9", "179552898", "17955289800", "1795528980.0", " 1795528980"]
)
def test_a_time_is_ten_digits(stamp: str):
    signature = mac(LIVE.encode(), f"{stamp}:".encode() + BODY).hex()
    headers = {"x-grafana-alerting-signature": signature, "x-grafana-alerting-signature-timestamp": stamp}
    assert not accepts(TimedHmac(), headers)
    stamped = mac(LIVE.encode(), stamp.encode() + BODY).hex()
    assert not accepts(StampedHmac(header="x-signature"), {"x-signature": f"t={stamp},v1={stamped}"})


@pytest.mark.parametrize("stamp", ["999999999", "10000000000"])
def test_a_digit_of_the_time_cannot_be_taken_for_one_of_the_body(stamp: str):
    at = datetime.fromtimestamp(int(stamp), UTC)
    assert not accepts(TimedHmac(), signing.grafana(BODY, LIVE, at), now=at)
    assert not accepts(StampedHmac(header="x-rootly-signature"), signing.rootly(BODY, LIVE, at), now=at)


def test_a_stamp_may_have_a_space_several_signatures_and_a_full_stop_where_it_is_configured():
    signature, dotted = (mac(LIVE.encode(), f"{STAMP}{sign}".encode() + BODY).hex() for sign in ("", "."))
    scheme = StampedHmac(header="x-signature")
    assert accepts(scheme, {"x-signature": f"t={STAMP}, v1={signature}"})
    assert accepts(scheme, {"x-signature": f"t={STAMP},v1={'0' * 64},v1={signature}"})
    assert not accepts(scheme, {"x-signature": f"t={STAMP},v1={dotted}"})
    assert accepts(
        StampedHmac(header="x-signature", separator="."), {"x-signature": f"t={STAMP},v1={dotted}"}
    )


@pytest.mark.parametrize(
    "header", ["v1={v},t={t}", "t={t}", "t={t},v0={v}", "t={t},v1={v},t={t},v1={v}", "t={t}v1={v}"]
)
def test_a_stamp_of_another_shape_is_refused(header: str):
    signature = mac(LIVE.encode(), STAMP.encode() + BODY).hex()
    assert not accepts(
        StampedHmac(header="x-signature"), {"x-signature": header.format(t=STAMP, v=signature)}
    )


# Tokens


@pytest.mark.parametrize(
    "value", [LIVE, f"bearer {LIVE}", f"Bearer  {LIVE}", f"Bearer {LIVE},Bearer {LIVE}", "Bearer "]
)
def test_a_token_is_sent_in_one_way_only(value: str):
    assert accepts(Token(), {"authorization": f"Bearer {LIVE}"})
    assert not accepts(Token(), {"authorization": value})


def test_a_token_in_a_header_of_its_own_stands_alone():
    scheme = Token(header="X-Pager-Token", prefix="")
    assert accepts(scheme, {"x-pager-token": LIVE})
    assert not accepts(scheme, {"x-pager-token": f"Bearer {LIVE}"})
    assert not accepts(scheme, {"authorization": f"Bearer {LIVE}"})


# Secrets and headers


@pytest.mark.parametrize("secret", ["", " ", "short", f"{LIVE}\n", f" {LIVE}", "é" * 20, "a" * 513])
def test_what_cannot_be_a_secret_is_refused_and_not_repeated(secret: str):
    with pytest.raises(ValueError, match="a secret has 16 to 512 printed signs") as refused:
        Verifier(Token(), [SecretStr(secret)])
    assert len(secret) < 3 or secret not in str(refused.value)


def test_at_most_five_secrets_are_live():
    assert accepts(Token(), {"authorization": f"Bearer {LIVE}"}, OLD, OLD, OLD, OLD, LIVE)
    with pytest.raises(ValueError, match="at most 5 secrets"):
        Verifier(Token(), [SecretStr(LIVE)] * 6)


@pytest.mark.parametrize("name", ["", "X Signature", "x-signature:", "x_signature", "é", "x" * 65])
def test_a_header_is_named_in_letters_digits_and_hyphens(name: str):
    with pytest.raises(ValidationError):
        Token(header=name)


def test_a_header_may_be_two_thousand_signs_long():
    verifier = Verifier(Token(prefix=""), [SecretStr(LIVE)])
    for length, problem in ((2_048, "not signed"), (2_049, "too long")):
        with pytest.raises(NotVerified, match=problem):
            verifier.verify(Delivery({"authorization": "a" * length}, BODY), NOW)
