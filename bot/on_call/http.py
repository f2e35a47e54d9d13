"""How a pager is asked over HTTPS: one short GET, and an answer that has the shape it must have.

    no connection, too slow, too long, another shape, 408, 425, 5xx ─▶ SourceAway (it may be asked at once)
    429, and any of these that says how long to wait ─▶ SourceAway (after as long, at most five minutes)
    every other answer than 200 ─▶ SourceRefused

A connection is made for each question: questions are few, and nothing is shared when a process forks. The
token is in a header only. An error of the HTTP library carries the whole request, so none of ours is raised
from one; and nothing of an answer is repeated in a problem.
"""

import re
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from bot.on_call.source import SourceAway, SourceRefused
from workers.settings import LOOPBACK

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 4.0
WHOLE_SECONDS: Final = 6.0
"""How long an answer may take to its end: of one that trickles in, no piece is too slow."""
ANSWER_MOST: Final = 1_048_576
LONGEST_WAIT: Final = timedelta(minutes=5)
UNTOLD_WAIT: Final = timedelta(seconds=30)
"""How long we wait where a pager says "too many" and not how long."""
AT_ONCE: Final = timedelta()

_TRIES: Final = 2
_LOST: Final = (httpx.NetworkError, httpx.RemoteProtocolError)
"""The connection was not made or broke; a question may be asked twice."""
_NOT_NOW: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}
_WHY: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: "it does not understand the question",
    HTTPStatus.UNAUTHORIZED: "it does not take the token",
    HTTPStatus.FORBIDDEN: "the token may not read this",
    HTTPStatus.NOT_FOUND: "it has nothing under this id",
}
_WAITS: Final = ("retry-after", "ratelimit-reset")
"""In seconds (https://developer.pagerduty.com/docs/rest-api-rate-limits); a date is not read."""
_PRINTED: Final = re.compile(r"[\x21-\x7e]+")
_PART: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
_HEADERS: Final[Mapping[str, str]] = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # an answer that is packed could be far longer than it looks
    "User-Agent": "prod-access",
}


class Answer(BaseModel):
    """What a pager answers, as far as we read it; the rest is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


Shape = TypeVar("Shape", bound=Answer)


class Reach(NamedTuple):
    """Where a pager's API is, and how long it is waited for."""

    address: str
    ca_bundle: str | None = None
    read_seconds: float = READ_SECONDS
    whole_seconds: float = WHOLE_SECONDS


class _Heard(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class PagerApi:
    """Typed GETs to one pager.

    Raises:
        ValueError: the address would send the token in the clear.
    """

    def __init__(
        self, reach: Reach, authorization: SecretStr, headers: Mapping[str, str] | None = None
    ) -> None:
        self._address = https_address(reach.address)
        self._authorization = authorization
        self._headers = {**_HEADERS, **(headers or {})}
        self._timeout = httpx.Timeout(reach.read_seconds, connect=CONNECT_SECONDS)
        self._whole_seconds = reach.whole_seconds
        self._trust = _trust(reach.ca_bundle)

    def get(self, path: str, shape: type[Shape], query: Mapping[str, str] | None = None) -> Shape:
        """What is at this path, in this shape (SourceError)."""
        heard = self._heard(path, query or {})
        if heard.status != HTTPStatus.OK:
            raise _refusal(heard.status, heard.headers)
        return _read(heard.body, shape)

    def _heard(self, path: str, query: Mapping[str, str]) -> _Heard:
        problem = ""
        for _ in range(_TRIES):
            try:
                return self._ask(path, query)
            except _LOST as error:
                problem = type(error).__name__
            except httpx.HTTPError as error:
                problem = type(error).__name__
                break
        raise SourceAway(problem, AT_ONCE)

    def _ask(self, path: str, query: Mapping[str, str]) -> _Heard:
        late_at = time.monotonic() + self._whole_seconds
        by_proxy = self._address.startswith("https:")  # what is sent to ourselves goes to no other
        headers = {**self._headers, "Authorization": self._authorization.get_secret_value()}
        with (
            httpx.Client(verify=self._trust, timeout=self._timeout, trust_env=by_proxy) as client,
            client.stream("GET", f"{self._address}{path}", params=query, headers=headers) as response,
        ):
            return _Heard(response.status_code, response.headers, _body(response, late_at))


def authorized(scheme: str, token: SecretStr) -> SecretStr:
    """A token as it is sent after its scheme; ValueError for what is none: an error would quote it."""
    if not _PRINTED.fullmatch(token.get_secret_value()):
        raise ValueError("a pager's token is missing, or has signs in it that no token has")
    return SecretStr(scheme + token.get_secret_value())


def part(text: str) -> str:
    """An id as a part of a path; SourceRefused for what could lead to another path."""
    if not _PART.fullmatch(text):
        raise SourceRefused("an id that cannot be one")
    return text


def stamp(at: datetime) -> str:
    """A moment as pagers read it: `2026-11-24T14:02:11Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def https_address(address: str) -> str:
    """An address of somebody else; ValueError where what is sent there could be read on its way."""
    parts = _parts(address)
    to_ourselves = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or to_ourselves):
        raise ValueError("a pager's address starts with https://, or its token could be read on its way")
    alone = not (parts.username or parts.password or parts.query or parts.fragment)
    if not alone or not _PRINTED.fullmatch(address):
        raise ValueError("a pager's address is an address alone: without a user, a query or a fragment")
    return address.rstrip("/")


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        httpx.URL(address)
        _ = parts.port  # it is looked at where it is asked for only
    except (ValueError, httpx.InvalidURL):
        raise ValueError("a pager's address is none that can be asked") from None
    return parts


def _trust(ca_bundle: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else httpx.create_ssl_context()


def _body(response: httpx.Response, late_at: float) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > ANSWER_MOST:
            raise SourceAway("an answer that is too long", AT_ONCE)
        if time.monotonic() > late_at:
            raise SourceAway("an answer that takes too long", AT_ONCE)
    return bytes(body)


def _refusal(status: int, headers: Mapping[str, str]) -> SourceAway | SourceRefused:
    told = _told(headers)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return SourceAway("asked too often", UNTOLD_WAIT if told is None else told)
    if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SourceAway(f"it answers {status}", told or AT_ONCE)
    return SourceRefused(_WHY.get(status, f"it answers {status}"))


def _told(headers: Mapping[str, str]) -> timedelta | None:
    """How long we are told to wait, within reason; None where nothing we understand is said."""
    said = [headers[name] for name in _WAITS if re.fullmatch(r"\d{1,9}", headers.get(name, ""))]
    return min(timedelta(seconds=int(said[0])), LONGEST_WAIT) if said else None


def _read(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return shape.model_validate_json(body)
    except (ValidationError, OverflowError):
        pass  # it quotes the answer; a moment may lie outside of all years once it is in UTC
    raise SourceAway(f"not what it should answer: {shape.__name__}", AT_ONCE)
