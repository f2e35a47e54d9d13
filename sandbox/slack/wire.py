"""The wire under HTTP: an answer that is a cut connection, and the transport shown to whoever cuts."""

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Hangup(Exception):
    """Close the connection now, answering nothing."""


class Wire:
    """ASGI middleware around everything: puts the transport where it can be reached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["sandbox.transport"] = getattr(getattr(receive, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


class CutConnection(Response):
    """No answer at all: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Cut with a TCP reset, and wait until the server has noticed."""
        transport: asyncio.Transport = scope["sandbox.transport"]
        reset_on_close(transport)
        transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)


def reset_on_close(transport: asyncio.Transport) -> None:
    """Make the close that follows a reset instead of a polite end."""
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
