"""`/login`: start one, wait for it, look at it, end it."""

import falcon

from bot.logging_in import LoggedIn, LoginOver, Logins, Started, StillWaiting, Taken, TooManyLogins, say_code
from bot.web import words
from bot.web.bodies import answer, read, token_of
from bot.web.callers import Callers
from bot.web.shapes import LoginStarted, LoginTaken, Me, StartLogin, TakeLogin
from workers.ledger.logins import WAITS


class LoginResource:
    """`POST` starts a login, `GET` says whose it is, `DELETE` ends it."""

    def __init__(self, logins: Logins, callers: Callers, *, interval: float) -> None:
        self._logins = logins
        self._callers = callers
        self._interval = interval

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Let a terminal wait under a new code."""
        self._callers.anybody(req)
        told = read(req, StartLogin)
        match self._logins.start(words.client_name(told.client)):
            case Started(device, code):
                started = LoginStarted(
                    device_code=device,
                    user_code=say_code(code),
                    expires_in=int(WAITS.total_seconds()),
                    interval=self._interval,
                )
                answer(resp, started, 201)
            case TooManyLogins(wait):
                later = int(wait.total_seconds()) + 1
                raise falcon.HTTPTooManyRequests(description=words.TOO_MANY_LOGINS, retry_after=later)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Whose terminal it is."""
        answer(resp, _me(self._callers.person(req)))

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Log this terminal out."""
        self._callers.person(req)
        self._logins.end(token_of(req))
        resp.status = 204


class LoginTokenResource:
    """`POST` takes a login that was confirmed: 202 while it was not, 410 once there is nothing to take."""

    def __init__(self, logins: Logins, callers: Callers) -> None:
        self._logins = logins
        self._callers = callers

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The token, once."""
        self._callers.anybody(req)
        told = read(req, TakeLogin)
        match self._logins.take(told.device_code):
            case Taken(token, who):
                answer(resp, LoginTaken(token=token, **_me(who).model_dump()))
            case StillWaiting():
                resp.status = 202
            case LoginOver(refused):
                raise falcon.HTTPGone(description=words.LOGIN_REFUSED if refused else words.LOGIN_OVER)


def _me(who: LoggedIn) -> Me:
    return Me(person=who.person.id, name=who.person.name, ends_at=who.ends_at)
