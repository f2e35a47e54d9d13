"""The listener: it logs every call, breaks calls on demand, and lets the front answer the rest.

One event loop, one request answered at a time: no answer is ever based on half a change.
"""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import replace

from sandbox.azure import wire
from sandbox.azure.azure import Azure
from sandbox.azure.calls import CallLog
from sandbox.azure.faults import Fault, Faults, Kind
from sandbox.azure.front import Front, Target
from sandbox.azure.pages import Pages
from sandbox.azure.wire import Answer, Request

_BEFORE = frozenset({Kind.THROTTLE, Kind.UNAVAILABLE, Kind.ERROR})
_AFTER = frozenset({Kind.LOST, Kind.LATE, Kind.TORN, Kind.TRUNCATED})
_READ_FIRST = 0.1
"""Seconds the first half of a torn answer is given to arrive: a reset overtakes what is not read yet."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server:
    """One listener in front of one tenant."""

    def __init__(self, azure: Azure, secrets: dict[str, str]) -> None:
        self._front = Front(azure, secrets)
        self._log = CallLog()
        self._faults = Faults()
        self._pages = Pages(azure, self._log, self._faults)

    async def serve(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        """Answers until it is cancelled."""
        server = await asyncio.start_server(self._connection, sock=listening, ssl=context, limit=2**20)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # whoever called is gone
            while (request := await wire.read_request(reader)) is not None:
                if not await self._handled(request, reader, writer):
                    break
                await writer.drain()
        writer.close()

    async def _handled(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        if request.path.startswith("/_sandbox/"):
            return _write(writer, self._pages.answer(request))
        target = self._front.target(request)
        slow, fault = self._faults.strike(target.call)
        if slow:
            await asyncio.sleep(slow)
        if fault is None or fault.kind in _AFTER:
            return await _deliver(self._answer(target, fault), fault, reader, writer)
        self._log.add(replace(target.call, fault=fault.kind))
        return await _refuse(target, fault, reader, writer)

    def _answer(self, target: Target, fault: Fault | None) -> Answer:
        call, given = target.answer()
        self._log.add(replace(call, fault=fault.kind if fault else None))
        return given


async def _deliver(
    answer: Answer, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """An answer on its way back, whole or broken."""
    half = answer.body[: len(answer.body) // 2]
    match fault.kind if fault else None:
        case None:
            return _write(writer, answer)
        case Kind.TRUNCATED:
            return _write(writer, Answer(answer.status, half, answer.headers))
        case Kind.TORN:
            writer.write(answer.head + half)
            await writer.drain()
            await asyncio.sleep(_READ_FIRST)
            return _reset(writer)
        case Kind.LATE:
            return await _never(reader)
        case _:
            return _reset(writer)


async def _refuse(
    target: Target, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """A call that nobody handles."""
    if fault.kind in _BEFORE:
        return _write(writer, fault.refusal(target.call.service))
    return await _never(reader) if fault.kind is Kind.SILENT else _reset(writer)


def _write(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    writer.write(answer.head + answer.body)
    return True


async def _never(reader: asyncio.StreamReader) -> bool:
    """Waits for the caller to give up."""
    await reader.read()
    return False


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Closes so that the caller meets a reset, not an orderly end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
    return False
