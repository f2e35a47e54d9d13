"""The demo: a pretend outside world, the real product in it, and a page to watch both."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cli.output import CannotDo, say
from cli.processes import stop_on_signal
from workers.logs import start_logging


def demo(
    *,
    port: Annotated[int, typer.Option(help="Where the page is served on this machine.")] = 8910,
    home: Annotated[Path, typer.Option(help="Where the demo keeps its files until the next one.")] = Path(
        ".demo"
    ),
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = False,
) -> None:
    """Serve the demo page: a pretend Slack and three pretend clouds, with the real bot, workers and SDKs."""
    try:
        from sandbox.demo.run import run  # noqa: PLC0415 (only the demo needs the sandbox's packages)
    except ImportError as error:
        raise CannotDo("the demo needs its own packages: pip install 'prod-access[sandbox]'.") from error

    def ready(address: str) -> None:
        say(f"Open {address} - press Ctrl-C to end.")
        if browser:
            webbrowser.open(address)

    start_logging("demo", "ERROR")
    stop = stop_on_signal()
    run(home, port=port, ready=ready, stop=stop)
