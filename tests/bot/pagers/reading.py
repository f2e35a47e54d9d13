"""A delivery, signed and read in one go."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr

from bot.pagers.adapters import make_pager
from bot.pagers.pager import Delivery
from policies.incident import PagerEvent
from tests.bot.pagers.payloads import Body
from tests.bot.pagers.signing import LIVE, Sign

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


def read(
    kind: str, sign: Sign, body: Body, options: Mapping[str, object] | None = None
) -> tuple[PagerEvent, ...]:
    """What a pager of this kind makes of a body that it was sent just now."""
    sent = json.dumps(body).encode()
    pager = make_pager("our-pager", kind, [SecretStr(LIVE)], options or {})
    return pager.read(Delivery(sign(sent, LIVE, NOW), sent), NOW)
