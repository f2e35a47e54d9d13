"""Runs the pretend Azure by hand, or its one process.

python -m sandbox.azure                    start it, print how to reach it, until interrupted
python -m sandbox.azure serve STATE        the listener; it ends with its standard input
"""

import argparse
import asyncio
import json
import os
import secrets
import socket
import sys
import threading
from pathlib import Path

from sandbox.azure import names


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.azure", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "serve"], default="all")
    parser.add_argument("state", nargs="?", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--settings", default="{}")
    asked = parser.parse_args()
    if asked.what == "serve":
        _serve(asked.state, asked.port, asked.settings)
    else:
        _everything(asked.port)


def _serve(state: Path, port: int, settings: str) -> None:
    from sandbox.azure.azure import Azure  # noqa: PLC0415 - only the listener needs these
    from sandbox.azure.server import Server  # noqa: PLC0415
    from sandbox.azure.settings import Settings  # noqa: PLC0415
    from sandbox.azure.tls import serve_tls  # noqa: PLC0415

    threading.Thread(target=_end_with_starter, daemon=True).start()
    client_secrets = {name: secrets.token_urlsafe(24) for name in names.APPLICATIONS}
    context = serve_tls(state)
    listening = socket.create_server(("127.0.0.1", port))
    ready = {"port": listening.getsockname()[1], "secrets": client_secrets}
    draft = state / "ready.new"
    draft.write_text(json.dumps(ready), encoding="utf-8")
    draft.replace(state / "ready.json")
    azure = Azure(Settings.model_validate_json(settings))
    asyncio.run(Server(azure, client_secrets).serve(listening, context))


def _everything(port: int) -> None:
    from sandbox.azure.standin import AzureStandIn  # noqa: PLC0415 - the listener does without it

    with AzureStandIn(port=port) as azure:
        settings = azure.env(azure.worker)
        sys.stdout.write("".join(f"export {name}={value}\n" for name, value in settings.items()))
        sys.stdout.write(f"# as {names.WORKER}; the log: {azure.endpoint_url}/_sandbox/log\n")
        sys.stdout.flush()
        threading.Event().wait()


def _end_with_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
