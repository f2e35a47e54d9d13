"""Who may talk to the demo's server: this machine's own browser, on a page that this server served.

Listening on the loopback interface alone does not keep other sites out: any page open in the same browser
can send requests here, and a name of its own choosing can be made to point here (DNS rebinding). So the name
called must be this machine's, a stated origin must be this server's own, and what acts must be JSON, which
no other site can send without asking first (https://fetch.spec.whatwg.org/#cors-protocol).
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = frozenset({"127.0.0.1", "::1", "localhost"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' http://127.0.0.1:* http://localhost:*; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing pasted can run, load or frame anything, whatever the page's code does with it."""


class OnlyFromHere:
    """The application behind the gate."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            return
        refusal = _refusal(scope)
        if refusal:
            await JSONResponse({"error": refusal}, 403)(scope, receive, send)
            return
        await self._app(scope, receive, _guarded(send))


def _refusal(scope: Scope) -> str:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    client = scope.get("client")
    if client is None or client[0] not in HERE or _name(host) not in HERE:
        return "only from this machine"
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return "only from this page"
    if scope["method"] == "POST" and headers.get("content-type", "").split(";")[0] != "application/json":
        return "only JSON"
    return ""


def _name(host: str) -> str:
    """The host without its port: `[::1]:80` is `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            headers.setdefault("Cache-Control", "no-cache")
        await send(message)

    return guarded
