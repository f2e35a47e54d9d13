"""The door RQ knocks on when there is something to tell."""

from bot.wiring import face


def announce() -> None:
    """Tell people what happened since the last time."""
    face().announce()
