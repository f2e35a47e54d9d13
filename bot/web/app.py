"""The web API's routes, and what becomes of an error: a 4xx or 5xx with one sentence as JSON.

Nothing secret stands in an address: codes travel in bodies, tokens in the Authorization header, and neither
is logged. Answers are never cached.
"""

from collections.abc import Callable
from secrets import token_hex
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeAlias

import falcon
import structlog

from bot.desk import Desk
from bot.slack.words import problems
from bot.web import words
from bot.web.access import AccessResource
from bot.web.asking import EndResource, RequestsResource
from bot.web.bodies import PAGERS
from bot.web.callers import Callers, Network
from bot.web.logging_in import LoginResource, LoginTokenResource
from bot.web.pace import Pace
from bot.web.paging import KnownPagers, PagersResource, Secrets
from bot.web.shapes import Problem
from policies.rules import Policy
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger
from workers.settings import LOOPBACK

log = structlog.get_logger(__name__)


class Limits(NamedTuple):
    """How often calls are answered: so many a second, and so many at once."""

    anybody: tuple[float, int] = (20.0, 200)
    """Those who are nobody yet, for each address; behind a proxy that is not trusted they are one caller."""
    person: tuple[float, int] = (5.0, 50)
    """One login: an SDK asks for credentials once for each process it starts."""
    interval: float = 2.0
    """How many seconds a terminal is told to wait before it asks again whether it was confirmed."""


ORDINARY: Final = Limits()
_HEALTH: Final = "/health"


Api: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"


class Parts(Protocol):
    """What the app is made from; `bot.web.wiring.Serving` is one."""

    @property
    def ledger(self) -> Ledger:
        """The ledger."""

    @property
    def policy(self) -> Callable[[], Policy | None]:
        """The policy in force."""

    @property
    def desk(self) -> Desk:
        """The verbs behind every surface."""


def make_app(
    parts: Parts,
    limits: Limits = ORDINARY,
    proxies: tuple[Network, ...] = (),
    secrets: Secrets = MappingProxyType({}),
) -> Api:
    """The API as a WSGI application; what `proxies` say of where a call comes from is believed."""
    app = falcon.App(middleware=[_Careful(parts.policy)])
    desk = parts.desk
    callers = Callers(
        desk.logins, anybody=Pace(*limits.anybody), person=Pace(*limits.person), proxies=proxies
    )
    app.add_route(_HEALTH, _Health(parts.ledger))
    app.add_route("/login", LoginResource(desk.logins, callers, interval=limits.interval))
    app.add_route("/login/token", LoginTokenResource(desk.logins, callers))
    app.add_route("/requests", RequestsResource(desk, parts.policy, callers))
    app.add_route("/end", EndResource(desk, callers))
    app.add_route("/access", AccessResource(desk.using, callers))
    pagers = KnownPagers(parts.policy, secrets)
    app.add_route(f"{PAGERS}{{pager}}", PagersResource(parts.ledger, pagers, callers))
    app.set_error_serializer(_serialized)
    app.add_error_handler(Exception, _broke)
    app.add_error_handler(LedgerError, _ledger_away)
    return app


def _is_private(req: falcon.Request) -> bool:
    """Whether the call came over TLS all the way, as the proxy says; without a proxy, from this machine."""
    told = req.get_header("X-Forwarded-Proto")
    if told is None:
        return req.remote_addr in LOOPBACK
    return all(hop.strip().lower() == "https" for hop in told.split(","))


class _Careful:
    """Before each call: over TLS, and with rules in force; after it: nothing is cached."""

    def __init__(self, policy: Callable[[], Policy | None]) -> None:
        self._policy = policy

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Refuse what a proxy says came in the clear, and everything while there are no rules."""
        if not _is_private(req):
            raise falcon.HTTPForbidden(description=words.NOT_OVER_TLS)
        if req.path != _HEALTH and self._policy() is None:
            raise falcon.HTTPServiceUnavailable(description=words.NO_RULES, retry_after=60)

    def process_response(
        self,
        _req: falcon.Request,
        resp: falcon.Response,
        _resource: object,
        _ok: bool,  # noqa: FBT001 (falcon's signature)
    ) -> None:
        """Keep it out of every cache."""
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Content-Type-Options", "nosniff")


class _Health:
    """`GET` says whether this process can do its work: whether the ledger can be read."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """200 when the ledger can be read, 503 when not."""
        with self._ledger.reading() as reader:
            reader.head()
        resp.media = {"ok": True}


def _serialized(_req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    resp.content_type = falcon.MEDIA_JSON
    resp.text = Problem(problem=error.description or error.title or "").model_dump_json()


def _ledger_away(_req: falcon.Request, _resp: falcon.Response, error: Exception, _params: object) -> None:
    log.warning("ledger_away", problem=type(error).__name__)
    raise falcon.HTTPServiceUnavailable(description=words.LEDGER_AWAY, retry_after=60)


def _broke(_req: falcon.Request, _resp: falcon.Response, error: Exception, _params: object) -> None:
    """A mistake of ours: logged under a reference that the caller gets."""
    reference = f"e-{token_hex(2)}"
    log.error("call_broke", reference=reference, exc_info=error)
    raise falcon.HTTPInternalServerError(description=problems.did_not_work(reference))
