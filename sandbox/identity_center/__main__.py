"""Runs the pretend Identity Center by hand, or its process.

python -m sandbox.identity_center                start it, print how to reach it, until interrupted
python -m sandbox.identity_center serve STATE    the process alone; it leaves its port and keys in that folder
"""

import argparse
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.identity_center", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "serve"], default="all")
    parser.add_argument("state", nargs="?", type=Path)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    if asked.what == "serve":
        _serve(asked.state, asked.port)
    else:
        _everything(asked.port)


def _serve(state: Path, port: int) -> None:
    from sandbox.aws.keys import Keys  # noqa: PLC0415 - by hand, only the process pays for it
    from sandbox.identity_center import server  # noqa: PLC0415
    from sandbox.identity_center.center import Center  # noqa: PLC0415

    threading.Thread(target=_end_with_starter, daemon=True).start()
    given = state / "worker.json"
    worker = Keys(**json.loads(given.read_text(encoding="utf-8"))) if given.exists() else None
    center = Center(worker)

    def ready(bound: int) -> None:
        known = {
            "worker": asdict(center.worker.keys),
            "operator": asdict(center.operator.keys),
            "portal": {user: token for token, user in center.portal.items()},
        }
        _write(state / "credentials.json", known)
        _write(state / "ready.json", {"port": bound})

    server.run(center, port, ready)


def _everything(port: int) -> None:
    from sandbox.identity_center.standin import (  # noqa: PLC0415 - the process does without it
        IdentityCenterStandIn,
    )

    with IdentityCenterStandIn(port=port) as running:
        sys.stdout.write("".join(f"export {name}={value}\n" for name, value in running.env().items()))
        sys.stdout.write(f"# the workers' user; the log: {running.endpoint_url}/_sandbox/log\n")
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
