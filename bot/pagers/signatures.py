"""Who signed a delivery: the ways pagers sign, checked on the raw bytes with every secret that is live.

    scheme              signed, by HMAC-SHA256       where
    v1-hmac             body                         v1=hex,v1=hex                     PagerDuty
    standard-webhooks   id.time.body                 webhook-id, -timestamp, -signature     incident.io
    timed-hmac          time:body                    hex, and the time in a header of its own   Grafana
    stamped-hmac        time and body                t=time,v1=hex                     Rootly
    hmac                body                         hex                               FireHydrant
    token               nothing                      the secret itself                 Alertmanager, JSM

A scheme reads what a delivery claims; `Verifier` holds the secrets and decides. Several secrets are live
while one is being changed for another, and with none every delivery is refused. A signature is compared as
the text it must be, so another spelling of the same bytes is none. A header that is missing, too long, joined
from several or not printed ASCII is NotVerified like a wrong signature, and nothing of it is repeated.

A token covers no body: whoever reads one delivery can make any other. TLS is all that guards it.
"""

import base64
import binascii
import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field, SecretBytes, SecretStr

from bot.pagers.pager import Delivery, NotVerified
from policies.values import Value

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed time may be from ours, to either side."""
HEADER_MOST: Final = 2_048
OFFERED_MOST: Final = 10
"""How many signatures one delivery may offer."""
SECRETS_MOST: Final = 5

_KEY_LEAST: Final = 16
_SECRET: Final = re.compile(r"[\x21-\x7e]{16,512}")
_PRINTED: Final = re.compile(r"[\x20-\x7e]+")
_SECONDS: Final = re.compile(r"[0-9]{10}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_STAMPED: Final = re.compile(r"t=([0-9]{10})((?:, ?v1=[0-9a-f]{64})+)")


def _lower(name: str) -> str:
    lowered = name.lower()
    if not re.fullmatch(r"[a-z0-9-]{1,64}", lowered):
        raise ValueError("a header's name has letters, digits and hyphens")
    return lowered


HeaderName: TypeAlias = Annotated[str, AfterValidator(_lower)]
"""The name of a header, in lower case."""


class Claim(NamedTuple):
    """What a delivery claims: that one of these signatures is over this message, made at this time."""

    offered: tuple[str, ...]
    message: bytes
    signed_at: datetime | None = None


class Scheme(Value, ABC):
    """One way of signing, without its secrets."""

    def key(self, secret: SecretStr) -> bytes:
        """The bytes that sign, or ValueError for what cannot be a secret of this scheme."""
        if not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("a secret has 16 to 512 printed signs, and no space or line break")
        return secret.get_secret_value().encode()

    @abstractmethod
    def claim(self, delivery: Delivery) -> Claim:
        """What a delivery claims (NotVerified where its headers cannot be understood)."""

    @abstractmethod
    def sign(self, key: bytes, message: bytes) -> str:
        """The one text that a claim has to offer."""


class BodyHmac(Scheme):
    """The body alone, in hex: FireHydrant (https://docs.firehydrant.com/docs/webhooks)."""

    scheme: Literal["hmac"] = "hmac"
    header: HeaderName
    prefix: Literal["", "sha256="] = ""

    def claim(self, delivery: Delivery) -> Claim:
        """The one signature of a header, and the body."""
        return Claim((_header(delivery, self.header),), delivery.body)

    def sign(self, key: bytes, message: bytes) -> str:
        """Hex, after the prefix."""
        return self.prefix + _hex(key, message)


class VersionedHmac(Scheme):
    """The body alone, once for each secret: PagerDuty (https://developer.pagerduty.com/docs/verifying-signatures)."""

    scheme: Literal["v1-hmac"] = "v1-hmac"
    header: HeaderName = "x-pagerduty-signature"

    def claim(self, delivery: Delivery) -> Claim:
        """Every signature of a header, and the body."""
        return Claim(_listed(_header(delivery, self.header), ","), delivery.body)

    def sign(self, key: bytes, message: bytes) -> str:
        """Hex, after its version."""
        return f"v1={_hex(key, message)}"


class TimedHmac(Scheme):
    """The time, a colon and the body: Grafana Alerting, where a header for the time is configured.

    Source: http/hmac.go of https://github.com/grafana/alerting. Without that header Grafana signs the body
    alone and a delivery could be sent again for ever, so it has to be there.
    """

    scheme: Literal["timed-hmac"] = "timed-hmac"
    header: HeaderName = "x-grafana-alerting-signature"
    timestamp_header: HeaderName = "x-grafana-alerting-signature-timestamp"

    def claim(self, delivery: Delivery) -> Claim:
        """The one signature of a header, over the time of another and the body."""
        stamp = _header(delivery, self.timestamp_header)
        offered = (_header(delivery, self.header),)
        return Claim(offered, stamp.encode() + b":" + delivery.body, _time(stamp))

    def sign(self, key: bytes, message: bytes) -> str:
        """Hex."""
        return _hex(key, message)


class StampedHmac(Scheme):
    """The time and the body, both told in one header: Rootly (https://docs.rootly.com/configuration/webhooks)."""

    scheme: Literal["stamped-hmac"] = "stamped-hmac"
    header: HeaderName
    separator: Literal["", "."] = ""

    def claim(self, delivery: Delivery) -> Claim:
        """Every signature of a header, over its time and the body."""
        stamped = _STAMPED.fullmatch(_header(delivery, self.header))
        if stamped is None:
            raise NotVerified(f"a header {self.header} that cannot be one")
        offered = _listed(stamped[2].removeprefix(","), ",")
        return Claim(offered, f"{stamped[1]}{self.separator}".encode() + delivery.body, _time(stamped[1]))

    def sign(self, key: bytes, message: bytes) -> str:
        """Hex, after its version."""
        return f"v1={_hex(key, message)}"


class StandardWebhooks(Scheme):
    """The id, the time and the body, in base64: incident.io, and whoever else sends by Svix.

    Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. An id has no
    full stop in it, so no two deliveries are signed as the same message.
    """

    scheme: Literal["standard-webhooks"] = "standard-webhooks"
    prefix: Literal["webhook", "svix"] = "webhook"

    def key(self, secret: SecretStr) -> bytes:
        """What `whsec_` and base64 stand for; ValueError for anything else, and for less than 16 bytes."""
        text = super().key(secret).removeprefix(b"whsec_")
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) < _KEY_LEAST:
            raise ValueError("a secret of Standard Webhooks is base64 of 16 bytes or more, after whsec_")
        return key

    def claim(self, delivery: Delivery) -> Claim:
        """Every signature of a header, over the id and time of two others and the body."""
        sent_at = self.sent_at(delivery)
        signed = f"{self.id(delivery)}.{int(sent_at.timestamp())}.".encode()
        offered = _listed(_header(delivery, f"{self.prefix}-signature"), " ")
        return Claim(offered, signed + delivery.body, sent_at)

    def sign(self, key: bytes, message: bytes) -> str:
        """Base64, after its version."""
        return f"v1,{base64.b64encode(_mac(key, message)).decode()}"

    def id(self, delivery: Delivery) -> str:
        """What identifies a message over all its repetitions (NotVerified)."""
        name = f"{self.prefix}-id"
        return _shaped(_MESSAGE_ID, _header(delivery, name), name)

    def sent_at(self, delivery: Delivery) -> datetime:
        """When this attempt was made (NotVerified)."""
        return _time(_header(delivery, f"{self.prefix}-timestamp"))


class Token(Scheme):
    """The secret itself, in `Authorization: Bearer …` or alone in a header of its own."""

    scheme: Literal["token"] = "token"
    header: HeaderName = "authorization"
    prefix: Literal["", "Bearer "] = "Bearer "

    def claim(self, delivery: Delivery) -> Claim:
        """The token of a header; it covers nothing."""
        return Claim((_header(delivery, self.header),), b"")

    def sign(self, key: bytes, message: bytes) -> str:  # noqa: ARG002 (a token is the same for every message)
        """The token as it is sent."""
        return self.prefix + key.decode()


AnyScheme: TypeAlias = Annotated[
    BodyHmac | VersionedHmac | TimedHmac | StampedHmac | StandardWebhooks | Token,
    Field(discriminator="scheme"),
]


class Verifier:
    """A scheme with the secrets that are live.

    Raises:
        ValueError: one of them cannot be a secret, or there are too many; none of it is repeated.
    """

    def __init__(self, scheme: Scheme, secrets: Sequence[SecretStr]) -> None:
        if len(secrets) > SECRETS_MOST:
            raise ValueError(f"at most {SECRETS_MOST} secrets are live at once")
        self._scheme = scheme
        self._keys = tuple(SecretBytes(scheme.key(secret)) for secret in secrets)

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """NotVerified unless somebody with a live secret signed exactly these bytes, and lately."""
        if not self._keys:
            raise NotVerified("no secret is configured")
        claim = self._scheme.claim(delivery)
        if not self._signed(claim):
            raise NotVerified("not signed with a secret of ours")
        if claim.signed_at is not None and abs(now - claim.signed_at) > TOLERANCE:
            raise NotVerified("signed too long ago, or by a clock that is ahead")

    def _signed(self, claim: Claim) -> bool:
        """Every secret is compared with every signature, so that time tells nothing of which one fits."""
        wanted = [self._scheme.sign(key.get_secret_value(), claim.message) for key in self._keys]
        matches = [hmac.compare_digest(one, offered) for one in wanted for offered in claim.offered]
        return any(matches)


def _header(delivery: Delivery, name: str) -> str:
    """A header that is there once, in printed ASCII and not too long."""
    value = delivery.headers.get(name)
    if value is None:
        raise NotVerified(f"no header {name}")
    if len(value) > HEADER_MOST:
        raise NotVerified(f"a header {name} that is too long")
    return _shaped(_PRINTED, value, name)


def _shaped(shape: re.Pattern[str], value: str, name: str) -> str:
    if not shape.fullmatch(value):
        raise NotVerified(f"a header {name} that cannot be one")
    return value


def _listed(value: str, separator: str) -> tuple[str, ...]:
    offered = tuple(one.strip(" ") for one in value.split(separator))
    if len(offered) > OFFERED_MOST:
        raise NotVerified("more signatures than are looked at")
    return offered


def _time(stamp: str) -> datetime:
    """Seconds since 1970, always in ten digits: so it is clear where a time ends and the body starts."""
    if not _SECONDS.fullmatch(stamp):
        raise NotVerified("a signed time that cannot be one")
    return datetime.fromtimestamp(int(stamp), UTC)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _hex(key: bytes, message: bytes) -> str:
    return _mac(key, message).hex()
