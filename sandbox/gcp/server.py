"""One listener: Google's services, and the stand-in's own pages.

GET    /_sandbox/log[?since=N][&all=1]   mutating calls (or all) in order: see `calls.Call`
GET    /_sandbox/activity[?since=N]      the audit log entries so far
GET    /_sandbox/bindings[?resource=R]   the cloud view: see `view`
GET    /_sandbox/settings                the knobs: see `settings.Settings`
PATCH  /_sandbox/settings                some of them, as JSON
DELETE /_sandbox/settings                all as they were
GET    /_sandbox/faults                  the faults in force and how often each struck
POST   /_sandbox/faults                  a `faults.Fault` as JSON; answers {"id": N}
DELETE /_sandbox/faults[/N]              all mended, or one
PUT    /_sandbox/dates/stopped           dates in conditions stand still: only removing access ends it
DELETE /_sandbox/dates/stopped           they go on
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import ValidationError

from sandbox.aws import wire
from sandbox.aws.faults import Kind
from sandbox.gcp import view
from sandbox.gcp.api import Answered, Api, Asked
from sandbox.gcp.cloud import Cloud
from sandbox.gcp.errors import reason
from sandbox.gcp.faults import AFTER, BEFORE, Fault
from sandbox.gcp.settings import Settings

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_LIMIT: Final = 2**20


class Server:
    """Answers every connection."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._api = Api(cloud)

    async def serve(self, listening: socket.socket) -> None:
        """Answers until it is cancelled."""
        server = await asyncio.start_server(self._connection, sock=listening, limit=_LIMIT)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await wire.read_request(reader, writer)) is not None:
                if not await self._handled(request, reader, writer):
                    break
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever called is gone
        finally:
            writer.close()

    async def _handled(
        self, request: wire.Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        method, target = request.first_line.split(" ")[:2]
        parts = urlsplit(target)
        if parts.path.startswith("/_sandbox/"):
            writer.write(self._page(method, parts.path, parse_qs(parts.query), request.body))
            return True
        asked = Asked(method, unquote(parts.path), request.headers, request.body)
        return await self._asked(asked, reader, writer)

    async def _asked(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        call = self._api.announce(asked)
        slow, fault = self._cloud.faults.strike(call)
        await asyncio.sleep(slow)
        if fault is None or fault.kind in AFTER:
            answered = self._api.answer(asked, call)
            self._cloud.log.add(replace(answered.call, fault=fault.kind if fault else None))
            return await _deliver(answered, fault, reader, writer)
        status = fault.refusal()[0] if fault.kind in BEFORE else None
        self._cloud.log.add(replace(call, fault=fault.kind, status=status))
        return await _refuse(fault, reader, writer)

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
            case ["PATCH" | "DELETE", "settings"]:
                return self._settings(method, body)
            case ["PUT" | "DELETE", "dates", "stopped"]:
                return self._dates(method)
            case ["POST" | "DELETE", "faults", *number]:
                return self._faults(method, body, number)
        return None

    def _look(self, name: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
        since = int(query.get("since", ["0"])[0])
        match name:
            case "log":
                return {"calls": self._cloud.log.json(since=since, everything="all" in query)}
            case "activity":
                return {"entries": self._cloud.activity.json(since)}
            case "bindings":
                return view.bindings(self._cloud, query.get("resource", [""])[0], self._cloud.now())
            case "faults":
                return {"faults": list(self._cloud.faults.json())}
            case "settings":
                return self._cloud.settings.model_dump(mode="json")
        return None

    def _settings(self, method: str, body: bytes) -> dict[str, Any]:
        changed = json.loads(body) if method == "PATCH" else {}
        kept = self._cloud.settings.model_dump() if method == "PATCH" else {}
        self._cloud.settings = Settings.model_validate(kept | changed)
        return self._cloud.settings.model_dump(mode="json")

    def _dates(self, method: str) -> dict[str, Any]:
        if method == "DELETE":
            self._cloud.dates_stopped_at = None
        elif self._cloud.dates_stopped_at is None:
            self._cloud.dates_stopped_at = self._cloud.now()
        return {"stopped": self._cloud.dates_stopped_at is not None}

    def _faults(self, method: str, body: bytes, number: list[str]) -> dict[str, Any]:
        if method == "DELETE":
            self._cloud.faults.mend(int(number[0]) if number else None)
            return {}
        return {"id": self._cloud.faults.place(Fault.model_validate_json(body))}


async def _deliver(
    answered: Answered, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """An answer on its way back, whole or broken."""
    whole = _json(answered.status, answered.body)
    match fault.kind if fault else None:
        case None:
            writer.write(whole)
            return True
        case Kind.TRUNCATED:
            text = json.dumps(answered.body)
            writer.write(_answer(answered.status, text[: len(text) // 2]))
            return True
        case Kind.TORN:
            writer.write(whole[:-40])
            await writer.drain()
            return _reset(writer)
        case Kind.LATE:
            return await _never(reader)
        case _:
            return _reset(writer)


async def _refuse(fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """A call that is never done."""
    if fault.kind in BEFORE:
        writer.write(_json(fault.refusal()[0], fault.body()))
        return True
    return await _never(reader) if fault.kind is Kind.SILENT else _reset(writer)


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


def _json(status: int, value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return _answer(status, json.dumps(value))


def _answer(status: int, text: str) -> bytes:
    return wire.answer(status, reason(status), text.encode(), "application/json; charset=UTF-8")


def run(cloud: Cloud, port: int, ready: Callable[[int], None]) -> None:
    """Serves on 127.0.0.1 until the process ends; `ready` is told the port."""
    listening = socket.create_server(("127.0.0.1", port))
    ready(listening.getsockname()[1])
    asyncio.run(Server(cloud).serve(listening))
