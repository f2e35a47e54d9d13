"""Reading what was sent: how much, in which shape, and by whom. Whatever is wrong is a 4xx in a sentence."""

from typing import Final, TypeVar

import falcon
from pydantic import ValidationError

from bot.logging_in import LoggedIn, Logins
from bot.web import words
from bot.web.pace import Pace
from bot.web.shapes import Answered, Sent

BODY_MOST: Final = 16_384
"""The most bytes a body has; the longest line of an ask fits four times."""
_BEARER: Final = "bearer "
_TOKEN_MOST: Final = 200

Shape = TypeVar("Shape", bound=Sent)


def read(req: falcon.Request, shape: type[Shape]) -> Shape:
    """The body in its shape.

    Raises:
        HTTPContentTooLarge: there is more of it than anybody needs.
        HTTPBadRequest: it is not JSON, or not of this shape; what was sent is not repeated.
    """
    if (req.content_length or 0) > BODY_MOST:
        raise falcon.HTTPContentTooLarge(description=f"At most {BODY_MOST} bytes are read.")
    body = req.bounded_stream.read(BODY_MOST)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, one["loc"])) or "the body" for one in error.errors()})
        raise falcon.HTTPBadRequest(description=f"Not understood: {', '.join(wrong)[:200]}.") from None


def answer(resp: falcon.Response, answered: Answered, status: int = 200) -> None:
    """Answer with this."""
    resp.status = status
    resp.content_type = falcon.MEDIA_JSON
    resp.text = answered.model_dump_json()


def token_of(req: falcon.Request) -> str:
    """The token a call carries, or an empty text."""
    header = req.get_header("Authorization") or ""
    found = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
    return found if found.isascii() and len(found) <= _TOKEN_MOST else ""


class Callers:
    """Knows who calls, and whether too often."""

    def __init__(self, logins: Logins, *, anybody: Pace, person: Pace) -> None:
        self._logins = logins
        self._anybody = anybody
        self._person = person

    def anybody(self, req: falcon.Request) -> None:
        """Let somebody unknown call; all that come through one proxy are one caller.

        Raises:
            HTTPTooManyRequests: not so often.
        """
        _not_too_often(self._anybody.wait(req.remote_addr))

    def person(self, req: falcon.Request) -> LoggedIn:
        """The person behind a call, asked of the ledger and the policy now.

        Raises:
            HTTPUnauthorized: nobody is.
            HTTPTooManyRequests: not so often.
        """
        token = token_of(req)
        who = self._logins.who(token) if token else None
        if who is None:
            self.anybody(req)
            raise falcon.HTTPUnauthorized(description=words.NOT_LOGGED_IN, challenges=["Bearer"])
        _not_too_often(self._person.wait(who.login))
        return who


def _not_too_often(wait: float) -> None:
    if wait > 0:
        raise falcon.HTTPTooManyRequests(description=words.TOO_FAST, retry_after=int(wait) + 1)
