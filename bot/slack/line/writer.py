"""A whole ask as the line that says it."""

from bot.slack.line.values import Whole
from policies.window import write_duration


def write_line(whole: Whole) -> str:
    """The text that reads back as the same ask, escaped as Slack escapes it."""
    parts = (
        whole.role,
        f"for <@{whole.for_user}>" if whole.for_user else "",
        write_duration(whole.duration) if whole.duration else "",
        whole.reference or "",
        _escaped(whole.reason),
    )
    return " ".join(filter(None, parts))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
