"""HTTP/1.1 as bytes: a request is passed on exactly as it came, because its signature covers it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

_LIMIT = 2**20
_INTERIM = 200


@dataclass(frozen=True)
class Message:
    """A request or an answer: its first line, its headers by lower-case name, and all its bytes."""

    first_line: str
    headers: Mapping[str, str]
    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        """The message as it was on the wire."""
        return self.head + self.body

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.first_line.split(" ", 2)[1])


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Message | None:
    """The next request of a connection, or None when there are no more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first_line, headers = _parsed(head)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Message(first_line, headers, head, body)


async def ask(port: int, request: Message) -> Message:
    """The emulator's answer to a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT)
    try:
        writer.write(request.raw)
        await writer.drain()
        return await _read_answer(reader)
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> Message:
    status = 0
    while status < _INTERIM:  # "100 Continue" comes before the real answer
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
    first_line, headers = _parsed(head)
    return Message(first_line, headers, head, await _read_body(reader, headers))


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(int(headers.get("content-length", "0")))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """The chunks as they came, the closing empty one included."""
    body, size = b"", 1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)
    return body


def answer(status: int, reason: str, body: bytes, content_type: str) -> bytes:
    """An answer of our own."""
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    first_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first_line, {name.strip().lower(): value.strip() for name, _, value in pairs}
