"""The web API as a process."""

import os
from typing import Final

import structlog
from pydantic import ValidationError

from bot.web.settings import WebSettings
from cli import wiring
from cli.output import CannotDo
from workers.logs import start_logging

log = structlog.get_logger(__name__)

NOT_FOR_IT: Final = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "PROD_ACCESS_PAGER_TOKENS",
    "SLACK_APP_TOKEN",
    "SLACK_BOT_TOKEN",
)
"""What other processes need: whoever gets into this one should not find it here."""


def web() -> None:
    """Serve the web API: what `prod-access login` and its like speak with. TLS is expected in front of it."""
    from bot.web.server import Server  # noqa: PLC0415 (only this process needs gunicorn)

    given = _settings()
    start_logging("web", given.log_level)
    wiring.ready_ledger(given)
    held = [name for name in NOT_FOR_IT if os.environ.get(name)]
    if held:
        log.warning("holds_what_it_does_not_need", settings=held)
    Server(given).run()


def _settings() -> WebSettings:
    """The settings from the environment; CannotDo names every one that is wrong."""
    wiring.settings()
    try:
        return WebSettings()
    except ValidationError as error:
        wrong = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise CannotDo(f"a setting is wrong. {wrong}") from error
