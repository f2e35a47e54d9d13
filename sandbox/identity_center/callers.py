"""Whose keys sign a call: users with keys of their own, and the sessions handed out since.

Signatures are checked as AWS checks them
(https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html), and a signature from another
time is refused (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from sandbox.aws.keys import Keys
from sandbox.aws.wire import Message
from sandbox.identity_center.errors import AwsError, Protocol

_HEADER: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_TOLERANCE: Final = timedelta(minutes=15)


class Standing(StrEnum):
    """What a caller may do."""

    WORKER = "worker"
    """Assume the access role."""
    ACCESS = "access"
    """Read Identity Center, and assign the catalogue."""
    OPERATOR = "operator"
    """Anything."""
    PERSON = "person"
    """What their permission set allows, in one account."""


@dataclass(frozen=True)
class Caller:
    """Somebody with keys: a user, or a session until it runs out."""

    keys: Keys
    name: str
    standing: Standing
    expires_at: datetime | None = None
    account: str = ""
    permission_set: str = ""


@dataclass
class Callers:
    """Everybody who has keys."""

    _known: dict[str, Caller] = field(default_factory=dict)

    def user(self, name: str, standing: Standing, keys: Keys | None = None) -> Caller:
        """A user, with the keys that are given or new ones."""
        return self._add(Caller(keys or _made("AKIA", session=False), name, standing))

    def session(
        self,
        name: str,
        standing: Standing,
        expires_at: datetime,
        *,
        account: str = "",
        permission_set: str = "",
    ) -> Caller:
        """A new session until a moment."""
        keys = _made("ASIA", session=True)
        return self._add(Caller(keys, name, standing, expires_at, account, permission_set))

    def _add(self, caller: Caller) -> Caller:
        self._known[caller.keys.access_key_id] = caller
        return caller

    def name_of(self, request: Message) -> str:
        """Who a call says it is from, its signature unread."""
        signed = _HEADER.match(request.headers.get("authorization", ""))
        caller = self._known.get(signed["key"]) if signed else None
        return caller.name if caller else ""

    def authenticated(self, request: Message, protocol: Protocol, now: datetime) -> Caller:
        """Who a call is from, by its signature."""
        words = _WORDS[protocol is Protocol.QUERY]
        signed = _HEADER.match(request.headers.get("authorization", ""))
        if signed is None:
            raise AwsError(*words["missing"])
        caller = self._known.get(signed["key"])
        token = request.headers.get("x-amz-security-token")
        if caller is None or token != caller.keys.session_token:
            raise AwsError(*words["unknown"])
        if not _signed_by(caller, request, signed) or not _is_of_now(request, now):
            raise AwsError(*words["signature"])
        if caller.expires_at is not None and caller.expires_at <= now:
            raise AwsError(*words["expired"])
        return caller


_WORDS: Final[Mapping[bool, Mapping[str, tuple[str, str, int]]]] = {
    False: {
        "missing": ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
        "unknown": (
            "UnrecognizedClientException", "The security token included in the request is invalid.", 400
        ),
        "signature": (
            "InvalidSignatureException", "The request signature we calculated does not match yours.", 400
        ),
        "expired": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    },
    True: {
        "missing": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "unknown": (
            "InvalidClientTokenId", "The security token included in the request is invalid.", 403
        ),
        "signature": (
            "SignatureDoesNotMatch", "The request signature we calculated does not match yours.", 403
        ),
        "expired": ("ExpiredToken", "The security token included in the request is expired", 403),
    },
}  # fmt: skip
"""How JSON services say it, and how query services do
(https://docs.aws.amazon.com/singlesignon/latest/APIReference/CommonErrors.html and that of IAM)."""


def _made(prefix: str, *, session: bool) -> Keys:
    name = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
    return Keys(prefix + name, secrets.token_urlsafe(30), secrets.token_urlsafe(120) if session else None)


def _is_of_now(request: Message, now: datetime) -> bool:
    try:
        at = datetime.strptime(request.headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(now - at) <= _TOLERANCE


def _signed_by(caller: Caller, request: Message, signed: "re.Match[str]") -> bool:
    key = f"AWS4{caller.keys.secret_access_key}".encode()
    for part in signed["scope"].split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    canonical = hashlib.sha256(_canonical(request, signed["headers"]).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers.get("x-amz-date", ""), signed["scope"], canonical])
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signed["signature"])


def _canonical(request: Message, headers: str) -> str:
    """The request as its signature covers it."""
    method, target = request.first_line.split(" ")[:2]
    parts = urlsplit(target)
    query = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(parts.query))
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in headers.split(";")]
    digest = hashlib.sha256(request.body).hexdigest()
    return "\n".join(
        [
            method,
            parts.path or "/",
            "&".join("=".join(pair) for pair in query),
            "".join(lines),
            headers,
            digest,
        ]
    )
