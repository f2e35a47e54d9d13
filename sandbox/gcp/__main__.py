"""Runs the pretend Google Cloud by hand, or its process.

python -m sandbox.gcp                     start it, print how to reach it, until interrupted
python -m sandbox.gcp serve STATE         the process alone; it leaves its port and its keys in that folder
"""

import argparse
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from sandbox.gcp import names


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.gcp", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "serve"], default="all")
    parser.add_argument("state", nargs="?", type=Path)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    if asked.what == "serve":
        _serve(asked.state, asked.port)
    else:
        _everything(asked.port)


def _serve(state: Path, port: int) -> None:
    from sandbox.gcp import server  # noqa: PLC0415 - by hand, only the process pays for it
    from sandbox.gcp.cloud import Cloud  # noqa: PLC0415

    threading.Thread(target=_end_with_starter, daemon=True).start()
    cloud = Cloud()

    def ready(bound: int) -> None:
        token_uri = f"http://127.0.0.1:{bound}/token"
        for key in cloud.keys:
            _write(state / f"{key.account.email}.json", key.file(token_uri))
        people = {
            name: cloud.tokens.refresh_token(names.email(name)) for name in (*names.PEOPLE, names.OPERATOR)
        }
        _write(state / "people.json", people)
        _write(state / "gcp.json", {"port": bound})

    server.run(cloud, port, ready)


def _everything(port: int) -> None:
    from sandbox.gcp.standin import GcpStandIn  # noqa: PLC0415 - the process does without it

    with GcpStandIn(port=port) as gcp:
        settings = gcp.env()
        sys.stdout.write("".join(f"export {name}={value}\n" for name, value in settings.items()))
        sys.stdout.write(f"# as {names.WORKER}; the log: {gcp.endpoint_url}/_sandbox/log\n")
        sys.stdout.flush()
        threading.Event().wait()


def _write(file: Path, value: Any) -> None:  # noqa: ANN401 - any JSON
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(file)


def _end_with_starter() -> None:
    while os.read(0, 4_096):
        pass
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
