"""The content of a message as an app sends it, checked as Slack checks it."""

from dataclasses import dataclass

from sandbox.slack import limits
from sandbox.slack.block_rules import problems_of_message, rendered
from sandbox.slack.calls import Call
from sandbox.slack.inputs import settled
from sandbox.slack.shapes import Json, Refusal

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True)
class Content:
    """Text, blocks and attachments; None means the app did not say."""

    text: str
    blocks: tuple[Json, ...] | None
    attachments: tuple[Json, ...] | None

    @property
    def is_empty(self) -> bool:
        """Nothing to show."""
        return not (self.text or self.blocks or self.attachments)


def content_of(call: Call) -> Content:
    """What the call wants to say (docs: chat.postMessage, errors)."""
    text = call.args.get("text")
    content = Content(
        text=text if isinstance(text, str) else "",
        blocks=blocks_of(call.structure("blocks", "invalid_blocks_format")),
        attachments=_attachments(call.structure("attachments", "invalid_attachments")),
    )
    if content.is_empty:
        raise Refusal("no_text")
    return content


def blocks_of(told: object) -> tuple[Json, ...] | None:
    """The blocks, if Slack would take them."""
    if told is None:
        return None
    if not isinstance(told, list):
        raise Refusal("invalid_blocks_format")
    if problems := problems_of_message(told):
        raise Refusal("invalid_blocks", *problems, errors=problems)
    if rendered(told) > limits.RENDERED_MAX:
        raise Refusal("msg_blocks_too_long")
    return tuple(settled(told))


def _attachments(told: object) -> tuple[Json, ...] | None:
    if told is None:
        return None
    if not isinstance(told, list):
        raise Refusal("invalid_attachments")
    if len(told) > limits.ATTACHMENTS_MAX:
        raise Refusal("too_many_attachments")
    return tuple(told)


def metadata_of(call: Call, before: Json | None = None) -> Json | None:
    """The metadata; left alone when not mentioned, removed by an empty object (docs: chat.update)."""
    told = call.structure("metadata", "invalid_metadata_format")
    if told is None:
        return before
    if told == {}:
        return None
    if not isinstance(told, dict) or set(told) - {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    if not isinstance(told.get("event_type"), str) or not isinstance(told.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    return told


def escaped(text: str) -> str:
    """Text as Slack stores what a person types (docs: formatting text, escaping)."""
    for sign, word in ESCAPES.items():
        text = text.replace(sign, word)
    return text
