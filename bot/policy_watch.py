"""Tells those who look after the policy when its files are refused, and when they are fine again."""

import structlog

from bot.slack import replies
from bot.slack.client import Conversation, SlackError
from policies.files import FileRefused
from workers.policy_in_force import PolicyInForce

log = structlog.get_logger(__name__)


class PolicyWatch:
    """Looks at the policy in force, and speaks once for each change for the worse or the better."""

    def __init__(self, policy: PolicyInForce, conversation: Conversation, channel: str) -> None:
        self._policy = policy
        self._conversation = conversation
        self._channel = channel
        self._told: str | None = None

    def look(self) -> None:
        """Tell what changed since the last look; what Slack cannot take now is told at the next one."""
        kept = self._policy() is not None
        refusal = self._policy.refusal
        found = str(refusal) if refusal else None
        if found == self._told:
            return
        try:
            self._say(refusal, kept=kept)
        except SlackError as error:
            log.warning("policy_change_not_told", problem=str(error))
        else:
            self._told = found

    def _say(self, refusal: FileRefused | None, *, kept: bool) -> None:
        if not self._channel:
            return
        if refusal is None:
            self._conversation.post(self._channel, replies.say_policy_fine_again())
            return
        first, more = refusal.problems[0], len(refusal.problems) - 1
        self._conversation.post(self._channel, replies.say_policy_refused(str(first), more, kept=kept))
