"""The Bolt app: the gate before everything, then one listener for each thing people do.

Acks wait for the ledger (`process_before_response`), because Slack does not send a command twice; whatever
else there is to say goes out after the ack, from a small pool. Bolt's default would poll for acks and starve
at five slow listeners (measured: 89 requests a second against 3,200 this way).
"""

import re
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import structlog
from slack_bolt import Ack, App, BoltContext, BoltResponse
from slack_sdk import WebClient

from bot.desk import Desk
from bot.slack import actions, replies
from bot.slack.blocks import Message
from bot.slack.buttons import Buttons
from bot.slack.client import Conversation
from bot.slack.commands import Commands
from bot.slack.forms import Forms
from bot.slack.gate import Gate, Stranger, knock_of
from bot.slack.manifest import ASK_SHORTCUT, COMMAND, MESSAGE_SHORTCUT
from bot.slack.voice import Voice
from policies.rules import Policy
from workers.ledger.errors import Away

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]
THREADS: Final = 32
_DECIDING: Final = {
    actions.APPROVE,
    actions.DENY,
    actions.APPROVE_LONGER,
    actions.DENY_LONGER,
    actions.END_INCIDENT,
    actions.REVIEW_FINE,
    actions.REVIEW_FOLLOW_UP,
    actions.LOGIN_CONFIRM,
    actions.LOGIN_REFUSE,
}
_ANYTHING: Final = re.compile(".*")


class Parts(Protocol):
    """What the app is made from; `bot.wiring.Face` is one."""

    @property
    def client(self) -> WebClient:
        """Slack's Web API."""

    @property
    def conversation(self) -> Conversation:
        """What we say in Slack."""

    @property
    def desk(self) -> Desk:
        """The verbs behind every surface."""

    @property
    def policy(self) -> Callable[[], Policy | None]:
        """The policy in force."""


def make_app(parts: Parts, gate: Gate) -> App:
    """The app with every listener in place."""
    app = App(
        client=parts.client,
        token_verification_enabled=False,
        process_before_response=True,
        listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="listener"),
        request_verification_enabled=False,  # Socket Mode: the connection itself is authenticated
        ignoring_self_events_enabled=False,
    )
    voice = Voice(parts.conversation)
    forms = Forms(parts.desk, parts.policy, voice)
    commands = Commands(parts.desk, parts.policy, forms)
    buttons = Buttons(parts.desk, voice, forms, commands)
    app.use(_doorkeeper(gate, voice, parts.desk))
    app.error(_complain(voice))
    app.command(COMMAND)(commands.typed)
    app.shortcut(ASK_SHORTCUT)(forms.open_from_shortcut)
    app.shortcut(MESSAGE_SHORTCUT)(forms.open_from_shortcut)
    for action, listener in buttons.listeners().items():
        app.action(action)(listener)
    for action in (actions.ROLE, actions.DURATION):
        app.action(action)(forms.changed)
    app.options(actions.ROLE)(forms.suggest)
    app.view(actions.ASK_FORM)(forms.ask_sent)
    app.view(actions.DENY_FORM)(forms.deny_sent)
    app.view(actions.DENY_LONGER_FORM)(forms.deny_longer_sent)
    app.view(actions.FOLLOW_UP_FORM)(buttons.follow_up_sent)
    app.action(_ANYTHING)(_just_ack)
    app.event(_ANYTHING)(_just_ack)
    return app


def _just_ack(ack: Ack) -> None:
    """Links in buttons tell us they were pressed too; there is nothing to do."""
    ack()


def _doorkeeper(gate: Gate, voice: Voice, desk: Desk) -> Callable[..., BoltResponse | None]:
    def doorkeeper(
        body: Body, context: BoltContext, ack: Ack, next_: Callable[[], BoltResponse]
    ) -> BoltResponse | None:
        if "event" in body:
            return next_()
        found = gate.admit(knock_of(body), fresh=_decides(body))
        if isinstance(found, Stranger):
            return _turn_away(found, body, ack, voice, desk)
        context["person"] = found
        return next_()

    return doorkeeper


def _decides(body: Body) -> bool:
    pressed = {action.get("action_id") for action in body.get("actions", ())}
    return bool(pressed & _DECIDING) or body.get("type") == "view_submission"


def _turn_away(stranger: Stranger, body: Body, ack: Ack, voice: Voice, desk: Desk) -> BoltResponse:
    """Say why, to that person only, and write it down; nothing else happens."""
    if body.get("type") == "block_suggestion":
        return ack(options=[])
    user = knock_of(body).user
    message = replies.say_stranger(stranger, user)
    log.info("turned_away", why=stranger.value, user=user)
    desk.turned_away(user, stranger.value)
    if "command" in body:
        return ack(response_type="ephemeral", text=message.text, blocks=list(message.blocks))
    voice.answer(body, message)
    return ack()


def _to_somebody(error: Exception) -> Message:
    """What the person reads of it: the ledger being away has words of its own."""
    if isinstance(error, Away):
        return replies.say_ledger_away()
    reference = f"e-{secrets.token_hex(2)}"
    log.error("listener_broke", reference=reference, exc_info=error)
    return replies.say_unexpected(reference)


def _complain(voice: Voice) -> Callable[..., BoltResponse]:
    """The boundary of every listener: a bug is logged under a reference that the person gets."""

    def complain(error: Exception, body: Body) -> BoltResponse:
        voice.answer(body, _to_somebody(error))
        return BoltResponse(status=200, body="")

    return complain
