"""What the tests of the Slack side stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from sandbox.slack.server import Running, running
from tests.bot.slack_bench import Bench, opened


@pytest.fixture(scope="session")
def slack_address() -> Iterator[Running]:
    """Where the workspaces of the tests live, one after the other."""
    with running() as here:
        yield here


@pytest.fixture(scope="module", autouse=True)
def plain_log() -> Iterator[None]:
    """Our own log as lines of JSON; the pretty one draws every local variable of a traceback."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=repr)]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
def bench(slack_address: Running, tmp_path: Path) -> Iterator[Bench]:
    """A fresh workspace, a fresh ledger, and the real app between them."""
    with opened(slack_address, tmp_path) as made:
        yield made
