"""The other half of the page API: faults, sockets, logs, the clock, and what an administrator may do."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from sandbox.slack.happenings import tell
from sandbox.slack.outcomes import of_delivery
from sandbox.slack.shapes import Json
from sandbox.slack.slack import Slack

MANIFEST_SETTINGS = ("command", "should_escape", "messages_tab", "messages_tab_read_only", "home_tab")


async def _faults(slack: Slack, told: Json) -> Json:
    """Put a fault in force, or with `clear` end one (its id) or all (true)."""
    if "clear" in told:
        slack.faults.clear(None if told["clear"] is True else str(told["clear"]))
        return {"faults": slack.faults.listed()}
    return asdict(slack.faults.add(told))


async def _sockets(slack: Slack, told: Json) -> Json:
    """Say goodbye on all connections, or cut them."""
    how = str(told["do"])
    if how == "cut":
        return {"closed": slack.switchboard.cut()}
    return {"closed": await slack.switchboard.disconnect(how)}


async def _redeliver(slack: Slack, told: Json) -> Json:
    """Send an envelope again as it was, or a payload made by hand."""
    if "envelope_id" in told:
        old = slack.switchboard.find(str(told["envelope_id"]))
        if old is None:
            raise ValueError("no such envelope")
        delivery = await slack.switchboard.deliver(old.type, old.payload, old.envelope_id)
    else:
        delivery = await slack.switchboard.deliver(str(told["type"]), dict(told["payload"]))
    return of_delivery(delivery) | {"response": delivery.response}


async def _app(slack: Slack, told: Json) -> Json:
    """Change the app's settings, lift or lower rate limits, revoke its tokens."""
    slack.declare(**{name: told[name] for name in MANIFEST_SETTINGS if name in told})
    if "rate_scale" in told:
        slack.rates.set_scale(float(told["rate_scale"]))
    if "revoked" in told:
        _revoke(slack, revoked=bool(told["revoked"]))
    return {"rate_scale": slack.rates.scale, "revoked": slack.revoked}


def _revoke(slack: Slack, *, revoked: bool) -> None:
    """docs: events, tokens_revoked."""
    if revoked and not slack.revoked:
        tell(slack, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0PRODACCESS"]}})
    slack.revoked = revoked


async def _expire(slack: Slack, told: Json) -> Json:
    """Make a response_url too old at once."""
    slack.paths.forget(str(told["response_url"]).rpartition("/")[2])
    return {}


async def _clock(slack: Slack, told: Json) -> Json:
    """Move the wall clock forward by `advance` seconds; Slack's limits do not notice."""
    slack.clock.advance(float(told["advance"]))
    slack.workspace.changes.add("clock", now=slack.clock.wall(), advanced=float(told["advance"]))
    return _time(slack, {})


def _time(slack: Slack, _told: Json) -> Json:
    return {"now": slack.clock.wall(), "offset": slack.clock.offset}


def _calls(slack: Slack, told: Json) -> Json:
    """The log of Web API calls and of uses of response_urls."""
    after, method = int(told.get("after", 0)), told.get("method")
    found = [one for one in slack.calls if one["seq"] > after and method in (None, one["method"])]
    return {"seq": slack.called, "calls": found}


def _envelopes(slack: Slack, told: Json) -> Json:
    """The log of envelopes."""
    after, log = int(told.get("after", 0)), slack.switchboard.log
    found = [one.as_json() for one in log if one.seq > after]
    return {"seq": log[-1].seq if log else 0, "envelopes": found}


DEEDS: dict[str, Callable[[Slack, Json], Awaitable[Json]]] = {
    "faults": _faults,
    "sockets": _sockets,
    "redeliver": _redeliver,
    "app": _app,
    "expire": _expire,
    "clock": _clock,
}

LOOKS: dict[str, Callable[[Slack, Json], Json]] = {
    "faults": lambda slack, _told: {"faults": slack.faults.listed()},
    "sockets": lambda slack, _told: {"connections": [link.number for link in slack.switchboard.links]},
    "clock": _time,
    "calls": _calls,
    "envelopes": _envelopes,
}
