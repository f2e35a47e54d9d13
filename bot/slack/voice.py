"""Answering the one person who did something: at once if Slack lets us, by direct message if not."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog

from bot.slack.blocks import Message
from bot.slack.client import Conversation, SlackError

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]
THREADS: Final = 8


class Voice:
    """Says things after the ack, in order for nobody in particular."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._later = ThreadPoolExecutor(THREADS, thread_name_prefix="voice")

    @property
    def conversation(self) -> Conversation:
        """What we say in Slack."""
        return self._conversation

    def answer(self, body: Body, message: Message) -> None:
        """Tell the person behind a payload, and only them, once the ack is out."""
        user = user_of(body)
        channel = channel_of(body)
        self._later.submit(self._tell, channel, user, message)

    def whisper(self, channel: str | None, user: str, message: Message) -> None:
        """Tell one person in a channel, or by direct message where there is none."""
        self._later.submit(self._tell, channel, user, message)

    def _tell(self, channel: str | None, user: str, message: Message) -> None:
        if channel is not None and self._whisper(channel, user, message):
            return
        try:
            self._conversation.post(user, message)
        except SlackError as error:
            log.warning("answer_lost", user=user, problem=str(error))

    def _whisper(self, channel: str, user: str, message: Message) -> bool:
        try:
            self._conversation.whisper(channel, user, message)
        except SlackError as error:
            log.info("whisper_refused", channel=channel, problem=str(error))
            return False
        return True


def user_of(body: Body) -> str:
    """The user behind a payload."""
    user = body.get("user")
    found = user.get("id") if isinstance(user, Mapping) else body.get("user_id")
    return str(found or "")


def channel_of(body: Body) -> str | None:
    """The channel a payload comes from, if it comes from one; direct messages are answered directly."""
    channel = body.get("channel")
    found = channel.get("id") if isinstance(channel, Mapping) else body.get("channel_id")
    return str(found) if found and not str(found).startswith("D") else None
