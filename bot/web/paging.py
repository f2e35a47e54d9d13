"""`/pagers/{name}`: what a pager says is verified, taken in, and answered at once; it is acted on elsewhere.

    not signed ─▶ 401     signed, and not what this pager sends ─▶ 400     taken in, or taken in before ─▶ 202
    the ledger is away ─▶ 503: the pager sends it again

Whoever cannot sign has the pace of anybody; whoever can is never put off, since a pager that is refused a few
times stops sending.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import falcon
import structlog
from pydantic import SecretStr

from bot.pagers.adapters import make_pager
from bot.pagers.pager import Delivery, Malformed, NotVerified, Pager
from bot.web import words
from bot.web.bodies import PAGER_BODY_MOST
from bot.web.callers import Callers
from policies.incident import PagerEvent
from policies.rules import Policy
from workers.ledger import deliveries
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

Secrets = Mapping[str, Sequence[SecretStr]]
"""The live secrets of each pager, by its name in `pagers.yaml`."""


class KnownPagers:
    """The pagers of the policy in force, each made once for every policy."""

    def __init__(self, policy: Callable[[], Policy | None], secrets: Secrets) -> None:
        self._policy = policy
        self._secrets = secrets
        self._made: tuple[str, dict[str, Pager]] = ("", {})

    def get(self, name: str) -> Pager | None:
        """The pager of this name; None where there is none, or what is configured of it is wrong."""
        policy = self._policy()
        if policy is None:
            return None
        if self._made[0] != policy.hash:
            self._made = (policy.hash, self._make(policy))
        return self._made[1].get(name)

    def _make(self, policy: Policy) -> dict[str, Pager]:
        made: dict[str, Pager] = {}
        for setup in policy.pagers.pagers:
            secrets = self._secrets.get(setup.name, ())
            try:
                made[setup.name] = make_pager(setup.name, setup.kind, secrets, setup.options)
            except ValueError as error:
                log.error("pager_not_made", pager=setup.name, problem=str(error))  # noqa: TRY400 (it says all)
        return made


class PagersResource:
    """`POST` takes in one delivery."""

    def __init__(self, ledger: Ledger, pagers: KnownPagers, callers: Callers) -> None:
        self._ledger = ledger
        self._pagers = pagers
        self._callers = callers

    def on_post(self, req: falcon.Request, resp: falcon.Response, pager: str) -> None:
        """Verify, take in, answer."""
        known = self._pagers.get(pager)
        if known is None:
            self._callers.anybody(req)
            raise falcon.HTTPNotFound(description=words.NO_SUCH_PAGER)
        events = self._read(req, known)
        self._ledger.retrying(lambda writing: _take_in(writing, events))
        resp.status = falcon.HTTP_ACCEPTED

    def _read(self, req: falcon.Request, pager: Pager) -> tuple[PagerEvent, ...]:
        try:
            return pager.read(_delivery(req), self._ledger.now())
        except NotVerified as error:
            log.warning("pager_not_verified", pager=pager.name, problem=str(error))
            self._callers.anybody(req)
            raise falcon.HTTPUnauthorized(description=words.NOT_SIGNED) from None
        except Malformed as error:
            log.warning("pager_malformed", pager=pager.name, problem=str(error))
            raise falcon.HTTPBadRequest(description=words.NOT_A_DELIVERY) from None


_TOO_LONG: Final = f"At most {PAGER_BODY_MOST} bytes are read."


def _delivery(req: falcon.Request) -> Delivery:
    if (req.content_length or 0) > PAGER_BODY_MOST:
        raise falcon.HTTPContentTooLarge(description=_TOO_LONG)
    headers = {name.lower(): value for name, value in req.headers.items()}
    return Delivery(headers, req.bounded_stream.read(PAGER_BODY_MOST))


def _take_in(writing: Writing, events: Sequence[PagerEvent]) -> int:
    return sum(deliveries.take_in(writing, event) for event in events)
