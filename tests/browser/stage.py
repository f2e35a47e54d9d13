"""The page over a real Slack stand-in, a toy app and a fake world: `python -m tests.browser.stage [PORT]`."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from sandbox.demo.server import running as page_running
from sandbox.slack.server import Running, running
from sandbox.slack.slack import Slack
from tests.browser.toy_app import ToyApp, connected
from tests.sandbox.demo.fake_world import FakeWorld


@dataclass(frozen=True)
class Stage:
    """Everything a test of the page may look at."""

    url: str
    slack: Running
    app: ToyApp
    world: FakeWorld

    def clear(self) -> None:
        """Forget what was said and done: starting afresh takes longer than a test."""
        workspace = self.slack.slack.workspace
        for channel in workspace.channels.values():
            channel.messages.clear()
            channel.whispers.clear()
        for person in workspace.members:
            workspace.views.stack(person).clear()
        self.world.reset()
        httpx.post(f"{self.url}/world/faults", json={"name": "gcp_away", "on": False})


@contextmanager
def stage(port: int = 0) -> Iterator[Stage]:
    """A fresh stage."""
    with running(Slack.of(rate_scale=0)) as slack:
        world = FakeWorld(slack.base_url)
        with connected(slack, world) as app, page_running(world, port) as url:
            yield Stage(url, slack, app, world)


if __name__ == "__main__":
    with stage(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as here:
        sys.stdout.write(f"{here.url}\n")
        sys.stdout.flush()
        threading.Event().wait()
