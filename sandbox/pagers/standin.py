"""Starts the pagers in a thread beside a test or the demo."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

import uvicorn

from sandbox.pagers.api import Api, Trouble
from sandbox.pagers.hand import Hand
from sandbox.pagers.organisation import Vendor
from sandbox.pagers.webhooks import Webhooks
from sandbox.slack.server import listening


class PagersStandIn(NamedTuple):
    """Running pagers: where they are, and a hand on them."""

    base_url: str
    hand: Hand
    webhooks: Webhooks
    api: Api

    def address(self, vendor: Vendor) -> str:
        """Where one pager's API is."""
        return f"{self.base_url}/{vendor}"

    def trouble(self, vendor: Vendor, trouble: Trouble, seconds: float = 30.0) -> None:
        """Something is wrong with one pager from now on."""
        self.api.troubles[vendor] = (trouble, seconds)

    def mend(self) -> None:
        """Nothing is wrong any more."""
        self.api.troubles.clear()


@contextmanager
def running(now: Callable[[], datetime], host: str = "127.0.0.1", port: int = 0) -> Iterator[PagersStandIn]:
    """The pagers, for as long as the block lasts."""
    hand, webhooks = Hand(now), Webhooks(now)
    hand.listen(webhooks.tell)
    api, listener = Api(hand, webhooks), listening(host, port)
    config = uvicorn.Config(
        api.application(), loop="asyncio", http="h11", ws="none", lifespan="off", log_level="warning"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="pagers-stand-in", daemon=True
    )
    thread.start()
    try:
        yield PagersStandIn(f"http://{host}:{listener.getsockname()[1]}", hand, webhooks, api)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
