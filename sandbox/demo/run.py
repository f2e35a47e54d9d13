"""Runs the demo: the world, the product in it, and the page."""

import threading
from collections.abc import Callable
from pathlib import Path

from sandbox.demo.meridian import Meridian
from sandbox.demo.server import running
from sandbox.world import World


def run(home: Path, *, port: int, ready: Callable[[str], None], stop: threading.Event) -> None:
    """Serve the page until told to stop; `ready` gets its address once everything runs."""
    with World(home) as world:
        meridian = Meridian(world)
        try:
            with running(meridian, port) as address:
                ready(address)
                stop.wait()
        finally:
            meridian.close()
