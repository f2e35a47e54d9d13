"""Reading what was sent: how much, in which shape, with which token. What is wrong is a 4xx in a sentence."""

from typing import Final, TypeVar

import falcon
from pydantic import ValidationError

from bot.web.shapes import Answered, Sent

BODY_MOST: Final = 16_384
"""The most bytes a body has; the longest line of an ask fits four times."""
PAGER_BODY_MOST: Final = 262_144
"""The most bytes that a pager sends: PagerDuty drops what is over 256 KB itself."""
PAGERS: Final = "/pagers/"
"""Where pagers send to."""
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
