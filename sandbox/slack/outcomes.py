"""What comes of something a person does, in the words Slack shows them.

The words are Slack's as people quote them: dispatch_failed and operation_timeout (bolt-js #2216,
reference B1), threads (bolt-python #873), modals (bolt-python #1318).
"""

from sandbox.slack.shapes import Json
from sandbox.slack.socket import Delivery

BUTTON_TIMEOUT = "Operation timed out. Apps need to respond within 3 seconds."
BUTTON_FAILED = "This app is not responding right now."
FORM_TROUBLE = "We had some trouble connecting. Try again?"
REQUIRED = "Please complete this required field."
NO_MESSAGES = "Sending messages to this app has been turned off."


class Impossible(Exception):
    """Something no Slack client would let this person do."""


def outcome(kind: str, seen: str = "", **more: object) -> Json:
    """How it went: acked, timeout, no_connection, refused, posted, needs_confirm or invalid."""
    return {"outcome": kind, "seen": seen, **more}


def of_delivery(delivery: Delivery, timeout: str = "", failed: str = "") -> Json:
    """How the delivery went, and what the person sees of a failure."""
    seen = {"timeout": timeout, "no_connection": failed}.get(delivery.outcome, "")
    return outcome(delivery.outcome, seen, envelope_id=delivery.envelope_id, ms=delivery.ms)


def threads(command: str) -> str:
    """docs: slash commands cannot be used in threads."""
    return f"{command} is not supported in threads. Sorry!"


def unknown(command: str) -> str:
    """What Slack says to a command nobody installed."""
    return (
        f"{command} is not a valid command. In Slack, all messages that start with the “/” character "
        "are interpreted as commands. If you are trying to send a message and not run a command, "
        "try preceding the “/” with an empty space."
    )


def failed(command: str, error: str) -> str:
    """What Slack says when an app did not take a command."""
    return f'{command} failed with the error "{error}"'
