"""HTTP/1.1 as the stand-in reads and writes it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """What somebody asks: a decoded path without doubled slashes, the query, headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def segments(self) -> list[str]:
        """The path in parts."""
        return [part for part in self.path.split("/") if part]


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def head(self) -> bytes:
        """The first line and the headers; a body of none has no length at 204."""
        length = {} if self.status == HTTPStatus.NO_CONTENT else {"Content-Length": str(len(self.body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**self.headers, **length}.items())
        return f"HTTP/1.1 {self.status} {_reason(self.status)}\r\n{lines}\r\n".encode()

    def with_headers(self, more: Mapping[str, str]) -> "Answer":
        """The same answer with more headers."""
        return Answer(self.status, self.body, {**self.headers, **more})


def json_answer(
    value: Any,  # noqa: ANN401 - any JSON
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(status, json.dumps(value, default=str).encode(), kind | dict(headers or {}))


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection, or None when there are no more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ", 2)
    return _request(method, target, headers, body)


def _request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    parts = urlsplit(f"https://localhost{target}")
    path = "/" + "/".join(part for part in unquote(parts.path).split("/") if part)
    return Request(method, path, dict(parse_qsl(parts.query)), headers, body)


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Refused"
