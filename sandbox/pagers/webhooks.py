"""Deliveries of PagerDuty and incident.io: sent, repeated, dropped, and subscriptions that are switched off.

                    repeated                       given up           switched off
    PagerDuty       no answer in 5 s, 5xx, 429     after 48 hours     after three drops in a row, for 24 hours
    incident.io     whatever is not 2xx            after 24 hours     not here (after five days)

PagerDuty drops at once what is answered with another 4xx, and sends the events of one incident in order
(docs/webhooks/02-Behavior of PagerDuty/developer-docs; docs.incident.io). How long the pauses are is not
told: here they double from ten seconds to an hour. `send` sends what is due by the clock, and never waits.
What was waiting when a subscription was switched off waits on; what happens in the meantime is not told.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from sandbox.pagers import organisation, payloads, signing
from sandbox.pagers.hand import Happening
from sandbox.pagers.organisation import Vendor

ANSWER_SECONDS: Final = 5.0
DROPS_MOST: Final = 3
OFF_FOR: Final = timedelta(hours=24)
LONGEST: Final = {Vendor.PAGERDUTY: timedelta(hours=48), Vendor.INCIDENT_IO: timedelta(hours=24)}
_TAKEN: Final = range(200, 300)
_LATER: Final = {429, *range(500, 600)}
_PAUSE: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = timedelta(hours=1)


@dataclass
class Subscription:
    """Where one pager's deliveries go, and with which secrets they are signed."""

    vendor: Vendor
    address: str
    secrets: tuple[str, ...]
    drops: int = 0
    off_until: datetime | None = None


@dataclass
class Pending:
    """A delivery that nobody has taken yet."""

    subscription: Subscription
    identity: str
    incident: str
    body: bytes
    made_at: datetime
    due_at: datetime
    answers: list[int | None] = field(default_factory=list)
    """The status of each attempt; None where there was no answer."""


class Webhooks:
    """What is subscribed, and what has still to be delivered."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._count = 0
        self.subscriptions: list[Subscription] = []
        self.pending: list[Pending] = []
        self.over: list[Pending] = []
        """Delivered, dropped or given up."""

    def subscribe(self, vendor: Vendor, address: str, *secrets: str) -> Subscription:
        """Deliver to an address from now on; with the sandbox's own secret where none is given."""
        if vendor not in LONGEST:
            raise ValueError(f"{vendor} sends nothing here")
        made = Subscription(vendor, address, secrets or (organisation.SECRETS[vendor],))
        self.subscriptions.append(made)
        return made

    def tell(self, happening: Happening) -> None:
        """Have a delivery for each subscription."""
        for one in self.subscriptions:
            identity = self._identity(one.vendor)
            told = (
                payloads.pagerduty_event(happening, identity)
                if one.vendor is Vendor.PAGERDUTY
                else payloads.incident_io_event(happening)
            )
            self._add(one, identity, happening.incident.name, told)

    def ping(self) -> bool:
        """A ping to each of PagerDuty's subscriptions; whether there is one that is on."""
        on = [one for one in self.subscriptions if one.vendor is Vendor.PAGERDUTY and not self._off(one)]
        for one in on:
            identity = self._identity(one.vendor)
            data = {"message": "Hello from your friend Pagey!", "type": "ping"}
            event = {"id": identity, "event_type": "pagey.ping", "resource_type": "pagey"}
            at = payloads.stamp(self._now())
            self._add(one, identity, "", {"event": {**event, "occurred_at": at, "data": data}})
        return bool(on)

    def send(self) -> int:
        """One attempt at everything that is due, in order; how many attempts were made."""
        with self._lock:
            stuck: set[tuple[int, str]] = set()
            attempts = 0
            for one in list(self.pending):
                line = (id(one.subscription), one.incident)
                if line in stuck or one.due_at > self._now() or self._off(one.subscription):
                    stuck.add(line)
                    continue
                attempts += 1
                if not self._attempt(one):
                    stuck.add(line)
            return attempts

    def _add(self, subscription: Subscription, identity: str, incident: str, told: dict[str, Any]) -> None:
        with self._lock:
            if not self._off(subscription):
                now, body = self._now(), json.dumps(told).encode()
                self.pending.append(Pending(subscription, identity, incident, body, now, now))

    def _attempt(self, one: Pending) -> bool:
        """Whether it is over with this delivery."""
        status = self._post(one)
        one.answers.append(status)
        if status in _TAKEN:
            one.subscription.drops = 0
        elif self._repeats(one, status):
            pause = min(_PAUSE * 2 ** (len(one.answers) - 1), _LONGEST_PAUSE)
            one.due_at = self._now() + pause
            return False
        else:
            self._dropped(one.subscription)
        self.pending.remove(one)
        self.over.append(one)
        return True

    def _repeats(self, one: Pending, status: int | None) -> bool:
        if self._now() - one.made_at >= LONGEST[one.subscription.vendor]:
            return False
        everything = one.subscription.vendor is Vendor.INCIDENT_IO
        return everything or status is None or status in _LATER

    def _dropped(self, subscription: Subscription) -> None:
        subscription.drops += 1
        if subscription.vendor is Vendor.PAGERDUTY and subscription.drops >= DROPS_MOST:
            subscription.off_until = self._now() + OFF_FOR
            subscription.drops = 0

    def _off(self, subscription: Subscription) -> bool:
        return subscription.off_until is not None and self._now() < subscription.off_until

    def _post(self, one: Pending) -> int | None:
        headers = {"Content-Type": "application/json", **self._signed(one)}
        try:
            answer = httpx.post(
                one.subscription.address,
                content=one.body,
                headers=headers,
                timeout=ANSWER_SECONDS,
                trust_env=False,
            )
        except httpx.HTTPError:
            return None
        return answer.status_code

    def _signed(self, one: Pending) -> dict[str, str]:
        secrets = one.subscription.secrets
        if one.subscription.vendor is Vendor.INCIDENT_IO:
            return signing.incident_io(one.body, secrets, one.identity, self._now())
        return {"X-Webhook-Id": one.identity, **signing.pagerduty(one.body, secrets)}

    def _identity(self, vendor: Vendor) -> str:
        with self._lock:
            self._count += 1
            return organisation.identifier(26, vendor, "delivery", str(self._count))
