"""What stands between everybody and the emulator: it logs every call and breaks calls on demand.

It changes no request and no answer it lets through: signatures cover them. Its own pages:

    GET    /_sandbox/log[?since=N][&all=1]   mutating calls (or all) in order: see `calls.Call`
    GET    /_sandbox/faults                  the faults in force and how often each struck
    POST   /_sandbox/faults                  a `faults.Fault` as JSON; answers {"id": N}
    DELETE /_sandbox/faults[/N]              all mended, or one
    PUT    /_sandbox/dates/stopped           policy dates stand still: only removing access ends it
    DELETE /_sandbox/dates/stopped           policy dates go on
    GET    /_sandbox/roles[?path=/]          the roles AWS really has: see `view.RoleView`
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from sandbox.aws import names, wire
from sandbox.aws.calls import Call, Callers, CallLog, answered, read_call
from sandbox.aws.faults import Fault, Faults, Kind
from sandbox.aws.keys import Keys

_BEFORE = frozenset({Kind.THROTTLE, Kind.UNAVAILABLE, Kind.ERROR})
_AFTER = frozenset({Kind.LOST, Kind.LATE, Kind.TORN, Kind.TRUNCATED})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """One listener in front of one emulator."""

    def __init__(self, state: Path) -> None:
        self._dates_stopped = state / "dates-stopped"
        self._emulator = int(json.loads((state / "emulator.json").read_text(encoding="utf-8"))["port"])
        credentials = json.loads((state / "credentials.json").read_text(encoding="utf-8"))
        self._auditor = Keys(**credentials[names.credential_name(names.SHOP_PROD, names.AUDITOR)])
        self._callers = Callers(credentials)
        self._log = CallLog()
        self._faults = Faults()

    async def serve(self, listening: socket.socket) -> None:
        """Answers until it is cancelled."""
        server = await asyncio.start_server(self._connection, sock=listening, limit=2**20)
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
        path = request.first_line.split(" ")[1]
        if path.startswith("/_"):  # the emulator's own pages under "/_" are not AWS's
            writer.write(await self._page(request, urlsplit(path).path, parse_qs(urlsplit(path).query)))
            return True
        call = read_call(request, self._callers, datetime.now(UTC))
        slow, fault = self._faults.strike(call)
        await asyncio.sleep(slow)
        if fault is None or fault.kind in _AFTER:
            call, answer = await self._ask(call, request)
            self._log.add(replace(call, fault=fault.kind if fault else None))
            return await _deliver(answer, fault, reader, writer)
        self._log.add(replace(call, fault=fault.kind))
        return await _refuse(call, fault, reader, writer)

    async def _ask(self, call: Call, request: wire.Message) -> tuple[Call, wire.Message]:
        answer = await wire.ask(self._emulator, request)
        self._callers.learn(call, answer)
        return answered(call, answer), answer

    async def _page(self, request: wire.Message, path: str, query: dict[str, list[str]]) -> bytes:
        method = request.first_line.split(" ")[0]
        match [method, *path.strip("/").split("/")[1:]]:
            case ["GET", "log"]:
                since = int(query.get("since", ["0"])[0])
                return _json({"calls": self._log.json(since=since, everything="all" in query)})
            case ["GET", "roles"]:
                return await self._roles(query.get("path", [names.LEASED_PATH])[0])
            case [_, "dates", "stopped"]:
                return self._dates(method)
            case [_, "faults", *number]:
                return self._fault_page(method, request.body, number)
        return _json({"error": f"There is no page {method} {path}."}, 404)

    def _fault_page(self, method: str, body: bytes, number: list[str]) -> bytes:
        if method == "GET":
            return _json({"faults": list(self._faults.json())})
        if method == "DELETE":
            self._faults.mend(int(number[0]) if number else None)
            return _json({})
        try:
            return _json({"id": self._faults.place(Fault.model_validate_json(body))})
        except ValidationError as error:
            return _json({"error": str(error)}, 400)

    def _dates(self, method: str) -> bytes:
        if method == "PUT" and not self._dates_stopped.exists():
            self._dates_stopped.write_text(datetime.now(UTC).isoformat(), encoding="ascii")
        elif method == "DELETE":
            self._dates_stopped.unlink(missing_ok=True)
        return _json({"stopped": self._dates_stopped.exists()})

    async def _roles(self, path: str) -> bytes:
        from sandbox.aws import view  # noqa: PLC0415 - boto3 is paid for by the first to look

        url = f"http://127.0.0.1:{self._emulator}"
        found = await asyncio.to_thread(view.roles, url, self._auditor, datetime.now(UTC), path)
        return _json({"roles": [role.json() for role in found]})


async def _deliver(
    answer: wire.Message, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """An answer on its way back, whole or broken."""
    half = answer.body[: len(answer.body) // 2]
    match fault.kind if fault else None:
        case None:
            writer.write(answer.raw)
            return True
        case Kind.TRUNCATED:
            writer.write(_shortened(answer, half))
            return True
        case Kind.TORN:
            writer.write(answer.head + half)
            await writer.drain()
            return _reset(writer)
        case Kind.LATE:
            return await _never(reader)
        case _:
            return _reset(writer)


async def _refuse(
    call: Call, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """A call that never gets to the emulator."""
    if fault.kind in _BEFORE:
        writer.write(fault.refusal(call.service))
        return True
    return await _never(reader) if fault.kind is Kind.SILENT else _reset(writer)


def _shortened(answer: wire.Message, half: bytes) -> bytes:
    """Half the body, whole HTTP: whoever reads it meets broken text, not a broken connection."""
    kind = answer.headers.get("content-type", "text/xml")
    return wire.answer(answer.status, "OK", half, kind)


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


_REASONS: dict[int, str] = {200: "OK", 400: "Bad Request", 404: "Not Found"}


def _json(value: Any, status: int = 200) -> bytes:  # noqa: ANN401 - any JSON
    return wire.answer(status, _REASONS[status], json.dumps(value).encode(), "application/json")


def run(state: Path, port: int, ready: Callable[[int], None]) -> None:
    """Serves on 127.0.0.1 until the process ends; `ready` is told the port."""
    listening = socket.create_server(("127.0.0.1", port))
    ready(listening.getsockname()[1])
    asyncio.run(Proxy(state).serve(listening))
