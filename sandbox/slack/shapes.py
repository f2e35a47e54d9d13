"""The one loose type of this stand-in: JSON as it travels."""

from typing import Any

Json = dict[str, Any]
"""A JSON object whose shape is Slack's, not ours."""


class Refusal(Exception):
    """Slack's "ok": false, with its error word and whatever else it sends along."""

    def __init__(self, error: str, *messages: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.extra = extra

    def body(self) -> Json:
        """The answer as it travels."""
        body: Json = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return body
