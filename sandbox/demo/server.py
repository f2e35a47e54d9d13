"""Serves the page and `/world/*` to this machine's own browser, and to nobody else.

GET  /                what the person opens
GET  /world/config    {slack_url, org, strip, shortcuts: [{callback_id, name}]}
GET  /world/state     `ports.State` with `offset_seconds`, and `proofs`: what was tried and used so far
POST /world/clock     {move_seconds} or {to: "warning" or "end"}; answers the state
POST /world/try       {person, cloud, request}: answers {allowed, code, message, call}
POST /world/use       {person, lines}: answers {output, ok, cloud, request}
POST /world/faults    {name, on}; answers the state
POST /world/remove    {cloud, object}: takes it away by hand; answers the state
POST /world/add       {cloud, person}: gives access by hand; answers the state
POST /world/compare   {}: the product compares clouds and ledger now; answers the state
GET  /world/audit     {entries: [{seq, at, kind, body, hash}], verified, problem, total}

Moments are seconds since the epoch. What is not possible now is 409 with {"error": SENTENCE}; what is not
understood is 400. `/world/use` runs commands, so a request has to come from a page this server served: it is
refused unless it names this machine in `Host`, states its own origin or none, and carries JSON.
"""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.demo.gate import OnlyFromHere
from sandbox.demo.ports import NotPossibleError, World
from sandbox.demo.proofs import Proofs
from sandbox.demo.reading import Reading, plain

Json = dict[str, Any]
Answer = Callable[[Request], Awaitable[object]]

_PAGE = Path(__file__).with_name("page")
_MOMENTS = ("warning", "end")
_LONGEST_MOVE = timedelta(days=30)


class _World:
    """The answers to `/world/*`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reading = Reading(world.state)
        self._proofs = Proofs()

    async def config(self, _request: Request) -> object:
        return await run_in_threadpool(self._world.config)

    async def state(self, _request: Request) -> object:
        return await self._told(fresh=False)

    async def clock(self, request: Request) -> object:
        told = await request.json()
        if "to" in told:
            if told["to"] not in _MOMENTS:
                raise ValueError(f"no such moment: {told['to']}")
            await run_in_threadpool(self._world.move_clock_to, told["to"])
        else:
            await run_in_threadpool(self._world.move_clock, _move(told["move_seconds"]))
        return await self._told(fresh=True)

    async def try_access(self, request: Request) -> object:
        told = await request.json()
        person, cloud, wanted = str(told["person"]), str(told["cloud"]), told.get("request") or None
        tried = await run_in_threadpool(self._world.try_access, person, cloud, wanted)
        self._proofs.tried(person, cloud, wanted, tried)
        return tried

    async def use(self, request: Request) -> object:
        told = await request.json()
        lines = [str(line) for line in told["lines"]]
        used = await run_in_threadpool(self._world.use, str(told["person"]), lines)
        self._proofs.used(str(told["person"]), lines, used)
        return used

    async def faults(self, request: Request) -> object:
        told = await request.json()
        await run_in_threadpool(self._world.set_fault, str(told["name"]), on=bool(told["on"]))
        return await self._told(fresh=True)

    async def remove(self, request: Request) -> object:
        told = await request.json()
        await run_in_threadpool(self._world.remove_by_hand, str(told["cloud"]), str(told["object"]))
        return await self._told(fresh=True)

    async def add(self, request: Request) -> object:
        told = await request.json()
        await run_in_threadpool(self._world.add_by_hand, str(told["cloud"]), str(told["person"]))
        return await self._told(fresh=True)

    async def compare(self, _request: Request) -> object:
        await run_in_threadpool(self._world.compare)
        return await self._told(fresh=True)

    async def audit(self, _request: Request) -> object:
        return await run_in_threadpool(self._world.audit)

    async def _told(self, *, fresh: bool) -> Json:
        state = await self._reading.now(fresh=fresh)
        return {**plain(state), "proofs": plain(self._proofs.newest())}


def _move(seconds: object) -> timedelta:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise TypeError("move_seconds is a number")
    by = timedelta(seconds=seconds)
    if not timedelta() < by <= _LONGEST_MOVE:
        raise ValueError("the clock moves forward, by at most 30 days")
    return by


def _served(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            return _json(plain(await answer(request)), 200)
        except NotPossibleError as reason:
            return _json({"error": str(reason)}, 409)
        except (KeyError, TypeError, ValueError) as wrong:
            return _json({"error": f"not understood: {wrong}"}, 400)

    return serve


def _json(body: object, status: int) -> Response:
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})


async def _index(_request: Request) -> Response:
    return FileResponse(_PAGE / "index.html")


def application(world: World) -> OnlyFromHere:
    """The page and its world as an ASGI application."""
    here = _World(world)
    routes = [
        Route("/", _index),
        Route("/world/config", _served(here.config)),
        Route("/world/state", _served(here.state)),
        Route("/world/clock", _served(here.clock), methods=["POST"]),
        Route("/world/try", _served(here.try_access), methods=["POST"]),
        Route("/world/use", _served(here.use), methods=["POST"]),
        Route("/world/faults", _served(here.faults), methods=["POST"]),
        Route("/world/remove", _served(here.remove), methods=["POST"]),
        Route("/world/add", _served(here.add), methods=["POST"]),
        Route("/world/compare", _served(here.compare), methods=["POST"]),
        Route("/world/audit", _served(here.audit)),
        Mount("/page", StaticFiles(directory=_PAGE)),
    ]
    return OnlyFromHere(Starlette(routes=routes))


def listening(port: int = 0) -> socket.socket:
    """A listening socket on the loopback interface.

    Its connections inherit that they send at once: asyncio sees to it only where it made the socket, and each
    answer would wait 40 ms for the browser's acknowledgement.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.set_inheritable(False)
    return listener


def server(world: World) -> uvicorn.Server:
    """A server to run with `sockets=[listening()]`."""
    return uvicorn.Server(
        uvicorn.Config(
            application(world),
            loop="asyncio",
            http="h11",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )


@contextmanager
def running(world: World, port: int = 0) -> Iterator[str]:
    """The page in a thread, for as long as the block lasts; answers its address."""
    listener, one = listening(port), server(world)
    thread = threading.Thread(target=one.run, kwargs={"sockets": [listener]}, name="demo-page", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        one.should_exit = True
        thread.join(10)
        listener.close()
