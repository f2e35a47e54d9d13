"""Socket Mode: connections, envelopes and their acknowledgements.

docs: using Socket Mode. Each payload goes to one of up to ten connections; what is not acknowledged
within three real seconds has failed; events are sent again, commands and interactions never are
(reference B1).
"""

import asyncio
import json
import logging
import uuid
from collections import deque
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack import limits
from sandbox.slack.changes import Changes
from sandbox.slack.clock import Clock
from sandbox.slack.shapes import Json
from sandbox.slack.tickets import SocketTickets
from sandbox.slack.world import APP_ID

logger = logging.getLogger(__name__)
KEPT = 5_000


@dataclass
class Delivery:
    """One envelope, where it went and what became of it."""

    seq: int
    envelope_id: str
    type: str
    payload: Json
    outcome: str = "sent"
    link: int | None = None
    at: float = 0.0
    ms: float | None = None
    response: Json | None = None
    retry_attempt: int = 0

    def as_json(self) -> Json:
        """The delivery as the log shows it."""
        return dict(self.__dict__)


@dataclass(eq=False)
class Link:
    """One open connection of the app."""

    number: int
    socket: WebSocket

    async def send(self, message: Json) -> None:
        """Send one frame; a dead connection is noticed later, as on the real wire."""
        try:
            await self.socket.send_text(json.dumps(message))
        except (RuntimeError, WebSocketDisconnect):
            logger.info("connection %s is gone", self.number)


@dataclass
class Switchboard:
    """The app's connections, and every envelope that was ever sent."""

    clock: Clock
    changes: Changes
    retries: tuple[float, ...] = limits.EVENT_RETRIES
    ack_seconds: float = limits.ACK_SECONDS
    tickets: SocketTickets = field(default_factory=SocketTickets)
    links: list[Link] = field(default_factory=list)
    log: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT))
    _pending: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _count: int = 0
    _sent: int = 0

    async def serve(self, socket: WebSocket) -> None:
        """Hold one connection until it ends."""
        if not self.tickets.take(socket.query_params.get("ticket", "")):
            await socket.close()
            return
        await socket.accept()
        self._count += 1
        link = Link(self._count, socket)
        if len(self.links) >= limits.SOCKETS_MAX:
            await self._bid_farewell(link, "too_many_websockets")
            return
        self.links.append(link)
        self._count_links()
        try:
            await link.send(self._hello())
            await self._listen(socket)
        finally:
            self._drop(link)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.links),
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18_060},
            "connection_info": {"app_id": APP_ID},
        }

    async def _listen(self, socket: WebSocket) -> None:
        try:
            async for text in socket.iter_text():
                self._acknowledged(text)
        except WebSocketDisconnect:
            return

    def _acknowledged(self, text: str) -> None:
        try:
            told = json.loads(text)
        except ValueError:
            return
        future = self._pending.get(told.get("envelope_id", "")) if isinstance(told, dict) else None
        if future is not None and not future.done():
            payload = told.get("payload")
            future.set_result(payload if isinstance(payload, dict) else {})

    def _drop(self, link: Link) -> None:
        if link in self.links:
            self.links.remove(link)
            self._count_links()

    def _count_links(self) -> None:
        self.changes.add("sockets", connections=len(self.links))

    async def deliver(
        self, kind: str, payload: Json, envelope_id: str | None = None, attempt: int = 0
    ) -> Delivery:
        """Send an envelope to one connection and wait for its acknowledgement."""
        self._sent += 1
        delivery = Delivery(
            self._sent,
            envelope_id or str(uuid.uuid4()),
            kind,
            payload,
            at=self.clock.wall(),
            retry_attempt=attempt,
        )
        self.log.append(delivery)
        if not self.links:
            delivery.outcome = "no_connection"
            return delivery
        link = self.links[self._sent % len(self.links)]
        delivery.link = link.number
        await self._await_ack(delivery, link)
        return delivery

    async def _await_ack(self, delivery: Delivery, link: Link) -> None:
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._pending[delivery.envelope_id] = future
        started = self.clock.real()
        await link.send(envelope(delivery))
        try:
            delivery.response = await asyncio.wait_for(future, self.ack_seconds)
            delivery.outcome = "acked"
        except TimeoutError:
            delivery.outcome = "timeout"
        finally:
            self._pending.pop(delivery.envelope_id, None)
            delivery.ms = round((self.clock.real() - started) * 1000, 1)

    def announce(self, payload: Json) -> None:
        """Send an event, and again at Slack's intervals while nobody acknowledges it."""
        task = asyncio.get_running_loop().create_task(self._persist(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, payload: Json) -> None:
        for attempt, pause in enumerate((0.0, *self.retries)):
            await asyncio.sleep(pause)
            if (await self.deliver("events_api", payload, attempt=attempt)).outcome == "acked":
                return

    async def disconnect(self, reason: str) -> int:
        """Say goodbye on every connection; all but `warning` also close it (docs: using Socket Mode)."""
        links = list(self.links)
        for link in links:
            await self._bid_farewell(link, reason)
        return len(links)

    async def _bid_farewell(self, link: Link, reason: str) -> None:
        await link.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        if reason != "warning":
            self._drop(link)
            await link.socket.close()

    def cut(self) -> int:
        """Cut every connection without a word, as a broken network does."""
        links = list(self.links)
        for link in links:
            self._drop(link)
            transport = link.socket.scope.get("sandbox.transport")
            if transport is not None:
                transport.abort()
        return len(links)

    def find(self, envelope_id: str) -> Delivery | None:
        """The last delivery of this envelope."""
        return next((one for one in reversed(self.log) if one.envelope_id == envelope_id), None)

    def close(self) -> None:
        """Stop trying to deliver events."""
        for task in list(self._tasks):
            task.cancel()


def envelope(delivery: Delivery) -> Json:
    """The frame around a payload (docs: using Socket Mode, receiving)."""
    message: Json = {
        "envelope_id": delivery.envelope_id,
        "payload": delivery.payload,
        "type": delivery.type,
        "accepts_response_payload": delivery.type != "events_api",
    }
    if delivery.type == "events_api":
        reason = "timeout" if delivery.retry_attempt else ""
        message |= {"retry_attempt": delivery.retry_attempt, "retry_reason": reason}
    return message
