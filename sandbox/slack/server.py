"""Starts the stand-in: as a process of its own, or in a thread beside a test."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from sandbox.slack import page
from sandbox.slack.answers import response_url
from sandbox.slack.slack import Slack
from sandbox.slack.web_api import web_api
from sandbox.slack.wire import Wire

LOCAL_PAGES = r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?"


async def _link(socket: WebSocket) -> None:
    slack: Slack = socket.app.state.slack
    await slack.switchboard.serve(socket)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


def application(slack: Slack, ready: threading.Event | None = None) -> Starlette:
    """The whole stand-in as a web application."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if ready is not None:
            ready.set()
        yield
        app.state.slack.switchboard.close()

    routes = [
        Route("/", _health),
        Route("/api/{method}", web_api, methods=["GET", "POST"]),
        Route("/actions/{team}/{name}", response_url, methods=["POST"]),
        WebSocketRoute("/link/", _link),
        *page.ROUTES,
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origin_regex=LOCAL_PAGES,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
    )
    app = Starlette(routes=routes, middleware=[cors], lifespan=lifespan)
    app.state.slack = slack
    return app


@dataclass(frozen=True)
class Running:
    """Where a running stand-in is, and its inside for tests that must look."""

    base_url: str
    app: Starlette

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL should be."""
        return f"{self.base_url}/api/"

    @property
    def slack(self) -> Slack:
        """The workspace behind the address."""
        slack: Slack = self.app.state.slack
        return slack

    def renew(self, slack: Slack | None = None) -> Slack:
        """Put a fresh workspace behind the same address; apps must connect to it again."""
        fresh = slack or Slack.of()
        fresh.base_url = self.base_url
        self.app.state.slack = fresh
        return fresh


def listening(host: str, port: int) -> socket.socket:
    """A listening socket, so that nobody who connects from now on is refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so only for sockets it made
    listener.bind((host, port))
    listener.listen(128)
    return listener


def server(app: Starlette, listener: socket.socket) -> uvicorn.Server:
    """A uvicorn server for the stand-in, which learns its own address from the socket."""
    host, port = listener.getsockname()[:2]
    app.state.slack.base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    config = uvicorn.Config(
        Wire(app),
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def running(slack: Slack | None = None, host: str = "127.0.0.1", port: int = 0) -> Iterator[Running]:
    """The stand-in in a thread, for as long as the block lasts."""
    ready, listener = threading.Event(), listening(host, port)
    app = application(slack or Slack.of(), ready)
    one = server(app, listener)
    thread = threading.Thread(
        target=one.run, kwargs={"sockets": [listener]}, name="slack-stand-in", daemon=True
    )
    thread.start()
    try:
        if not ready.wait(10):
            raise TimeoutError("the Slack stand-in did not start")
        yield Running(app.state.slack.base_url, app)
    finally:
        one.should_exit = True
        thread.join(10)
        listener.close()
