"""A storm of PagerDuty's deliveries, good and bad, and what a correct receiver makes of it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from sandbox.pagers import organisation, payloads, signing
from sandbox.pagers.hand import Deed, Happening, Incident, Status
from sandbox.pagers.organisation import Vendor

_MOST_PER_INCIDENT: Final = 6


class Sending(NamedTuple):
    """One raw delivery, and how it must be answered."""

    kind: str
    """valid, duplicated, replayed, forged or malformed."""
    headers: Mapping[str, str]
    body: bytes
    answer: int


class Storm(NamedTuple):
    """Deliveries in the order they are sent, and how each incident stands after all of them, by its id."""

    sendings: Sequence[Sending]
    incidents: Mapping[str, Status]


def storm(count: int, seed: int, at: datetime, secret: str | None = None) -> Storm:
    """So many deliveries, the same for the same seed; what they tell happened in the minute before `at`.

    An event may come after a later one of its incident: the latest by `occurred_at` holds.
    """
    random, key = Random(seed), secret or organisation.SECRETS[Vendor.PAGERDUTY]  # noqa: S311 (no secret)
    sendings: list[Sending] = []
    incidents: dict[str, Status] = {}
    while len(sendings) < count:
        name = f"INC-{1000 + len(incidents)}"
        room = count - len(sendings)
        deeds = random.choice((_LIFE[:1], _LIFE[:2], _LIFE))[:room]
        events = [_valid(name, number, deed, at, key) for number, deed in enumerate(deeds)]
        incidents[organisation.incident(Vendor.PAGERDUTY, name)] = deeds[-1][1]
        spare = min(room - len(events), _MOST_PER_INCIDENT - len(events))
        burst = [*events, *(_bad(random, random.choice(events), key) for _ in range(spare))]
        random.shuffle(burst)
        sendings.extend(burst)
    return Storm(tuple(_labelled(sendings)), incidents)


_LIFE: Final = (
    (Deed.TRIGGERED, Status.TRIGGERED),
    (Deed.ACKNOWLEDGED, Status.ACKNOWLEDGED),
    (Deed.RESOLVED, Status.RESOLVED),
)


def _valid(name: str, number: int, told: tuple[Deed, Status], at: datetime, key: str) -> Sending:
    deed, status = told
    moment = at - timedelta(seconds=60 - 10 * number)
    incident = Incident(name, "checkout-api", "checkout is down", "sev2", moment, moment, status, ("ben",))
    identity = organisation.identifier(26, "storm", name, deed)
    body = json.dumps(payloads.pagerduty_event(Happening(deed, incident, "ben"), identity)).encode()
    return Sending("valid", {"X-Webhook-Id": identity, **signing.pagerduty(body, (key,))}, body, 202)


def _bad(random: Random, like: Sending, key: str) -> Sending:
    """Something else than it, that is made of it."""
    match random.choice(("duplicated", "replayed", "forged", "malformed")):
        case "replayed":  # the id outside the signature is changed, and the body is still signed
            return like._replace(kind="replayed", headers={**like.headers, "X-Webhook-Id": "another"})
        case "forged":
            signed = signing.pagerduty(like.body, ("not-the-secret-of-ours",))
            return like._replace(kind="forged", headers={**like.headers, **signed}, answer=401)
        case "malformed":
            body = like.body[: len(like.body) // 2]
            headers = {**like.headers, **signing.pagerduty(body, (key,))}
            return Sending("malformed", headers, body, 400)
        case _:
            return like._replace(kind="duplicated")


def _labelled(sendings: Sequence[Sending]) -> list[Sending]:
    """As they are, with a content type."""
    return [one._replace(headers={"Content-Type": "application/json", **one.headers}) for one in sendings]
