"""Who calls: from which address, as far as that can be known, and as whom; and whether too often."""

import hashlib
import threading
from collections import OrderedDict
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import falcon

from bot.logging_in import LoggedIn, Logins
from bot.web import words
from bot.web.bodies import token_of
from bot.web.pace import KNOWN_MOST, Pace

Network: TypeAlias = IPv4Network | IPv6Network
_Address: TypeAlias = IPv4Address | IPv6Address
_ONE_CALLER: Final = 64
"""How much of an IPv6 address tells callers apart: one line has all addresses that begin so (RFC 6177)."""


def caller_of(req: falcon.Request, proxies: tuple[Network, ...]) -> str:
    """The address that a call comes from, as one caller.

    `X-Forwarded-For` is read from its end, and each address in it is believed only as far as a trusted proxy
    said it. Whoever calls us directly can write what they like into it, and is believed nothing.
    """
    known = _read(req.remote_addr)
    if known is None:
        return req.remote_addr
    for told in reversed((req.get_header("X-Forwarded-For") or "").split(",")):
        if not any(known in proxy for proxy in proxies):
            break
        before = _read(told)
        if before is None:
            break
        known = before
    return (
        str(known) if isinstance(known, IPv4Address) else str(ip_network((known, _ONE_CALLER), strict=False))
    )


def _read(told: str) -> _Address | None:
    try:
        found = ip_address(told.strip())
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


class Callers:
    """Knows who calls, and whether too often; who calls too often is put off before anything is looked up."""

    def __init__(
        self, logins: Logins, *, anybody: Pace, person: Pace, proxies: tuple[Network, ...] = ()
    ) -> None:
        self._logins = logins
        self._anybody = anybody
        self._person = person
        self._proxies = proxies
        self._seen = Recent()

    def anybody(self, req: falcon.Request) -> None:
        """Let somebody unknown call; all that come through a proxy that is not trusted are one caller.

        Raises:
            HTTPTooManyRequests: not so often.
        """
        _not_too_often(self._anybody.wait(caller_of(req, self._proxies)))

    def person(self, req: falcon.Request) -> LoggedIn:
        """The person behind a call, asked of the ledger and the policy now.

        A token that was somebody's a moment ago has a pace of its own, so that strangers at the same address
        do not slow its person down; any other counts as anybody's call.

        Raises:
            HTTPUnauthorized: nobody is.
            HTTPTooManyRequests: not so often.
        """
        token = token_of(req)
        key = hashlib.sha256(token.encode()).hexdigest()
        if self._seen.has(key):
            _not_too_often(self._person.wait(key))
        else:
            self.anybody(req)
        who = self._logins.who(token) if token else None
        if who is None:
            self._seen.drop(key)
            raise falcon.HTTPUnauthorized(description=words.NOT_LOGGED_IN, challenges=["Bearer"])
        self._seen.add(key)
        return who


class Recent:
    """Tokens that were somebody's when last looked up, as digests; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, None] = OrderedDict()

    def has(self, key: str) -> bool:
        """Whether this one was."""
        with self._lock:
            return key in self._keys

    def add(self, key: str) -> None:
        """It is somebody's now."""
        with self._lock:
            self._keys[key] = None
            self._keys.move_to_end(key)
            if len(self._keys) > KNOWN_MOST:
                self._keys.popitem(last=False)

    def drop(self, key: str) -> None:
        """It is nobody's any more."""
        with self._lock:
            self._keys.pop(key, None)


def _not_too_often(wait: float) -> None:
    if wait > 0:
        raise falcon.HTTPTooManyRequests(description=words.TOO_FAST, retry_after=int(wait) + 1)
