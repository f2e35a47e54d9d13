"""What the bodies of pagers have in common: ids, plain text, links and moments, and what of them is let in.

An event cannot do without an id and a moment: they are what they should be, or the body is Malformed. What is
only shown or compared (a title, a severity, a link) is cleaned or left out: an odd title should keep nobody
from an incident.
"""

import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from policies.incident import TITLE_MOST, PagerAccount

ID_MOST: Final = 200
WORD_MOST: Final = 200
LINK_MOST: Final = 2_000
LIST_MOST: Final = 100
"""How many people or roles one event may name."""

_ID: Final = r"^[\x21-\x7e]+$"
_WHOLE_ID: Final = re.compile(rf"[\x21-\x7e]{{1,{ID_MOST}}}")
_LINK: Final = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][\x21-\x7e]*)?")
_NOT_IN_LINKS: Final = re.compile(r"[<>|\"'`\\^{}]")
_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,30}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_A_SECOND: Final = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}
"""By how many digits a moment between 2001 and 2286 has: in seconds, and in each finer unit."""


class Sent(BaseModel):
    """What a pager sends, as far as we read it; the rest is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=ID_MOST, pattern=_ID)]
"""An id in somebody else's system: printed ASCII without a space."""
Account: TypeAlias = Annotated[PagerAccount, Field(min_length=1, max_length=ID_MOST, pattern=_ID)]


def identifier(text: str) -> str:
    """The text where it is an id; ValueError where it is none."""
    if not _WHOLE_ID.fullmatch(text):
        raise ValueError("an id that cannot be one")
    return text


def title(text: str | None) -> str:
    """Text from outside as one plain line: control, direction and invisible signs gone, and cut."""
    kept = (" " if unicodedata.category(sign)[0] == "C" else sign for sign in (text or "")[: 10 * TITLE_MOST])
    return " ".join("".join(kept).split())[:TITLE_MOST].rstrip()


def word(text: str | None) -> str | None:
    """A severity, service or reference as it is compared; None for what cannot be one."""
    stripped = (text or "").strip()
    return stripped if 0 < len(stripped) <= WORD_MOST and stripped.isprintable() else None


def lower(text: str | None) -> str | None:
    """A severity in lower case."""
    return word((text or "").lower())


def link(address: str | None) -> str | None:
    """An address that may be shown: https, without a user in it; None for any other."""
    short = (address or "")[: LINK_MOST + 1]
    fits = len(short) <= LINK_MOST and _LINK.fullmatch(short) and not _NOT_IN_LINKS.search(short)
    return short if fits else None


def channel(text: str | None) -> str | None:
    """A channel of Slack's by its id; None for what cannot be one."""
    return text if text and _CHANNEL.fullmatch(text) else None


def since_1970(number: int) -> datetime:
    """A moment told in seconds, or in thousandths, millionths or billionths of them (ValueError)."""
    a_second = _A_SECOND.get(len(str(number)))
    if number < 0 or a_second is None:
        raise ValueError("a moment that cannot be one")
    return _EPOCH + timedelta(microseconds=number * 10**6 // a_second)


def digest(*parts: object) -> str:
    """The same 64 signs for the same parts, and others for any other; of text, numbers and lists of them."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
