"""One listener: the services, and the stand-in's own pages.

GET    /_sandbox/log[?since=N][&all=1]   mutating calls (or all) in order: see `calls.Call`
GET    /_sandbox/assignments             the cloud view: see `view`
GET    /_sandbox/settings                the knobs: see `settings.Settings`
PATCH  /_sandbox/settings                some of them, as JSON
GET    /_sandbox/faults                  the faults in force and how often each struck
POST   /_sandbox/faults                  a `faults.Fault` as JSON; answers {"id": N}
DELETE /_sandbox/faults[/N]              all mended, or one
DELETE /_sandbox/world                   assignments, directory and settings as they were at the start
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from sandbox.aws import wire
from sandbox.aws.faults import Kind
from sandbox.identity_center import view
from sandbox.identity_center.api import Api, Request, read_request
from sandbox.identity_center.center import Center
from sandbox.identity_center.faults import AFTER, BEFORE, Fault
from sandbox.identity_center.settings import Settings

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_LIMIT: Final = 2**20


class Server:
    """Answers every connection."""

    def __init__(self, center: Center) -> None:
        self._center = center
        self._api = Api(center)

    async def serve(self, listening: socket.socket) -> None:
        """Answers until it is cancelled."""
        server = await asyncio.start_server(self._connection, sock=listening, limit=_LIMIT)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (message := await wire.read_request(reader, writer)) is not None:
                if not await self._handled(message, reader, writer):
                    break
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever called is gone
        finally:
            writer.close()

    async def _handled(
        self, message: wire.Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        method, target = message.first_line.split(" ")[:2]
        parts = urlsplit(target)
        if parts.path.startswith("/_sandbox/"):
            writer.write(self._page(method, parts.path, parse_qs(parts.query), message.body))
            return True
        return await self._asked(read_request(message), reader, writer)

    async def _asked(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        call = self._api.announce(request)
        slow, fault = self._center.faults.strike(call)
        await asyncio.sleep(slow)
        if fault is None or fault.kind in AFTER:
            answered = self._api.answer(request, call)
            self._center.log.add(replace(answered.call, fault=fault.kind if fault else None))
            return await _deliver(answered.raw, fault, reader, writer)
        status = fault.refusal().status if fault.kind in BEFORE else None
        self._center.log.add(replace(call, fault=fault.kind, status=status))
        if fault.kind in BEFORE:
            writer.write(fault.refusal().answer(request.protocol))
            return True
        return await _never(reader) if fault.kind is Kind.SILENT else _reset(writer)

    def _page(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> bytes:
        try:
            found = self._control(method, path.strip("/").split("/")[1:], query, body)
        except (ValidationError, ValueError) as error:
            return _json(400, {"error": str(error)})
        return (
            _json(404, {"error": f"There is no page {method} {path}."})
            if found is None
            else _json(200, found)
        )

    def _control(
        self, method: str, page: list[str], query: dict[str, list[str]], body: bytes
    ) -> dict[str, Any] | None:
        match [method, *page]:
            case ["GET", name]:
                return self._look(name, query)
            case ["PATCH", "settings"]:
                return self._settings(body)
            case ["POST" | "DELETE", "faults", *number]:
                return self._faults(method, body, number)
            case ["DELETE", "world"]:
                self._center.renew()
                return {}
        return None

    def _look(self, name: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
        since = int(query.get("since", ["0"])[0])
        match name:
            case "log":
                return {"calls": self._center.log.json(since=since, everything="all" in query)}
            case "assignments":
                return view.assignments(self._center, self._center.now())
            case "faults":
                return {"faults": list(self._center.faults.json())}
            case "settings":
                return self._center.settings.model_dump(mode="json")
        return None

    def _settings(self, body: bytes) -> dict[str, Any]:
        self._center.settings = Settings.model_validate(self._center.settings.model_dump() | json.loads(body))
        return self._center.settings.model_dump(mode="json")

    def _faults(self, method: str, body: bytes, number: list[str]) -> dict[str, Any]:
        if method == "DELETE":
            self._center.faults.mend(int(number[0]) if number else None)
            return {}
        return {"id": self._center.faults.place(Fault.model_validate_json(body))}


async def _deliver(
    whole: bytes, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """An answer on its way back, whole or broken."""
    head, _, body = whole.partition(b"\r\n\r\n")
    match fault.kind if fault else None:
        case None:
            writer.write(whole)
            return True
        case Kind.TRUNCATED:
            kind = "text/xml" if b"text/xml" in head else "application/x-amz-json-1.1"
            writer.write(wire.answer(200, "OK", body[: len(body) // 2], kind))
            return True
        case Kind.TORN:
            writer.write(whole[: -len(body) // 2])
            await writer.drain()
            return _reset(writer)
        case Kind.LATE:
            return await _never(reader)
        case _:
            return _reset(writer)


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


_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found"}


def _json(status: int, value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return wire.answer(status, _REASONS[status], json.dumps(value).encode(), "application/json")


def run(center: Center, port: int, ready: Callable[[int], None]) -> None:
    """Serves on 127.0.0.1 until the process ends; `ready` is told the port."""
    listening = socket.create_server(("127.0.0.1", port))
    ready(listening.getsockname()[1])
    asyncio.run(Server(center).serve(listening))
