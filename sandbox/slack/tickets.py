"""Short-lived permissions Slack hands to an app: trigger_ids, response_urls, socket tickets."""

import secrets
from dataclasses import dataclass

from sandbox.slack import limits
from sandbox.slack.clock import Clock
from sandbox.slack.shapes import Refusal


@dataclass
class Trigger:
    """Why a view may be opened, for whom, and from which view if any."""

    user: str
    born: float
    view_id: str | None = None
    used: bool = False


class Triggers:
    """trigger_ids: three seconds, one use (docs: handling user interaction, trigger_id)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Trigger] = {}

    def new(self, user: str, view_id: str | None = None) -> str:
        """A fresh trigger_id for something this person just did."""
        name = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._known[name] = Trigger(user, self._clock.real(), view_id)
        return name

    def look(self, name: object) -> Trigger:
        """The trigger, if it may still be exchanged (docs: views.open, errors)."""
        trigger = self._known.get(name) if isinstance(name, str) else None
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if self._clock.real() - trigger.born > limits.TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        return trigger


@dataclass
class ReturnPath:
    """Where a response_url leads: the person, the channel, and the message that was acted on."""

    user: str
    channel: str
    born: float
    source: str | None = None
    uses: int = 0


class ReturnPaths:
    """response_urls: five uses within thirty minutes (docs: handling user interaction)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, ReturnPath] = {}

    def new(self, user: str, channel: str, source: str | None = None) -> str:
        """The secret end of a fresh response_url."""
        name = secrets.token_urlsafe(18)
        self._known[name] = ReturnPath(user, channel, self._clock.real(), source)
        return name

    def use(self, name: str) -> ReturnPath:
        """Spend one use, or say why not (the error words are those reported for webhooks)."""
        path = self._known.get(name)
        if path is None or self._clock.real() - path.born > limits.RESPONSE_URL_SECONDS:
            raise Refusal("expired_url")
        if path.uses >= limits.RESPONSE_URL_USES:
            raise Refusal("used_url")
        path.uses += 1
        return path

    def forget(self, name: str) -> None:
        """Make a response_url too old at once, for tests."""
        self._known.pop(name, None)


class SocketTickets:
    """Tickets in Socket Mode URLs: each opens one connection, once (docs: apps.connections.open)."""

    def __init__(self) -> None:
        self._open: set[str] = set()

    def new(self) -> str:
        """A ticket that has not been used."""
        ticket = secrets.token_urlsafe(24)
        self._open.add(ticket)
        return ticket

    def take(self, ticket: str) -> bool:
        """Use a ticket up; false when it is unknown or already used."""
        if ticket not in self._open:
            return False
        self._open.discard(ticket)
        return True
